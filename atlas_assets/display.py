"""Progress of long work on the terminal: a bar per step, or a line now and then where the output is a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

SECONDS_BETWEEN_LINES = 15


class Step:
    """One step that is under way; calling it reports progress. May be used by another thread than its neighbours."""

    def __init__(self, label: str, console: Console, bars: Progress | None) -> None:
        self.label, self.share, self.message = label, 0.0, ""
        self._console, self._bars = console, bars
        self._started = self._told = time.monotonic()
        self._bar = bars.add_task(escape(label), total=1.0, note="") if bars else None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def __call__(self, share: float, note: str) -> None:
        self.share = share
        if self._bars is not None and self._bar is not None:
            self._bars.update(self._bar, completed=share, note=escape(note))
        elif time.monotonic() - self._told >= SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            self._console.print(f"{self.label}: {share:.0%} {escape(note)}", soft_wrap=True)

    def fail(self, message: str, *, label: str | None = None) -> None:
        """Say that it failed, or a part of it, and why."""
        self.message = message
        self._console.print(f"[red]{escape(label or self.label)} failed:[/red] {escape(message)}", soft_wrap=True)

    def end(self) -> None:
        """Take the bar away; what succeeded leaves a line with the time it took."""
        if self._bars is not None and self._bar is not None:
            self._bars.remove_task(self._bar)
        if not self.message:
            self._console.print(f"{escape(self.label)}: {self.seconds:.1f} s", soft_wrap=True)


class Steps:
    """A context in which steps are announced, followed and ticked off, one after the other or side by side."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description:<44}"), BarColumn(24), TaskProgressColumn(), TimeElapsedColumn())
        note = TextColumn("[dim]{task.fields[note]}")
        self._console, self._total = console, TaskID(-1)
        self._bars = Progress(*columns, note, console=console, refresh_per_second=4) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bars:
            self._bars.stop()

    @contextmanager
    def step(self, label: str) -> Iterator[Step]:
        """Yields what the step reports its progress and its failure to."""
        step = Step(label, self._console, self._bars)
        try:
            yield step
        except BaseException:
            step.message = "interrupted"
            raise
        finally:
            step.end()

    def tell(self, done: int, total: int, seconds_left: float | None) -> None:
        """How far a number of points that are made side by side has come."""
        left = "" if seconds_left is None else f"about {duration(seconds_left)} left"
        if self._bars is None:
            self._console.print(f"{done} of {total} points{f', {left}' if left else ''}", soft_wrap=True)
            return
        if self._total == TaskID(-1):
            self._total = self._bars.add_task("points", total=total, note="")
        self._bars.update(self._total, total=total, completed=done, note=left)
        if done == total:
            self._bars.remove_task(self._total)
            self._total = TaskID(-1)


def duration(seconds: float) -> str:
    """As people say it, to the precision that a guess has."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
