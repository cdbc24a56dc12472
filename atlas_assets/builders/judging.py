"""What is said of a map: its regions, its quality, and how it compares with the others of its sweep."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.builders import language_model, layout_cache, predecessor
from atlas_assets.builders.tables import read_entities
from atlas_assets.fields import column_of
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.reports import pages
from atlas_assets.reports.comparison import compare_joined
from atlas_assets.spec.regions import LanguageModelSpec
from atlas_assets.stages.artifact import Outcome
from atlas_assets.stages.projection.projection import Projection
from atlas_assets.stages.quality import quality as quality_stage
from atlas_assets.stages.regions import regions as regions_stage
from atlas_assets.stages.regions.naming import asked
from atlas_assets.stages.regions.naming.by_hand import HandName
from atlas_assets.stages.regions.naming.names import traits_of
from atlas_assets.stages.regions.naming.traits import Traits
from atlas_assets.stages.relation.copies import first_of
from atlas_assets.stages.relation.knn_graph import KnnGraph

NAMED_AS = {"codes": "category", "lists": "list", "flags": "boolean"}  # how the values of other types name regions


@dataclass(frozen=True)
class _Told:
    """What names of regions are made of, which is the same for all maps."""

    entities: pl.DataFrame
    labels: list[str]
    fields: pl.DataFrame
    described: list[dict[str, Any]]
    traits: Traits


@lru_cache(maxsize=1)
def _told_of(raw: Path, index: Path) -> _Told:
    """By the folders of two stored versions, whose content never changes."""
    entities, fields = read_entities(raw, index)
    described = [field | {"type": NAMED_AS.get(column_of(field["type"]) or "", field["type"])} for field in fields]
    shown, labels = entities.select(pl.col([field["name"] for field in fields])), entities["label"].to_list()
    return _Told(entities, labels, shown, described, traits_of(labels, shown, described))


def make_regions(run: StageRun, folder: Path) -> Outcome:
    """Named regions of the map ``run.key``, those of the version before as far as they can be kept."""
    told = _told_of(run.folder(run.pipeline.raw), run.folder("entity_index"))
    entities = told.entities
    map_folder = run.folder("projection", run.key)
    regions = regions_stage.build(
        run.load(Projection, "projection", run.key).positions,
        popularity=entities["popularity"].to_numpy(),
        labels=told.labels,
        fields=told.fields,
        described=told.described,
        traits=told.traits,
        neighbours=_neighbours(run),
        before=predecessor.find_division(run, graph=map_folder),
        ids=entities["id"],
        hand=_by_hand(run),
        progress=run.progress,
    )
    if run.spec.regions.llm is not None:
        regions = _by_a_model(run, run.spec.regions.llm, regions, entities)
    for sentence in regions.unmatched or ():
        run.progress(0.9, f"regions.yaml: {sentence}")
    regions.save(folder)
    predecessor.copy_entities(map_folder, folder)
    return Outcome(regions.check(), pages.regions(regions))


def _by_hand(run: StageRun) -> list[HandName]:
    return [
        HandName(one.name, one.members, one.size)
        for one in run.spec.regions.names
        if one.map is None or one.map == run.key
    ]


def _by_a_model(
    run: StageRun, model: LanguageModelSpec, regions: regions_stage.Regions, entities: pl.DataFrame
) -> regions_stage.Regions:
    """With the names that a language model gives; the others stay."""
    popularity = entities["popularity"].to_numpy()
    about = asked.questions(regions, labels=entities["label"].to_list(), popularity=popularity, most=model.questions)
    instruction = asked.instruction(run.spec.display.entity[1], model.language)
    return asked.renamed(regions, language_model.ask(model, instruction, about, progress=run.progress))


def _neighbours(run: StageRun) -> np.ndarray:
    """Those of the graph that the map is of, (n, k); where entities share a place, the first of each."""
    graph = run.load(KnnGraph, "knn_graph", run.sweep.projections[run.key or ""].graph.key)
    listed = np.asarray(graph.indices)
    if graph.places is None:
        return listed
    places = np.asarray(graph.places)
    return np.where(listed < 0, -1, first_of(places)[listed])[places]


def make_quality(run: StageRun, folder: Path) -> Outcome:
    """How true the map ``run.key`` is."""
    positions = run.load(Projection, "projection", run.key).positions
    yardstick = layout_cache.yardstick(run)
    places = yardstick.graph.places
    at = positions if places is None else positions[first_of(places)]
    quality = quality_stage.measure(at, yardstick, progress=run.progress)
    if places is not None:
        quality = quality.of_entities(np.asarray(places))
    quality.save(folder)
    return Outcome(quality.check(), pages.quality(quality, positions, run.sweep.projections[run.key or ""]))


def make_sweep_report(run: StageRun, folder: Path) -> Outcome:
    """The points of the sweep that are up to date, side by side."""
    comparison = compare_joined(run)
    comparison.summary.save(folder)
    return Outcome(comparison.summary.check(), pages.sweep_report(comparison.page()))
