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
def _mean_rank(ranked_by, own, entity):
    """Of one entity among all but ``own``; equal ones share the mean of their ranks."""
    bound, closer, equal = ranked_by[entity], 0, 0
    for v in range(ranked_by.size):
        closer += ranked_by[v] < bound
        equal += ranked_by[v] == bound
    closer -= ranked_by[own] < bound
    equal -= ranked_by[own] == bound
    return closer + (equal + 1) / 2, closer


@njit(cache=True)
def _excess(chosen_by, ranked_by, own, k):
    """Sum over the k nearest by one order of how far beyond k the other one ranks them, and the least it could be."""
    found = np.empty(k, np.int64)
    _nearest(chosen_by, own, k, found)
    total = 0.0
    for slot in range(k):
        total += max(0.0, _mean_rank(ranked_by, own, found[slot])[0] - k)
    _nearest(ranked_by, own, k, found)
    rank, closer = _mean_rank(ranked_by, own, found[k - 1])
    return total, (k - closer) * max(0.0, rank - k)


@njit(cache=True, parallel=True)
def _excess_of_rows(reference, points, own, k, on_the_map, out, least):
    n, d = points.shape
    for row in prange(own.size):
        if k[row] == 0:
            continue
        away, along = np.zeros(n, np.float32), reference[row]
        for v in range(n):
            square = 0.0
            for axis in range(d):
                square += (points[v, axis] - points[own[row], axis]) ** 2
            away[v] = square
        if on_the_map:
            out[row], least[row] = _excess(away, along, own[row], k[row])
        else:
            out[row], least[row] = _excess(along, away, own[row], k[row])


def excess_ranks(
    reference: np.ndarray, points: np.ndarray, own: np.ndarray, *, k: np.ndarray, nearest: str
) -> tuple[np.ndarray, np.ndarray]:
    """Per row, the sum over its k nearest of ``max(0, rank - k)``, and the least that any k could have, (m,) float64.

    reference (m, n) float32: distances from m rows to all n entities; points (n, d): the map, all entities; own (m,):
    which of the n each row is; k (m,): of each row, 0 leaves it out. nearest="map": the k nearest on the map, ranked by
    the reference; "reference": the other way round. An entity is nearest to itself and has no rank. Ties take their
    mean rank, so where many tie at the border of the k nearest, not even those would have an excess of 0.
    """
    out, least = np.zeros(own.size), np.zeros(own.size)
    reference = np.ascontiguousarray(reference, np.float32)
    points, own = np.ascontiguousarray(points, np.float64), np.asarray(own, np.int64)
    _excess_of_rows(reference, points, own, np.asarray(k, np.int64), nearest == "map", out, least)
    return out, least


def excess_ranks_reference(
    reference: np.ndarray, points: np.ndarray, own: np.ndarray, *, k: np.ndarray, nearest: str
) -> tuple[np.ndarray, np.ndarray]:
    """The same by sorting."""
    from scipy.stats import rankdata  # more than a second to import, and needed by tests only

    out, least = np.zeros(len(own)), np.zeros(len(own))
    for row, this in enumerate(own):
        away = ((points - points[this]) ** 2).sum(axis=1).astype(np.float32)
        chosen_by, ranked_by = (away, reference[row]) if nearest == "map" else (reference[row], away)
        others = np.delete(np.arange(len(points)), this)
        ranks = rankdata(ranked_by[others], "average")
        first = np.argsort(chosen_by[others], kind="stable")[: k[row]]
        out[row] = np.maximum(ranks[first] - k[row], 0).sum()
        least[row] = np.maximum(np.sort(ranks)[: k[row]] - k[row], 0).sum()
    return out, least
