"""The k most similar entities of each entity as a graph: directed lists, and the edges that embeddings pull on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from atlas_assets.errors import DataError
from atlas_assets.kernels.copies import spread_lists
from atlas_assets.kernels.top_k import two_hop
from atlas_assets.kernels.unions import union_of_lists
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.relation.hubs import CANDIDATES, local_scaling
from atlas_assets.stages.relation.neighbours import Neighbours, list_checks


@dataclass(frozen=True)
class KnnGraph(Artifact):
    """Neighbour lists of n entities and the edges they make.

    indices (n, k) int32, similarity (n, k) float32: most similar first, equal ones by id; -1 and 0 at the end of rows
    with fewer. shared (n, k) float32: weight of the collections that hold both; None for edges and vectors.
    filled (n, k) bool: not a direct relation but the best two-step connection, listed after all direct ones.
    edges (m, 2) int32, first < second, sorted; edge_weights (m,) float32: 2 where both list each other, else 1.
    method: name of the similarity. notes: how many entries were filled, are missing, and how many rows are empty.
    places (N,) int32: where vectors repeat, the graph is of n places, and this is where each of the N entities is
    (``copies``); else None.
    """

    indices: np.ndarray
    similarity: np.ndarray
    shared: np.ndarray | None
    filled: np.ndarray
    edges: np.ndarray
    edge_weights: np.ndarray
    method: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    places: np.ndarray | None = None

    @property
    def n_entities(self) -> int:
        """Nodes: entities, or places of entities."""
        return self.indices.shape[0]

    @property
    def n_neighbors(self) -> int:
        return self.indices.shape[1]

    @property
    def isolated(self) -> np.ndarray:
        """Entities that neither list a neighbour nor are listed, (n,) bool."""
        connected = np.zeros(self.n_entities, bool)
        connected[self.edges.ravel()] = True
        return ~connected

    def of_entities(self) -> KnnGraph:
        """The graph of all entities, whether they share places or not: first others of the same place, then others."""
        if self.places is None:
            return self
        indices, slots = spread_lists(self.places, self.indices)
        shown, place = np.maximum(slots, 0), np.asarray(self.places)[:, None]
        similarity, filled = np.asarray(self.similarity), np.asarray(self.filled)
        most = np.maximum(similarity.max(axis=1, initial=0.0), 1.0)[place]  # nobody is more like it than a copy
        values = np.where(slots < 0, most, similarity[place, shown])
        edges, edge_weights = _union(indices)
        return replace(
            self,
            indices=indices,
            similarity=np.where(indices < 0, 0, values).astype(np.float32),
            filled=(slots >= 0) & filled[place, shown],
            edges=edges.astype(np.int32),
            edge_weights=edge_weights,
            places=None,
        )

    def check(self) -> list[Check]:
        edges = self.edges.astype(np.int64)
        return [
            *list_checks(self.indices, self.similarity, self.filled),
            Check(
                "edges are the union of the lists",
                np.array_equal(_union(self.indices)[0], edges),
                f"{len(edges):,} edges, {int(self.isolated.sum()):,} entities without one",
            ),
        ]


def build(
    neighbours: Neighbours, *, n_neighbors: int, damp_hubs: bool = False, progress: Progress = no_progress
) -> KnnGraph:
    """The graph of the first ``n_neighbors`` of each list; rows with fewer are filled from two steps away.

    ``damp_hubs``: of the best among the first ``hubs.CANDIDATES`` n_neighbors, by similarities relative to what is
    usual for both entities (``hubs.local_scaling``). Not modified: neighbours. Raises DataError where the lists are
    shorter than n_neighbors.
    """
    if neighbours.guaranteed < n_neighbors:
        raise DataError(
            file="neighbours",
            where="length of the lists",
            found=neighbours.guaranteed,
            expected=f"at least n_neighbors, which is {n_neighbors}",
            remedy="Materialise neighbours again.",
        )
    progress(0.0, f"joining the lists of {neighbours.n_entities:,} entities")
    k = n_neighbors * CANDIDATES if damp_hubs else n_neighbors
    listed, values = np.array(neighbours.indices[:, :k]), np.array(neighbours.similarity[:, :k])
    shared = None if neighbours.shared is None else np.array(neighbours.shared[:, :k])
    if damp_hubs:
        places, values = local_scaling(listed, values, k=n_neighbors)
        listed = np.take_along_axis(listed, places, axis=1)
        shared = None if shared is None else np.take_along_axis(shared, places, axis=1)
    filled = _fill(listed, values)
    edges, edge_weights = _union(listed)
    notes = {
        "filled": int(filled.sum()),
        "missing": int((listed < 0).sum()),
        "isolated": int((listed < 0).all(axis=1).sum()),
    }
    return KnnGraph(
        indices=listed,
        similarity=values.astype(np.float32),
        shared=shared,
        filled=filled,
        edges=edges.astype(np.int32),
        edge_weights=edge_weights,
        method=neighbours.method,
        notes=notes,
        places=neighbours.places,
    )


def _fill(listed: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Complete short rows in place by the best ends of two-step walks; returns which entries are such, (n, k) bool."""
    k = listed.shape[1]
    short = np.flatnonzero((listed[:, -1] < 0) & (listed[:, 0] >= 0))
    filled = np.zeros(listed.shape, bool)
    extra, walk = two_hop(listed, np.maximum(values, 1e-12) * (listed >= 0), rows=short, k=k)
    begin = (listed[short] >= 0).sum(axis=1)
    last = values[short, begin - 1]
    for slot in range(k):  # of what is added to each row: one column at a time
        some = np.flatnonzero((begin + slot < k) & (extra[:, slot] >= 0))
        rows, places = short[some], begin[some] + slot
        listed[rows, places], filled[rows, places] = extra[some, slot], True
        values[rows, places] = last[some] * walk[some, slot]  # below every direct one
    return filled


def _union(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Undirected edges of the lists, sorted, with 2 where both ends list each other and 1 elsewhere."""
    both = union_of_lists(np.ascontiguousarray(indices, np.int32), np.ones(indices.shape, np.float32))
    rows = np.repeat(np.arange(len(indices), dtype=np.int32), np.diff(both.indptr))
    once = rows < both.indices
    return np.stack([rows[once], both.indices[once]], axis=1), both.data[once]
