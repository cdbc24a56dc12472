"""SciPy: the product of the matrix with its own transpose, scaled to cosines, then the largest of each row."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.peers import Memberships, matrices


def prepare(data: Memberships) -> csr_matrix:
    return matrices.matrix_of(data)


def nearest(prepared: csr_matrix, k: int) -> matrices.Lists:
    counts = prepared.T.tocsr() @ prepared
    return matrices.top_k(matrices.to_cosines(counts, counts.diagonal()), k)


def similarities(result: matrices.Lists, rows: np.ndarray, k: int) -> np.ndarray:
    return matrices.rows_of(result, rows)
