"""The k best entries of each row, ties to the lower index; and what to add to rows that have fewer.

Rows are sparse (CSR) or dense blocks. Each kernel writes only its own row, so results do not depend on threads.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import njit, prange


@njit(cache=True)
def _insert(column, score, count, columns, scores):
    """Insert into the descending list ``columns[:count]``; the last falls off when it is full. Returns the new count.

    Insertion into a sorted array beats a heap for the k of maps (5 to 100), and leaves the row sorted.
    """
    k = columns.size
    if count == k:
        if score < scores[k - 1] or (score == scores[k - 1] and column > columns[k - 1]):
            return count
        at = k - 1
    else:
        at = count
        count += 1
    while at > 0 and (scores[at - 1] < score or (scores[at - 1] == score and columns[at - 1] > column)):
        columns[at] = columns[at - 1]
        scores[at] = scores[at - 1]
        at -= 1
    columns[at] = column
    scores[at] = score
    return count


@njit(cache=True)
def _top_k_of_row(columns, scores, out_columns, out_scores):
    count = 0
    for slot in range(columns.size):
        if scores[slot] > 0.0:
            count = _insert(columns[slot], scores[slot], count, out_columns, out_scores)


@njit(cache=True, parallel=True)
def _top_k_rows(indptr, columns, scores, out_columns, out_scores):
    for row in prange(indptr.size - 1):
        begin, end = indptr[row], indptr[row + 1]
        _top_k_of_row(columns[begin:end], scores[begin:end], out_columns[row], out_scores[row])


def top_k(indptr: np.ndarray, columns: np.ndarray, scores: np.ndarray, *, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Per CSR row, the k largest positive scores: columns (n, k) int32 with -1 for none, scores (n, k) float64.

    Descending; equal scores go to the lower column. Scores of zero or less are never chosen.
    """
    n = indptr.size - 1
    out_columns, out_scores = np.full((n, k), -1, np.int32), np.zeros((n, k))
    _top_k_rows(indptr, columns, scores, out_columns, out_scores)
    return out_columns, out_scores


def top_k_reference(
    indptr: np.ndarray, columns: np.ndarray, scores: np.ndarray, *, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same by sorting each row."""
    n = indptr.size - 1
    out_columns, out_scores = np.full((n, k), -1, np.int32), np.zeros((n, k))
    for row in range(n):
        entries = range(indptr[row], indptr[row + 1])
        best = sorted((-scores[s], columns[s]) for s in entries if scores[s] > 0)[:k]
        for slot, (score, column) in enumerate(best):
            out_columns[row, slot], out_scores[row, slot] = column, -score
    return out_columns, out_scores


@njit(cache=True, parallel=True)
def _top_k_dense_rows(block, first_row, out_columns, out_scores):
    for r in prange(block.shape[0]):
        count = 0
        k = out_columns.shape[1]
        for column in range(block.shape[1]):
            score = block[r, column]
            # the common case first: too small for a full list, so no call
            if (count < k or score > out_scores[r, k - 1]) and column != first_row + r:
                count = _insert(column, score, count, out_columns[r], out_scores[r])


def top_k_dense(block: np.ndarray, *, first_row: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Per row of a dense block (rows first_row...), the k largest scores of any sign without the row itself."""
    out_columns = np.full((block.shape[0], k), -1, np.int32)
    out_scores = np.full((block.shape[0], k), -np.inf, block.dtype)
    _top_k_dense_rows(block, first_row, out_columns, out_scores)
    return out_columns, out_scores


@njit(cache=True)
def _two_hop_of_row(i, indices, similarity, row_sums, mass, touched, out_columns, out_scores):
    """Best entities two steps from i that its row does not list; ``mass`` (n,) is zero before and after.

    Score of j: sum over listed h of (s_ih / sum s_i) (s_hj / sum s_h), the probability that two steps of a walk
    along the lists end in j. Dividing by the sum of h's list keeps a popular h from lending all its neighbours.
    """
    k = indices.shape[1]
    found = 0
    for a in range(k):
        h = indices[i, a]
        if h < 0:
            break
        for b in range(k):
            j = indices[h, b]
            if j < 0:
                break
            if mass[j] == 0.0:
                touched[found] = j
                found += 1
            mass[j] += similarity[i, a] / row_sums[i] * (similarity[h, b] / row_sums[h])
    mass[i] = 0.0
    for a in range(k):
        if indices[i, a] >= 0:
            mass[indices[i, a]] = 0.0
    count = 0
    for t in range(found):
        j = touched[t]
        if mass[j] > 0.0:
            count = _insert(j, mass[j], count, out_columns, out_scores)
            mass[j] = 0.0
    return count


@njit(cache=True, parallel=True)
def _two_hop_rows(rows, n_bins, indices, similarity, row_sums, out_columns, out_scores):
    n, k = indices.shape
    for b in prange(n_bins):
        mass, touched = np.zeros(n), np.empty(k * k, np.int32)
        for at in range(b, rows.size, n_bins):
            i = rows[at]
            _two_hop_of_row(i, indices, similarity, row_sums, mass, touched, out_columns[at], out_scores[at])


def two_hop(indices: np.ndarray, similarity: np.ndarray, *, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of ``rows``, the k most likely ends of a two-step walk that it does not list itself.

    indices (n, k') int32 with -1 at the end of short rows; similarity (n, k') float64, positive where listed.
    Returns columns (len(rows), k) int32 with -1 for none, and probabilities, descending, ties to the lower index.
    """
    out_columns, out_scores = np.full((rows.size, k), -1, np.int32), np.zeros((rows.size, k))
    if rows.size:
        n_bins = min(4 * numba.get_num_threads(), rows.size)
        _two_hop_rows(rows, n_bins, indices, similarity, similarity.sum(axis=1), out_columns, out_scores)
    return out_columns, out_scores


def two_hop_reference(
    indices: np.ndarray, similarity: np.ndarray, *, rows: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same by a dictionary per row."""
    out_columns, out_scores = np.full((rows.size, k), -1, np.int32), np.zeros((rows.size, k))
    rows_of_both = zip(indices, similarity, strict=True)
    lists = [{int(j): float(s) for j, s in zip(*row, strict=True) if j >= 0} for row in rows_of_both]
    for at, i in enumerate(rows):
        walk: dict[int, float] = {}
        for h, first in lists[i].items():
            for j, second in lists[h].items():
                if j != i and j not in lists[i]:
                    share = first / sum(lists[i].values()) * (second / sum(lists[h].values()))
                    walk[j] = walk.get(j, 0.0) + share
        for slot, (j, share) in enumerate(sorted(walk.items(), key=lambda item: (-item[1], item[0]))[:k]):
            out_columns[at, slot], out_scores[at, slot] = j, share
    return out_columns, out_scores
