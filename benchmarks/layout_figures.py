"""How much maps keep, by ``judge``, with standard errors; two maps are compared by what both were judged by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import judge, measure
from benchmarks.measure import Job, Limits
from benchmarks.report import Row

RECALL, TRIPLETS = "held-out recall", "triplet accuracy"


@dataclass(frozen=True)
class Figures:
    """Of one map. found, pairs: of every held-out collection; shares: of the triplets, row by row."""

    recall: float | None = None
    triplets: float | None = None
    recall_error: float | None = None
    triplets_error: float | None = None
    found: np.ndarray | None = None
    pairs: np.ndarray | None = None
    shares: np.ndarray | None = None
    note: str = ""

    def told(self, metric: str) -> tuple[float | None, float | None]:
        """A figure and its standard error."""
        return (self.recall, self.recall_error) if metric == RECALL else (self.triplets, self.triplets_error)

    def less(self, other: Figures, metric: str) -> tuple[float, float] | None:
        """By how much this map keeps more than another, with the error of that."""
        if self.found is None or self.pairs is None or self.shares is None:
            return None
        if other.found is None or other.shares is None:
            return None
        if metric == RECALL:
            return judge.ratio_with_error(self.found - other.found, self.pairs)
        return judge.with_error(self.shares - other.shares)


def judged(positions: Path, folder: Path, lists: tuple[Path, Path], limits: Limits) -> Figures:
    """The figures of the map in a file, of the case in ``folder``; triplets as the graph with these lists has them."""
    arguments = {"folder": str(folder), "positions": str(positions), "lists": [str(path) for path in lists]}
    outcome = measure.run(Job("benchmarks.layout_jobs:judged", arguments), limits)
    if outcome.values is None:
        return Figures(note=outcome.note)
    values = dict(outcome.values)
    with np.load(values.pop("parts")) as parts:
        return Figures(**values, **{name: parts[name] for name in parts.files})


def rows(case: str, peer: str, ours: Figures, theirs: Figures, *, of: str, note: str = "") -> list[Row]:
    """Recall and triplets of our map beside those of theirs."""
    made = []
    for metric in (RECALL, TRIPLETS):
        (mine, my_error), (other, other_error) = ours.told(metric), theirs.told(metric)
        difference = ours.less(theirs, metric)
        errors = {"ours": my_error, "theirs": other_error, "difference": difference[1] if difference else None}
        known = {name: error for name, error in errors.items() if error is not None}
        made.append(Row("layout", case, metric, peer, mine, other, "gain", note, of=of, errors=known))
    return made
