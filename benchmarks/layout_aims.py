"""What layouts should reach, whether the rows of ``layout`` say that they do, and where another is better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from benchmarks import aims as aims_of
from benchmarks import layout_data
from benchmarks.aims import Aim, aim
from benchmarks.layout import CASE_OF_MAPS, LAYOUT_SECONDS
from benchmarks.layout_figures import RECALL, TRIPLETS
from benchmarks.layout_maps import CHANCE
from benchmarks.layout_methods import CONTESTS, GRAPH, Ours, Theirs, compared
from benchmarks.report import Row, with_error

# times as fast as the peer, of the same graph and on all cores; by what ours is called in tables
FASTER = {
    ("UMAP", "seeded"): 10,
    ("UMAP", "unseeded"): 5,
    ("t-SNE", ""): 4,
    ("t-SNE", "in less"): 4,
    ("t-SNE by similarity", ""): 4,
    ("t-SNE by similarity", "in less"): 4,
    ("LocalMAP", ""): 5,
}
CASES = layout_data.DEFAULT  # of which that is said
SURELY = 2.0  # standard errors up to which a difference may be chance
LEAST_RECALL, LEAST_TRIPLETS = 0.175, 0.616  # of the recommended map of ``CASE_OF_MAPS``


def aims(rows: Sequence[Row]) -> list[Aim]:
    """In the order of the cases. Those about layouts only where such a layout was measured."""
    made = []
    for case in dict.fromkeys(row.case for row in rows):
        of_case = [row for row in rows if row.case == case]
        for contest in CONTESTS:
            if contest.source == GRAPH and case in CASES:
                made += [
                    one
                    for ours in contest.ours
                    for theirs in contest.theirs
                    for one in _of_layout(case, ours, theirs, of_case)
                ]
        if case == CASE_OF_MAPS:
            made += _of_maps(case, of_case)
    return made


def _of_layout(case: str, ours: Ours, theirs: Theirs, rows: Sequence[Row]) -> list[Aim]:
    of = compared(ours, theirs, GRAPH)
    found = {row.metric: row for row in rows if row.of == of and row.peer == theirs.peer}
    if LAYOUT_SECONDS not in found:
        return []
    made, than = [], f"{ours.label} of the graph is at least {{}} times as fast as {theirs.name}"
    if (least := FASTER.get((ours.label, theirs.how))) is not None:
        made.append(aim(case, than.format(least), found[LAYOUT_SECONDS].ratio, "{:.1f} times", least=least))
    for metric, what in ((RECALL, "held-out pairs"), (TRIPLETS, "triplets")):
        text = f"{ours.label} of the graph keeps no fewer {what} than {theirs.name}"
        row = found.get(metric)
        error = row.errors.get("difference") if row else None
        if row is None or row.difference is None or error is None:
            made.append(Aim(case, text, "not measured", None))
        else:
            told = with_error(row.difference, error, sign="+")
            made.append(Aim(case, text, told, row.difference >= -SURELY * error))
    return made


def _of_maps(case: str, rows: Sequence[Row]) -> list[Aim]:
    """Of the recommended map, which stands in every row that compares it."""
    best = {row.metric: row.ours for row in rows if row.peer == CHANCE}
    if not best:
        return []
    return [
        aim(
            case,
            f"the recommended map keeps more than {LEAST_RECALL} of the held-out pairs",
            best.get(RECALL),
            "{:.4f}",
            least=LEAST_RECALL,
        ),
        aim(case, f"and at least {LEAST_TRIPLETS} of the triplets", best.get(TRIPLETS), "{:.4f}", least=LEAST_TRIPLETS),
    ]


def lost(rows: Sequence[Row]) -> list[str]:
    """Where a peer is better than ours: slower, or worse by more than chance does."""
    made = []
    for row in rows:
        if row.ratio is None or row.ratio >= 1 or row.peer == CHANCE:
            continue
        error = row.errors.get("difference")
        if error is not None and row.difference is not None:
            if row.difference < -SURELY * error:
                made.append(f"{row.case}: {row.metric}, {row.of}: {row.peer} by {with_error(-row.difference, error)}")
        else:
            of = f", {row.of}" if row.of else ""
            made.append(f"{row.case}: {row.metric}{of}: {row.peer}, {1 / row.ratio:.2f} times as good")
    return made


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return aims_of.as_json(aims(rows))


def show(rows: Sequence[Row], console: Console) -> None:
    aims_of.show(aims(rows), console)
    console.print(f"±: standard errors of what both were judged by; up to {SURELY:g} of them count as equal.")
    for text in lost(rows):
        console.print(escape(f"  better  {text}"), soft_wrap=True)
