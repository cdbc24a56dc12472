"""Where entities stood before: the version of an embedding, a projection or its regions that the next one follows.

That is the stored version, if it was made from something else than today's inputs and parameters. If it was made from
exactly these, the new one follows the same version as that one did, and so comes out the same. Entities are matched by
a hash of their ids, which is kept beside the positions: rows may have moved since, and ids may be long.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from atlas_assets.plan.pipeline import Stage, StageRun
from atlas_assets.stages.index.stable_hash import hash_ids
from atlas_assets.stages.relation.copies import first_of
from atlas_assets.store.artifacts import Stored

if TYPE_CHECKING:
    from atlas_assets.stages.regions.incremental import Division

ENTITIES, GRAPH = "entities.npy", "knn_graph"
ALL_ENTITIES = "all_entities.npy"  # of a graph of places: its entities are the first of each
SURVIVING = 0.5  # of the larger of both maps: with fewer in common, a new start serves the map better than the old one


@dataclass(frozen=True)
class Predecessor:
    """positions (n, d) float32 of today's entities, nan for new ones; warm: start there, else only turn to it.

    A warm start is for other data. After a change of parameters, which would have led elsewhere from the start, or
    where too few entities are the same, the new map is made from scratch and then turned. changed: which share of
    today's neighbour lists was not in those that it was made from; 1 where that is not known any more. folder: of the
    artifact that is followed.
    """

    positions: np.ndarray
    warm: bool
    changed: float
    folder: Path


def write_entities(ids: pl.Series, folder: Path, *, places: np.ndarray | None = None) -> None:
    """Keep who the rows of an artifact are, (n,) uint64; of places, the first of each, and beside them everybody."""
    known = ids if ids.dtype.is_integer() or ids.dtype == pl.String else ids.cast(pl.String)
    entities = hash_ids(known, 0)
    if places is not None:
        np.save(folder / ALL_ENTITIES, entities)
        entities = entities[first_of(places)]
    np.save(folder / ENTITIES, entities)


def copy_entities(graph: Path, folder: Path, *, of_all: bool = False) -> None:
    """The rows of what is made from a graph are those of the graph; of_all: every entity, also where places are few."""
    everybody = graph / ALL_ENTITIES
    shutil.copyfile(everybody if of_all and everybody.exists() else graph / ENTITIES, folder / ENTITIES)


def find(run: StageRun, stage: str, *, graph: Path, dims: int) -> Predecessor | None:
    """What the artifact ``run.key`` of ``stage`` follows; None where there is nothing to follow.

    ``run.predecessor`` is set to it, so that it is recorded with the artifact and not forgotten before that.
    """
    followed = _followed(run, stage, graph=graph)
    if followed is None:
        return None
    before = _load(run, stage, followed["version"])
    if before is None:  # pruned by hand: stay with what there is
        stored = run.store.current(run.address(stage, run.key))
        assert stored is not None
        before, followed = _load(run, stage, stored.version), {"version": stored.version, "lineage": ""}
    if before is None or before[1].shape[1] != dims:
        return None
    run.predecessor = followed
    positions = match(*before, np.load(graph / ENTITIES))
    common = int(np.isfinite(positions[:, 0]).sum())
    if common <= dims:
        return None
    everybody = graph / ALL_ENTITIES if stage == "projection" and (graph / ALL_ENTITIES).exists() else graph / ENTITIES
    today = np.load(everybody)
    surviving = int((rows_of(before[0], today) >= 0).sum()) / max(len(today), len(before[0]))
    warm = followed["lineage"] == run.lineage(run.pipeline.stages[stage])
    folder = run.store.version(run.address(stage, run.key), followed["version"])
    assert folder is not None  # it was loaded from there
    changed = float(followed.get("changed", 1.0))
    return Predecessor(positions, warm and surviving >= SURVIVING, changed=changed, folder=folder)


def find_division(run: StageRun, *, graph: Path) -> Division | None:
    """The regions that those of the map ``run.key`` follow; None where it is new, from scratch, or much has changed."""
    from atlas_assets.stages.projection.projection import MOST_WARM
    from atlas_assets.stages.regions.regions import Regions

    projection = run.store.current(run.address("projection", run.key))
    before = projection.predecessor if projection else None
    if projection is None or before is None or before.get("lineage") != projection.lineage:
        return None
    followed = _followed(run, "regions")
    own = run.lineage(run.pipeline.stages["regions"])
    if followed is None or followed["lineage"] != own or float(before.get("changed", 1.0)) > MOST_WARM:
        return None
    names = [ENTITIES, "region.npy", "table.parquet", "info.json"]
    files = [run.store.file(run.address("regions", run.key), followed["version"], name) for name in names]
    if files[0] is None or None in files:
        return None
    run.predecessor = followed
    return Regions.load(files[0].parent).division(rows_of(np.load(files[0]), np.load(graph / ENTITIES)))


def rows_of(entities: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where each of ``wanted`` (m,) is in ``entities`` (n,), -1 for those that are not."""
    order = np.argsort(entities)
    rows = order[np.minimum(np.searchsorted(entities, wanted, sorter=order), len(entities) - 1)]
    return np.where(entities[rows] == wanted, rows, -1)


def _followed(run: StageRun, stage: str, *, graph: Path | None = None) -> dict[str, str] | None:
    """Version and lineage of what the artifact to be made follows. graph: also which share of its lists is new."""
    stored = run.store.current(run.address(stage, run.key))
    if stored is None:
        return None
    own = run.pipeline.stages[stage]
    if stored.recipe == own.recipe(run.store, run.key):
        return stored.predecessor
    followed = {"version": stored.version, "lineage": stored.lineage}
    if graph is not None:
        followed["changed"] = f"{_changed(_earlier_graph(run, own, stored), graph):.4f}"
    return followed


def match(entities: np.ndarray, positions: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """positions (n, d) of ``entities`` (n,) in the order of ``wanted`` (m,): (m, d), nan for those it does not have."""
    rows = rows_of(entities, wanted)
    return np.where((rows >= 0)[:, None], positions[rows], np.float32(np.nan)).astype(np.float32)


def _earlier_graph(run: StageRun, stage: Stage, stored: Stored) -> Path | None:
    """The graph that the stored artifact was made from, if it was made in today's way and the graph is still there."""
    if not stored.inputs or stage.recipe_from(stored.inputs, run.key) != stored.recipe:
        return None
    address = next(address for address in stage.inputs(run.key) if address.stage == GRAPH)
    return run.store.version(address, stored.inputs[str(address)])


def _changed(before: Path | None, graph: Path) -> float:
    """Which share of the neighbours listed in ``graph`` was not listed in the one before."""
    if before is None:
        return 1.0
    today, earlier = np.load(graph / ENTITIES), np.load(before / ENTITIES)
    rows = rows_of(today, earlier)  # of today, for each entity of then
    listed, known = _pairs(graph, np.arange(len(today))), _pairs(before, rows)
    return float(1 - np.isin(listed, known).mean()) if listed.size else 1.0


def _pairs(graph: Path, rows: np.ndarray) -> np.ndarray:
    """The (entity, neighbour) pairs of a graph's lists as one number each, its entities numbered as in ``rows``."""
    indices = np.load(graph / "indices.npy", mmap_mode="r")
    first, second = np.broadcast_to(rows[:, None], indices.shape), np.where(indices < 0, -1, rows[indices])
    return (first.astype(np.int64) << 32 | second)[(first >= 0) & (second >= 0)]


def _load(run: StageRun, stage: str, version: str) -> tuple[np.ndarray, np.ndarray] | None:
    files = [run.store.file(run.address(stage, run.key), version, name) for name in (ENTITIES, "positions.npy")]
    if None in files:
        return None
    entities, positions = (np.load(file) for file in files if file is not None)
    return entities, positions
