"""What the counting of pairs needs to know about an index and its weights, prepared once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from atlas_assets.kernels.incidence import pairs_within
from atlas_assets.kernels.memberships import count_entities
from atlas_assets.kernels.pair_weight import FORMS, Weighting
from atlas_assets.stages.relation import pair_weights
from atlas_assets.stages.relation.pair_weights import Collections, PairWeights

# Sums stay below 2^52 units (rounding may add a little), so that float64 holds them exactly.
FIXED_POINT_BITS = 52


@dataclass(frozen=True)
class Counting:
    """indptr (C+1,) int64 and entities (m,) int32 as plain arrays; weighting as kernels take it, None for unit weights.

    counts (n,) int64: memberships of each entity. unit: the weight of one unit of a kernel's sum. occurrences (n,)
    float64 and total as in ``pair_weights``; weights: what they were made from.
    """

    indptr: np.ndarray
    entities: np.ndarray
    counts: np.ndarray
    weighting: Weighting | None
    unit: float
    occurrences: np.ndarray
    total: float
    weights: PairWeights

    @property
    def n_entities(self) -> int:
        return self.occurrences.size

    @property
    def rounding(self) -> float:
        """How far the sum of all pairs may be off, since each weight is rounded to whole units: 0 for unit weights."""
        return 0.0 if self.weighting is None else float(pairs_within(self.indptr)) * self.unit


def prepare(index: Collections, weights: PairWeights | None = None) -> Counting:
    """The index (not modified) with its weights, all 1 where there are none."""
    weights = weights or PairWeights()
    indptr = np.ascontiguousarray(index.indptr, dtype=np.int64).view(np.ndarray)
    entities = np.ascontiguousarray(index.entities, dtype=np.int32).view(np.ndarray)
    counts = count_entities(entities, index.n_entities)
    occurrences = counts.astype(np.float64) if weights.are_one else pair_weights.occurrences(index, weights)
    scale = 1.0 if weights.are_one else _scale(occurrences)
    return Counting(
        indptr=indptr,
        entities=entities,
        counts=counts,
        weighting=None if weights.are_one else _weighting(weights, scale),
        unit=1.0 / scale,
        occurrences=occurrences,
        total=pair_weights.total(index, weights),
        weights=weights,
    )


def _scale(occurrences: np.ndarray) -> float:
    """The power of two by which weights become integers: as fine as sums allow, which occurrences bound."""
    largest = float(occurrences.max(initial=0.0)) or 1.0
    return 2.0 ** (FIXED_POINT_BITS - math.ceil(math.log2(largest)))


def _weighting(weights: PairWeights, scale: float) -> Weighting:
    def array(given: np.ndarray | None, dtype: type) -> np.ndarray:
        return np.empty(0, dtype) if given is None else np.ascontiguousarray(given, dtype).view(np.ndarray)

    return Weighting(
        array(weights.rows, np.float64),
        array(weights.collections, np.float64),
        array(weights.values, np.float64),
        array(weights.times, np.int64),
        FORMS[weights.value_form],
        weights.value_width or 1.0,
        weights.half_life or 1.0,
        scale,
    )
