"""sparse_dot_topn: a product that keeps only the largest entries of each row while it is made, on all cores."""

from __future__ import annotations

import os

import numpy as np
from scipy.sparse import csr_matrix
from sparse_dot_topn import sp_matmul_topn  # pyright: ignore[reportMissingImports]

from benchmarks.peers import Memberships, matrices


def prepare(data: Memberships) -> csr_matrix:
    return matrices.matrix_of(data)


def nearest(prepared: csr_matrix, k: int) -> csr_matrix:
    scaled = matrices.normalised(prepared)
    threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    return sp_matmul_topn(scaled.T.tocsr(), scaled, top_n=k + 1, n_threads=threads)  # one more: the entity itself


def similarities(result: csr_matrix, rows: np.ndarray, k: int) -> np.ndarray:
    return matrices.rows_of_matrix(result, rows, k)
