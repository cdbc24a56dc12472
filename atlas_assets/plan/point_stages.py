"""What is made of each map once it is laid out: its regions, its quality, and what installed packages add.

A point of a sweep is whole when all of these are made. Everything that knows them (assets, jobs, the join of the
points, costs, pruning) derives from POINT_STAGES.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_assets.registry import Registry

if TYPE_CHECKING:
    from atlas_assets.plan.pipeline import StageRun
    from atlas_assets.spec.atlas import AtlasSpec
    from atlas_assets.stages.artifact import Outcome

    Builder = Callable[[StageRun, Path], Outcome]

PROJECTION = "projection"
UPSTREAM = ("raw", "entity_index", "knn_graph", "embedding", PROJECTION)
"""What a stage of a point may be made from, beside the stages of points that come before it."""


@dataclass(frozen=True)
class PointStage:
    """A stage that makes an artifact of every map. description: one sentence, for the page of its asset.

    build: writes the artifact of the map ``run.key`` into a folder and says what there is to say of it; or where that
    function is, "module:name", to be imported when it is called. It may read no other artifacts than ``takes`` names,
    ``raw`` standing for the tables of the source, and ``embedding`` for that of the map where it has one. code_version:
    raised when the same inputs give another result. parameters: what of the spec it depends on, in plain types; facts:
    the same of what is no reason to begin anew instead of following the version before.
    kinds: marks on the asset in Dagster.
    """

    name: str
    description: str
    build: Builder | str
    takes: tuple[str, ...] = (PROJECTION,)
    code_version: str = "1"
    parameters: Callable[[AtlasSpec], dict[str, Any]] = lambda spec: {}
    facts: Callable[[AtlasSpec], dict[str, Any]] = lambda spec: {}
    kinds: tuple[str, ...] = ("python",)


REGIONS = PointStage(
    "regions",
    "Named regions of a projection on several levels.",
    "atlas_assets.builders.judging:make_regions",
    takes=(PROJECTION, "knn_graph", "entity_index", "raw"),
    code_version="7",
    facts=lambda spec: spec.regions.model_dump(exclude_defaults=True),
    kinds=("numpy",),
)
QUALITY = PointStage(
    "quality",
    "How true a projection is: recall, trust, global shape, and distortion per entity.",
    "atlas_assets.builders.judging:make_quality",
    takes=(PROJECTION, "knn_graph", "embedding", "entity_index"),
    code_version="3",
    parameters=lambda spec: {"seed": spec.seed},
    kinds=("numpy",),
)
POINT_STAGES = Registry("atlas.stages", PointStage, (REGIONS, QUALITY))


def of_a_point() -> tuple[str, ...]:
    """Every stage that has an artifact of each map, in the order in which they are made."""
    return (PROJECTION, *POINT_STAGES)
