"""A map that is not laid out: coordinates that came with the data, as they are, neither turned nor scaled."""

from __future__ import annotations

import numpy as np

from atlas_assets.errors import DataError, Found
from atlas_assets.methods import own
from atlas_assets.stages.geometry.newcomers import place_newcomers
from atlas_assets.stages.projection.projection import Projection
from atlas_assets.stages.relation.copies import first_of
from atlas_assets.stages.relation.knn_graph import KnnGraph


def given(coordinates: np.ndarray, graph: KnnGraph, *, columns: list[str], seed: int) -> tuple[Projection, int]:
    """The map at coordinates (n, 2 or 3), nan where they are not known; and how many entities had none.

    Those stand beside their neighbours in the graph. Raises DataError where fewer than two entities have coordinates.
    """
    known = np.array(np.isfinite(coordinates).all(axis=1), bool)
    if np.count_nonzero(known) < 2:
        raise DataError(
            file="source.coordinates",
            where=", ".join(columns),
            found=Found(f"are known of {np.count_nonzero(known):,} of {len(known):,} entities"),
            expected="numbers, of most entities",
            remedy="Name other columns there, or delete it.",
        )
    positions = coordinates.astype(np.float32)
    if not known.all():
        positions = place_newcomers(positions, _edges(graph), seed=seed)
    return Projection(positions, own.METHOD.name, {}), int((~known).sum())


def _edges(graph: KnnGraph) -> np.ndarray:
    """Between entities, those that share a place being linked to its first."""
    if graph.places is None:
        return np.asarray(graph.edges)
    places = np.asarray(graph.places)
    first = first_of(places)
    others = np.setdiff1d(np.arange(places.size), first)
    within = np.stack([others, first[places[others]]], axis=1)
    return np.concatenate([first[np.asarray(graph.edges)], within])
