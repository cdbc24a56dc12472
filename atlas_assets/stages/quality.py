"""How good a map is, in figures: against the graph, the embedding, chance, and collections it never saw.

Each measure is a pure function of arrays with its reference; ``measure`` gathers them. Above ``SAMPLE`` entities they
are taken over a seeded sample, which at 20,000 leaves a standard error below 0.004.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from atlas_assets.stages import neighbour_lists
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.knn_graph import KnnGraph

NEIGHBOURS = 15  # on the map: about what the eye takes for "next to it"
SAMPLE = 20_000
RANKED_ROWS = 200  # rows ranked against all others; each costs one shortest-path tree
HELD_OUT_PAIRS = 2_000_000


@dataclass(frozen=True)
class Quality(Artifact):
    """metrics: name -> value, None where it does not apply; distortion (n,) float32, 0 faithful to 1 torn."""

    metrics: dict[str, float | None]
    distortion: np.ndarray

    def check(self) -> list[Check]:
        values = [value for value in self.metrics.values() if value is not None]
        inside = bool(((self.distortion >= 0) & (self.distortion <= 1)).all())
        return [
            Check("all figures are finite", bool(np.isfinite(values).all()), ""),
            Check("distortion lies between 0 and 1", inside, ""),
        ]


def measure(
    positions: np.ndarray, *, graph: KnnGraph, embedding: Any | None = None,
    holdout: tuple[np.ndarray, np.ndarray] | None = None, seed: int = 0, progress: Progress = no_progress,
) -> Quality:  # fmt: skip
    """Every measure of one map, positions (n, 2 or 3); holdout: (indptr, entities) of collections it never saw.

    held_out_recall, held_out_lift: see :func:`held_out_recall`. neighbour_recall, embedding_recall: see
    :func:`recall`. trustworthiness, continuity, triplet_accuracy: against shortest paths along the graph, over
    ``RANKED_ROWS`` seeded rows. edge_length_median, edge_length_p95: of the graph's edges, in units of the root mean
    square distance from the centre. isolated: entities without any neighbour, left out of all but this.
    """
    generator = np.random.default_rng(seed)
    positions = np.asarray(positions, np.float64)
    n = len(positions)
    near = neighbour_lists.from_positions(positions, NEIGHBOURS).indices
    isolated = graph.isolated
    connected = np.flatnonzero(~isolated)
    metrics: dict[str, float | None] = dict.fromkeys(
        (
            "held_out_recall", "held_out_lift", "neighbour_recall", "embedding_recall", "trustworthiness", "continuity",
            "triplet_accuracy", "edge_length_median", "edge_length_p95",
        )
    )  # fmt: skip
    metrics["isolated"] = float(isolated.sum())
    if connected.size <= NEIGHBOURS + 1:
        return Quality(metrics=metrics, distortion=isolated.astype(np.float32))
    progress(0.1, "neighbours")
    sample = np.sort(generator.permutation(connected)[:SAMPLE])
    metrics["neighbour_recall"] = recall(graph.indices[sample, :NEIGHBOURS], near[sample])
    if embedding is not None:
        embedded = neighbour_lists.from_positions(np.asarray(embedding.positions, np.float64), NEIGHBOURS).indices
        metrics["embedding_recall"] = recall(embedded[sample], near[sample])
    if holdout is not None and len(holdout[1]):
        progress(0.3, "held-out collections")
        found = held_out_recall(near, holdout[0], holdout[1], generator=generator)
        if found is not None:
            metrics["held_out_recall"], metrics["held_out_lift"] = found, found / (near.shape[1] / (n - 1))
    progress(0.5, "shape")
    rows = np.sort(generator.permutation(connected)[:RANKED_ROWS])
    reference = graph_distances(graph, rows)[:, connected]
    on_map = np.sqrt(((positions[rows, None] - positions[None, connected]) ** 2).sum(axis=2))
    own = np.searchsorted(connected, rows)
    metrics["trustworthiness"] = trustworthiness(reference, on_map, own=own, k=NEIGHBOURS)
    metrics["continuity"] = trustworthiness(on_map, reference, own=own, k=NEIGHBOURS)
    metrics["triplet_accuracy"] = triplet_accuracy(reference, on_map, own=own, generator=generator)
    centred = positions[connected] - positions[connected].mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=1).mean()) or 1.0
    lengths = np.linalg.norm(positions[graph.edges[:, 0]] - positions[graph.edges[:, 1]], axis=1) / scale
    metrics["edge_length_median"], metrics["edge_length_p95"] = (float(v) for v in np.quantile(lengths, [0.5, 0.95]))
    progress(0.9, "distortion")
    return Quality(metrics=metrics, distortion=distortion(positions, graph))


def recall(wanted: np.ndarray, found: np.ndarray) -> float | None:
    """Mean share of the listed neighbours that are also in the other list; rows (n, k) of indices, -1 = none.

    1 when every list is contained in the other. Rows that list nothing do not count; None when none does.
    """
    listed = (wanted >= 0).sum(axis=1)
    hits = ((wanted[:, :, None] == found[:, None, :]) & (wanted[:, :, None] >= 0)).any(axis=2).sum(axis=1)
    return float(np.mean(hits[listed > 0] / listed[listed > 0])) if (listed > 0).any() else None


def held_out_recall(
    near: np.ndarray, indptr: np.ndarray, entities: np.ndarray, *, generator: np.random.Generator
) -> float | None:
    """Share of the ordered pairs inside the held-out collections whose second lies among the first's neighbours.

    near (n, k): neighbours on the map. Chance is k / (n - 1). Every pair of every collection counts once, so the
    figure is what a member of such a collection sees around a random one of its entities; above ``HELD_OUT_PAIRS``
    pairs, a seeded sample. None when no collection holds two entities.
    """
    sizes = np.diff(indptr).astype(np.int64)
    pairs = sizes * (sizes - 1)
    total = int(pairs.sum())
    if total == 0:
        return None
    ends = np.cumsum(pairs)
    chosen = np.arange(total) if total <= HELD_OUT_PAIRS else generator.integers(0, total, HELD_OUT_PAIRS)
    collection = np.searchsorted(ends, chosen, side="right")
    within = chosen - (ends[collection] - pairs[collection])
    size = sizes[collection]
    first, second = within // (size - 1), within % (size - 1)
    second += second >= first  # skips the entity itself
    a, b = entities[indptr[collection] + first], entities[indptr[collection] + second]
    return float((near[a] == b[:, None]).any(axis=1).mean())


def graph_distances(graph: KnnGraph, rows: np.ndarray) -> np.ndarray:
    """Lengths of the shortest paths from ``rows`` to all entities, (len(rows), n) float64; inf where there is none.

    A step costs the distance of ``neighbour_lists.from_graph``, at least 1e-6 so that it is not taken for no edge.
    """
    lists = neighbour_lists.from_graph(graph)
    n, k = lists.indices.shape
    listed = lists.indices >= 0
    sources = np.repeat(np.arange(n), k)[listed.ravel()]
    matrix = csr_array((np.maximum(lists.distances[listed], 1e-6), (sources, lists.indices[listed])), shape=(n, n))
    return dijkstra(matrix, directed=False, indices=rows)


def trustworthiness(reference: np.ndarray, on_map: np.ndarray, *, own: np.ndarray, k: int) -> float | None:
    """1 minus the penalised share of the map's k nearest that the reference ranks beyond k (Venna & Kaski 2001).

    reference, on_map (m, n): distances from m rows to all n entities; own (m,): which of the n each row is. Exactly 1
    when the k nearest agree; swapped arguments give continuity. Ties in the reference count as the best rank that
    they allow. None when n is too small for the formula.
    """
    m, n = reference.shape
    if n <= 2 * k:
        return None
    rows = np.arange(m)
    reference, on_map = reference.copy(), on_map.copy()
    reference[rows, own], on_map[rows, own] = np.inf, np.inf
    nearest = np.argsort(on_map, axis=1, kind="stable")[:, :k]
    ordered = np.sort(reference, axis=1)
    penalty = 0.0
    for row in range(m):
        ranks = np.searchsorted(ordered[row], reference[row, nearest[row]], side="left") + 1
        penalty += float(np.maximum(ranks - k, 0).sum())
    return 1.0 - penalty * 2.0 / (m * k * (2 * n - 3 * k - 1))


def triplet_accuracy(
    reference: np.ndarray, on_map: np.ndarray, *, own: np.ndarray, generator: np.random.Generator, per_row: int = 500
) -> float | None:
    """Share of random triplets (row, a, b) in which map and reference agree on which of a and b is closer.

    0.5 for a random map, 1 for one that keeps every order (Wang et al. 2021, PaCMAP, call it that). Triplets on which
    the reference is undecided or that have no path do not count; None when none is left.
    """
    m, n = reference.shape
    a, b = generator.integers(0, n, (2, m, per_row))
    rows = np.arange(m)[:, None]
    reference_difference = np.where(np.isfinite(reference), reference, np.nan)
    reference_difference = reference_difference[rows, a] - reference_difference[rows, b]
    map_difference = on_map[rows, a] - on_map[rows, b]
    counted = (a != own[:, None]) & (b != own[:, None])
    counted &= np.isfinite(reference_difference) & (reference_difference != 0)
    if not counted.any():
        return None
    return float((np.sign(reference_difference) == np.sign(map_difference))[counted].mean())


def distortion(positions: np.ndarray, graph: KnnGraph) -> np.ndarray:
    """Per entity, how far its neighbours in the graph are from being its nearest on the map; (n,) float32 in 0..1.

    The mean over its listed neighbours of 1 - w. Let r be the distance of an entity's own k-th nearest on the map
    (k = length of its list) and d that of the neighbour: w is 1 where d <= r, else the geometric mean of r and the
    neighbour's r, over d, at most 1. So a neighbour just outside costs little and one across the map nearly 1, and an
    entity flung far out is not excused by having everything far away. Entities without neighbours have 1.
    """
    n, k = graph.indices.shape
    listed = graph.indices >= 0
    count = listed.sum(axis=1)
    near = neighbour_lists.from_positions(np.asarray(positions, np.float64), k)
    reach = near.distances[np.arange(n), np.clip(count, 1, near.distances.shape[1]) - 1]
    kept = np.zeros((n, k))
    for slot in range(k):  # one column at a time: (n, k, d) at once would take gigabytes at a million
        away = np.linalg.norm(positions[graph.indices[:, slot]] - positions, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            partly = np.sqrt(reach * reach[graph.indices[:, slot]]) / away
        kept[:, slot] = np.where(away <= reach, 1.0, np.minimum(partly, 1.0))
    share = np.where(listed, kept, 0).sum(axis=1) / np.maximum(count, 1)
    return np.clip(1.0 - share, 0, 1).astype(np.float32)
