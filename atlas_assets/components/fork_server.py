"""The server that worker processes are forked from: it imports, once and beside other work, what they need."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing import forkserver

PRELOADED = ["atlas_assets.components.preload"]

_began: float | None = None


def warm_up() -> None:
    """Start it, unless it runs, without waiting for it."""
    global _began
    if _began is None:
        _began = time.monotonic()
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()


def seconds_since_start() -> float:
    """How long it has been importing, or done with that; 0 where it was not started."""
    return 0.0 if _began is None else time.monotonic() - _began
