"""Undirected adjacency from an edge list, and how much of their neighbourhoods two linked entities share."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse import coo_array, csr_array

from atlas_assets.errors import DataError
from atlas_assets.kernels.neighbourhoods import overlaps

MOST_WEIGHT = 1e37  # sums of a few stay within float32


def adjacency(
    source: np.ndarray, target: np.ndarray, weight: np.ndarray, *, n_entities: int
) -> tuple[csr_array, dict[str, int]]:
    """Symmetric (n, n) float64 matrix, rows sorted, empty diagonal; and counts of self loops and repeats.

    An edge given in both directions or several times has the sum of its weights. Weights must be positive and at most
    MOST_WEIGHT (DataError names the first that is not).
    """
    weight = np.asarray(weight, dtype=np.float64)
    unusable = ~((weight > 0) & (weight <= MOST_WEIGHT))
    if unusable.any():
        row = int(np.flatnonzero(unusable)[0])
        raise DataError(
            file="entity_index",
            where=f"weight of edge {row}",
            found=float(weight[row]),
            expected=f"a number above 0, and at most {MOST_WEIGHT:g}",
            remedy="Mend the weight column (where all are large: divide it by a power of ten) or leave "
            "columns.weight out.",
        )
    loops = source == target
    low, high = np.minimum(source, target)[~loops], np.maximum(source, target)[~loops]
    both_ways = np.concatenate([low, high]), np.concatenate([high, low])
    matrix = coo_array((np.tile(weight[~loops], 2), both_ways), shape=(n_entities, n_entities)).tocsr()
    matrix.sum_duplicates()
    return matrix, {"self_loops": int(loops.sum()), "repeated_edges": int(low.size - matrix.nnz // 2)}


def shared_neighbourhoods(matrix: csr_array, *, measure: Literal["cosine", "jaccard"] | str) -> np.ndarray:
    """For every stored entry (i, j), the similarity of the neighbourhoods of i and j; float64, in (0, 1].

    A neighbourhood is the row with the entity itself added at the weight of its strongest edge: so linked entities
    always share something, and two that are linked to each other and nothing else are exactly alike.
    cosine: dot product of the rows over their lengths. jaccard: sum of minima over sum of maxima.
    """
    strongest = np.zeros(matrix.indptr.size - 1)
    linked = np.flatnonzero(np.diff(matrix.indptr))
    if linked.size:
        strongest[linked] = np.maximum.reduceat(matrix.data, matrix.indptr[linked])
    return overlaps(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data,
        strongest,
        use_minima=measure == "jaccard",
    )
