"""The k most similar entities of each entity, from pair counts, from edges or from vectors.

The three ``from_...`` functions differ in where similarity comes from; ``_finish`` makes the same graph of all of them:
directed lists, and the undirected edges that embeddings pull on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from atlas_assets.errors import DataError
from atlas_assets.kernels.similarities import similarities
from atlas_assets.kernels.top_k import top_k, two_hop
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.cooccurrence import Cooccurrence

PairSimilarity = Literal["count", "cosine", "jaccard", "lift", "npmi"]
EdgeSimilarity = Literal["auto", "weight", "cosine", "jaccard"]
Metric = Literal["cosine", "euclidean"]


@dataclass(frozen=True)
class KnnGraph(Artifact):
    """Neighbour lists of n entities and the edges they make.

    indices (n, k) int32, similarity (n, k) float32: most similar first, equal ones by lower index; -1 and 0 at the end
    of rows with fewer. shared (n, k) float32: weight of the collections that hold both; None for edges and vectors.
    filled (n, k) bool: not a direct relation but the best two-step connection, listed after all direct ones.
    edges (m, 2) int32, first < second, sorted; edge_weights (m,) float32: 2 where both list each other, else 1.
    method: name of the similarity. notes: what was set aside on the way, by count.
    """

    indices: np.ndarray
    similarity: np.ndarray
    shared: np.ndarray | None
    filled: np.ndarray
    edges: np.ndarray
    edge_weights: np.ndarray
    method: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def n_entities(self) -> int:
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

    def check(self) -> list[Check]:
        rows = np.arange(self.n_entities)[:, None]
        listed = self.indices >= 0
        ordered = np.sort(np.where(listed, self.indices, -1 - np.arange(self.n_neighbors)), axis=1)
        same_direct = listed[:, 1:] & (self.filled[:, 1:] == self.filled[:, :-1])
        steps = np.diff(self.similarity, axis=1)
        edges = self.edges.astype(np.int64)
        return [
            Check("no entity is its own neighbour", not bool((self.indices == rows).any()), ""),
            Check("no neighbour is listed twice", bool((np.diff(ordered, axis=1) > 0).all()), ""),
            Check("missing neighbours come last", bool((listed[:, :-1] >= listed[:, 1:]).all()),
                  f"{int((~listed).sum()):,} missing, {int(self.filled.sum()):,} filled from two steps away"),
            Check("similarity falls along each row", bool((steps[same_direct] <= 0).all()), ""),
            Check("similarity is finite", bool(np.isfinite(self.similarity).all()), ""),
            Check("edges are the union of the lists", np.array_equal(_union(self.indices)[0], edges),
                  f"{len(edges):,} edges, {int(self.isolated.sum()):,} entities without one"),
        ]  # fmt: skip


class Edges(Protocol):
    """What is needed of ``entity_index.EdgeIndex``."""

    @property
    def n_entities(self) -> int: ...
    @property
    def source(self) -> np.ndarray: ...
    @property
    def target(self) -> np.ndarray: ...
    @property
    def weight(self) -> np.ndarray: ...


class Vectors(Protocol):
    """What is needed of ``entity_index.VectorIndex``."""

    @property
    def vectors(self) -> np.ndarray: ...


def from_cooccurrence(
    cooccurrence: Cooccurrence, *, n_neighbors: int, similarity: PairSimilarity = "jaccard",
    shrinkage: float = 0.0, progress: Progress = no_progress,
) -> KnnGraph:  # fmt: skip
    """The n_neighbors most similar entities of each entity by how often they meet (formulae: kernels.similarities).

    Jaccard is the default because its maps kept most of the held-out pairs: recall of t-SNE maps by jaccard, cosine and
    npmi was 0.152, 0.142, 0.142 (mtg-decks), 0.191, 0.173, 0.127 (crates-dependencies), 0.211, 0.189, 0.203
    (github-trending), 0.035, 0.033, 0.033 (steam-200k), 0.492, 0.498, 0.493 (acl-authors).
    ``shrinkage``: every similarity but count is multiplied by c / (c + shrinkage), c being the shared weight, against
    coincidences of rare entities; where these were filtered out, 0 measured best. Pairs at or below chance
    (npmi <= 0) are no neighbours; rows that end up short are filled from two steps away.
    Raises DataError unless there are more entities than n_neighbors. Not modified: cooccurrence.
    """
    _require_enough(cooccurrence.n_entities, n_neighbors)
    indptr, indices, data = (
        np.asarray(a).view(np.ndarray) for a in (cooccurrence.indptr, cooccurrence.indices, cooccurrence.data)
    )
    progress(0.0, f"{similarity} of {data.size:,} pairs")
    scores = similarities(
        similarity, indptr=indptr, indices=indices, data=data,
        occurrences=np.asarray(cooccurrence.occurrences).view(np.ndarray), total=cooccurrence.total,
        shrinkage=shrinkage,
    )  # fmt: skip
    progress(0.5, f"choosing {n_neighbors} of each row")
    listed, values = top_k(indptr, indices, scores, k=n_neighbors)
    graph = _finish(listed, values, method=similarity, progress=progress)
    return KnnGraph(**{**vars(graph), "shared": _lookup(indptr, indices, data, graph.indices)})


def from_edges(
    index: Edges, *, n_neighbors: int, similarity: EdgeSimilarity = "auto", progress: Progress = no_progress
) -> KnnGraph:
    """The n_neighbors best linked entities of each entity of a network.

    Edges are taken as undirected, repeated ones are added up, self loops are set aside (counted in ``notes``).
    ``weight``: linked entities by edge weight. ``cosine``, ``jaccard``: linked entities by how much of their
    neighbourhoods they share, each counting as its own neighbour with its strongest edge. ``auto``: cosine. Rows with
    fewer links are filled from two steps away. Raises DataError unless there are more entities than n_neighbors.
    """
    from atlas_assets.stages.edge_similarity import adjacency, shared_neighbourhoods

    _require_enough(index.n_entities, n_neighbors)
    matrix, notes = adjacency(index.source, index.target, index.weight, n_entities=index.n_entities)
    progress(0.1, f"comparing the ends of {matrix.nnz // 2:,} edges")
    method = "cosine" if similarity == "auto" else similarity
    scores = matrix.data.astype(np.float64) if method == "weight" else shared_neighbourhoods(matrix, measure=method)
    listed, values = top_k(matrix.indptr.astype(np.int64), matrix.indices, scores, k=n_neighbors)
    graph = _finish(listed, values, method=method, progress=progress)
    return KnnGraph(**{**vars(graph), "notes": {**graph.notes, **notes}})


def from_vectors(
    index: Vectors, *, n_neighbors: int, metric: Metric = "cosine", progress: Progress = no_progress
) -> KnnGraph:
    """The n_neighbors nearest vectors of each vector; exact up to ``vector_neighbours.EXACT_LIMIT`` rows.

    Similarity is the cosine, or 1 / (1 + d / m) of the Euclidean distance d, m being the median distance of the
    n_neighbors-th neighbour. Raises DataError for vectors that are not finite and unless there are more vectors than
    n_neighbors. All-zero vectors have no direction: under ``cosine`` they stay isolated.
    """
    from atlas_assets.stages.vector_neighbours import nearest

    vectors = np.asarray(index.vectors).view(np.ndarray)
    _require_enough(len(vectors), n_neighbors)
    listed, values = nearest(vectors, k=n_neighbors, metric=metric, progress=progress)
    return _finish(listed, values, method=metric, progress=progress)


def _require_enough(n_entities: int, n_neighbors: int) -> None:
    if n_entities <= n_neighbors:
        raise DataError(
            file="entity_index", where="number of entities", found=n_entities,
            expected=f"more than n_neighbors, which is {n_neighbors}",
            remedy="Lower sweep.n_neighbors, or filter less strictly so that more entities remain.",
        )  # fmt: skip


def _finish(listed: np.ndarray, values: np.ndarray, *, method: str, progress: Progress) -> KnnGraph:
    """Fill short rows, and join the lists to edges. values: float64, positive where listed (any sign for cosine)."""
    progress(0.8, "joining the lists")
    k = listed.shape[1]
    short = np.flatnonzero((listed[:, -1] < 0) & (listed[:, 0] >= 0))
    filled = np.zeros(listed.shape, bool)
    extra, walk = two_hop(listed, np.maximum(values, 1e-12) * (listed >= 0), rows=short, k=k)
    for row, columns, probabilities in zip(short, extra, walk, strict=True):
        begin = int((listed[row] >= 0).sum())
        take = columns[: k - begin]
        take = take[take >= 0]
        places = slice(begin, begin + take.size)
        listed[row, places], filled[row, places] = take, True
        values[row, places] = values[row, begin - 1] * probabilities[: take.size]  # below every direct one
    edges, edge_weights = _union(listed)
    notes = {
        "filled": int(filled.sum()), "missing": int((listed < 0).sum()), "isolated": int((listed < 0).all(axis=1).sum())
    }  # fmt: skip
    return KnnGraph(
        indices=listed, similarity=values.astype(np.float32), shared=None, filled=filled, edges=edges.astype(np.int32),
        edge_weights=edge_weights, method=method, notes=notes,
    )  # fmt: skip


def _union(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Undirected edges of the lists, sorted, with 2 where both ends list each other and 1 elsewhere."""
    n, k = indices.shape
    rows = np.repeat(np.arange(n), k)[indices.ravel() >= 0]
    columns = indices.ravel()[indices.ravel() >= 0].astype(np.int64)
    keys, counts = np.unique(np.minimum(rows, columns) * n + np.maximum(rows, columns), return_counts=True)
    return np.stack([keys // n, keys % n], axis=1), counts.astype(np.float32)  # n * n < 2^63 for n < 3e9


def _lookup(indptr: np.ndarray, indices: np.ndarray, data: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Stored weights of the listed pairs, (n, k) float32; 0 where nothing is stored."""
    n, k = listed.shape
    keys = np.repeat(np.arange(n), np.diff(indptr)) * n + indices  # ascending, as rows and columns are
    wanted = (np.arange(n)[:, None] * n + listed).ravel()
    at = np.minimum(np.searchsorted(keys, wanted), max(keys.size - 1, 0))
    found = (keys[at] == wanted) & (listed.ravel() >= 0) if keys.size else np.zeros(n * k, bool)
    return np.where(found, data[at] if keys.size else 0, 0).astype(np.float32).reshape(n, k)
