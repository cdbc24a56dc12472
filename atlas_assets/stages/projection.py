"""What is seen: positions in two or three dimensions, from the embedding or straight from the neighbour graph.

Every method starts from the same positions, and every result is aligned to the sweep's reference or brought into a
canonical position, so that maps can be compared and a refreshed one stays recognisable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from atlas_assets import methods
from atlas_assets.errors import AtlasError
from atlas_assets.stages import layouts, neighbour_lists
from atlas_assets.stages.alignment import align, canonical
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.knn_graph import KnnGraph
from atlas_assets.stages.placement import place_isolated
from atlas_assets.stages.spectral import spectral_positions

# Of k listed neighbours: more perplexity weighs them ever more alike (recall on mtg-decks, k = 15: 0.142 with 10, 0.137
# with 15, where all weigh the same).
MOST_PERPLEXITY = 2 / 3
PERPLEXITY_NEIGHBOURS = 3  # neighbours per unit of perplexity: farther ones weigh next to nothing


@dataclass(frozen=True)
class Projection(Artifact):
    """positions (n, dims) float32, dims 2 or 3; the method and the parameters it ran with."""

    positions: np.ndarray
    method: str
    params: dict[str, Any]

    def check(self) -> list[Check]:
        finite = np.isfinite(self.positions).all(axis=1)
        distinct = len(np.unique(self.positions, axis=0))
        return [
            Check("all positions are finite", bool(finite.all()), f"{int((~finite).sum())} of {finite.size} are not"),
            Check("positions are spread", distinct > 1 or finite.size == 1, f"{distinct:,} distinct positions"),
        ]


def project(
    method: str, *, graph: KnnGraph, embedding: Any | None = None, source: Literal["embedding", "graph"] = "embedding",
    dims: int = 2, params: dict[str, Any] | None = None, seed: int = 0, reference: np.ndarray | None = None,
    progress: Progress = no_progress,
) -> Projection:  # fmt: skip
    """Lay out the embedding (``source="embedding"``) or the graph's own lists in ``dims`` dimensions.

    params: the method's parameters (``methods.METHODS``); missing ones take their defaults, and unknown or impossible
    ones raise methods.ParameterError. From the graph there are only as many neighbours as it lists: umap's n_neighbors
    is cut to that, and t-SNE's perplexity to two thirds of it; ``params`` of the result holds what was used.
    reference: positions (n, dims) to align to, nan for entities it lacks; without it the canonical position. Entities
    without neighbours take no part and stand around the rest. Reproducible; inputs are not modified.
    """
    checked = methods.check(method, params or {}, source=source, dims=dims)
    values = {name: options[0] for name, options in checked.items()}
    if source == "embedding" and embedding is None:
        raise AtlasError(f"{method} from the embedding needs an embedding, and none was given.")
    isolated = graph.isolated
    connected = np.flatnonzero(~isolated)
    positions = np.zeros((graph.n_entities, dims), np.float32)
    if connected.size > dims:
        embedded = None if embedding is None else np.asarray(embedding.positions)[connected]
        laid_out = _lay_out(method, values, graph, connected, embedded, source, dims, seed, progress)
        positions[connected] = canonical(laid_out)
    elif connected.size:
        positions[connected, 0] = np.arange(connected.size)
    positions = place_isolated(positions, isolated)
    positions = canonical(positions) if reference is None else align(positions, reference)
    return Projection(positions=positions, method=method, params=values)


def _lay_out(
    method: str, values: dict[str, Any], graph: KnnGraph, connected: np.ndarray, embedded: np.ndarray | None,
    source: str, dims: int, seed: int, progress: Progress,
) -> np.ndarray:  # fmt: skip
    """Positions of the connected entities; ``values`` is updated to what was used."""
    if method in ("pca", "mde"):
        assert embedded is not None  # methods.check: these lay out embeddings only
        return _leading_axes(embedded, dims)  # canonical() turns it; mde of the right dimension keeps its shape
    local = np.full(graph.n_entities, -1, np.int32)
    local[connected] = np.arange(connected.size)
    if source == "graph":
        lists = neighbour_lists.from_graph(graph)
        lists = neighbour_lists.NeighbourLists(
            np.where(lists.indices >= 0, local[lists.indices], -1)[connected], lists.distances[connected]
        )
        start = spectral_positions(
            local[graph.edges], graph.edge_weights, n_entities=connected.size, n_dims=dims, seed=seed
        )
    else:
        assert embedded is not None
        wanted = values["n_neighbors"] if method == "umap" else round(PERPLEXITY_NEIGHBOURS * values["perplexity"])
        lists = neighbour_lists.from_positions(embedded, wanted)
        start = _leading_axes(embedded, dims)
    if method == "umap":
        values["n_neighbors"] = min(values["n_neighbors"], lists.indices.shape[1])
        return layouts.umap(lists, start, seed=seed, progress=progress, **values)
    values["perplexity"] = min(values["perplexity"], MOST_PERPLEXITY * lists.indices.shape[1])
    return layouts.tsne(lists, start, seed=seed, progress=progress, **values)


def _leading_axes(points: np.ndarray, dims: int) -> np.ndarray:
    """The first ``dims`` principal axes, (n, dims); zero-padded when the points have fewer."""
    turned = canonical(points)[:, :dims]
    return np.pad(turned, ((0, 0), (0, dims - turned.shape[1])))
