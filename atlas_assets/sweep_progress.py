"""How far a sweep has come, round by round."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Telling(Protocol):
    """Where progress is shown: ``display.Steps`` or ``run_log.RunLog``."""

    def step(self, label: str) -> AbstractContextManager[Any]: ...

    def tell(self, done: int, total: int, seconds_left: float | None) -> None: ...


class Whole:
    """Progress of one round as a part of the whole sweep.

    before: points of earlier rounds. total: points of the sweep; None where ``seconds_left``, by the clock, limits it.
    """

    def __init__(self, steps: Telling, before: int, total: int | None, seconds_left: Callable[[], float]) -> None:
        self._steps, self._before, self._total, self._seconds_left = steps, before, total, seconds_left
        self._began = time.monotonic()

    def step(self, label: str) -> AbstractContextManager[Any]:
        return self._steps.step(label)

    def tell(self, done: int, total: int, seconds_left: float | None) -> None:
        """Of the round; what is shown is of the sweep."""
        if self._total is None:
            self._steps.tell(self._before + done, self._before + total, max(0.0, self._seconds_left()))
            return
        later = max(0, self._total - self._before - total)
        if done and later:
            each = (time.monotonic() - self._began) / done
            seconds_left = (seconds_left or 0.0) + later * each
        self._steps.tell(self._before + done, max(self._total, self._before + total), seconds_left)
