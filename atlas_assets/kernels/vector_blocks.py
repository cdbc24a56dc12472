"""What exact neighbours of vectors need beside a product of matrices: lists from blocks of products, and distances."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.vector_forest import NOBODY, offer

ROWS = 256  # per task


@njit(cache=True, nogil=True)
def offer_block(products, first_row, first_column, halves, indices, keys):
    """Offer the rows of a block of inner products their columns; lists as in ``vector_forest``, changed in place.

    products (r, c) float32: of vectors first_row.. with vectors first_column... A list is in the order of the keys
    ``halves[column] - product`` (n,): half the squared lengths make it that of distances, zeros that of products. No
    row is offered itself.
    """
    for r in range(products.shape[0]):
        row = first_row + r
        of_row, keys_of_row = indices[row], keys[row]
        for c in range(products.shape[1]):
            key = halves[first_column + c] - products[r, c]
            if key <= keys_of_row[-1] and first_column + c != row:
                offer(first_column + c, key, of_row, keys_of_row)


@njit(cache=True, nogil=True)
def offer_block_to_columns(products, first_row, first_column, halves, indices, keys):
    """The same the other way round: its columns are offered the rows. The block holds no vector with itself."""
    for r in range(products.shape[0]):
        half = halves[first_row + r]
        for c in range(products.shape[1]):
            column, key = first_column + c, half - products[r, c]
            if key <= keys[column, -1]:
                offer(first_row + r, key, indices[column], keys[column])


@njit(cache=True)
def _square(one, other):
    """In four sums that take turns: quicker than one, and the same bits by any compiler, on any processor."""
    a = b = c = d = 0.0
    even = one.size - one.size % 4
    for dim in range(0, even, 4):
        a += (np.float64(one[dim]) - np.float64(other[dim])) ** 2
        b += (np.float64(one[dim + 1]) - np.float64(other[dim + 1])) ** 2
        c += (np.float64(one[dim + 2]) - np.float64(other[dim + 2])) ** 2
        d += (np.float64(one[dim + 3]) - np.float64(other[dim + 3])) ** 2
    for dim in range(even, one.size):
        a += (np.float64(one[dim]) - np.float64(other[dim])) ** 2
    return (a + b) + (c + d)


@njit(cache=True, parallel=True)
def _squares(vectors, candidates, out):
    n, k = candidates.shape
    for task in prange((n + ROWS - 1) // ROWS):
        for row in range(task * ROWS, min(n, (task + 1) * ROWS)):
            for slot in range(k):
                other = candidates[row, slot]
                out[row, slot] = np.inf if other == NOBODY else _square(vectors[row], vectors[other])


def squares_to(vectors: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Squared distances of vectors (n, d) float32 to their candidates (n, k), in float64; inf where there is none."""
    out = np.empty(candidates.shape)
    _squares(vectors, candidates, out)
    return out
