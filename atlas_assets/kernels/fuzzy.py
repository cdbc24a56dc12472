"""UMAP's fuzzy membership of neighbours (McInnes, Healy & Melville 2018, algorithm 3), row by row on all cores."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

STEPS = 64  # of bisection
TOLERANCE = 1e-5  # of the sum of memberships
LEAST_SCALE = 1e-3  # of the mean distance, of the row or of all: how narrow a row may become


@njit(cache=True)
def _membership_of_row(distances, count, wanted, mean_of_all, out):
    """exp(-(d - nearest) / scale) of the first ``count`` distances, the scale such that they sum to ``wanted``."""
    nearest, total = 0.0, 0.0
    for slot in range(count):
        total += distances[slot]
        if nearest == 0.0:
            nearest = distances[slot]  # the first that is not 0: coincident ones do not count
    low, high, scale = 0.0, math.inf, 1.0
    for _ in range(STEPS):
        found = 0.0
        for slot in range(count):
            beyond = distances[slot] - nearest
            found += math.exp(-beyond / scale) if beyond > 0 else 1.0
        if abs(found - wanted) < TOLERANCE:
            break
        if found > wanted:
            high = scale
            scale = (low + high) / 2
        else:
            low = scale
            scale = scale * 2 if high == math.inf else (low + high) / 2
    least = LEAST_SCALE * (total / (count + 1) if nearest > 0 else mean_of_all)
    scale = max(scale, least)
    for slot in range(count):
        beyond = distances[slot] - nearest
        out[slot] = math.exp(-beyond / scale) if beyond > 0 and scale > 0 else 1.0


@njit(cache=True, parallel=True)
def _membership_of_rows(indices, distances, wanted, mean_of_all, out):
    n, k = indices.shape
    for row in prange(n):
        count = 0
        while count < k and indices[row, count] >= 0:
            count += 1
        # a missing neighbour must not widen its row: it takes part as a copy of the last real one
        filled = np.empty(k)
        for slot in range(k):
            filled[slot] = distances[row, min(slot, max(count - 1, 0))] if count else 0.0
        memberships = np.empty(k)
        _membership_of_row(filled, k, wanted, mean_of_all, memberships)
        for slot in range(k):
            out[row, slot] = memberships[slot] if slot < count else 0.0


def memberships(indices: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Membership (n, k) float32 of each row's neighbours: 1 for the nearest, falling so that they sum to log2(k + 1).

    indices (n, k) int32, -1 at the end of short rows, distances (n, k) float64 ascending. As umap-learn has them, which
    counts the row itself as a neighbour at distance 0.
    """
    n, k = indices.shape
    out = np.zeros((n, k), np.float32)
    listed = indices >= 0
    sums = np.where(listed, distances, 0.0).sum(axis=1)
    # umap-learn's mean over all lists has the rows themselves in it
    mean_of_all = float(sums.sum() / max(int(listed.sum()) + n, 1))
    _membership_of_rows(indices, np.ascontiguousarray(distances, np.float64), math.log2(k + 1), mean_of_all, out)
    return out


def memberships_reference(indices: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """The same row by row, each scale by Brent's method."""
    from scipy.optimize import brentq

    n, k = indices.shape
    out = np.zeros((n, k))
    mean_of_all = distances[indices >= 0].sum() / max(int((indices >= 0).sum()) + n, 1)
    for row in range(n):
        count = int((indices[row] >= 0).sum())
        if count == 0:
            continue
        away = np.r_[distances[row, :count], np.full(k - count, distances[row, count - 1])]
        nearest = away[away > 0][0] if (away > 0).any() else 0.0
        beyond = np.maximum(away - nearest, 0)

        def missing(scale: float, beyond: np.ndarray = beyond) -> float:
            return float(np.exp(-beyond / scale).sum()) - math.log2(k + 1)

        widest = 1e3 * max(float(beyond.max()), 1.0)
        scale = 0.0 if (beyond == 0).sum() >= math.log2(k + 1) else float(brentq(missing, 1e-12, widest))  # type: ignore[arg-type]
        scale = max(scale, LEAST_SCALE * (away.sum() / (k + 1) if nearest > 0 else mean_of_all))
        out[row, :count] = [math.exp(-one / scale) if one > 0 else 1.0 for one in beyond[:count]]
    return out
