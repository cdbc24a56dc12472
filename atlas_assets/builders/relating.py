"""How the stages from the index to the neighbour graph are made: anew, or from what changed since an earlier index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets import project
from atlas_assets.builders.predecessor import write_entities
from atlas_assets.builders.tables import labels_of
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.reports import pages
from atlas_assets.stages.artifact import Outcome
from atlas_assets.stages.index.entity_index import CollectionIndex
from atlas_assets.stages.relation import growth, knn_graph, pair_weights
from atlas_assets.stages.relation.cooccurrence import Cooccurrence, build
from atlas_assets.stages.relation.hubs import CANDIDATES
from atlas_assets.stages.relation.neighbours import Neighbours

# Neighbours listed beyond those that are asked for: a list that growth changes a little stays certain without counting.
SPARE = 8


def make_index(run: StageRun, folder: Path) -> Outcome:
    """The entities that pass the filter. They keep their rows, so that a map that grows stays recognisable."""
    stored = run.store.current(run.address("entity_index"))
    order = pl.read_parquet(run.folder("entity_index") / "ids.parquet")["id"] if stored else None
    raw = run.folder(run.pipeline.raw)
    index: Any = run.spec.related.index(raw, run.spec, previous=order, progress=run.progress)
    index.save(folder)
    return Outcome(index.check(), pages.entity_index(index))


def make_cooccurrence(run: StageRun, folder: Path) -> Outcome:
    """The matrix of pair weights, written into ``folder`` block by block."""
    index = run.load(CollectionIndex, "entity_index")
    if difference := _difference(run, "cooccurrence", index):
        previous = run.load(Cooccurrence, "cooccurrence")
        matrix = growth.update_cooccurrence(previous, difference, index, folder, progress=run.progress)
        if matrix is not None:
            facts = pages.cooccurrence(matrix) | pages.updated(f"{difference.cost:.1%} of the additions")
            return Outcome(matrix.check(), facts)
    weights = pair_weights.of(index, **run.spec.relation.weighting())
    matrix = build(index, folder, weights=weights, memory=_block_memory(), progress=run.progress)
    return Outcome(
        matrix.check(),
        pages.cooccurrence(matrix) | pages.weights(run.spec.relation.weighting_given(), weights.notes()),
    )


def make_neighbours(run: StageRun, folder: Path) -> Outcome:
    """The lists that every graph of the sweep is cut from: what changed in them, or all of them.

    A graph that takes more neighbours than there are entities fails by itself; the others have their lists.
    """
    largest = max(1, min(run.pipeline.n_neighbors, _n_entities(run) - 1))
    length = _list_length(run, largest)
    lists, facts = _updated(run, length) or _counted(run, length, spare=SPARE)
    lists.save(folder)
    labels = labels_of(run, places=lists.places)
    return Outcome(lists.check(), pages.neighbours(lists, labels, largest) | facts)


def make_graph(run: StageRun, folder: Path) -> Outcome:
    """One graph of the sweep. A point that was added since, with more neighbours, has its own lists counted."""
    k, lists = run.sweep.graphs[run.key or ""].n_neighbors, run.load(Neighbours, "neighbours")
    if lists.guaranteed < _list_length(run, k):
        lists, _ = _counted(run, _list_length(run, k))
    damp_hubs = run.spec.relation.hubs == "damp"
    graph = knn_graph.build(lists, n_neighbors=k, damp_hubs=damp_hubs, progress=run.progress)
    graph.save(folder)
    write_entities(pl.read_parquet(run.folder("entity_index") / "ids.parquet")["id"], folder, places=graph.places)
    return Outcome(graph.check(), pages.knn_graph(graph, labels_of(run, places=graph.places)))


def _list_length(run: StageRun, n_neighbors: int) -> int:
    """How many neighbours a graph of n_neighbors chooses from."""
    if run.spec.relation.hubs == "keep":
        return n_neighbors
    return max(n_neighbors, min(CANDIDATES * n_neighbors, _n_entities(run) - 1))


def _n_entities(run: StageRun) -> int:
    return pl.scan_parquet(run.folder("entity_index") / "ids.parquet").select(pl.len()).collect().item()


def _counted(run: StageRun, n_neighbors: int, *, spare: int = 0) -> tuple[Neighbours, pages.Metadata]:
    """Lists made from the whole index. spare: how many more are listed of collections, where there are as many."""
    lists, notes = run.spec.related.count(
        run.folder("entity_index"),
        run.spec,
        n_neighbors=n_neighbors,
        spare=spare,
        memory=_block_memory(),
        progress=run.progress,
    )
    return lists, {} if notes is None else pages.weights(run.spec.relation.weighting_given(), notes)


def _updated(run: StageRun, n_neighbors: int) -> tuple[Neighbours, pages.Metadata] | None:
    """The stored lists with what changed since; None where they cannot be updated, or not for less than all anew."""
    if not run.spec.related.company:
        return None
    index = run.load(CollectionIndex, "entity_index")
    difference = _difference(run, "neighbours", index)
    if difference is None:
        return None
    made = growth.update_neighbours(
        run.load(Neighbours, "neighbours"),
        difference,
        index,
        n_neighbors=n_neighbors,
        similarity=run.spec.similarity,
        shrinkage=run.spec.relation.shrinkage or 0.0,
        memory=_block_memory(),
        progress=run.progress,
    )
    return made and (made[0], pages.updated(f"{made[1]:,} of {index.n_entities:,} rows counted again"))


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
    before = (stored.inputs or {}).get(str(address))
    if before is None or before == newest.version:
        return None
    today = run.pipeline.stages[stage].recipe_from({str(address): before}, None)
    return run.store.version(address, before) if today == stored.recipe else None


def _block_memory() -> int:
    """Bytes for what is counted at a time: a part of the budget, the rest is for arrays that are needed throughout."""
    return project.memory_budget() // 8
