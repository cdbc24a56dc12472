"""What the points of a sweep have in common, kept in the process that makes them: layout inputs and yardsticks.

Keyed by the folders of stored versions, whose content never changes, so that nothing here can be out of date.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from atlas_assets import methods
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.stages.artifact import Artifact
from atlas_assets.stages.index.entity_index import CollectionIndex
from atlas_assets.stages.projection.layout_inputs import LayoutInputs
from atlas_assets.stages.quality.reference import Yardstick
from atlas_assets.stages.relation.knn_graph import KnnGraph

KEPT = 2  # of each: points are made embedding by embedding, and an atlas may be large


@dataclass(frozen=True)
class Positions(Artifact):
    """Of an embedding no more than its positions (n, d): reading the rest would import torch."""

    positions: np.ndarray


def layout_inputs(run: StageRun) -> LayoutInputs:
    """Neighbours, weights and starts for the projection ``run.key``, shared by all of its graph and embedding."""
    graph, embedding = _made_from(run)
    point = run.sweep.projections[run.key or ""]
    alike = (p for p in run.sweep.projections.values() if (p.graph, p.embedding) == (point.graph, point.embedding))
    most = max(methods.neighbors_wanted(p.method, dict(p.parameters)) for p in alike)
    return _layout_inputs(graph, embedding, most, run.spec.seed, run.device)


def yardstick(run: StageRun) -> Yardstick:
    """What the projection ``run.key`` is measured against, shared with all of its graph."""
    graph, embedding = _made_from(run)
    index = run.folder("entity_index") if run.spec.related.company else None
    return _embedded_yardstick(graph, embedding, index, run.spec.seed)


def _made_from(run: StageRun) -> tuple[Path, Path | None]:
    point = run.sweep.projections[run.key or ""]
    embedding = run.folder("embedding", point.embedding.key) if point.embedding else None
    return run.folder("knn_graph", point.graph.key), embedding


@lru_cache(maxsize=KEPT)
def _layout_inputs(
    graph: Path, embedding: Path | None, most_neighbors: int, seed: int, device: Literal["auto", "cpu", "cuda"]
) -> LayoutInputs:
    embedded = Positions.load(embedding) if embedding else None
    return LayoutInputs(KnnGraph.load(graph), embedded, most_neighbors=most_neighbors, seed=seed, device=device)


@lru_cache(maxsize=KEPT)
def _embedded_yardstick(graph: Path, embedding: Path | None, index: Path | None, seed: int) -> Yardstick:
    return _yardstick(graph, index, seed).with_embedding(Positions.load(embedding) if embedding else None)


@lru_cache(maxsize=KEPT)
def _yardstick(graph: Path, index: Path | None, seed: int) -> Yardstick:
    holdout = None
    if index is not None:
        held = CollectionIndex.load(index)
        if held.holdout_indptr is not None and held.holdout_entities is not None:
            holdout = (held.holdout_indptr, held.holdout_entities)
    return Yardstick(KnnGraph.load(graph), holdout=holdout, seed=seed)
