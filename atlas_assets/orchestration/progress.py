"""Progress of a stage, in the log of its run: a line whenever another tenth is done."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

SECONDS_BETWEEN_LINES = 2  # a line in the log is a transaction of 10 ms, and short steps need none
_LINE = re.compile(r"(?P<label>.+): +(?P<share>\d+)% (?P<note>.*)", re.DOTALL)


class StepProgress:
    """A :data:`Progress` that writes a line whenever another tenth is done, or something begins at 0."""

    def __init__(self, log: Callable[[str], object], label: str) -> None:
        self._log, self._label, self._next, self._told = log, label, 0.0, time.monotonic()

    def __call__(self, fraction: float, message: str) -> None:
        now = time.monotonic()
        if (fraction < self._next and fraction > 0) or now - self._told < SECONDS_BETWEEN_LINES:
            return
        self._log(f"{self._label}: {fraction:4.0%} {message}")
        self._next, self._told = int(fraction * 10) / 10 + 0.1, now


def read(line: str) -> tuple[str, float, str] | None:
    """Label, share and note of a line that :class:`StepProgress` wrote; None for any other."""
    found = _LINE.fullmatch(line)
    return (found["label"], int(found["share"]) / 100, found["note"]) if found else None
