"""sparse_dot_mkl: SciPy's route with the product made by Intel's MKL on all cores.

``dot_product_mkl`` instead of ``gram_matrix_mkl``: the latter returns one triangle, in no less time, and both halves
would have to be put together again.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.peers import Memberships, matrices

# The mkl package puts the library where sparse_dot_mkl does not look, into the environment's own lib folder; it looks
# while it is imported.
for found in sorted((Path(sys.prefix) / "lib").glob("libmkl_rt.*"))[-1:]:
    os.environ.setdefault("MKL_RT", str(found))

from sparse_dot_mkl import dot_product_mkl  # noqa: E402  # pyright: ignore[reportMissingImports]


def prepare(data: Memberships) -> csr_matrix:
    return matrices.matrix_of(data)


def nearest(prepared: Any, k: int) -> matrices.Lists:
    counts = dot_product_mkl(prepared.T.tocsr(), prepared)
    return matrices.top_k(matrices.to_cosines(counts, np.bincount(prepared.indices, minlength=prepared.shape[1])), k)


def similarities(result: matrices.Lists, rows: np.ndarray, k: int) -> np.ndarray:
    return matrices.rows_of(result, rows)
