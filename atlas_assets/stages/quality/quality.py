"""How good a map is, in figures: against the graph, the embedding, chance, and collections it never saw.

Each measure is a pure function of arrays with its formula and reference; ``measure`` gathers them. What would take too
long for all entities is taken over a sample (see ``yardstick``), with its standard error beside the figure.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from atlas_assets.kernels.held_out import near_pairs
from atlas_assets.kernels.kept_neighbours import common_entries, edge_lengths, share_kept
from atlas_assets.kernels.ranks import excess_ranks
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.geometry import neighbour_lists
from atlas_assets.stages.geometry.neighbour_lists import NeighbourLists
from atlas_assets.stages.quality.reference import NEIGHBOURS, Triplets, Yardstick
from atlas_assets.stages.quality.sampling_error import Estimate, grouped, share
from atlas_assets.stages.relation.knn_graph import KnnGraph

METRICS = (
    "held_out_recall",
    "held_out_lift",
    "neighbour_recall",
    "embedding_recall",
    "trustworthiness",
    "continuity",
    "triplet_accuracy",
    "edge_length_median",
    "edge_length_p95",
    "isolated",
    "copies",
    "parts",
    "other_parts",
)
ROW_MEASURES = ("trustworthiness", "continuity", "triplet_accuracy")


@dataclass(frozen=True)
class Quality(Artifact):
    """The figures of one map.

    metrics: name -> value, None where it does not apply. errors: name -> standard error of the figures that are taken
    from a sample; None for those that are exact, or where one cluster is all there is. It says how far the figure may
    be from that of all entities (of all collections that could have been held out, for the held-out figures), not how
    far another seed of the layout would move it. distortion (n,) float32: 0 faithful to 1 torn.
    row_parts (m, 3), collection_parts (g,) float32: how much each sampled row moves each of ``ROW_MEASURES``, and each
    group of collections the held-out recall (``sampling_error``); samples: the names of both samples. See ``parts``.
    """

    metrics: dict[str, float | None]
    distortion: np.ndarray
    errors: dict[str, float | None] = field(default_factory=dict)
    row_parts: np.ndarray | None = None
    collection_parts: np.ndarray | None = None
    samples: dict[str, str] = field(default_factory=dict)

    def parts(self, name: str) -> tuple[str, np.ndarray] | None:
        """The sample that a figure was taken from and what each part of it does to the figure; None if it is exact.

        Two maps on a sample of one name are compared part by part (``sampling_error``).
        """
        if name == "held_out_recall" and self.collection_parts is not None:
            return self.samples["collections"], self.collection_parts
        if name in ROW_MEASURES and self.row_parts is not None:
            return self.samples["rows"], self.row_parts[:, ROW_MEASURES.index(name)]
        return None

    def of_entities(self, places: np.ndarray) -> Quality:
        """Of all entities, from what was measured of their places, once each; places (n,): see ``relation.copies``."""
        n_copies = float(places.size - self.distortion.size)
        return replace(
            self, distortion=np.asarray(self.distortion)[places], metrics=self.metrics | {"copies": n_copies}
        )

    def check(self) -> list[Check]:
        values = [value for value in (*self.metrics.values(), *self.errors.values()) if value is not None]
        inside = bool(((self.distortion >= 0) & (self.distortion <= 1)).all())
        return [
            Check("all figures are finite", bool(np.isfinite(values).all()), ""),
            Check("distortion lies between 0 and 1", inside, ""),
        ]


def measure(positions: np.ndarray, yardstick: Yardstick, *, progress: Progress = no_progress) -> Quality:
    """Every measure of one map, positions (n, 2 or 3), against ``yardstick``.

    held_out_recall, held_out_lift: see :func:`held_out_recall`. neighbour_recall, embedding_recall: see
    :func:`recall`, over all connected entities. trustworthiness, continuity, triplet_accuracy: against shortest paths
    along the graph, over the yardstick's rows. parts, other_parts: see :func:`other_parts`; None where the graph is in
    one piece. edge_length_median, edge_length_p95: of the graph's edges, in units of
    the root mean square distance from the centre. isolated: entities without any neighbour, left out of all but this.
    """
    positions = np.asarray(positions, np.float64)
    graph, connected = yardstick.graph, yardstick.connected
    metrics: dict[str, float | None] = dict.fromkeys(METRICS)
    metrics["isolated"] = float(yardstick.isolated.sum())
    if connected.size <= NEIGHBOURS + 1:
        errors: dict[str, float | None] = dict.fromkeys(METRICS)
        return Quality(metrics=metrics, errors=errors, distortion=yardstick.isolated.astype(np.float32))
    progress(0.0, "neighbours")
    near = neighbour_lists.from_positions(positions, max(NEIGHBOURS, graph.n_neighbors))
    nearest = near.indices[:, :NEIGHBOURS]
    metrics["neighbour_recall"] = recall(graph.indices[connected, :NEIGHBOURS], nearest[connected])
    if yardstick.embedded is not None:
        metrics["embedding_recall"] = recall(yardstick.embedded[connected], nearest[connected])
    found: dict[str, Estimate | None] = {}
    if yardstick.holdout is not None:
        progress(0.2, "held-out collections")
        found["held_out_recall"] = held_out_recall(nearest, *yardstick.holdout)
    if yardstick.n_parts > 1:
        metrics["parts"] = float(yardstick.n_parts)
        metrics["other_parts"] = other_parts(nearest, yardstick.parts)
    progress(0.3, "shortest paths")
    points, rows, reference = positions[connected], yardstick.rows, yardstick.reference
    progress(0.7, "shape")
    found["trustworthiness"] = trustworthiness(reference, points, own=rows, k=NEIGHBOURS)
    found["continuity"] = continuity(reference, points, own=rows, k=NEIGHBOURS)
    found["triplet_accuracy"] = triplet_accuracy(points, yardstick.triplets)
    estimates = {name: estimate for name, estimate in found.items() if estimate is not None}
    metrics |= {name: estimate.value for name, estimate in estimates.items()}
    errors = dict.fromkeys(METRICS) | {name: estimate.error for name, estimate in estimates.items()}
    held_out = estimates.get("held_out_recall")
    if held_out is not None:
        chance = nearest.shape[1] / (len(positions) - 1)
        metrics["held_out_lift"] = held_out.value / chance
        errors["held_out_lift"] = None if held_out.error is None else held_out.error / chance
    metrics["edge_length_median"], metrics["edge_length_p95"] = edge_length_quantiles(positions, graph)
    progress(0.9, "distortion")
    parts = [estimates[name].parts if name in estimates else np.zeros(rows.size) for name in ROW_MEASURES]
    return Quality(
        metrics=metrics,
        errors=errors,
        distortion=distortion(positions, graph, near=near),
        row_parts=np.stack(parts, axis=1).astype(np.float32),
        collection_parts=None if held_out is None else grouped(held_out.parts, seed=yardstick.seed).astype(np.float32),
        samples={"rows": yardstick.sample_of_rows, "collections": yardstick.sample_of_collections},
    )


def recall(wanted: np.ndarray, found: np.ndarray) -> float | None:
    """Mean share of the listed neighbours that are also in the other list; rows (n, k) of indices, -1 = none.

    1 when every list is contained in the other, k / (n - 1) by chance. Rows that list nothing do not count; None when
    none does. With lists of equal length it is one minus the mean relative error of Lee & Verleysen's Q_NX(k) (2009).
    """
    listed, hits = (wanted >= 0).sum(axis=1), common_entries(wanted, found)
    return float(np.mean(hits[listed > 0] / listed[listed > 0])) if (listed > 0).any() else None


def held_out_recall(near: np.ndarray, indptr: np.ndarray, entities: np.ndarray) -> Estimate | None:
    """Share of the ordered pairs inside the held-out collections whose second lies among the first's neighbours.

    near (n, k): neighbours on the map. Chance is k / (n - 1). Every pair of every collection counts once, so the
    figure is what a member of such a collection sees around a random one of its entities. All pairs are counted; the
    error is that of having held out these collections and no others, which are the clusters: the pairs of one are not
    independent. None when no collection holds two entities.
    """
    sizes = np.diff(indptr).astype(np.int64)
    return share(near_pairs(near, indptr, entities), sizes * (sizes - 1))


def trustworthiness(reference: np.ndarray, points: np.ndarray, *, own: np.ndarray, k: int) -> Estimate | None:
    """1 minus the penalised share of the map's k nearest that the reference ranks beyond k (Venna & Kaski 2001).

    ``1 - 2 / (m k (2n - 3k - 1)) * sum over rows i and j in the map's k nearest of i of max(0, rank(i, j) - k)``.
    reference (m, n): distances from m rows to all n entities, inf where there is no path; points (n, d): the map; own
    (m,): which of the n each row is. Exactly 1 when the k nearest agree, about 0.5 by chance. A row that reaches fewer
    than k others is judged on as many as it reaches. Ties in the reference take their mean rank; of the penalty, only
    what another map could avoid is counted, and a row whose others are all alike does not count. The error is that of
    the sample of rows, of n. None when n is too small for the formula, or no row counts.
    """
    return _preservation(reference, points, own, k, nearest="map")


def continuity(reference: np.ndarray, points: np.ndarray, *, own: np.ndarray, k: int) -> Estimate | None:
    """The same with the roles exchanged: how far away the map puts the k nearest of the reference (ibidem)."""
    return _preservation(reference, points, own, k, nearest="reference")


def _preservation(
    reference: np.ndarray, points: np.ndarray, own: np.ndarray, k: int, *, nearest: str
) -> Estimate | None:
    n = len(points)
    if n <= 2 * k:
        return None
    reached = np.minimum(np.isfinite(reference).sum(axis=1) - 1, k)
    excess, least = excess_ranks(reference, points, own, k=reached, nearest=nearest)
    avoidable = reached * (2 * n - 3 * reached - 1) / 2 - least
    counted = (reached > 0) & (avoidable > 0)
    kept = np.where(counted, 1 - (excess - least) / np.where(counted, avoidable, 1), 0)
    return share(kept, counted, population=n)


def other_parts(near: np.ndarray, parts: np.ndarray) -> float:
    """Mean share of an entity's nearest on the map that belong to another part of the graph.

    near (n, k): neighbours on the map; parts (n,): which part each entity is in, -1 for the isolated, who do not count
    themselves. Of an entity whose part holds fewer than k others, as many of its nearest as there are.
    """
    sizes = np.bincount(parts[parts >= 0])
    mine = np.flatnonzero(parts >= 0)
    taken = np.arange(near.shape[1]) < (sizes[parts[mine]] - 1)[:, None]
    strange = (parts[near[mine]] != parts[mine][:, None]) & taken
    return float((strange.sum(axis=1) / taken.sum(axis=1)).mean())


def triplet_accuracy(points: np.ndarray, triplets: Triplets) -> Estimate | None:
    """Share of random triplets (row, a, b) in which map and reference agree on which of a and b is closer.

    0.5 for a random map, 1 for one that keeps every order (Wang et al. 2021, PaCMAP, call it that). Triplets on which
    the reference is undecided or that have no path do not count; None when none is left. The error is that of the
    sample, rows being the clusters.
    """
    at = points[triplets.rows][:, None]
    away = [((points[ends] - at) ** 2).sum(axis=2) for ends in (triplets.first, triplets.second)]
    counted = triplets.closer != 0
    kept = counted & (np.sign(away[0] - away[1]) == triplets.closer)
    return share(kept.sum(axis=1), counted.sum(axis=1))


def edge_length_quantiles(positions: np.ndarray, graph: KnnGraph) -> tuple[float, float]:
    """Median and 95th percentile of the lengths of the graph's edges on the map.

    In units of the root mean square distance of the connected entities from their centre, so that maps of any scale
    can be compared: of random pairs, the root mean square is the square root of 2.
    """
    connected = positions[~graph.isolated]
    scale = np.sqrt(((connected - connected.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0
    median, p95 = np.quantile(edge_lengths(positions, graph.edges) / scale, [0.5, 0.95])
    return float(median), float(p95)


def distortion(positions: np.ndarray, graph: KnnGraph, *, near: NeighbourLists | None = None) -> np.ndarray:
    """Per entity, how far its neighbours in the graph are from being its nearest on the map; (n,) float32 in 0..1.

    The mean over its listed neighbours of 1 - w. Let r be the distance of an entity's own k-th nearest on the map
    (k = length of its list) and d that of the neighbour: w is 1 where d <= r, else the geometric mean of r and the
    neighbour's r, over d, at most 1. So a neighbour just outside costs little and one across the map nearly 1, and an
    entity flung far out is not excused by having everything far away. Entities without neighbours have 1.
    near: the nearest on the map, at least as many as the graph lists, where they are known already.
    """
    n, k = graph.indices.shape
    positions = np.asarray(positions, np.float64)
    count = (graph.indices >= 0).sum(axis=1)
    near = near or neighbour_lists.from_positions(positions, k)
    reach = near.distances[np.arange(n), np.clip(count, 1, near.distances.shape[1]) - 1]
    return np.clip(1.0 - share_kept(positions, graph.indices, reach), 0, 1).astype(np.float32)
