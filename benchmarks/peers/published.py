"""The published recipe of maps of this kind, to the letter, in its own steps.

Pairs are counted in a numba loop, every row keeps its 700 largest counts above 2, a count becomes the length 1 / ln of
it, ``pymde.preserve_neighbors`` takes the 10 nearest by shortest path and embeds them in three dimensions, and UMAP
lays that out. Rows are cut one by one, so the matrix is not symmetric.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.peers import Memberships, practice, recipe

TOP, LEAST = 700, 2
NEIGHBOURS, DIMENSIONS, ITERATIONS = 10, 3, 2_000
UMAP_NEIGHBOURS, UMAP_MIN_DIST = 170, 0.25


def lengths(data: Memberships) -> csr_matrix:
    """(n, n): the edges that are kept, by their lengths."""
    total: Any = recipe.cooccurrences(data)
    rows, columns, values = [], [], []
    for row in range(total.shape[0]):
        begin, end = total.indptr[row], total.indptr[row + 1]
        found, weights = total.indices[begin:end], total.data[begin:end]
        best = np.argsort(-weights, kind="stable")[:TOP]
        best = best[weights[best] > LEAST]
        rows.append(np.full(best.size, row))
        columns.append(found[best])
        values.append(1.0 / np.log(weights[best]))
    joined = [np.concatenate(part) for part in (values, rows, columns)]
    return csr_matrix((joined[0], (joined[1], joined[2])), shape=total.shape, dtype=np.float32)


def embed(edges: csr_matrix, *, iterations: int = ITERATIONS, seed: int = 0) -> np.ndarray:
    """Positions (n, 3)."""
    import pymde

    pymde.seed(seed)
    preserve_neighbors: Any = pymde.preserve_neighbors
    problem = preserve_neighbors(
        pymde.Graph(edges),
        embedding_dim=DIMENSIONS,
        n_neighbors=NEIGHBOURS,
        attractive_penalty=pymde.penalties.Linear,
        repulsive_penalty=pymde.penalties.Log,
        init="random",
    )
    return problem.embed(max_iter=iterations).numpy()


def lay_out(embedded: np.ndarray, *, seed: int | None = 0, epochs: int | None = None) -> np.ndarray:
    """Positions (n, 2)."""
    neighbours = min(UMAP_NEIGHBOURS, len(embedded) - 1)
    return practice.umap(embedded, n_neighbors=neighbours, min_dist=UMAP_MIN_DIST, seed=seed, epochs=epochs)
