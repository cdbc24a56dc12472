"""The edges of a source while rules of a filter take some away: the counterpart of ``membership`` for edge lists."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from atlas_assets.stages.index.membership import Steps, ranked_ids

Repeats = Literal["strongest", "sum"]
_REPEATED = {"strongest": "repeated edges, of which the strongest stays", "sum": "repeated edges, added up"}


class Edges:
    """Edges between entities, which are positions in the sorted ``entity_ids``; directions are kept.

    source, target (m,) int; weight (m,) float32. Sorted by source, then target, and free of loops and of repetitions
    from the start; ``steps`` is the account of what each rule took away.
    """

    def __init__(self, raw: Path, *, repeats: Repeats = "strongest") -> None:
        """Read a folder with ``raw_edges``. repeats: of equal (source, target), the strongest stays, or their sum."""
        table = pl.read_parquet(raw / "edges.parquet")
        self.entity_ids, ranks = ranked_ids(raw / "entity_ids.parquet")
        ends = [table[end].to_numpy() if ranks is None else ranks[table[end]] for end in ("source", "target")]
        self.source, self.target = ends
        if "distance" in table.columns:
            self._take_distances(table["distance"].to_numpy())
        else:
            self.weight = table["weight"].to_numpy().astype(np.float32)
            self.steps = Steps(*self._measure())
        self.keep(self.source != self.target, "edges to itself")
        order = np.lexsort((-self.weight, self.target, self.source))
        self.source, self.target, self.weight = self.source[order], self.target[order], self.weight[order]
        first = np.ones(self.source.size, dtype=bool)
        first[1:] = (self.source[1:] != self.source[:-1]) | (self.target[1:] != self.target[:-1])
        if repeats == "sum" and first.size:
            summed = np.add.reduceat(self.weight.astype(np.float64), np.flatnonzero(first))
            self.weight[first] = summed.astype(np.float32)
        self.keep(first, _REPEATED[repeats])

    def _take_distances(self, distance: np.ndarray) -> None:
        """Weights from distances d: 1 / (1 + d / m), m being their median; one for both directions of an edge.

        So the nearest of each are those of the largest weight, and a pair that both ends list is no nearer for it.
        """
        known = np.isfinite(distance)
        middle = float(np.median(distance[known])) if known.any() else 1.0
        self.weight = (1 / (1 + np.where(known, distance, 0.0) / (middle or 1.0))).astype(np.float32)
        self.steps = Steps(*self._measure())
        self.keep(known, "edges without a distance")
        self.source, self.target = np.minimum(self.source, self.target), np.maximum(self.source, self.target)

    def keep(self, chosen: np.ndarray, rule: str) -> None:
        """Leave out all but the ``chosen`` (m,) bool, on account of ``rule``."""
        self.source, self.target, self.weight = self.source[chosen], self.target[chosen], self.weight[chosen]
        self.steps.add(rule, *self._measure())

    def keep_between(self, entities: np.ndarray, rule: str) -> None:
        """Leave out the edges of all but these entities, a mask over ``entity_ids``."""
        self.keep(entities[self.source] & entities[self.target], rule)

    def keep_top(self, count: int) -> None:
        """Keep the entities with the most neighbours, then the largest sum of weights, then the smaller id."""
        n = len(self.entity_ids)
        strength = np.bincount(self.source, self.weight, n) + np.bincount(self.target, self.weight, n)
        wanted = np.zeros(n, dtype=bool)
        wanted[np.lexsort((-strength, -self.degrees()))[:count]] = True
        self.keep_between(wanted, f"the {count:,} best-connected")

    def keep_min_degree(self, least: int) -> None:
        """Leave out entities with fewer than ``least`` neighbours, until all that are left have as many."""
        n, one = len(self.entity_ids), self._one_of_each()
        left = np.ones(n, dtype=bool)
        while True:
            both = one & left[self.source] & left[self.target]
            degrees = np.bincount(self.source[both], minlength=n) + np.bincount(self.target[both], minlength=n)
            enough = left & (degrees >= least)
            if (enough == left).all():
                return self.keep_between(left, f"entities with at least {least:,} neighbours")
            left = enough

    def degrees(self) -> np.ndarray:
        """(E,) int64: distinct neighbours of each entity, in either direction."""
        n, one = len(self.entity_ids), self._one_of_each()
        return np.bincount(self.source[one], minlength=n) + np.bincount(self.target[one], minlength=n)

    def _one_of_each(self) -> np.ndarray:
        """A mask of one edge for each pair of ends: those whose other direction is not there, or comes later.

        Stays right when entities are left out, with all their edges.
        """
        n, back = len(self.entity_ids), self.source > self.target
        keys = self.source.astype(np.int64) * n + self.target
        other_way = self.target[back].astype(np.int64) * n + self.source[back]
        at = np.minimum(np.searchsorted(keys, other_way), keys.size - 1)
        one = ~back
        one[back] = keys[at] != other_way
        return one

    def _measure(self) -> tuple[int, int, int]:
        """Rows, collections (there are none) and entities."""
        present = np.zeros(len(self.entity_ids), dtype=bool)
        present[self.source] = present[self.target] = True
        return self.source.size, 0, int(np.count_nonzero(present))
