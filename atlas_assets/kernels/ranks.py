"""How two orders of the same entities disagree about who is near, counted in ranks and without sorting either."""

from __future__ import annotations

import numpy as np
from numba import njit, prange


@njit(cache=True)
def _nearest(distance, own, k, found):
    """The k entities nearest to ``own``, in order and equal ones by index, into ``found`` (k,)."""
    count = 0
    for v in range(distance.size):
        if v == own or (count == k and not distance[v] < distance[found[k - 1]]):
            continue
        slot = min(count, k - 1)
        while slot > 0 and distance[v] < distance[found[slot - 1]]:
            found[slot] = found[slot - 1]
            slot -= 1
        found[slot] = v
        count = min(count + 1, k)


@njit(cache=True)
def _excess(chosen_by, ranked_by, own, k):
    """Sum over the k nearest by one order of how far beyond k the other one ranks them."""
    found = np.empty(k, np.int64)
    _nearest(chosen_by, own, k, found)
    total = 0
    for slot in range(k):
        bound, closer = ranked_by[found[slot]], 0
        for v in range(ranked_by.size):
            closer += ranked_by[v] < bound
        closer -= ranked_by[own] < bound
        total += max(0, closer + 1 - k)
    return total


@njit(cache=True, parallel=True)
def _excess_of_rows(reference, points, own, k, on_the_map, out):
    n, d = points.shape
    for row in prange(own.size):
        away, along = np.zeros(n, np.float32), reference[row]
        for v in range(n):
            square = 0.0
            for axis in range(d):
                square += (points[v, axis] - points[own[row], axis]) ** 2
            away[v] = square
        if on_the_map:
            out[row] = _excess(away, along, own[row], k)
        else:
            out[row] = _excess(along, away, own[row], k)


def excess_ranks(reference: np.ndarray, points: np.ndarray, own: np.ndarray, *, k: int, nearest: str) -> np.ndarray:
    """Per row, the sum over its k nearest of ``max(0, rank - k)``, (m,) int64.

    reference (m, n) float32: distances from m rows to all n entities; points (n, d): the map, all entities;
    own (m,): which of the n each row is. nearest="map": the k nearest on the map, ranked by the reference; "reference":
    the other way round. An entity is nearest to itself and has no rank. Ties count as the best rank that they allow.
    """
    out = np.zeros(own.size, np.int64)
    reference = np.ascontiguousarray(reference, np.float32)
    points, own = np.ascontiguousarray(points, np.float64), np.asarray(own, np.int64)
    _excess_of_rows(reference, points, own, k, nearest == "map", out)
    return out


def excess_ranks_reference(
    reference: np.ndarray, points: np.ndarray, own: np.ndarray, *, k: int, nearest: str
) -> np.ndarray:
    """The same by sorting."""
    out = np.zeros(len(own), np.int64)
    for row, this in enumerate(own):
        away = ((points - points[this]) ** 2).sum(axis=1).astype(np.float32)
        chosen_by, ranked_by = (away, reference[row]) if nearest == "map" else (reference[row], away)
        others = np.delete(np.arange(len(points)), this)
        first = others[np.argsort(chosen_by[others], kind="stable")][:k]
        ranks = np.searchsorted(np.sort(ranked_by[others]), ranked_by[first], side="left") + 1
        out[row] = np.maximum(ranks - k, 0).sum()
    return out
