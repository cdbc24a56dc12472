"""Neighbour lists made better by asking the neighbours for theirs, round by round, the same for any number of threads.

Nearest neighbour descent (Dong, Moses & Li 2011): a neighbour of a neighbour is likely to be one. There, both ends of a
pair that was compared write into each other's lists at once. Here every vector reads the lists of the round before and
writes only its own: pairs are compared up to twice, and no lock, no chance and no order of threads decides anything.
"""

from __future__ import annotations

import itertools

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.penalties import FAST
from atlas_assets.kernels.vector_forest import NOBODY, offer, square_between

BINS = 64  # tasks of a round; each has a table of all vectors that it has seen


@njit(cache=True)
def acquainted(indices, fresh, found, is_fresh, any_fresh):
    """Who is asked by each vector: its list, and up to r of those that list it, the ones it is nearest to.

    indices (n, k) and fresh (n, k): lists, and which of their entries are new since the round before. found (n, k + r),
    is_fresh alike, any_fresh (n,): overwritten.
    """
    n, k = indices.shape
    most = found.shape[1] - k
    n_reversed = np.zeros(n, np.int32)
    found[:, k:], is_fresh[:, k:] = NOBODY, False
    for i in range(n):
        any_fresh[i] = False
        for slot in range(k):
            found[i, slot], is_fresh[i, slot] = indices[i, slot], fresh[i, slot]
            any_fresh[i] |= fresh[i, slot]
    for slot in range(k):  # nearest first
        for i in range(n):
            j = indices[i, slot]
            if j >= 0 and n_reversed[j] < most:
                place = k + n_reversed[j]
                found[j, place], is_fresh[j, place] = i, fresh[i, slot]
                any_fresh[j] |= fresh[i, slot]
                n_reversed[j] += 1


@njit(cache=True, **FAST)
def _ask(i, vectors, found, is_fresh, any_fresh, seen, rows, squares):
    """Offer row i everybody who is acquainted with its acquaintances. seen (n,): holds i for those that were."""
    width = found.shape[1]
    for slot in range(width):
        j = found[i, slot]
        if j < 0 or not (is_fresh[i, slot] or any_fresh[j]):
            continue  # what they could tell, they have told before
        if seen[j] != i:
            seen[j] = i
            offer(j, square_between(vectors[i], vectors[j]), rows, squares)
        for other in range(width):
            h = found[j, other]
            if h >= 0 and (is_fresh[i, slot] or is_fresh[j, other]) and seen[h] != i:
                seen[h] = i
                offer(h, square_between(vectors[i], vectors[h]), rows, squares)


@njit(cache=True)
def _ask_bin(first, last, vectors, found, is_fresh, any_fresh, indices, squares, fresh):
    seen = np.full(len(vectors), NOBODY, np.int32)
    before = np.empty(indices.shape[1], np.int32)
    for i in range(first, last):
        before[:] = indices[i]
        seen[i] = i
        for j in before:
            if j >= 0:
                seen[j] = i
        _ask(i, vectors, found, is_fresh, any_fresh, seen, indices[i], squares[i])
        for slot in range(before.size):
            fresh[i, slot] = indices[i, slot] >= 0
            for j in before:
                if j == indices[i, slot]:
                    fresh[i, slot] = False
                    break


@njit(cache=True, parallel=True)
def ask_all(vectors, found, is_fresh, any_fresh, indices, squares, fresh):
    """One round: lists (n, k) and which of their entries are fresh, changed in place, by what ``found`` says."""
    n = len(vectors)
    for b in prange(BINS):
        first, last = b * n // BINS, (b + 1) * n // BINS
        _ask_bin(first, last, vectors, found, is_fresh, any_fresh, indices, squares, fresh)


def round_reference(
    vectors: np.ndarray, indices: np.ndarray, fresh: np.ndarray, *, n_reversed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The lists after one round, and which of their entries are new, by sets. Lists are full."""
    n, k = indices.shape
    listed_by: list[list[tuple[int, int]]] = [[] for _ in range(n)]  # (slot, who)
    for i, slot in itertools.product(range(n), range(k)):
        listed_by[indices[i, slot]].append((slot, i))
    known = [
        [
            *zip(indices[i].tolist(), fresh[i].tolist(), strict=True),
            *((who, bool(fresh[who, slot])) for slot, who in sorted(listed_by[i])[:n_reversed]),
        ]
        for i in range(n)
    ]
    after = np.empty_like(indices)
    for i in range(n):
        told = set(indices[i].tolist())
        for j, j_is_fresh in known[i]:
            heard = {h for h, h_is_fresh in known[j] if j_is_fresh or h_is_fresh}
            told |= heard | ({j} if j_is_fresh or any(is_fresh for _, is_fresh in known[j]) else set())
        squares = {h: float(((vectors[i] - vectors[h]) ** 2).sum()) for h in told - {i}}
        after[i] = sorted(squares, key=lambda h: (squares[h], h))[:k]
    return after, np.array([~np.isin(after[i], indices[i]) for i in range(n)])
