"""The rows of ``layout`` about maps as a table: ours, below it whom it is compared with, and what it keeps more."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.layout import LAYOUT_SECONDS
from benchmarks.layout_figures import RECALL, TRIPLETS
from benchmarks.report import Row, figure, show_notes, with_error

METRICS = (LAYOUT_SECONDS, RECALL, TRIPLETS)


def listed(row: Row) -> bool:
    """Whether this table has a place for a row."""
    return row.metric in METRICS and bool(row.of)


def show(rows: Sequence[Row], console: Console) -> None:
    """Print those that are ``listed``, in their order, and their notes."""
    rows = [row for row in rows if listed(row)]
    if not rows:
        return
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        caption_justify="left",
        caption=(
            "times: ours is as much faster; +/-: what ours keeps more, both judged by the same; ±: standard errors"
        ),
    )
    table.add_column("", overflow="fold")
    for heading in ("seconds", "times", "recall", "triplets"):
        table.add_column(heading, justify="right", no_wrap=True)
    above = "", ""
    for case, of, peer in dict.fromkeys((row.case, row.of, row.peer) for row in rows):
        found = {row.metric: row for row in rows if (row.case, row.of, row.peer) == (case, of, peer)}
        ours, _, how = of.partition(", ")
        if (case, ours) != above:
            table.add_section()
            if case != above[0]:
                table.add_row(f"[bold]{escape(case)}[/bold]")
            table.add_row(escape(ours), *_figures(found, "ours"))
            above = case, ours
        theirs = _figures(found, "theirs")
        table.add_row(escape(f"  {peer}, {how}" if how else f"  {peer}"), *theirs)
        more = [_more(found.get(metric)) for metric in METRICS[1:]]
        if any(more):
            table.add_row("", "", "", *more)
    console.print(table)
    show_notes(rows, console)


def _figures(found: dict[str, Row], side: str) -> list[str]:
    """Seconds, times, recall and triplets of ours or of theirs."""
    seconds, made = found.get(LAYOUT_SECONDS), []
    for row in (found.get(metric) for metric in METRICS):
        value = None if row is None else row.ours if side == "ours" else row.theirs
        if row is seconds:
            ratio = seconds.ratio if seconds and side == "theirs" else None
            made += [figure(LAYOUT_SECONDS, value), "" if ratio is None else f"{ratio:.1f}"]
        else:
            made.append(with_error(value, row.errors.get(side) if row else None))
    return made


def _more(row: Row | None) -> str:
    error = row.errors.get("difference") if row else None
    return "" if row is None or error is None else with_error(row.difference, error, sign="+")
