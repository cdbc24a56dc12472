"""Neighbour lists with distances, as layouts want them: from the graph's similarities or from embedded positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from atlas_assets.kernels.kd_tree import nearest_others
from atlas_assets.stages.relation.knn_graph import KnnGraph


@dataclass(frozen=True)
class NeighbourLists:
    """indices (n, k) int32, nearest first, -1 at the end of short rows; distances (n, k) float64, inf there."""

    indices: np.ndarray
    distances: np.ndarray

    def first(self, k: int) -> NeighbourLists:
        """Only the k nearest."""
        return NeighbourLists(self.indices[:, :k], self.distances[:, :k])


def from_graph(graph: KnnGraph) -> NeighbourLists:
    """The graph's lists with distance 1 - s, s being the similarity; for unbounded ones 1 - ln(1+s) / ln(1+max s).

    Both keep the order and put the most similar pair of all near 0; layouts rescale each row by its own spread, so
    only ratios inside a row matter.
    """
    similarity = np.asarray(graph.similarity, np.float64)
    listed = np.asarray(graph.indices) >= 0
    top = float(similarity.max(initial=0.0))
    if top > 1.0 + 1e-6:
        similarity = np.log1p(np.maximum(similarity, 0)) / np.log1p(top)
    distances = np.where(listed, np.maximum(1.0 - similarity, 0.0), np.inf)
    return NeighbourLists(np.array(graph.indices, np.int32), distances)


def from_positions(positions: np.ndarray, k: int) -> NeighbourLists:
    """The k nearest other rows of each row by Euclidean distance, exact (k-d tree: for up to about ten dimensions).

    Equally near ones come in the order of rows.
    """
    return NeighbourLists(*nearest_others(positions, min(k, len(positions) - 1)))
