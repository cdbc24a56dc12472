"""Progress of long work on the terminal: a bar per step, or a line now and then where the output is a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from atlas_assets.stages import artifact

SECONDS_BETWEEN_LINES = 15


class Steps:
    """A context in which steps are announced, followed and ticked off."""

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

    @contextmanager
    def step(self, label: str) -> Iterator[artifact.Progress]:
        """Yields what the step reports its progress to."""
        if self._bars is None:
            started = time.monotonic()
            yield self._lines(label)
            self._console.print(f"{label}: {time.monotonic() - started:.1f} s")
            return
        bar = self._bars.add_task(escape(label), total=1.0, note="")
        yield lambda share, note: self._bars.update(bar, completed=share, note=escape(note)) if self._bars else None
        self._bars.update(bar, completed=1.0, note="")

    def complain(self, label: str, message: str) -> None:
        """Say that a step failed, and why."""
        self._console.print(f"[red]{escape(label)} failed:[/red] {escape(message)}", soft_wrap=True)

    def _lines(self, label: str) -> artifact.Progress:
        last = time.monotonic()

        def report(share: float, note: str) -> None:
            nonlocal last
            if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                self._console.print(f"{label}: {share:.0%} {escape(note)}", soft_wrap=True)

        return report
