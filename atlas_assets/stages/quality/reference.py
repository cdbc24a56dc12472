"""What all maps of one graph are measured against: made once, from the graph, and shared by the points of a sweep."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from atlas_assets.kernels.graph_distances import shortest_paths
from atlas_assets.stages.geometry import neighbour_lists
from atlas_assets.stages.relation.knn_graph import KnnGraph

NEIGHBOURS = 15  # on the map: about what the eye takes for "next to it"
RANKED_ROWS = 300  # entities that are ranked against all others; each costs one shortest-path tree
FEWEST_RANKED_ROWS = 50
RANKED_CELLS = 60_000_000  # of the table of distances, 4 bytes each: from 200,000 entities on there are fewer rows
TRIPLETS = 500  # per ranked row


@dataclass(frozen=True)
class Triplets:
    """Which of two entities is closer: rows (m,), first and second (m, t), all among the connected ones.

    closer (m, t) int8: -1 the first, 1 the second, by the reference; 0 undecided or not to be counted.
    """

    rows: np.ndarray
    first: np.ndarray
    second: np.ndarray
    closer: np.ndarray


class Yardstick:
    """A graph with what is sampled from it, its embedding (anything with ``positions``) and the held-out collections.

    holdout: (indptr, entities) of collections that no map has seen. The sample depends on the seed and on which
    entities are connected, so maps of one atlas are measured on the same rows, whatever their graph. Everything costly
    is made when it is first asked for, and then kept; safe to share between maps, not between threads.
    """

    def __init__(
        self,
        graph: KnnGraph,
        *,
        embedding: Any | None = None,
        holdout: tuple[np.ndarray, np.ndarray] | None = None,
        seed: int = 0,
    ) -> None:
        self.graph, self.embedding, self.seed = graph, embedding, seed
        self.holdout = None
        if holdout is not None and len(holdout[1]):
            self.holdout = np.asarray(holdout[0], np.int64), np.asarray(holdout[1], np.int32)
        self.isolated = graph.isolated
        self.connected = np.flatnonzero(~self.isolated)

    def with_embedding(self, embedding: Any | None) -> Self:
        """The same for maps of another embedding of the same graph; what is made from the graph is shared."""
        _ = self.parts, self.triplets  # and what they are drawn from: a copy that made its own would keep it to itself
        other = copy.copy(self)
        other.embedding = embedding
        other.__dict__.pop("embedded", None)
        return other

    @cached_property
    def parts(self) -> np.ndarray:
        """Which connected part of the graph each entity is in, (n,); -1 for the isolated."""
        n, ends = self.graph.n_entities, np.asarray(self.graph.edges)
        links = csr_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(n, n))
        found = connected_components(links, directed=False)[1]
        parts = np.full(n, -1, np.int64)
        parts[self.connected] = np.unique(found[self.connected], return_inverse=True)[1]
        return parts

    @property
    def n_parts(self) -> int:
        """How many of them there are."""
        return int(self.parts.max(initial=-1)) + 1

    @cached_property
    def rows(self) -> np.ndarray:
        """Places in ``connected`` of the entities that are ranked against all others, ascending, (m,)."""
        wanted = int(np.clip(RANKED_CELLS // max(self.connected.size, 1), FEWEST_RANKED_ROWS, RANKED_ROWS))
        order = np.random.default_rng([self.seed, 0]).permutation(self.graph.n_entities)
        return np.sort(np.searchsorted(self.connected, order[~self.isolated[order]][:wanted]))

    @cached_property
    def reference(self) -> np.ndarray:
        """Lengths of the shortest paths from ``rows`` to all connected entities, (m, c) float32; inf without one."""
        distances = shortest_paths(self.connected[self.rows], *steps_along(self.graph))
        return distances if self.connected.size == self.graph.n_entities else distances[:, self.connected]

    @cached_property
    def triplets(self) -> Triplets:
        """``TRIPLETS`` random pairs of others for each of ``rows``."""
        m, n = self.rows.size, self.connected.size
        first, second = np.random.default_rng([self.seed, 1]).integers(0, n, (2, m, TRIPLETS))
        own = np.arange(m)[:, None]
        a, b = self.reference[own, first], self.reference[own, second]
        decided = np.isfinite(a) & np.isfinite(b) & (first != self.rows[:, None]) & (second != self.rows[:, None])
        closer = np.where(decided, (a > b).astype(np.int8) - (a < b), 0).astype(np.int8)
        return Triplets(self.rows, first, second, closer)

    @cached_property
    def embedded(self) -> np.ndarray | None:
        """The nearest of each entity in the embedding, (n, k); None without one."""
        if self.embedding is None:
            return None
        return neighbour_lists.from_positions(np.asarray(self.embedding.positions, np.float64), NEIGHBOURS).indices

    @cached_property
    def sample_of_rows(self) -> str:
        """The same for maps whose ``rows`` are the same entities."""
        return _name_of(self.connected[self.rows])

    @cached_property
    def sample_of_collections(self) -> str:
        """The same for maps with the same held-out collections."""
        return _name_of(*(self.holdout or ()), np.array([self.seed]))


def _name_of(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def steps_along(graph: KnnGraph) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The graph as symmetric CSR (indptr, columns, lengths) of the steps that paths along it can take.

    A step costs the distance of ``neighbour_lists.from_graph``, at least 1e-6 so that it is not taken for no edge; of
    two different ones between the same entities, the shorter.
    """
    lists = neighbour_lists.from_graph(graph)
    n, k = lists.indices.shape
    listed = lists.indices >= 0
    sources = np.repeat(np.arange(n), k)[listed.ravel()]
    nearness = csr_array(
        (1 / np.maximum(lists.distances[listed], 1e-6), (sources, lists.indices[listed])), shape=(n, n)
    )
    both = csr_array(nearness.maximum(nearness.T))
    return both.indptr, both.indices, 1 / both.data
