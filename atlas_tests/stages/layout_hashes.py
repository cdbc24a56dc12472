"""Run as a program: lay out by every method, and print a hash of the coordinates of each as JSON.

With ``maps``: whole maps of two graphs, by our kernels and by libraries. With ``steps``: a few steps of our kernels at
sizes from which on they go other ways, of graphs that cost nothing to make.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from atlas_assets import methods
from atlas_assets.kernels import pacmap, tsne, umap
from atlas_assets.kernels.order import along_curve
from atlas_assets.methods.tsne import LARGE as REORDERED_FROM
from atlas_assets.methods.umap import LARGE as UMAP_REORDERED_FROM
from atlas_assets.stages.projection.layout_inputs import LayoutInputs
from atlas_assets.stages.projection.projection import project
from atlas_tests.stages.maps import Embedded
from atlas_tests.stages.test_knn_graph import VectorIndex, from_vectors

SMALL, LARGE = 150, 2_100  # openTSNE goes by a tree below 2,000 entities, by a grid above; ours by a grid above 1,000
EXACT, FLAT, SOLID, REORDERED = 600, 1_100, 8_100, 40_100  # t-SNE by all pairs, by grids, and everything reordered
STEPS = 6


def maps(n: int) -> Iterator[tuple[str, np.ndarray]]:
    """Each method by each engine from each source in 2 and 3 dimensions, from scratch and on from where it was."""
    vectors = np.random.default_rng(0).standard_normal((n, 5)).astype(np.float32)
    graph = from_vectors(VectorIndex(vectors), k=8, metric="euclidean")
    embedded = Embedded(positions=vectors[:, :3])
    routes = [
        (method, engine, source)
        for method, facts in methods.METHODS.items()
        for engine in facts.engines
        for source in facts.sources
    ]
    for method, engine, source in routes:
        for dims in (2, 3) if n == SMALL else (2,):
            inputs = LayoutInputs(graph, embedded if source == "embedding" else None, seed=1)
            how: dict[str, Any] = {"inputs": inputs, "engine": engine, "dims": dims, "seed": 1}
            made = project(method, **how).positions
            yield f"{method} {engine} {source} {dims} {n}", made
            if n == SMALL:
                yield (
                    f"{method} {engine} {source} {dims} {n} warm",
                    project(method, start=np.roll(made, 1, axis=0), **how).positions,
                )


def circulant(n: int, *steps: int) -> csr_array:
    """Everybody joined to those so many places ahead and behind, symmetric, with weights that differ."""
    around = np.sort(np.concatenate([steps, n - np.array(steps)]))
    columns = np.sort((np.arange(n)[:, None] + around) % n, axis=1).astype(np.int32)
    weights = 1 / (1 + np.abs(columns - np.arange(n)[:, None]) % 7).astype(np.float32)
    matrix = csr_array((weights.ravel(), columns.ravel(), np.arange(n + 1, dtype=np.int32) * around.size), (n, n))
    return csr_array((matrix + matrix.T) / np.float32(2))


def steps(n: int, dims: int) -> Iterator[tuple[str, np.ndarray]]:
    """A few steps of each layout; reordered in between where its method would do that."""
    assert min(REORDERED_FROM, UMAP_REORDERED_FROM) < REORDERED
    graph, far = circulant(n, 1, 2, 5, 40), circulant(n, n // 3, n // 7)
    start = np.random.default_rng(0).normal(scale=0.3 * n ** (1 / dims), size=(n, dims)).astype(np.float32)
    pulls = graph.copy()
    pulls.data /= pulls.data.sum()
    by_tsne = tsne.Descent(start, pulls)
    by_umap = umap.Descent(start, graph, a=1.6, b=0.9, negative_sample_rate=5, strangers=16, seed=1)
    near, middle = ((matrix.indptr, matrix.indices, matrix.data) for matrix in (graph, far))
    by_pacmap = pacmap.Descent(start, near, middle, farther=10, seed=1)
    for step in range(STEPS):
        if n >= REORDERED and step % 3 == 0:
            for descent in (by_tsne, by_umap, by_pacmap):
                descent.reorder(along_curve(descent.y))
        by_tsne.step(rate=n / 12, momentum=0.8, exaggeration=12)
        by_umap.epoch(0.1)
        if step == 3:
            by_pacmap.draw_nearby(4.0)
        by_pacmap.step(near=2.0, middle=0.0 if step > 3 else 100.0, rate=1.0, local=2.0 if step >= 3 else 0.0)
    for name, descent in (("tsne", by_tsne), ("umap", by_umap), ("localmap", by_pacmap)):
        yield f"{name} {n} {dims}", descent.positions()


if __name__ == "__main__":
    made = (
        (maps(n) for n in (SMALL, LARGE))
        if sys.argv[1] == "maps"
        else (
            steps(n, dims)
            for n, dims in ((EXACT, 2), (EXACT, 3), (FLAT, 2), (SOLID, 3), (REORDERED, 2), (REORDERED, 3))
        )
    )
    hashes = {name: hashlib.sha256(positions.tobytes()).hexdigest() for several in made for name, positions in several}
    json.dump(hashes, sys.stdout)
