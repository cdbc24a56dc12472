"""Sparse symmetric matrix times a thin block of vectors, all rows on all cores, with the recurrence's sum in one go."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.penalties import FAST

ROWS = 256  # per task


@njit(cache=True, parallel=True, **FAST)
def step(indptr, columns, values, block, previous, along, own, back, out):
    """out = along * (M block) + own * block + back * previous; CSR matrix M (n, n), blocks (n, k) float32.

    Every row is summed in the order of its entries, so the result does not depend on the number of threads.
    """
    n, width = block.shape
    for task in prange((n + ROWS - 1) // ROWS):
        row = np.empty(width, np.float32)
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            row[:] = 0
            for slot in range(indptr[i], indptr[i + 1]):
                j, value = np.uint64(columns[slot]), values[slot]
                for c in range(np.uint64(width)):
                    row[c] += value * block[j, c]
            for c in range(width):
                out[i, c] = along * row[c] + own * block[i, c] + back * previous[i, c]


def step_reference(matrix, block, previous, along: float, own: float, back: float) -> np.ndarray:
    """The same by scipy or numpy."""
    return along * (matrix @ block) + own * block + back * previous
