"""The recipe that published maps of this kind were made with: a nested loop in numba over the pairs of each collection.

Pairs go to a buffer of (row, column, weight) triplets, which is condensed into a CSR matrix whenever it is full; the
transpose is added at the end. The original never adds its last buffer; here it is added, since less work is no result.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.sparse import coo_matrix, csr_matrix

from benchmarks.peers import Memberships, matrices

BUFFER = 100_000_000  # triplets, 1.2 GB: the size that the recipe uses


def prepare(data: Memberships) -> Memberships:
    return data


def nearest(prepared: Memberships, k: int, *, buffer: int = BUFFER) -> matrices.Lists:
    total = cooccurrences(prepared, buffer=buffer)
    occurrences = np.bincount(prepared.entities, minlength=prepared.n_entities)
    return matrices.top_k(matrices.to_cosines(total, occurrences), k)


def cooccurrences(prepared: Memberships, *, buffer: int = BUFFER) -> csr_matrix:
    """(n, n) float32: in how many collections every two entities are together."""
    n = prepared.n_entities
    sizes = np.diff(prepared.indptr)
    n_pairs = int((sizes * (sizes - 1) // 2).sum())
    size = max(min(buffer, n_pairs), int((sizes * (sizes - 1) // 2).max(initial=1)))
    rows, columns = np.empty(size, np.int32), np.empty(size, np.int32)
    weights = np.empty(size, np.float32)
    total, collection = csr_matrix((n, n), dtype=np.float32), 0
    while collection < prepared.n_collections:
        collection, filled = _fill(prepared.indptr, prepared.entities, collection, rows, columns, weights)
        triplets = (weights[:filled], (rows[:filled], columns[:filled]))
        total = total + coo_matrix(triplets, shape=(n, n)).tocsr()
    return total + total.T.tocsr()


def similarities(result: matrices.Lists, rows: np.ndarray, k: int) -> np.ndarray:
    return matrices.rows_of(result, rows)


@njit(cache=True)
def _fill(indptr, entities, collection, rows, columns, weights):
    """Write the pairs of as many collections as fit; returns the next collection and the number of triplets."""
    at = 0
    while collection < indptr.size - 1:
        begin, end = indptr[collection], indptr[collection + 1]
        if at + (end - begin) * (end - begin - 1) // 2 > rows.size:
            break
        for i in range(begin, end):
            for j in range(i + 1, end):
                rows[at], columns[at], weights[at] = entities[i], entities[j], 1.0
                at += 1
        collection += 1
    return collection, at
