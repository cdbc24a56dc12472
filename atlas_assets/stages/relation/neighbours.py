"""The most similar entities of every entity, as many as any graph of the sweep needs.

The three ``from_...`` functions differ in where similarity comes from. ``knn_graph`` takes the first k of each list, so
that any number of k costs one pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import polars as pl

from atlas_assets.errors import DataError
from atlas_assets.similarities import SIMILARITIES
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.relation import copies, pair_weights
from atlas_assets.stages.relation.metric import Metric, guess_metric
from atlas_assets.stages.relation.pair_count_plan import Counting, prepare
from atlas_assets.stages.relation.pair_weights import Collections, PairWeights

if TYPE_CHECKING:
    from atlas_assets.kernels import nearest_pairs

# Offers between rows that wait until their panel is done; of 1 to 128 MiB this measured fastest.
PANEL_BYTES = 8 * 2**20

EdgeSimilarity = Literal["auto", "weight", "cosine", "jaccard"]


@dataclass(frozen=True)
class Neighbours(Artifact):
    """Neighbour lists of n entities, most similar first, equal ones by id.

    indices (n, k) int32, -1 at the end of rows with fewer; similarity (n, k) float64, 0 there. shared (n, k) float32:
    weight of the collections that hold both; None for edges and vectors. method: name of the similarity.
    notes: what was set aside on the way. pair_weight, pair_weight_expected: the sum of the weights of all pairs, as
    counted and from the collections alone, None for edges and vectors; pair_weight_rounding: how far the two may be
    apart because counting rounds each weight. guaranteed: of each row at least the first so many are its most similar
    (or all it has); lists that were updated may end earlier than others. bar (n,) float64: no pair that is missing from
    a row is more similar than this, 0 where none is missing; None for edges and vectors.
    places (N,) int32: where vectors repeat, rows are places, and this is where each of the N entities is
    (``copies``); else None, and rows are entities.
    """

    indices: np.ndarray
    similarity: np.ndarray
    shared: np.ndarray | None
    method: str
    notes: dict[str, Any] = field(default_factory=dict)
    pair_weight: float | None = None
    pair_weight_expected: float | None = None
    pair_weight_rounding: float = 0.0
    guaranteed: int = 0
    bar: np.ndarray | None = None
    places: np.ndarray | None = None

    @property
    def n_entities(self) -> int:
        """Rows: entities, or places of entities."""
        return self.indices.shape[0]

    @property
    def n_neighbors(self) -> int:
        return self.indices.shape[1]

    def check(self) -> list[Check]:
        checks = list_checks(self.indices, self.similarity)
        if self.pair_weight is not None and self.pair_weight_expected is not None:
            error = abs(self.pair_weight - self.pair_weight_expected)
            checks.append(
                Check(
                    "sum of pair weights equals the independent count",
                    error <= 1e-9 * self.pair_weight_expected + self.pair_weight_rounding,
                    f"{self.pair_weight:,.6g} counted, {self.pair_weight_expected:,.6g} expected",
                )
            )
        return checks


def list_checks(indices: np.ndarray, similarity: np.ndarray, filled: np.ndarray | None = None) -> list[Check]:
    """What holds for any neighbour lists (n, k). filled: entries after the others, with scores of their own."""
    n, k = indices.shape
    listed = indices >= 0
    ordered = np.sort(np.where(listed, indices, -1 - np.arange(k)), axis=1)
    compared = listed[:, 1:] if filled is None else listed[:, 1:] & (filled[:, 1:] == filled[:, :-1])
    added = "" if filled is None else f", {int(filled.sum()):,} filled from two steps away"
    return [
        Check("no entity is its own neighbour", not bool((indices == np.arange(n)[:, None]).any()), ""),
        Check("no neighbour is listed twice", bool((np.diff(ordered, axis=1) > 0).all()), ""),
        Check(
            "missing neighbours come last",
            bool((listed[:, :-1] >= listed[:, 1:]).all()),
            f"{int((~listed).sum()):,} missing{added}",
        ),
        Check("similarity falls along each row", bool((np.diff(similarity, axis=1)[compared] <= 0).all()), ""),
        Check("similarity is finite", bool(np.isfinite(similarity).all()), ""),
    ]


class CollectionRows(Collections, Protocol):
    """What is needed of ``entity_index.CollectionIndex``."""

    @property
    def ids(self) -> pl.DataFrame: ...


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


def from_collections(
    index: CollectionRows,
    *,
    n_neighbors: int,
    similarity: str = "jaccard",
    shrinkage: float = 0.0,
    weights: PairWeights | None = None,
    memory: int | None = None,
    progress: Progress = no_progress,
) -> Neighbours:
    """The n_neighbors most similar entities of each entity by the company they keep, by one of ``SIMILARITIES``.

    Pairs are counted row by row and the best of a row are taken while it is hot; their matrix is never stored.
    ``weights``: what a collection adds to a pair (all 1 without). Jaccard is the default because its maps kept most of
    the held-out pairs: recall of t-SNE maps by jaccard, cosine and npmi was 0.152, 0.142, 0.142 (mtg-decks), 0.191,
    0.173, 0.127 (crates-dependencies), 0.211, 0.189, 0.203 (github-trending), 0.035, 0.033, 0.033 (steam-200k), 0.492,
    0.498, 0.493 (acl-authors).
    ``shrinkage``: every similarity but count is multiplied by c / (c + shrinkage), c being the shared weight, against
    coincidences of rare entities; where these were filtered out, 0 measured best. Pairs at or below chance
    (npmi <= 0) are no neighbours. Ties go to the smaller id.
    Cost: half of sum s^2 additions over collections of size s. Memory: about 12 bytes per membership, 16 n_neighbors
    per entity, and panels that fit into ``memory`` bytes (default ``PANEL_BYTES``). The result does not depend on
    ``memory``, on the number of threads, or on the order of rows and collections.
    Raises DataError unless there are more entities than n_neighbors.
    """
    from atlas_assets.kernels import incidence, nearest_pairs

    _require_enough(index.n_entities, n_neighbors)
    progress(0.0, f"arranging {index.entities.size:,} memberships")
    counting = prepare(index, weights)
    order = incidence.by_popularity(counting.counts)
    visits = incidence.prefixes(
        counting.indptr, counting.entities, order, counting.counts, weighted=counting.weighting is not None
    )
    weighting = counting.weighting
    if weighting is not None:  # in the order of the visits, in which they are read one after another
        weighting, visits = weighting.in_order(visits.source), visits._replace(source=visits.source[:0])
    lists = nearest_pairs.empty_lists(counting.n_entities, n_neighbors)
    rows = np.arange(counting.n_entities)
    tally = nearest_pairs.fill(
        lists,
        rows,
        rows,
        visits,
        prefix=True,
        weighting=weighting,
        scoring=scoring(counting, similarity, shrinkage, id_ranks(index.ids["id"]), order),
        offer_slots=panel_slots(memory),
        progress=lambda share: progress(0.1 + 0.85 * share, f"{similarity} of {counting.entities.size:,} memberships"),
    )
    place = np.empty(counting.n_entities, np.int64)  # back from popularity to rows
    place[order] = rows
    names = lists.names[place]
    listed = names != nearest_pairs.NONE
    return Neighbours(
        indices=np.where(listed, order[np.where(listed, names, 0)], -1).astype(np.int32),
        similarity=lists.scores[place],
        shared=lists.shared[place],
        method=similarity,
        pair_weight=2.0 * float(tally.sum()) * counting.unit,
        pair_weight_expected=pair_weights.expected_total(index, counting.weights),
        pair_weight_rounding=counting.rounding,
        guaranteed=n_neighbors,
        bar=lists.scores[place, -1],  # 0 unless the list is full
    )


def scoring(
    counting: Counting, similarity: str, shrinkage: float, ranks: np.ndarray, order: np.ndarray | None = None
) -> nearest_pairs.Scoring:
    """How kernels judge pairs of rows that are named by their place in ``order`` (by their own number without)."""
    from atlas_assets.kernels import nearest_pairs
    from atlas_assets.kernels.similarities import CODES, OTHER, compiled

    order = np.arange(counting.n_entities) if order is None else order
    return nearest_pairs.Scoring(
        CODES.get(similarity, OTHER),
        0 if similarity in CODES else compiled(SIMILARITIES[similarity].formula),
        counting.occurrences[order],
        float(counting.total),
        float(shrinkage),
        counting.unit,
        ranks[order],
    )


def panel_slots(memory: int | None) -> int:
    """Offers that a panel may hold within ``memory`` bytes."""
    from atlas_assets.kernels.nearest_pairs import BYTES_PER_OFFER

    return max(min(memory or PANEL_BYTES, PANEL_BYTES) // BYTES_PER_OFFER, 1)


def id_ranks(ids: pl.Series) -> np.ndarray:
    """(n,) int64: the place of each row's id among all ids, by which ties are broken whatever the order of rows."""
    ranks = np.empty(len(ids), np.int64)
    ranks[ids.arg_sort().to_numpy()] = np.arange(len(ids))
    return ranks


def from_edges(
    index: Edges, *, n_neighbors: int, similarity: EdgeSimilarity = "auto", progress: Progress = no_progress
) -> Neighbours:
    """The n_neighbors best linked entities of each entity of a network.

    Edges are taken as undirected, repeated ones are added up, self loops are set aside (counted in ``notes``).
    ``weight``: linked entities by edge weight. ``cosine``, ``jaccard``: linked entities by how much of their
    neighbourhoods they share, each counting as its own neighbour with its strongest edge. ``auto``: cosine. Ties go to
    the lower row. Raises DataError unless there are more entities than n_neighbors.
    """
    from atlas_assets.kernels.top_k import top_k
    from atlas_assets.stages.relation.edge_similarity import adjacency, shared_neighbourhoods

    _require_enough(index.n_entities, n_neighbors)
    matrix, notes = adjacency(index.source, index.target, index.weight, n_entities=index.n_entities)
    progress(0.1, f"comparing the ends of {matrix.nnz // 2:,} edges")
    method = "cosine" if similarity == "auto" else similarity
    scores = matrix.data.astype(np.float64) if method == "weight" else shared_neighbourhoods(matrix, measure=method)
    listed, values = top_k(matrix.indptr.astype(np.int64), matrix.indices, scores, k=n_neighbors)
    return Neighbours(listed, values, None, method, dict(notes), guaranteed=n_neighbors)


def from_vectors(
    index: Vectors, *, n_neighbors: int, metric: Metric | None = None, progress: Progress = no_progress
) -> Neighbours:
    """The n_neighbors nearest vectors of each vector; exact up to ``vector_neighbours.EXACT_LIMIT`` rows.

    metric: None takes what ``guess_metric`` makes of the vectors. Similarity is the cosine; or 1 / (1 + d / m) of the
    Euclidean distance d, m being the median distance of the last neighbour; or, for ``dot``, the inner product over
    the largest, and those at or below 0 are no neighbours. Entities of the same vector are one row (see ``copies``).
    Raises DataError for vectors that are not finite and unless there are more vectors than n_neighbors. All-zero
    vectors have no direction: under ``cosine`` they have no neighbours.
    """
    from atlas_assets.stages.relation.vector_neighbours import nearest, require_finite

    vectors = np.asarray(index.vectors).view(np.ndarray)
    _require_enough(len(vectors), n_neighbors)
    require_finite(vectors)
    notes: dict[str, Any] = {}
    if metric is None:
        metric, notes["metric_because"] = guess_metric(vectors)
    progress(0.0, f"looking for copies among {len(vectors):,} vectors")
    places = copies.places_of(vectors, metric)
    if places is not None:
        vectors = vectors[copies.first_of(places)]
        names = ("entities_that_share_a_vector", "vectors_they_share", "most_of_one_vector")
        notes |= dict(zip(names, copies.sizes_of(places), strict=True))
    listed, values = nearest(vectors, k=n_neighbors, metric=metric, progress=progress)
    return Neighbours(listed, values, None, metric, notes, guaranteed=n_neighbors, places=places)


def _require_enough(n_entities: int, n_neighbors: int) -> None:
    if n_entities <= n_neighbors:
        raise DataError(
            file="entity_index",
            where="number of entities",
            found=n_entities,
            expected=f"more than n_neighbors, which is {n_neighbors}",
            remedy="Lower sweep.n_neighbors, or filter less strictly so that more entities remain.",
        )
