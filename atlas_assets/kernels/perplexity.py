"""Gaussian weights of neighbours with a given perplexity, the affinities of t-SNE."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

STEPS = 100  # of bisection; 60 reach float64 precision, the rest finds the first bracket
TOLERANCE = 1e-6  # of the entropy


@njit(cache=True)
def _weigh_row(distances, count, entropy, out):
    """Weights exp(-beta d^2) / sum with the wanted entropy; uniform when that is at least ln count."""
    if entropy >= math.log(count):
        out[:count] = 1.0 / count
        return
    beta, low, high = 1.0, 0.0, math.inf
    nearest = distances[0] ** 2  # a common factor exp(beta nearest) changes no weight, but keeps the sum above 0
    for _ in range(STEPS):
        total, moment = 0.0, 0.0
        for slot in range(count):
            excess = distances[slot] ** 2 - nearest
            out[slot] = math.exp(-beta * excess)
            total += out[slot]
            moment += excess * out[slot]
        found = math.log(total) + beta * moment / total
        for slot in range(count):
            out[slot] /= total
        if abs(found - entropy) < TOLERANCE:
            break
        if found > entropy:
            low = beta
            beta = beta * 2 if high == math.inf else (beta + high) / 2
        else:
            high = beta
            beta = (beta + low) / 2


@njit(cache=True, parallel=True)
def _weigh_rows(indices, distances, entropy, out):
    for row in prange(indices.shape[0]):
        count = 0
        while count < indices.shape[1] and indices[row, count] >= 0:
            count += 1
        if count > 0:
            _weigh_row(distances[row], count, entropy, out[row])


def conditional_probabilities(indices: np.ndarray, distances: np.ndarray, *, perplexity: float) -> np.ndarray:
    """Per row, probabilities (n, k) float64 of its neighbours with entropy ln(perplexity); 0 where indices is -1.

    indices (n, k) int32 with -1 at the end of short rows, distances (n, k) float64 ascending. Rows with at most
    ``perplexity`` neighbours are uniform.
    """
    out = np.zeros(distances.shape)
    _weigh_rows(indices, np.ascontiguousarray(distances, dtype=np.float64), math.log(perplexity), out)
    return out
