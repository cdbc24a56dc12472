"""Directed neighbour lists joined to a symmetric sparse matrix, row by row on all cores."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from scipy.sparse import csr_array

ROWS = 512  # per task


@njit(cache=True)
def reversed_lists(indices, n_columns):
    """Who lists each entity, as CSR: ends (n_columns + 1,), and every entry's place in the flat lists, ascending."""
    n, k = indices.shape
    ends = np.zeros(n_columns + 1, np.int64)
    for i in range(n):
        for slot in range(k):
            if indices[i, slot] >= 0:
                ends[indices[i, slot] + 1] += 1
    for j in range(n_columns):
        ends[j + 1] += ends[j]
    entries, following = np.empty(ends[-1], np.int64), ends[:-1].copy()
    for i in range(n):
        for slot in range(k):
            j = indices[i, slot]
            if j >= 0:
                entries[following[j]] = i * k + slot
                following[j] += 1
    return ends, entries


@njit(cache=True)
def _join_row(i, indices, values, ends, entries, order, fill, columns, joined, product):
    """Merge row i's own list with those that list it, ascending; returns how many entries, written where ``fill``."""
    k = indices.shape[1]
    n_own = 0
    while n_own < k and indices[i, n_own] >= 0:
        order[n_own] = n_own
        n_own += 1
    for a in range(1, n_own):  # insertion sort by column: lists are short
        moving = order[a]
        b = a
        while b > 0 and indices[i, order[b - 1]] > indices[i, moving]:
            order[b] = order[b - 1]
            b -= 1
        order[b] = moving
    count, a, other, last = 0, 0, ends[i], ends[i + 1]
    while a < n_own or other < last:
        mine = indices[i, order[a]] if a < n_own else np.iinfo(np.int32).max
        theirs = np.int64(entries[other] // k) if other < last else np.int64(np.iinfo(np.int32).max)
        column = min(np.int64(mine), theirs)
        if fill:
            own = values[i, order[a]] if mine == column else values.dtype.type(0)
            back = values[entries[other] // k, entries[other] % k] if theirs == column else values.dtype.type(0)
            columns[count] = column
            joined[count] = own + back - own * back if product else own + back
        a += mine == column
        other += theirs == column
        count += 1
    return count


@njit(cache=True, parallel=True)
def _join(indices, values, ends, entries, indptr, columns, joined, product, fill):
    n, k = indices.shape
    for task in prange((n + ROWS - 1) // ROWS):
        order = np.empty(k, np.int64)
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            begin = indptr[i] if fill else 0
            count = _join_row(i, indices, values, ends, entries, order, fill, columns[begin:], joined[begin:], product)
            if not fill:
                indptr[i + 1] = count


def union_of_lists(indices: np.ndarray, values: np.ndarray, *, product: bool = False) -> csr_array:
    """A + A^T of the lists' matrix A, or with ``product`` A + A^T - A * A^T (entry by entry); (n, n), sorted columns.

    indices (n, k) int32, without the row itself or repeats, -1 at the end of short rows; values (n, k), whose dtype the
    result has. Entries that are 0 stay. Memory: 8 bytes per listed entry beside the result.
    """
    n = len(indices)
    ends, entries = reversed_lists(indices, n)
    indptr = np.zeros(n + 1, np.int64)
    none, nothing = np.empty(0, np.int32), np.empty(0, values.dtype)
    _join(indices, values, ends, entries, indptr, none, nothing, product, False)
    np.cumsum(indptr, out=indptr)
    columns, joined = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], values.dtype)
    _join(indices, values, ends, entries, indptr, columns, joined, product, True)
    if indptr[-1] <= np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)  # scipy wants one type for both
    return csr_array((joined, columns, indptr), shape=(n, n))


def union_of_lists_reference(indices: np.ndarray, values: np.ndarray, *, product: bool = False) -> np.ndarray:
    """The same, dense."""
    dense = np.zeros((len(indices), len(indices)), values.dtype)
    for i, (row, weights) in enumerate(zip(indices, values, strict=True)):
        for j, weight in zip(row, weights, strict=True):
            if j >= 0:
                dense[i, j] = weight
    return dense + dense.T - dense * dense.T if product else dense + dense.T
