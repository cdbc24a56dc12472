"""SciPy: the product of the normalised matrix with its own transpose, then the largest entries of each row."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.peers import Memberships, matrices


def prepare(data: Memberships) -> csr_matrix:
    return matrices.matrix_of(data)


def nearest(prepared: csr_matrix, k: int) -> matrices.Lists:
    scaled = matrices.normalised(prepared)
    return matrices.top_k(scaled.T.tocsr() @ scaled, k)


def similarities(result: matrices.Lists, rows: np.ndarray, k: int) -> np.ndarray:
    return matrices.rows_of(result, rows)
