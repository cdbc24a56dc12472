"""sparse_dot_topn: a product that keeps only the largest entries of each row while it is made, on all cores.

So the columns have to be scaled beforehand, and in float64: see ``matrices.to_cosines``.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sparse_dot_topn import sp_matmul_topn  # pyright: ignore[reportMissingImports]

from benchmarks.peers import Memberships, matrices


def prepare(data: Memberships) -> csr_matrix:
    return csr_matrix(matrices.matrix_of(data), dtype=np.float64)


def nearest(prepared: Any, k: int) -> csr_matrix:
    lengths = np.sqrt(np.maximum(np.bincount(prepared.indices, minlength=prepared.shape[1]), 1))
    scaled = csr_matrix((prepared.data / lengths[prepared.indices], prepared.indices, prepared.indptr), prepared.shape)
    threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    return sp_matmul_topn(scaled.T.tocsr(), scaled, top_n=k + 1, n_threads=threads)  # one more: the entity itself


def similarities(result: csr_matrix, rows: np.ndarray, k: int) -> np.ndarray:
    return matrices.rows_of_matrix(result, rows, k)
