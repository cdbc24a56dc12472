"""A hash of what each collection holds, so that two indices can be compared without matching their rows."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.pair_weight import Weighting
from atlas_assets.kernels.splitmix import splitmix64


@njit(cache=True, parallel=True)
def _hashes(indptr, entities, labels, columns, collection_bits, out):
    for c in prange(indptr.size - 1):
        total = np.uint64(indptr[c + 1] - indptr[c])
        for at in range(indptr[c], indptr[c + 1]):
            one = splitmix64(np.uint64(labels[entities[at]]))
            for column in range(columns.shape[0]):
                one = splitmix64(one ^ columns[column, at])
            total += one  # a sum, so that the order of members does not matter
        if collection_bits.size:
            total = splitmix64(total ^ collection_bits[c])
        out[c] = splitmix64(total)


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


def unmatched(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which hashes of two (multi)sets have no counterpart in the other: bool of ``before``, bool of ``after``."""
    return _unmatched(before, after)


@njit(cache=True)
def _unmatched(before, after):
    slots = 1
    while slots < 2 * before.size + 2:
        slots *= 2
    mask = np.uint64(slots - 1)
    keys, counts = np.empty(slots, np.uint64), np.zeros(slots, np.int32)
    used = np.zeros(slots, np.bool_)
    for key in before:  # open addressing: a key lies in the first free slot after its own
        slot = key & mask
        while used[slot] and keys[slot] != key:
            slot = (slot + np.uint64(1)) & mask
        used[slot], keys[slot] = True, key
        counts[slot] += 1
    alone_after = np.ones(after.size, np.bool_)
    for at in range(after.size):
        slot = after[at] & mask
        while used[slot] and keys[slot] != after[at]:
            slot = (slot + np.uint64(1)) & mask
        if used[slot] and counts[slot] > 0:
            counts[slot] -= 1
            alone_after[at] = False
    alone_before = np.zeros(before.size, np.bool_)
    for at in range(before.size):  # what is left of each key was not matched; which of equal ones does not matter
        slot = before[at] & mask
        while keys[slot] != before[at]:
            slot = (slot + np.uint64(1)) & mask
        if counts[slot] > 0:
            counts[slot] -= 1
            alone_before[at] = True
    return alone_before, alone_after
