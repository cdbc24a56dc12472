"""How the stages from the index to the neighbour graph are made: anew, or from what changed since an earlier index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets import project, report
from atlas_assets.components.pipeline import Outcome, Pipeline, StageRun, labels_of
from atlas_assets.stages import entity_index as index_stage
from atlas_assets.stages import growth, knn_graph, neighbours, pair_weights
from atlas_assets.stages.cooccurrence import Cooccurrence, build
from atlas_assets.stages.entity_index import CollectionIndex, EdgeIndex, VectorIndex
from atlas_assets.stages.hubs import CANDIDATES
from atlas_assets.stages.neighbours import Neighbours


def make_index(run: StageRun, folder: Path) -> Outcome:
    """The entities that pass the filter. They keep their rows, so that a map that grows stays recognisable."""
    raw, rules = run.folder(f"raw_{run.spec.kind}"), run.spec.filter
    stored = run.store.current(run.address("entity_index"))
    order = pl.read_parquet(run.folder("entity_index") / "ids.parquet")["id"] if stored else None
    listed = {"keep": rules.keep, "drop": rules.drop, "previous": order, "progress": run.progress}
    if run.spec.kind == "edges":
        index = index_stage.from_edges(raw, min_degree=rules.min_degree, top=rules.top, **listed)
    elif run.spec.kind == "vectors":
        index = index_stage.from_vectors(raw, **listed)
    else:
        index = index_stage.from_collections(
            raw, min_collections=rules.min_collections, min_collection_size=rules.min_collection_size,
            max_collection_size=rules.max_collection_size, larger=rules.larger, min_value=rules.min_value,
            deduplicate=rules.deduplicate, holdout=run.spec.quality.holdout, seed=run.spec.seed, **listed,
        )  # fmt: skip
    index.save(folder)
    return Outcome(index.check(), report.entity_index(index))


def make_cooccurrence(run: StageRun, folder: Path) -> Outcome:
    """The matrix of pair weights, written into ``folder`` block by block."""
    index = run.load(CollectionIndex, "entity_index")
    if difference := _difference(run, "cooccurrence", index):
        previous = run.load(Cooccurrence, "cooccurrence")
        matrix = growth.update_cooccurrence(previous, difference, index, folder, progress=run.progress)
        if matrix is not None:
            facts = report.cooccurrence(matrix) | report.counted_again(len(difference.counted))
            return Outcome(matrix.check(), facts)
    weights = pair_weights.of(index, **run.spec.relation.weighting())
    matrix = build(index, folder, weights=weights, memory=_block_memory(), progress=run.progress)
    return Outcome(matrix.check(), report.cooccurrence(matrix) | report.weights(weights.notes()))


def make_neighbours(run: StageRun, folder: Path) -> Outcome:
    """The lists that every graph of the sweep is cut from."""
    relation = run.spec.relation
    similarity: Any = relation.similarity or relation.similarities(run.spec.kind)[0]  # one of them: spec.py checked
    options: dict[str, Any] = {"n_neighbors": Pipeline(run.spec, base=run.base).n_neighbors, "progress": run.progress}
    facts: report.Metadata = {}
    if run.spec.kind == "edges":
        lists = neighbours.from_edges(run.load(EdgeIndex, "entity_index"), similarity=similarity, **options)
    elif run.spec.kind == "vectors":
        lists = neighbours.from_vectors(run.load(VectorIndex, "entity_index"), metric=similarity, **options)
    else:
        options |= {"similarity": similarity, "shrinkage": relation.shrinkage or 0.0, "memory": _block_memory()}
        lists, facts = _of_collections(run, options)
    lists.save(folder)
    return Outcome(lists.check(), report.neighbours(lists, labels_of(run)) | facts)


def make_graph(run: StageRun, folder: Path) -> Outcome:
    """One graph of the sweep."""
    point = run.sweep.graphs[run.key or ""]
    graph = knn_graph.build(
        run.load(Neighbours, "neighbours"), n_neighbors=point.n_neighbors,
        damp_hubs=run.spec.relation.hubs == "damp", progress=run.progress,
    )  # fmt: skip
    graph.save(folder)
    return Outcome(graph.check(), report.knn_graph(graph, labels_of(run)))


def _of_collections(run: StageRun, options: dict[str, Any]) -> tuple[Neighbours, report.Metadata]:
    index = run.load(CollectionIndex, "entity_index")
    if run.spec.relation.hubs == "damp":  # the graphs choose from longer lists
        options["n_neighbors"] = max(
            options["n_neighbors"], min(CANDIDATES * options["n_neighbors"], index.n_entities - 1)
        )
    if difference := _difference(run, "neighbours", index):
        previous = run.load(Neighbours, "neighbours")
        lists = growth.update_neighbours(previous, difference, index, **options)
        if lists is not None:
            return lists, report.counted_again(len(difference.counted))
    weights = pair_weights.of(index, **run.spec.relation.weighting())
    return neighbours.from_collections(index, weights=weights, **options), report.weights(weights.notes())


def _difference(run: StageRun, stage: str, index: CollectionIndex) -> growth.Difference | None:
    """What changed since the index from which the stored artifact was made; None where that cannot be told."""
    folder = _earlier_index(run, stage)
    if folder is None:
        return None
    run.progress(0.0, "comparing with the earlier index")
    before, options = CollectionIndex.load(folder), run.spec.relation.weighting()
    weights = {"weights_before": pair_weights.of(before, **options), "weights_after": pair_weights.of(index, **options)}
    return growth.compare(before, index, **weights)


def _earlier_index(run: StageRun, stage: str) -> Path | None:
    """The index from which the stored artifact was made, if in today's way and if it is still there."""
    stored, address = run.store.current(run.address(stage)), run.address("entity_index")
    newest = run.store.current(address)
    if stored is None or newest is None:
        return None
    recipe_from = Pipeline(run.spec, base=run.base).stages[stage].recipe_from
    for version, folder in run.store.versions(address).items():
        if version != newest.version and recipe_from({str(address): version}, None) == stored.recipe:
            return folder
    return None


def _block_memory() -> int:
    """Bytes for what is counted at a time: a part of the budget, the rest is for arrays that are needed throughout."""
    return project.memory_budget() // 8
