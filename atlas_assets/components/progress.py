"""Progress of a stage: into the run's log every ten per cent, and to whoever listens in the same process."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from atlas_assets.stages.artifact import Progress, no_progress

# `atlas run` draws its progress bar from this; it runs the assets in its own process.
listener: ContextVar[Progress] = ContextVar("listener", default=no_progress)


class StepProgress:
    """A :data:`Progress` that writes a line whenever another tenth is done or the message changes at 0."""

    def __init__(self, log: Callable[[str], object]) -> None:
        self._log, self._next = log, 0.0
        self._listener = listener.get()

    def __call__(self, fraction: float, message: str) -> None:
        self._listener(fraction, message)
        if fraction < self._next and fraction > 0:
            return
        self._log(f"{fraction:4.0%} {message}")
        self._next = int(fraction * 10) / 10 + 0.1
