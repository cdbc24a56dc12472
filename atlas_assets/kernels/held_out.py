"""Which members of a collection lie near each other on a map: all pairs, at the price of its members' neighbours."""

from __future__ import annotations

import numba
import numpy as np
from numba import njit, prange

ONE = np.uint64(1)


@njit(cache=True, parallel=True)
def _hits(n_bins, near, indptr, entities, out):
    n, k = near.shape
    for b in prange(n_bins):
        members = np.zeros(n, np.int32)
        for c in range(b, indptr.size - 1, n_bins):
            rough = np.uint64(0)  # which of 64 kinds it has: most neighbours are of another, and need no look-up
            for slot in range(indptr[c], indptr[c + 1]):
                members[entities[slot]] += 1
                rough |= ONE << np.uint64(entities[slot] & 63)
            hits = 0
            for slot in range(indptr[c], indptr[c + 1]):
                row = entities[slot]
                for place in range(k):
                    other = near[row, place]
                    if (rough >> np.uint64(other & 63)) & ONE and other >= 0:
                        hits += members[other]
            out[c] = hits
            for slot in range(indptr[c], indptr[c + 1]):
                members[entities[slot]] = 0


def near_pairs(near: np.ndarray, indptr: np.ndarray, entities: np.ndarray) -> np.ndarray:
    """Per collection, its ordered pairs (a, b) with b among the neighbours ``near[a]``; (c,) int64.

    near (n, k), -1 for none; collections as CSR. Every member looks up its k neighbours among the members, so the cost
    is memberships times k, not the number of pairs.
    """
    out = np.zeros(len(indptr) - 1, np.int64)
    n_bins = max(1, min(2 * numba.get_num_threads(), out.size))
    near = np.ascontiguousarray(near, np.int32)
    _hits(n_bins, near, np.asarray(indptr, np.int64), np.asarray(entities, np.int32), out)
    return out


def near_pairs_reference(near: np.ndarray, indptr: np.ndarray, entities: np.ndarray) -> np.ndarray:
    """The same pair by pair."""
    out = np.zeros(len(indptr) - 1, np.int64)
    for c in range(out.size):
        members = entities[indptr[c] : indptr[c + 1]]
        for i, a in enumerate(members):
            out[c] += sum(b in near[a] for j, b in enumerate(members) if j != i)
    return out
