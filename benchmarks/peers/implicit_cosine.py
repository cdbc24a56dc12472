"""implicit: ``CosineRecommender``, which keeps the K nearest of each item while it multiplies, on all cores."""

from __future__ import annotations

import os

import numpy as np
from implicit.nearest_neighbours import CosineRecommender  # pyright: ignore[reportMissingImports]
from scipy.sparse import csr_matrix

from benchmarks.peers import Memberships, matrices


def prepare(data: Memberships) -> csr_matrix:
    """In float64, which is what implicit computes in: anything else it would convert inside the timed part."""
    return csr_matrix(matrices.matrix_of(data), dtype=np.float64)


def nearest(prepared: csr_matrix, k: int) -> csr_matrix:
    threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    model = CosineRecommender(K=k + 1, num_threads=threads)  # one more: the entity itself is counted
    model.fit(prepared, show_progress=False)
    assert model.similarity is not None
    return model.similarity


def similarities(result: csr_matrix, rows: np.ndarray, k: int) -> np.ndarray:
    return matrices.rows_of_matrix(result, rows, k)
