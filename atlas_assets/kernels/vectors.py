"""Inner products and linear combinations of long float32 vectors, the same bits for any number of threads.

BLAS splits sums by the number of threads, so an optimiser on it would give other coordinates on another machine size.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.penalties import FAST

CHUNK = 4096  # numbers per task; 16 KiB of each vector stay in the nearest cache


@njit(cache=True, parallel=True, **FAST)
def inner_products(first, second):
    """All inner products of the rows of first (r, n) and second (s, n) float32; (r, s) float64.

    Summed in float32 over ``CHUNK`` numbers and in float64, in order, over the chunks.
    """
    rows, n = first.shape
    others = second.shape[0]
    n_tasks = (n + CHUNK - 1) // CHUNK
    parts = np.empty((n_tasks, rows, others))
    for task in prange(n_tasks):
        low, high = task * CHUNK, min(n, (task + 1) * CHUNK)
        for j in range(others):
            b = second[j, low:high]
            for i in range(rows):
                a = first[i, low:high]
                part = np.float32(0)
                for k in range(high - low):
                    part += a[k] * b[k]
                parts[task, i, j] = part
    total = np.zeros((rows, others))
    for task in range(n_tasks):
        total += parts[task]
    return total


@njit(cache=True, parallel=True, **FAST)
def combine(vectors, factors, out):
    """out (n,) float32 = the sum of factors (r,) float32 times the rows of vectors (r, n); zeros cost nothing."""
    rows, n = vectors.shape
    for task in prange((n + CHUNK - 1) // CHUNK):
        low, high = task * CHUNK, min(n, (task + 1) * CHUNK)
        part = out[low:high]
        part[:] = 0
        for j in range(rows):
            if factors[j] != 0:
                a, factor = vectors[j, low:high], factors[j]
                for k in range(high - low):
                    part[k] += factor * a[k]
