"""``atlas report`` in the terminal: the maps of an atlas side by side, the best marked, and what the columns mean."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from atlas_assets.reports.comparison import Comparison
from atlas_assets.stages.quality.measures import DECISIVE, FIGURES, OWN_GRAPH, PLUS_MINUS, remarks, value_text


def show(comparison: Comparison, console: Console) -> None:
    """Print the table, the recommendation and a legend."""
    summary = comparison.summary
    shown = [name for name in DECISIVE if any(row["metrics"].get(name) is not None for row in summary.rows)]
    heads = [Column(FIGURES[name].head, justify="right", no_wrap=True) for name in shown]
    table = Table(
        "",
        Column("map", overflow="fold"),
        *heads,
        Column("layout", justify="right", no_wrap=True),
        box=None,
        padding=(0, 1, 0, 0),
    )
    for row in summary.rows:
        chosen = row["key"] == summary.recommended
        cells = [_cell(row, name) for name in shown]
        key = f"[bold]{escape(row['key'])}[/bold]" if chosen else escape(row["key"])
        table.add_row("→" if chosen else "", key, *cells, _seconds(comparison.seconds.get(row["key"])))
    console.print(table)
    console.print(f"\n[bold]→ Recommended: {escape(summary.recommended)}[/bold]. {escape(summary.reason)}")
    chosen = next(row for row in summary.rows if row["key"] == summary.recommended)
    for remark in remarks(chosen["metrics"]):
        console.print(f"\n[yellow]Mind:[/yellow] {escape(remark)}")
    _what_lacks(comparison, console)
    legend = Table(box=None, show_header=False, padding=(0, 1))
    for name in shown:
        legend.add_row(FIGURES[name].short, FIGURES[name].meaning)
    legend.add_row("layout", "Seconds that laying it out took.")
    legend.add_row(
        "bold",
        "The best of its column, and those that differ from it by less than the sampling error (judged on one sample "
        "for all, which tells apart more than ± does).",
    )
    console.print()
    console.print(legend, style="dim")
    if any(error is not None for row in summary.rows for error in row["errors"].values()):
        console.print(PLUS_MINUS, style="dim")
    if len({point.graph for point in comparison.points.values()}) > 1:
        console.print(OWN_GRAPH, style="dim")


def _what_lacks(comparison: Comparison, console: Console) -> None:
    failures = comparison.summary.failures
    if missing := [key for key in comparison.summary.missing if key not in failures]:
        total = len(comparison.points)
        console.print(
            f"\n[yellow]Not made yet, {len(missing)} of {total} maps:[/yellow] "
            f"{escape(', '.join(missing))}. Make them with: atlas run {comparison.atlas}"
        )
    for key, message in failures.items():
        console.print(f"\n[red]{escape(key)} failed:[/red] {escape(message)}", soft_wrap=True)
    if comparison.outdated:
        console.print(
            f"\n[yellow]Out of date, of an earlier state of the data, the spec or the program:[/yellow] "
            f"{escape(', '.join(comparison.outdated))}. Renew with: atlas run {comparison.atlas}"
        )


def _cell(row: dict, name: str) -> str:
    text = value_text(name, row["metrics"].get(name), row["errors"].get(name), bare=True)
    return f"[bold]{text}[/bold]" if name in row["best_at"] else text


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"
