"""Potentials of t-SNE's similarities over all pairs, one by one: for few entities cheaper than any grid, and exact."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.penalties import FAST

ROWS = 16  # per task


@njit(cache=True, parallel=True, **FAST)
def student_field(y, potential, gradient):
    """potential (n,) = sum_j 1 / (1 + |y_i - y_j|^2) with j = i, and its gradient (n, d), of y (n, 2 or 3) float32.

    n^2 steps, each row on its own: the same bits for any number of threads. Reordered sums are 6 times as fast
    here, and stay as they are when compiled code is kept (see ``penalties.ORDERED``), for which there is a test.
    """
    n, n_dims = y.shape
    turned = np.ascontiguousarray(y.T)
    one = np.float32(1)
    for task in prange((n + ROWS - 1) // ROWS):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            total = g0 = g1 = g2 = np.float32(0)
            if n_dims == 2:
                first, second = turned[0], turned[1]
                y0, y1 = y[i, 0], y[i, 1]
                for j in range(n):
                    d0, d1 = y0 - first[j], y1 - second[j]
                    w = one / (one + d0 * d0 + d1 * d1)
                    total += w
                    w *= w
                    g0 += w * d0
                    g1 += w * d1
            else:
                first, second, third = turned[0], turned[1], turned[2]
                y0, y1, y2 = y[i, 0], y[i, 1], y[i, 2]
                for j in range(n):
                    d0, d1, d2 = y0 - first[j], y1 - second[j], y2 - third[j]
                    w = one / (one + d0 * d0 + d1 * d1 + d2 * d2)
                    total += w
                    w *= w
                    g0 += w * d0
                    g1 += w * d1
                    g2 += w * d2
                gradient[i, 2] = np.float32(-2) * g2
            potential[i] = total
            gradient[i, 0] = np.float32(-2) * g0
            gradient[i, 1] = np.float32(-2) * g1


def student_field_reference(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What ``student_field`` writes, point by point in float64."""
    y = y.astype(np.float64)
    potential, gradient = np.zeros(len(y)), np.zeros(y.shape)
    for i, here in enumerate(y):
        for there in y:
            closeness = 1 / (1 + ((here - there) ** 2).sum())
            potential[i] += closeness
            gradient[i] -= 2 * closeness**2 * (here - there)
    return potential, gradient
