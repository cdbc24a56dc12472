"""A map that stays as it is while the data grows: what is there keeps its place to the bit, what is new finds one."""

from __future__ import annotations

from typing import Any

import numpy as np

from atlas_assets import methods
from atlas_assets.stages.geometry.beside import NEAREST, place_all
from atlas_assets.stages.geometry.isolated_entities import place_isolated
from atlas_assets.stages.projection.projection import Projection
from atlas_assets.stages.relation.knn_graph import KnnGraph

DUE = 0.1  # of the entities placed so, or of the neighbours changed: the map was laid out for other data


def hold(
    method: str, *, graph: KnnGraph, start: np.ndarray, params: dict[str, Any], before: Projection, changed: float
) -> Projection:
    """The map ``before`` with what is new beside its neighbours in ``graph``.

    start: positions (n, dims) of its rows that the map has, nan for new ones. changed: which share of the neighbours
    was not known to it. Newcomers that nothing leads to stand around the rest, as whatever has no neighbours does.
    """
    known = np.isfinite(start).all(axis=1)
    indices, similarity = np.asarray(graph.indices)[:, :NEAREST], np.asarray(graph.similarity)[:, :NEAREST]
    positions = place_all(np.asarray(start, np.float32), indices, similarity)
    adrift = np.array(~np.isfinite(positions).all(axis=1), bool)
    if adrift.any():
        positions = place_isolated(np.where(adrift[:, None], np.float32(0), positions), adrift)
    positions[known] = start[known]
    facts = methods.METHODS[method]
    return Projection(
        positions=positions,
        method=method,
        params=facts.written(params),
        placed=(before.placed or 0) + int((~known).sum()),
        drift=min(1.0, (before.drift or 0.0) + changed),
    )


def is_due(projection: Projection) -> bool:
    """Whether so much was placed or has changed that the map should be laid out anew."""
    n = len(projection.positions)
    return (projection.placed or 0) > DUE * n or (projection.drift or 0.0) > DUE
