"""The order in which entities stand in memory: those that lie near each other on a map, near each other.

A layout reads the positions of every entity's neighbours in every iteration; at a million entities that costs most of
the time, unless these were read a moment ago for somebody else.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.grid_field import bounds

ROWS = 1024  # per task
BITS = 10  # per dimension of the curve; finer, in 3-D, would not fit


@njit(cache=True, parallel=True)
def _places_on_curve(x, low, scale):
    """Where each point of x (n, 2 or 3) lies on a Morton curve, uint32."""
    n, n_dims = x.shape
    codes = np.empty(n, np.uint32)
    most = np.int64(2**BITS - 1)
    for task in prange((n + ROWS - 1) // ROWS):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            code = np.uint32(0)
            for c in range(n_dims):
                cell = min(max(np.int64((x[i, c] - low[c]) * scale), 0), most)
                for bit in range(BITS):
                    code |= np.uint32((cell >> bit) & 1) << np.uint32(bit * n_dims + c)
            codes[i] = code
    return codes


def along_curve(x: np.ndarray) -> np.ndarray:
    """The order (n,) int64 of points x (n, 2 or 3) float32 along a Morton curve; on one spot of it, their own."""
    low, high = bounds(x)
    extent = float((high - low).max())
    return np.argsort(_places_on_curve(x, low, np.float32((2**BITS - 1) / max(extent, 1e-30))), kind="stable")


def along_curve_reference(x: np.ndarray) -> np.ndarray:
    """The same by texts of bits, the last dimension's first in each group."""
    low = x.min(axis=0)
    extent = float((x.max(axis=0) - low).max())
    cells = ((x - low) * np.float32((2**BITS - 1) / max(extent, 1e-30))).astype(int)
    codes = [
        "".join("".join(bits) for bits in zip(*(f"{cell:0{BITS}b}" for cell in row[::-1]), strict=True))
        for row in cells
    ]
    return np.array(sorted(range(len(x)), key=codes.__getitem__))


@njit(cache=True, parallel=True)
def _permute(indptr, columns, values, order, rank, new_indptr, new_columns, new_values):
    for row in prange(order.size):
        begin, out = indptr[order[row]], new_indptr[row]
        for slot in range(new_indptr[row + 1] - out):
            new_columns[out + slot] = rank[columns[begin + slot]]
            new_values[out + slot] = values[begin + slot]


def permuted(
    indptr: np.ndarray, columns: np.ndarray, values: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A CSR matrix with row and column i where ``order[i]`` was; entries of a row keep their order."""
    rank = np.empty(order.size, columns.dtype)
    rank[order] = np.arange(order.size, dtype=columns.dtype)
    lengths = np.diff(indptr)[order]
    new_indptr = np.zeros_like(indptr)
    np.cumsum(lengths, out=new_indptr[1:])
    new_columns, new_values = np.empty_like(columns), np.empty_like(values)
    _permute(indptr, columns, values, order, rank, new_indptr, new_columns, new_values)
    return new_indptr, new_columns, new_values


def permuted_reference(dense: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The same of a dense matrix."""
    return dense[order][:, order]
