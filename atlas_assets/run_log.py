"""Progress of long work in the log of the Dagster run that it is done in: what ``display.Steps`` is on a terminal.

Dagster's runs are not made for threads (see ``runs``), so lines are written by one thread that holds the baton.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from atlas_assets.display import SECONDS_BETWEEN_LINES, duration
from atlas_assets.runs import Baton

Write = Callable[[int, str], object]


class LoggedStep:
    """One step that is under way; calling it reports progress. May be used by another thread than its neighbours."""

    def __init__(self, label: str, write: Write) -> None:
        self.label, self.share, self.message = label, 0.0, ""
        self._write, self._started = write, time.monotonic()
        self._told = self._started

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def __call__(self, share: float, note: str) -> None:
        self.share = share
        if time.monotonic() - self._told >= SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            self._write(logging.INFO, f"{self.label}: {share:.0%} {note}")

    def fail(self, message: str, *, label: str | None = None) -> None:
        """Say that it failed, or a part of it, and why."""
        self.message = message
        self._write(logging.ERROR, f"{label or self.label} failed: {message}")


class RunLog:
    """A context in which steps are announced, followed and ticked off, one after the other or side by side.

    write: as ``context.log.log``. baton: of the :class:`~atlas_assets.runs.Runs` that are made meanwhile.
    """

    def __init__(self, write: Write, baton: Baton) -> None:
        self._write, self._baton = write, baton
        self._lines: queue.SimpleQueue[tuple[int, str] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_lines, name="run log", daemon=True)

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Returns when the last line is written."""
        self._lines.put(None)
        self._writer.join()

    @contextmanager
    def step(self, label: str) -> Iterator[LoggedStep]:
        """Yields what the step reports its progress and its failure to; what succeeded leaves a line with its time."""
        step = LoggedStep(label, self._later)
        yield step
        if not step.message:
            self.say(f"{label}: {step.seconds:.1f} s")

    def tell(self, done: int, total: int, seconds_left: float | None) -> None:
        """How far a number of points that are made side by side has come."""
        left = "" if seconds_left is None else f", about {duration(seconds_left)} left"
        self.say(f"{done} of {total} points{left}")

    def say(self, line: str) -> None:
        """Anything else."""
        self._later(logging.INFO, line)

    def _later(self, level: int, line: str) -> None:
        self._lines.put((level, line))

    def _write_lines(self) -> None:
        while (line := self._lines.get()) is not None:
            with self._baton.held():
                self._write(*line)
