"""What the layouts of one graph, or of one embedding, have in common: each piece is made once, when first asked for.

A sweep lays the same neighbours out many times. Exact neighbours are searched once, at the largest number that any of
its points takes; UMAP's fuzzy graph is made once per ``n_neighbors`` and t-SNE's affinities once per perplexity.
"""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from scipy.sparse import csr_array

from atlas_assets.kernels.fuzzy import memberships
from atlas_assets.kernels.perplexity import conditional_probabilities
from atlas_assets.kernels.unions import union_of_lists
from atlas_assets.stages.geometry import neighbour_lists
from atlas_assets.stages.geometry.alignment import canonical
from atlas_assets.stages.geometry.neighbour_lists import NeighbourLists
from atlas_assets.stages.geometry.pivot_mds import pivot_positions
from atlas_assets.stages.quality.reference import steps_along
from atlas_assets.stages.relation.knn_graph import KnnGraph

# How much more an entity pulls that resembles its neighbours more than others do: an exponent of the ratio to the
# median, and between which ratios. Held-out recall of t-SNE on mtg-decks is 0.1743 without, 0.1757 so (standard
# deviation over starts 0.0006), on movielens and goodbooks the same; without bounds, reddit, whose words differ more,
# loses a quarter.
CERTAINTY, LEAST_CERTAIN, MOST_CERTAIN = 0.3, 0.5, 2.0


class Embedded(Protocol):
    """Anything with positions (n, d): an ``embedding.Embedding``."""

    @property
    def positions(self) -> np.ndarray: ...


class LayoutInputs:
    """Neighbours, weights and start positions of the m connected entities of one graph, numbered 0...m - 1.

    ``rows`` (m,) says which entity each is; those without any neighbour take no part in layouts. With an embedding,
    neighbours are the nearest in it and layouts start from its leading axes; without, they are the graph's own lists
    and layouts start from distances along it. most_neighbors: the longest lists that will be asked for, see
    ``methods.neighbors_wanted``; longer ones work, but are searched anew. device: on what large maps are laid out, see
    ``methods.devices``. What is returned is shared: do not write.
    """

    def __init__(
        self,
        graph: KnnGraph,
        embedding: Embedded | None = None,
        *,
        most_neighbors: int = 0,
        seed: int = 0,
        device: Literal["auto", "cpu", "cuda"] = "auto",
    ) -> None:
        self.graph, self.embedding, self.seed, self.device = graph, embedding, seed, device
        self.source: Literal["embedding", "graph"] = "graph" if embedding is None else "embedding"
        self.rows = np.flatnonzero(~graph.isolated)
        self._local = np.full(graph.n_entities, -1, np.int32)
        self._local[self.rows] = np.arange(self.rows.size)
        self._most_neighbors = most_neighbors
        self._lists: NeighbourLists | None = None
        self._fuzzy: dict[int, csr_array] = {}
        self._affinities: dict[tuple[str, float], csr_array] = {}
        self._starts: dict[int, np.ndarray] = {}

    @property
    def n_entities(self) -> int:
        """Connected ones: m."""
        return self.rows.size

    @property
    def edges(self) -> np.ndarray:
        """The graph's edges (e, 2) int32 in the numbering of ``rows``."""
        return self._local[self.graph.edges]

    @property
    def embedded(self) -> np.ndarray:
        """Positions of the connected entities in the embedding, (m, d). Only where there is one."""
        assert self.embedding is not None
        return np.asarray(self.embedding.positions)[self.rows]

    def lists(self, k: int) -> NeighbourLists:
        """The k nearest of each, (m, k), or as many as there are: from the graph, no more than it lists."""
        if self.embedding is None:
            if self._lists is None:
                lists = neighbour_lists.from_graph(self.graph)
                indices = np.where(lists.indices >= 0, self._local[lists.indices], -1)[self.rows]
                self._lists = NeighbourLists(indices, lists.distances[self.rows])
        elif self._lists is None or self._lists.indices.shape[1] < min(k, self.n_entities - 1):
            self._lists = neighbour_lists.from_positions(self.embedded, max(k, self._most_neighbors))
        return self._lists.first(k)

    def fuzzy_graph(self, n_neighbors: int) -> csr_array:
        """UMAP's fuzzy simplicial set (McInnes, Healy & Melville 2018) of the n_neighbors nearest, (m, m) float32.

        Rows with fewer are held by those they have.
        """
        if n_neighbors not in self._fuzzy:
            self._fuzzy[n_neighbors] = fuzzy_union(self.lists(n_neighbors))
        return self._fuzzy[n_neighbors]

    def affinities(self, perplexity: float, *, n_neighbors: int) -> csr_array:
        """t-SNE's joint probabilities (van der Maaten & Hinton 2008) of the n_neighbors nearest, (m, m), sum 1.

        A row with no more neighbours than the perplexity weighs all of them alike.
        """
        if (made := self._affinities.get(("perplexity", perplexity))) is None:
            made = joint_probabilities(self.lists(n_neighbors), perplexity)
            self._affinities["perplexity", perplexity] = made
        return made

    def similarity_affinities(self, power: float) -> csr_array:
        """Affinities in proportion to the graph's own similarities, (m, m), sum 1. Only where the graph is laid out.

        ``p_ij ~ c_i s_ij^power / sum_k s_ik^power`` over the listed, both ways added. c_i: an entity that hardly
        resembles its neighbours pulls and is pulled a little less, see ``CERTAINTY``. By perplexity, all that is left
        of the similarities is their order and rough spacing, row by row.
        """
        if (made := self._affinities.get(("power", power))) is None:
            indices = self.lists(self.graph.n_neighbors).indices
            made = similarity_affinities(indices, np.asarray(self.graph.similarity)[self.rows], power)
            self._affinities["power", power] = made
        return made

    def start(self, dims: int) -> np.ndarray:
        """Where layouts start, (m, dims) float32, in canonical position."""
        if dims not in self._starts:
            if self.embedding is None:
                indptr, columns, lengths = steps_along(self.graph)
                steps = csr_array((lengths, columns, indptr), shape=(self.graph.n_entities,) * 2)
                if self.n_entities < self.graph.n_entities:
                    steps = csr_array(steps[self.rows][:, self.rows])
                self._starts[dims] = canonical(pivot_positions(steps, n_dims=dims, seed=self.seed))
            else:
                axes = canonical(self.embedded)[:, :dims]
                self._starts[dims] = np.pad(axes, ((0, 0), (0, dims - axes.shape[1])))
        return self._starts[dims]


def fuzzy_union(lists: NeighbourLists) -> csr_array:
    """Memberships of the lists, rescaled per row, joined by a + b - ab; (m, m) float32."""
    return union_of_lists(lists.indices, memberships(lists.indices, lists.distances), product=True)


def joint_probabilities(lists: NeighbourLists, perplexity: float) -> csr_array:
    """(p(j|i) + p(i|j)) / 2m of the lists, (m, m) float32, sum 1."""
    conditional = conditional_probabilities(lists.indices, lists.distances, perplexity=perplexity)
    return _normalised(union_of_lists(lists.indices, conditional.astype(np.float32)))


def similarity_affinities(indices: np.ndarray, similarity: np.ndarray, power: float) -> csr_array:
    """Affinities (m, m) float32, sum 1, that grow with the similarity^power of those listed."""
    raised = np.where(indices >= 0, np.maximum(similarity, 0.0).astype(np.float64) ** power, 0.0)
    totals = np.maximum(raised.sum(axis=1, keepdims=True), 1e-30)
    certain = np.clip(totals / np.median(totals), LEAST_CERTAIN, MOST_CERTAIN) ** CERTAINTY
    return _normalised(union_of_lists(indices, (raised / totals * certain).astype(np.float32)))


def _normalised(matrix: csr_array) -> csr_array:
    matrix.data /= np.float32(matrix.data.sum(dtype=np.float64))
    return matrix
