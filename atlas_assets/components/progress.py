"""Progress of a stage: into the run's log every ten per cent, and to whoever listens in the same process."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar

from atlas_assets.stages.artifact import Progress, no_progress

# `atlas run` draws its progress bars from this; the runs are in its own process.
listener: ContextVar[Progress] = ContextVar("listener", default=no_progress)


SECONDS_BETWEEN_LINES = 2  # a line in the log is a transaction of 10 ms, and short steps need none


class StepProgress:
    """A :data:`Progress` that writes a line whenever another tenth is done, or something begins at 0."""

    def __init__(self, log: Callable[[str], object]) -> None:
        self._log, self._next, self._told = log, 0.0, time.monotonic()
        self._listener = listener.get()

    def __call__(self, fraction: float, message: str) -> None:
        self._listener(fraction, message)
        now = time.monotonic()
        if (fraction < self._next and fraction > 0) or now - self._told < SECONDS_BETWEEN_LINES:
            return
        self._log(f"{fraction:4.0%} {message}")
        self._next, self._told = int(fraction * 10) / 10 + 0.1, now
