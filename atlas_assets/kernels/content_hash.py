"""A hash of what each collection holds, so that two indices can be compared without matching their rows."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.pair_weight import Weighting


@njit(cache=True)
def _mixed(value):
    """splitmix64's finaliser (Steele, Lea and Flood 2014); a permutation of uint64."""
    value = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True, parallel=True)
def _hashes(indptr, entities, labels, columns, collection_bits, out):
    for c in prange(indptr.size - 1):
        total = np.uint64(indptr[c + 1] - indptr[c])
        for at in range(indptr[c], indptr[c + 1]):
            one = _mixed(np.uint64(labels[entities[at]]))
            for column in range(columns.shape[0]):
                one = _mixed(one ^ columns[column, at])
            total += one  # a sum, so that the order of members does not matter
        if collection_bits.size:
            total = _mixed(total ^ collection_bits[c])
        out[c] = _mixed(total)


def content_hashes(
    indptr: np.ndarray, entities: np.ndarray, labels: np.ndarray, weighting: Weighting | None
) -> np.ndarray:
    """(C,) uint64, equal for collections of the same entities with the same weights, values and times.

    labels (n,) int64: what stands for each entity, so that two indices can name theirs alike.
    """
    columns, of_collections = np.empty((0, 0), np.uint64), np.empty(0, np.uint64)
    if weighting is not None:
        parallel = [array for array in (weighting.rows, weighting.values, weighting.times) if array.size]
        if parallel:
            columns = np.stack([array.view(np.uint64) for array in parallel])
        of_collections = weighting.collections.view(np.uint64)
    out = np.empty(indptr.size - 1, np.uint64)
    _hashes(indptr, entities, labels, columns, of_collections, out)
    return out
