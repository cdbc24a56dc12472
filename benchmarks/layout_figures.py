"""How much maps keep, by ``judge``, with standard errors; two maps are compared by what both were judged by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import judge, measure
from benchmarks.measure import Job, Limits
from benchmarks.report import Row

RECALL, TRIPLETS = METRICS = "held-out recall", "triplet accuracy"


@dataclass(frozen=True)
class Figures:
    """Of one map, or the means over several that differ by their seed.

    found, pairs: of every held-out collection; shares: of the triplets, row by row. spread: of the means, the standard
    errors by the seed, where there are several maps; the other errors contain it.
    """

    recall: float | None = None
    triplets: float | None = None
    recall_error: float | None = None
    triplets_error: float | None = None
    found: np.ndarray | None = None
    pairs: np.ndarray | None = None
    shares: np.ndarray | None = None
    note: str = ""
    spread: tuple[float, float] = (0.0, 0.0)

    def told(self, metric: str) -> tuple[float | None, float | None]:
        """A figure and its standard error."""
        return (self.recall, self.recall_error) if metric == RECALL else (self.triplets, self.triplets_error)

    def less(self, other: Figures, metric: str) -> tuple[float, float] | None:
        """By how much more is kept here than there, with the error of that."""
        if self.found is None or self.pairs is None or self.shares is None:
            return None
        if other.found is None or other.shares is None:
            return None
        if metric == RECALL:
            more, error = judge.ratio_with_error(self.found - other.found, self.pairs)
        else:
            more, error = judge.with_error(self.shares - other.shares)
        at = METRICS.index(metric)
        return more, math.hypot(error, self.spread[at], other.spread[at])


def mean(several: Sequence[Figures]) -> Figures:
    """Of maps that were judged by the same; the first that has no figures, where there is one."""
    failed = next((one for one in several if one.found is None), None)
    if failed is not None or len(several) == 1:
        return failed or several[0]
    found, shares = (np.mean([getattr(one, name) for one in several], axis=0) for name in ("found", "shares"))
    pairs = several[0].pairs
    assert pairs is not None
    values = np.array([(one.recall, one.triplets) for one in several], np.float64)
    spread = values.std(axis=0, ddof=1) / np.sqrt(len(several))
    (recall, recall_error), (triplets, triplets_error) = judge.ratio_with_error(found, pairs), judge.with_error(shares)
    return Figures(
        recall,
        triplets,
        math.hypot(recall_error, spread[0]),
        math.hypot(triplets_error, spread[1]),
        found,
        pairs,
        shares,
        spread=(float(spread[0]), float(spread[1])),
    )


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
    for metric in METRICS:
        (mine, my_error), (other, other_error) = ours.told(metric), theirs.told(metric)
        difference = ours.less(theirs, metric)
        errors = {"ours": my_error, "theirs": other_error, "difference": difference[1] if difference else None}
        known = {name: error for name, error in errors.items() if error is not None}
        made.append(Row("layout", case, metric, peer, mine, other, "gain", note, of=of, errors=known))
    return made
