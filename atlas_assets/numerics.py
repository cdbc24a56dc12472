"""The numerics alone: arrays and matrices in, arrays out, without files, projects or Dagster.

    import atlas_assets as atlas

    graph = atlas.neighbours(memberships)       # a sparse matrix of entities x collections, or vectors
    atlas.tsne(graph, similarity_power=1.5)     # (n, 2) float32
    atlas.umap(graph, n_components=3)
    atlas.umap(graph, embedding=atlas.embed(graph))

``estimators`` has the same for pipelines of scikit-learn. The same input and seed give the same bits, whatever the
number of threads; nothing given is modified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from scipy import sparse

from atlas_assets.errors import AtlasError
from atlas_assets.similarities import SIMILARITIES
from atlas_assets.stages.relation import knn_graph
from atlas_assets.stages.relation import neighbours as relation
from atlas_assets.stages.relation.knn_graph import KnnGraph
from atlas_assets.stages.relation.metric import Metric

if TYPE_CHECKING:
    import polars as pl

    from atlas_assets.stages.embedding.embedding import Embedding

__all__ = ["KnnGraph", "embed", "linked", "localmap", "neighbours", "pacmap", "tsne", "umap"]

METRICS: tuple[str, ...] = get_args(Metric)


def neighbours(data: Any, *, n_neighbors: int = 15, similarity: str | None = None) -> KnnGraph:
    """The graph of the n_neighbors most similar of every row.

    data: a sparse matrix of n entities x C collections, true (or 1) where the collection holds the entity: similar are
    those that keep company, by ``jaccard`` (default), ``cosine``, ``npmi``, ``lift`` or ``count``. Or an array (n, d)
    of vectors: by ``cosine``, ``euclidean`` or ``dot``, guessed where it is not given. Of fewer rows, all others are
    neighbours. Raises AtlasError for what is no such thing.
    """
    if sparse.issparse(data):
        return _graph(_by_company(data.tocsc(), n_neighbors, similarity or "jaccard"), n_neighbors)
    vectors = np.asarray(data)
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiub":
        raise AtlasError(
            f"neighbours was given an array of {vectors.dtype} in {vectors.ndim} dimensions; expected vectors (n, d), "
            "or a sparse matrix of entities x collections."
        )
    if similarity is not None and similarity not in METRICS:
        raise AtlasError(f"similarity is {similarity!r}; vectors have one of {', '.join(METRICS)}.")
    if vectors.dtype.kind != "f":
        vectors = vectors.astype(np.float32)
    k = _few(len(vectors), n_neighbors)
    found = relation.from_vectors(_Vectors(vectors), n_neighbors=k, metric=similarity)  # type: ignore[arg-type]
    return _graph(found, k)


def linked(adjacency: Any, *, n_neighbors: int = 15, similarity: relation.EdgeSimilarity = "auto") -> KnnGraph:
    """The graph of a network: a sparse matrix (n, n) whose values are weights of undirected edges, both ways added up.

    similarity: ``cosine`` (what ``auto`` takes) or ``jaccard`` of what linked ones are linked to, or ``weight`` alone.
    """
    if not sparse.issparse(adjacency) or adjacency.shape[0] != adjacency.shape[1]:
        raise AtlasError("linked expects a sparse matrix with as many rows as columns: the weights of edges.")
    if similarity not in get_args(relation.EdgeSimilarity):
        raise AtlasError(
            f"similarity is {similarity!r}; edges have one of {', '.join(get_args(relation.EdgeSimilarity))}."
        )
    source, target, weight = sparse.find(adjacency)
    n = int(adjacency.shape[0])
    k = _few(n, n_neighbors)
    network = _Network(n, source, target, weight.astype(np.float64))
    return _graph(relation.from_edges(network, n_neighbors=k, similarity=similarity), k)


def embed(graph: KnnGraph, *, n_components: int = 3, seed: int = 0, **options: Any) -> Embedding:
    """The minimum-distortion embedding of a graph, for ``embedding=`` below; its ``positions`` are (n, n_components).

    options: those of ``stages.embedding.embedding.build``, such as ``repulsive_ratio``; docs/embedding.md says which.
    """
    from atlas_assets.stages.embedding.embedding import build

    return build(graph, embedding_dim=n_components, seed=seed, **options)


def umap(graph: KnnGraph, *, n_components: int = 2, embedding: Embedding | None = None, **options: Any) -> np.ndarray:
    """Positions (n, n_components) float32 by UMAP.

    n_components: 2 or 3. embedding: lay out its nearest instead of the graph's lists. options: ``n_neighbors`` (15; at
    most what the graph lists), ``min_dist``, ``spread``, ``negative_sample_rate``; ``seed`` (0), ``start`` (n,
    n_components): an earlier map to begin from, nan where something is new; ``progress(share, message)``. Raises
    AtlasError for options that it does not have.
    """
    return _positions("umap", graph, n_components, embedding, options)


def tsne(graph: KnnGraph, *, n_components: int = 2, embedding: Embedding | None = None, **options: Any) -> np.ndarray:
    """Positions by t-SNE, as ``umap``; options: ``perplexity`` (30), or ``similarity_power``: neighbours pull by it."""
    return _positions("tsne", graph, n_components, embedding, options)


def pacmap(graph: KnnGraph, *, n_components: int = 2, embedding: Embedding | None = None, **options: Any) -> np.ndarray:
    """Positions by PaCMAP, as ``umap``; options: ``n_neighbors``, ``MN_ratio``, ``FP_ratio``."""
    return _positions("pacmap", graph, n_components, embedding, options)


def localmap(
    graph: KnnGraph, *, n_components: int = 2, embedding: Embedding | None = None, **options: Any
) -> np.ndarray:
    """Positions by LocalMAP, as ``umap``; options: ``n_neighbors``, ``low_dist_thres``."""
    return _positions("localmap", graph, n_components, embedding, options)


def _positions(
    method: str, graph: KnnGraph, dims: int, embedding: Embedding | None, options: dict[str, Any]
) -> np.ndarray:
    from atlas_assets.stages.projection.layout_inputs import LayoutInputs
    from atlas_assets.stages.projection.projection import project
    from atlas_assets.stages.relation.copies import spread_out

    if not isinstance(graph, KnnGraph):
        raise AtlasError(
            f"{method} was given a {type(graph).__name__}; expected a graph: atlas_assets.neighbours(data), or of a "
            "network atlas_assets.linked(matrix)."
        )
    how = {name: options.pop(name) for name in ("seed", "start", "progress") if name in options}
    inputs = LayoutInputs(graph, embedding, seed=how.get("seed", 0))
    if (start := how.get("start")) is not None and graph.places is not None:
        how["start"] = np.asarray(start)[np.unique(graph.places, return_index=True)[1]]
    made = project(method, inputs=inputs, dims=dims, params=options, **how).positions
    return made if graph.places is None else spread_out(made, graph.places)


def _by_company(matrix: Any, n_neighbors: int, similarity: str) -> relation.Neighbours:
    if similarity not in SIMILARITIES:
        raise AtlasError(f"similarity is {similarity!r}; collections have one of {', '.join(SIMILARITIES)}.")
    held = matrix.copy()
    held.sum_duplicates()
    held.eliminate_zeros()
    held.sort_indices()
    other = held.data[held.data != 1]
    if other.size:
        raise AtlasError(
            f"The sparse matrix holds {other[0]} among others; expected 1 or True where a collection holds an entity. "
            "Say which count: neighbours(matrix > 0), for example. Vectors are given as an array: matrix.toarray()."
        )
    rows = _Collections(held.shape[0], held.indptr.astype(np.int64), held.indices.astype(np.int32))
    return relation.from_collections(rows, n_neighbors=_few(held.shape[0], n_neighbors), similarity=similarity)


def _graph(found: relation.Neighbours, n_neighbors: int) -> KnnGraph:
    return knn_graph.build(found, n_neighbors=min(n_neighbors, found.indices.shape[1]))


def _few(n: int, n_neighbors: int) -> int:
    if n_neighbors < 1 or n < 2:
        raise AtlasError(f"There are {n} rows, and n_neighbors is {n_neighbors}; expected 2 or more, and 1 or more.")
    return min(n_neighbors, n - 1)


@dataclass(frozen=True)
class _Vectors:
    vectors: np.ndarray


@dataclass(frozen=True)
class _Network:
    n_entities: int
    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class _Collections:
    """The columns of a sparse matrix, as collections of rows; all rows and columns count alike."""

    n_entities: int
    indptr: np.ndarray
    entities: np.ndarray
    values: np.ndarray | None = None
    timestamps: np.ndarray | None = None
    weights: np.ndarray | None = None

    @property
    def ids(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame({"id": np.arange(self.n_entities)})
