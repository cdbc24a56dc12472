"""A first idea of who is near whom among many long vectors: those in one leaf of any of a few random trees.

Random projection trees (Dasgupta & Freund 2008): a node's vectors are split in the middle of their projections onto the
line through two of them, until leaves are so small that all their pairs can be compared. Each tree cuts elsewhere. In
the middle, so that a million equal vectors are as quick as a million different ones. Lists are (n, k): squares float32
rising, equal ones by row, and who that is, int32; infinite and -1 where nobody is known.
"""

from __future__ import annotations

import itertools

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.penalties import FAST

CHUNK = 1024  # vectors per task
NOBODY = -1


@njit(cache=True, **FAST)
def square_between(one, other):
    """Squared distance of two float32 vectors, float32."""
    total = np.float32(0)
    for dim in range(one.size):
        total += (one[dim] - other[dim]) * (one[dim] - other[dim])
    return total


@njit(cache=True)
def offer(row, square, rows, squares):
    """Insert into a sorted list if it is nearer than the last one, which then falls off."""
    at = rows.size - 1
    if square > squares[at] or (square == squares[at] and row >= rows[at] >= 0):
        return
    while at > 0 and (squares[at - 1] > square or (squares[at - 1] == square and rows[at - 1] > row)):
        squares[at], rows[at] = squares[at - 1], rows[at - 1]
        at -= 1
    squares[at], rows[at] = square, row


@njit(cache=True)
def _is_new(row, rows):
    unknown = True
    for known in rows:
        unknown &= known != row
    return unknown


@njit(cache=True, parallel=True, **FAST)
def _project(vectors, order, starts, directions, keys):
    """Of the vector on each place of ``order``, its projection onto the direction of its node."""
    n = order.size
    for task in prange((n + CHUNK - 1) // CHUNK):
        first, last = task * CHUNK, min(n, (task + 1) * CHUNK)
        node = np.searchsorted(starts, first, side="right") - 1
        for p in range(first, last):
            while starts[node + 1] <= p:
                node += 1
            vector, direction, key = vectors[order[p]], directions[node], np.float32(0)
            for dim in range(vector.size):
                key += vector[dim] * direction[dim]
            keys[p] = key


@njit(cache=True)
def _halve(keys, order, begin, end):
    """Rearrange a run so that no key before its middle is greater than one behind (Hoare 1961)."""
    middle, low, high = (begin + end) // 2, begin, end - 1
    while low < high:
        pivot, left, right = keys[(low + high) // 2], low, high
        while left <= right:
            while keys[left] < pivot:
                left += 1
            while keys[right] > pivot:
                right -= 1
            if left <= right:
                keys[left], keys[right] = keys[right], keys[left]
                order[left], order[right] = order[right], order[left]
                left, right = left + 1, right - 1
        if middle <= right:
            high = right
        elif middle >= left:
            low = left
        else:
            return


@njit(cache=True, parallel=True)
def _halve_all(keys, order, starts):
    for node in prange(starts.size - 1):
        _halve(keys, order, starts[node], starts[node + 1])


def tree(vectors: np.ndarray, *, leaf: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One tree of vectors (n, d) float32: their order (n,) int32, and where each leaf, of at most ``leaf``, begins."""
    n = len(vectors)
    order, starts, keys = np.arange(n, dtype=np.int32), np.array([0, n]), np.empty(n, np.float32)
    while np.diff(starts).max() > leaf:
        sizes = np.diff(starts)
        ends = starts[:-1] + (generator.random((2, sizes.size)) * sizes).astype(np.int64)
        directions = vectors[order[ends[0]]] - vectors[order[ends[1]]]
        _project(vectors, order, starts, directions, keys)
        _halve_all(keys, order, starts)
        starts = np.append(np.stack([starts[:-1], (starts[:-1] + starts[1:]) // 2], axis=1).ravel(), n)
    return order, starts


@njit(cache=True, **FAST)
def _compare_run(vectors, run, indices, squares):
    for a in range(run.size):
        i = run[a]
        for b in range(a + 1, run.size):
            j = run[b]
            square = square_between(vectors[i], vectors[j])
            if square <= squares[i, -1] and _is_new(j, indices[i]):
                offer(j, square, indices[i], squares[i])
            if square <= squares[j, -1] and _is_new(i, indices[j]):
                offer(i, square, indices[j], squares[j])


@njit(cache=True, parallel=True)
def _compare_runs(vectors, order, starts, indices, squares):
    for leaf in prange(starts.size - 1):
        _compare_run(vectors, order[starts[leaf] : starts[leaf + 1]], indices, squares)


def compare_leaves(
    vectors: np.ndarray, order: np.ndarray, starts: np.ndarray, indices: np.ndarray, squares: np.ndarray
) -> None:
    """Offer every two vectors of a leaf to each other's lists, changed in place. No vector is in two leaves."""
    _compare_runs(vectors, order, starts, indices, squares)


def compare_leaves_reference(
    vectors: np.ndarray, order: np.ndarray, starts: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lists of length k from empty ones, by sorting."""
    n = len(vectors)
    indices, squares = np.full((n, k), NOBODY, np.int32), np.full((n, k), np.inf, np.float32)
    for begin, end in itertools.pairwise(starts):
        for i in order[begin:end]:
            others = sorted(
                (float(((vectors[i] - vectors[j]) ** 2).sum()), int(j)) for j in order[begin:end] if j != i
            )[:k]
            for slot, (square, j) in enumerate(others):
                indices[i, slot], squares[i, slot] = j, square
    return indices, squares
