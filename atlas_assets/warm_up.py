"""Imports of much at once: those of numerics, which take seconds, beside work that needs none of them yet."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LATER = (
    "numba",
    "atlas_assets.stages.embedding.embedding",
    "atlas_assets.stages.projection.projection",
    "atlas_assets.stages.regions.regions",
    "atlas_assets.stages.quality.quality",
)
"""In the order in which a run from an empty store comes to need them."""


@contextmanager
def without_collector() -> Iterator[None]:
    """The garbage collector would look at everything again and again, for a seventh of the time, and find nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def import_beside() -> None:
    """Import what is needed later, in a thread: reading and counting let go of the interpreter most of the time."""
    threading.Thread(target=_import_all, name="imports", daemon=True).start()


def _import_all() -> None:
    for name in LATER:
        with suppress(ImportError):  # whoever needs it says so
            importlib.import_module(name)
