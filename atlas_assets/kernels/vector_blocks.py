"""What exact neighbours of vectors need beside a product of matrices: lists from blocks of products, and distances."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.vector_forest import NOBODY, offer

ROWS = 256  # per task


@njit(cache=True, nogil=True)
def offer_block(products, rows, first_column, halves, indices, keys):
    """Offer the rows of a block of inner products their columns; lists as in ``vector_forest``, changed in place.

    products (r, c): of the vectors ``rows`` (r,), whose lists ``indices`` and ``keys`` (r, k) are, with the vectors
    first_column... A list is in the order of the keys ``halves[column] - product`` (n,): half the squared lengths make
    it that of distances, zeros that of products. Of equal keys those that follow the row come first, in a circle:
    (column - row) mod n, which is what ``indices`` holds. So no row of many that are equally near is everybody's
    neighbour. No row is offered itself.
    """
    n = halves.size
    for r in range(products.shape[0]):
        row, of_row, keys_of_row = rows[r], indices[r], keys[r]
        for c in range(products.shape[1]):
            column = first_column + c
            key = halves[column] - products[r, c]
            if key <= keys_of_row[-1] and column != row:
                offer((column - row) % n, key, of_row, keys_of_row)


@njit(cache=True, nogil=True)
def offer_block_to_columns(products, first_row, first_column, halves, indices, keys):
    """The same the other way round: its columns are offered the rows. The block holds no vector with itself."""
    n = halves.size
    for r in range(products.shape[0]):
        row, half = first_row + r, halves[first_row + r]
        for c in range(products.shape[1]):
            column, key = first_column + c, half - products[r, c]
            if key <= keys[column, -1]:
                offer((row - column) % n, key, indices[column], keys[column])


@njit(cache=True)
def _compare(one, other, factor, factor_of_other, products):
    """Squared distance or product, in four sums that take turns: quicker than one, and the same bits everywhere."""
    a = b = c = d = 0.0
    if products:
        for dim in range(one.size):
            a += (factor * one[dim]) * (factor_of_other * other[dim])
        return a
    even = one.size - one.size % 4
    for dim in range(0, even, 4):
        a += (factor * one[dim] - factor_of_other * other[dim]) ** 2
        b += (factor * one[dim + 1] - factor_of_other * other[dim + 1]) ** 2
        c += (factor * one[dim + 2] - factor_of_other * other[dim + 2]) ** 2
        d += (factor * one[dim + 3] - factor_of_other * other[dim + 3]) ** 2
    for dim in range(even, one.size):
        a += (factor * one[dim] - factor_of_other * other[dim]) ** 2
    return (a + b) + (c + d)


@njit(cache=True, parallel=True)
def _compare_all(vectors, factors, rows, candidates, products, out):
    n, k = candidates.shape
    for task in prange((n + ROWS - 1) // ROWS):
        for at in range(task * ROWS, min(n, (task + 1) * ROWS)):
            row = rows[at]
            for slot in range(k):
                other = candidates[at, slot]
                if other != NOBODY:
                    out[at, slot] = _compare(vectors[row], vectors[other], factors[row], factors[other], products)


def squares_to(
    vectors: np.ndarray, candidates: np.ndarray, *, factors: np.ndarray | None = None, rows: np.ndarray | None = None
) -> np.ndarray:
    """Squared distances of vectors (n, d) to their candidates (m, k), in float64; inf where there is none.

    Of the vectors times ``factors`` (n,) float64, which makes them unit vectors without rounding them.
    rows (m,): whose candidates they are, default all.
    """
    out = np.full(candidates.shape, np.inf)
    _compare_all(vectors, *_defaults(vectors, factors, rows), candidates, False, out)
    return out


def products_with(vectors: np.ndarray, candidates: np.ndarray, *, rows: np.ndarray | None = None) -> np.ndarray:
    """Inner products of vectors (n, d) with their candidates (m, k), in float64; -inf where there is none."""
    out = np.full(candidates.shape, -np.inf)
    _compare_all(vectors, *_defaults(vectors, None, rows), candidates, True, out)
    return out


def _defaults(
    vectors: np.ndarray, factors: np.ndarray | None, rows: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    n = len(vectors)
    return np.ones(n) if factors is None else factors, np.arange(n) if rows is None else rows
