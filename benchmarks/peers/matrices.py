"""What the peers that multiply sparse matrices have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.peers import Memberships

Lists = tuple[np.ndarray, np.ndarray]


def matrix_of(data: Memberships) -> csr_matrix:
    """collections x entities, ones in float32: counts stay exact up to 2^24, at half the memory of float64."""
    ones = np.ones(data.entities.size, np.float32)
    return csr_matrix((ones, data.entities, data.indptr), shape=(data.n_collections, data.n_entities))


def to_cosines(counts: Any, occurrences: np.ndarray) -> csr_matrix:
    """Turn a square matrix of counts into cosines, in place.

    After the product and not before it, by columns of length 1: there, float32 adds up so much rounding over the
    collections that a tenth of the lists came out different, and float64 takes as long and twice the memory.
    """
    lengths = np.sqrt(np.maximum(occurrences, 1)).astype(np.float32)
    counts.data /= lengths[counts.indices]
    counts.data /= np.repeat(lengths, np.diff(counts.indptr))
    return counts


def top_k(product: Any, k: int) -> Lists:
    """The k largest entries of each row beside the diagonal, descending: indices (n, k) int32, values (n, k) float32.

    Row by row with argpartition: sorting all entries of a row takes several times longer, and one vectorised sort of
    the whole matrix needs more memory than the matrix.
    """
    n = product.shape[0]
    indices, values = np.full((n, k), -1, np.int32), np.zeros((n, k), np.float32)
    indptr, columns, data = product.indptr, product.indices, product.data
    for row in range(n):
        begin, end = indptr[row], indptr[row + 1]
        found, scores = columns[begin:end], data[begin:end]
        if end - begin > k + 1:  # one more, as the entity itself is among them
            best = np.argpartition(scores, end - begin - k - 1)[-k - 1 :]
            found, scores = found[best], scores[best]
        other = found != row
        found, scores = found[other], scores[other]
        order = np.argsort(-scores)[:k]
        indices[row, : order.size], values[row, : order.size] = found[order], scores[order]
    return indices, values


def rows_of(lists: Lists, rows: np.ndarray) -> np.ndarray:
    """The similarities of some rows."""
    return lists[1][rows].astype(np.float64)


def rows_of_matrix(matrix: Any, rows: np.ndarray, k: int) -> np.ndarray:
    """The k largest values beside the diagonal in some rows of a sparse matrix, descending, 0 where there are fewer."""
    wanted = np.zeros((rows.size, k))
    for at, row in enumerate(rows):
        begin, end = matrix.indptr[row], matrix.indptr[row + 1]
        values = matrix.data[begin:end][matrix.indices[begin:end] != row]
        values = np.sort(values)[::-1][:k]
        wanted[at, : values.size] = values
    return wanted
