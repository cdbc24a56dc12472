"""Small graphs and layouts whose neighbours one can name, shared by the tests of the layout stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from atlas_assets.stages.relation.knn_graph import KnnGraph
from atlas_tests.stages.test_knn_graph import EdgeIndex, VectorIndex, edges_of, from_edges

GROUP = 30


@dataclass(frozen=True)
class Embedded:
    """What layouts need of an embedding."""

    positions: np.ndarray


def grouped_vectors(n_groups: int = 3, seed: int = 0) -> tuple[VectorIndex, np.ndarray]:
    """``GROUP`` points around each corner of a simplex in 5 dimensions, far apart; and the group of each."""
    generator = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), GROUP)
    centres = 8 * np.eye(5)[:n_groups]
    return VectorIndex((centres[group] + generator.standard_normal((group.size, 5))).astype(np.float32)), group


def broken_graph(n_neighbors: int = 4) -> KnnGraph:
    """A ring of 40 with its second neighbours, a ring of 20, a lone pair, and two entities without any edge."""
    edges = [(i, (i + step) % 40, 1.0) for i in range(40) for step in (1, 2)]
    edges += [(40 + i, 40 + (i + step) % 20, 1.0) for i in range(20) for step in (1, 2)]
    return from_edges(edges_of(*edges, (60, 61, 1.0), n=64), k=n_neighbors)


def isolated_graph(n: int = 6) -> KnnGraph:
    """Entities that nothing connects."""
    empty = np.zeros(0, np.int32)
    return from_edges(EdgeIndex(n, empty, empty, empty.astype(np.float32)), k=2)


def share_of_own_group(positions: np.ndarray, group: np.ndarray, k: int = 5) -> float:
    """Mean share of the k nearest on the map that belong to the entity's own group."""
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return float((group[np.argsort(distances, axis=1)[:, :k]] == group[:, None]).mean())
