"""Which function makes which stage, imported when it is called: definitions load without numerics."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from atlas_assets.plan.pipeline import Outcome, Stage, StageRun

Builder = Callable[[StageRun, Path], Outcome]
BUILDERS = {
    "raw_collections": "reading:make_tables",
    "raw_edges": "reading:make_tables",
    "raw_vectors": "reading:make_tables",
    "entity_index": "relating:make_index",
    "cooccurrence": "relating:make_cooccurrence",
    "neighbours": "relating:make_neighbours",
    "knn_graph": "relating:make_graph",
    "embedding": "mapping:make_embedding",
    "projection": "mapping:make_projection",
    "regions": "judging:make_regions",
    "quality": "judging:make_quality",
    "sweep_report": "judging:make_sweep_report",
    "bundle": "publishing:make_bundle",
    "site": "publishing:make_site",
}


def builder_of(stage: Stage) -> Builder:
    """The function that makes a stage: it writes the artifact into a folder and says what there is to say of it."""
    module, name = BUILDERS[stage.name].split(":")
    return getattr(importlib.import_module(f"{__package__}.{module}"), name)
