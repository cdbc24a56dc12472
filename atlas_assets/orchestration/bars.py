"""Progress of long work on the terminal: a bar per step, or a line now and then where the output is a file."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

SECONDS_BETWEEN_LINES = 15


class Step:
    """One step that is under way; calling it reports progress."""

    def __init__(self, label: str, console: Console, bars: Progress | None) -> None:
        self.label = label
        self._console, self._bars = console, bars
        self._told = time.monotonic()
        self._bar = bars.add_task(escape(label), total=1.0, note="") if bars else None

    def __call__(self, share: float, note: str) -> None:
        if self._bars is not None and self._bar is not None:
            self._bars.update(self._bar, completed=share, note=escape(note))
        elif time.monotonic() - self._told >= SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            self._console.print(f"{self.label}: {share:.0%} {escape(note)}", soft_wrap=True)

    def end(self) -> None:
        """Take the bar away."""
        if self._bars is not None and self._bar is not None:
            self._bars.remove_task(self._bar)


class Steps:
    """A context in which steps are announced and followed."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description:<44}"), BarColumn(24), TaskProgressColumn(), TimeElapsedColumn())
        note = TextColumn("[dim]{task.fields[note]}")
        self._console = console
        self._bars = Progress(*columns, note, console=console, refresh_per_second=4) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bars:
            self._bars.stop()

    def begin(self, label: str) -> Step:
        """What a step reports its progress to, until its ``end``."""
        return Step(label, self._console, self._bars)
