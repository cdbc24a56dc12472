"""What every benchmark returns, how it is printed and what is written as JSON."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Kind = Literal["cost", "gain"]


@dataclass(frozen=True)
class Row:
    """One figure of ours beside one of theirs. ``runs`` holds the single measurements behind the two.

    kind "cost": less is better; "gain": more is. ``note`` says why a figure or the ratio is missing, or what else to
    know; ``comparable`` is False where the results of the two differ, which makes any ratio meaningless. ``of`` says
    what was measured where a metric and a peer alone do not. ``errors``: standard errors of "ours", of "theirs" and of
    their "difference", which is less than that of the two where the same things were judged on both sides.
    """

    benchmark: str
    case: str
    metric: str
    peer: str
    ours: float | None
    theirs: float | None
    kind: Kind = "cost"
    note: str = ""
    comparable: bool = True
    runs: dict[str, list[float]] = field(default_factory=dict)
    of: str = ""
    errors: dict[str, float] = field(default_factory=dict)

    @property
    def difference(self) -> float | None:
        """Ours less theirs."""
        return None if self.ours is None or self.theirs is None else self.ours - self.theirs

    @property
    def ratio(self) -> float | None:
        """How many times better ours is; None where there is nothing to compare."""
        if self.ours is None or self.theirs is None or not self.comparable:
            return None
        above, below = (self.theirs, self.ours) if self.kind == "cost" else (self.ours, self.theirs)
        return above / below if below else None

    def as_json(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "benchmark": self.benchmark,
            "case": self.case,
            "metric": self.metric,
            "peer": self.peer,
            "ours": self.ours,
            "theirs": self.theirs,
            "ratio": self.ratio,
        }
        further = {"of": self.of, "note": self.note, "runs": self.runs, "errors": self.errors}
        return made | {name: value for name, value in further.items() if value}


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the rows as one table, case by case, and below it the notes."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption="ratio above 1: ours is better", caption_justify="left")
    table.add_column("")
    table.add_column("peer", no_wrap=True)
    for heading in ("ours", "theirs", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for at, row in enumerate(rows):
        if at == 0 or rows[at - 1].case != row.case:
            table.add_row(f"[bold]{escape(row.case)}[/bold]")
        last = at + 1 == len(rows) or rows[at + 1].case != row.case
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        figures = (figure(row.metric, row.ours), figure(row.metric, row.theirs), ratio)
        table.add_row(f"{row.metric}, {row.of}" if row.of else row.metric, row.peer, *figures, end_section=last)
    console.print(table)
    show_notes(rows, console)


def show_notes(rows: Sequence[Row], console: Console) -> None:
    """Each note once, with the peers that it is about."""
    notes: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            notes.setdefault(f"{row.case}: {row.note}", []).append(row.peer)
    for note, peers in notes.items():
        console.print(f"- {escape(note)} ({', '.join(dict.fromkeys(peers))})", soft_wrap=True)


def write(path: Path, rows: Sequence[Row], about: dict[str, Any]) -> None:
    """Write the rows, and last the machine they were measured on, as a JSON list."""
    entries = [*(row.as_json() for row in rows), {"machine": about}]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def machine(packages: Sequence[str], **settings: Any) -> dict[str, Any]:
    """The machine, the versions of ``packages`` (None where one is missing), and ``settings`` such as seeds."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_at_start": round(os.getloadavg()[0], 2),
        "versions": {name: _version(name) for name in packages},
        **settings,
    }


def figure(metric: str, value: float | None) -> str:
    if value is None:
        return "-"
    if metric.endswith("bytes"):
        if value < 2**20:
            return f"{value / 1000:.3g} kB"
        return f"{value / 2**30:.2f} GiB" if value >= 2**30 else f"{value / 2**20:.0f} MiB"
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def with_error(value: float | None, error: float | None, *, sign: str = "") -> str:
    """``0.1532 ± 0.0021``, or as much of that as there is; with a sign of "+", where it is positive too."""
    if value is None:
        return ""
    return f"{value:{sign}.4f}" + ("" if error is None else f" ± {error:.4f}")


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
