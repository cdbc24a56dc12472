"""What is nearest to things that are new, as every way of finding it says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from scipy import sparse

NEAREST = 10
UNWEIGHED = "the weights of relation are left out: every collection counts as one"


@dataclass(frozen=True)
class Nearest:
    """Of m things that are new: ids (m,); indices (m, k) rows of the entity index, nearest first, -1 where there are
    fewer; similarity (m, k); notes: what was done otherwise than for the map, and what was set aside."""

    ids: pl.Series
    indices: np.ndarray
    similarity: np.ndarray
    notes: list[str]


def best_of(ids: pl.Series, similarity: sparse.csr_array, notes: list[str]) -> Nearest:
    """The lists of the things ``ids`` (m,) from a matrix (m, n) of similarities; those of 0 or less are none."""
    indices, values = np.full((len(ids), NEAREST), -1, np.int64), np.zeros((len(ids), NEAREST))
    indptr, every = np.asarray(similarity.indptr), np.asarray(similarity.indices)
    data = np.asarray(similarity.data, np.float64)
    for row, (begin, end) in enumerate(pairwise(indptr.tolist())):
        columns, those = every[begin:end], data[begin:end]
        order = np.lexsort((columns, -those))[:NEAREST]
        order = order[those[order] > 0]
        indices[row, : order.size], values[row, : order.size] = columns[order], those[order]
    if alone := int((indices[:, 0] < 0).sum()):
        notes = [*notes, f"{alone:,} of {len(ids):,} are near nothing that the atlas has, and have no place"]
    return Nearest(ids, indices, values, notes)


def new_ids(ids: pl.Series, index: pl.Series) -> pl.Series:
    """Whether each is not among those of the index; ids of another type are compared as texts."""
    return ~ids.cast(pl.String).is_in(index.cast(pl.String).implode())
