"""From the neighbour graph to the map: embeddings and projections, each following the version before it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from atlas_assets import methods
from atlas_assets.builders import layout_cache, predecessor
from atlas_assets.builders.tables import own_coordinates
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.reports import pages
from atlas_assets.spec.sweep import ProjectionPoint
from atlas_assets.stages.artifact import Outcome
from atlas_assets.stages.geometry.alignment import align
from atlas_assets.stages.relation.copies import spread_out


def make_embedding(run: StageRun, folder: Path) -> Outcome:
    """One embedding of the sweep. It starts where its predecessor ended, or is turned to lie like it."""
    from atlas_assets.stages.embedding import embedding as stage
    from atlas_assets.stages.relation.knn_graph import KnnGraph

    point = run.sweep.embeddings[run.key or ""]
    graph = run.folder("knn_graph", point.graph.key)
    options: dict[str, Any] = {k: v for k, v in run.spec.embedding.model_dump().items() if v is not None}
    before = predecessor.find(run, "embedding", graph=graph, dims=point.embedding_dim)
    anchored = options.get("constraint") == "anchored"
    if anchored and before is None:
        del options["constraint"]  # the first map has nothing to hold on to
    if before is not None and (before.warm or anchored):
        options["init"] = before.positions
    embedding = stage.build(
        KnnGraph.load(graph),
        embedding_dim=point.embedding_dim,
        seed=run.spec.seed,
        device=run.device,
        progress=run.progress,
        **options,
    )
    if before is not None and not (before.warm or anchored):
        turned = align(embedding.positions, before.positions, scale=False)
        embedding = dataclasses.replace(embedding, positions=turned)
    embedding.save(folder)
    predecessor.copy_entities(graph, folder)
    run.notes["device"] = embedding.device
    return Outcome(embedding.check(), pages.embedding(embedding) | _followed(before))


def make_projection(run: StageRun, folder: Path) -> Outcome:
    """One map of the sweep. It starts where its predecessor ended, or is turned to lie like it."""
    from atlas_assets.stages.projection import projection as stage

    point = run.sweep.projections[run.key or ""]
    graph = run.folder("knn_graph", point.graph.key)
    if methods.METHODS[point.method].given:
        return _of_the_data(run, folder, point, graph)
    before = predecessor.find(run, "projection", graph=graph, dims=point.dims)
    if before is not None and before.warm and run.spec.refresh.positions == "frozen":
        return _held(run, folder, point, graph, before)
    where: dict[str, Any] = {}
    if before is not None and before.warm:
        where = {"start": before.positions, "changed": before.changed}
    elif before is not None:
        where = {"reference": before.positions}
    inputs = layout_cache.layout_inputs(run)
    projection = stage.project(
        point.method,
        inputs=inputs,
        engine=point.engine,
        dims=point.dims,
        params=dict(point.parameters),
        seed=run.spec.seed,
        progress=run.progress,
        **where,
    )
    places = inputs.graph.places
    if places is not None:
        projection = dataclasses.replace(projection, positions=spread_out(projection.positions, places))
    projection.save(folder)
    predecessor.copy_entities(graph, folder, of_all=True)
    return Outcome(projection.check(), pages.projection(projection, point) | _followed(before))


def _held(run: StageRun, folder: Path, point: ProjectionPoint, graph: Path, before: predecessor.Predecessor) -> Outcome:
    """The map as it was, with what is new."""
    from atlas_assets.stages.projection.held import hold, is_due
    from atlas_assets.stages.projection.projection import Projection
    from atlas_assets.stages.relation.knn_graph import KnnGraph

    loaded = KnnGraph.load(graph)
    held = hold(
        point.method,
        graph=loaded,
        start=before.positions,
        params=dict(point.parameters),
        before=Projection.load(before.folder),
        changed=before.changed,
    )
    if loaded.places is not None:
        held = dataclasses.replace(held, positions=spread_out(held.positions, loaded.places))
    held.save(folder)
    predecessor.copy_entities(graph, folder, of_all=True)
    told: dict[str, Any] = {
        "positions": "frozen",
        "placed_since_it_was_laid_out": held.placed,
        "neighbours_changed_since": round(held.drift or 0.0, 4),
        "a_new_layout_is_due": is_due(held),
    }
    if is_due(held):
        run.progress(
            1.0,
            f"{held.placed:,} entities were placed since this map was laid out, and {held.drift:.0%} of the neighbours "
            "have changed: a new layout is due (refresh: {positions: follow}, once)",
        )
    return Outcome(held.check(), pages.projection(held, point) | told)


def _of_the_data(run: StageRun, folder: Path, point: ProjectionPoint, graph: Path) -> Outcome:
    """The map at the coordinates of the data."""
    from atlas_assets.stages.projection.given import given
    from atlas_assets.stages.relation.knn_graph import KnnGraph

    columns = run.spec.source.coordinates or []
    coordinates = own_coordinates(run, columns)
    projection, n_placed = given(coordinates, KnnGraph.load(graph), columns=columns, seed=run.spec.seed)
    projection.save(folder)
    predecessor.copy_entities(graph, folder, of_all=True)
    told = {"without_coordinates": n_placed, "coordinates": ", ".join(columns)}
    return Outcome(projection.check(), pages.projection(projection, point) | told)


def _followed(before: predecessor.Predecessor | None) -> pages.Metadata:
    if before is None:
        return {}
    return {"follows_the_version_before": "from its positions" if before.warm else "turned to it"}
