"""What is asked for of an atlas, and what of it is there already: what `atlas run` and sensors want to know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from atlas_assets.errors import AtlasError
from atlas_assets.plan.freshness import Freshness
from atlas_assets.plan.pipeline import VIEWER, Pipeline, Stage, viewer_recipe
from atlas_assets.plan.point_stages import of_a_point
from atlas_assets.store.artifacts import ArtifactStore


@dataclass(frozen=True)
class Wanted:
    """The wishes of one run. stages: None for all; keys: of each swept stage.

    retry: also make what failed the last time with the same inputs and parameters; people ask for that, sensors do not.
    accept: take a source that fails its check because it lost rows or columns.
    """

    pipeline: Pipeline
    store: ArtifactStore
    stages: list[str] | None
    keys: dict[str, set[str]]
    force: bool
    retry: bool = True
    accept: bool = False

    @classmethod
    def everything(
        cls, pipeline: Pipeline, store: ArtifactStore, *, force: bool = False, retry: bool = True, accept: bool = False
    ) -> Wanted:
        """All stages (but those on request) and all points of an atlas."""
        return cls.of(pipeline, store, force=force, retry=retry, accept=accept)

    @classmethod
    def of(
        cls,
        pipeline: Pipeline,
        store: ArtifactStore,
        *,
        stages: list[str] | None = None,
        points: list[str] | None = None,
        force: bool = False,
        retry: bool = True,
        accept: bool = False,
    ) -> Wanted:
        """These stages, all of these points; None or none: all. Raises AtlasError where there is none of that name."""
        _known(stages, [*pipeline.stages, VIEWER.atlas], "stage")
        return cls(pipeline, store, stages or None, _keys(pipeline, points), force, retry, accept)

    def named(self, stage: Stage | None) -> bool:
        """Whether a stage is asked for; None is the viewer."""
        name = stage.name if stage else VIEWER.atlas
        return name in self.stages if self.stages else stage is None or not stage.on_request

    def lacks_input(self, stage: Stage | None, key: str | None, fresh: Freshness | None = None) -> bool:
        """Whether something that a stage is made from is missing or out of date itself."""
        return stage is not None and not (fresh or self.now()).has_inputs(stage, key)

    def due(self, stage: Stage | None, key: str | None, fresh: Freshness | None = None) -> bool:
        """Whether something is to be made whose inputs are there."""
        if self.force:
            return True
        if stage is None:
            stored = self.store.current(VIEWER)
            return stored is None or stored.recipe != viewer_recipe()
        fresh = fresh or self.now()
        return not fresh.as_made_today(stage, key) and (self.retry or fresh.failure(stage, key) is None)

    def due_now(self) -> list[str]:
        """What a run could begin with, such as ``projection k15_d3_pca``: due, and its inputs are up to date.

        Whatever is behind these will be due when they are made. Nothing is due of an atlas that is up to date.
        """
        fresh = self.now()
        return [
            label(stage, key)
            for stage, key in self._asked()
            if not self.lacks_input(stage, key, fresh) and self.due(stage, key, fresh)
        ]

    def is_current(self) -> bool:
        """Whether everything that is asked for is what it would be made into now."""
        return self.count_current() == len(self._asked())

    def count_current(self) -> int:
        """How many of the artifacts that are asked for are what they would be made into now."""
        fresh, gently = self.now(), replace(self, force=False, retry=True)
        return sum(not gently.due(stage, key, fresh) for stage, key in self._asked())

    def _asked(self) -> list[tuple[Stage | None, str | None]]:
        """Stage and key of everything that is asked for; the first None is the viewer."""
        everything = [(stage, key) for stage in self.pipeline.stages.values() for key in stage.keys or (None,)]
        return [
            (stage, key)
            for stage, key in [(None, None), *everything]
            if self.named(stage) and (stage is None or key is None or key in self.keys[stage.name])
        ]

    def now(self) -> Freshness:
        """The state of the atlas at this moment."""
        return Freshness(self.pipeline, self.store)


def label(stage: Stage | None, key: str | None) -> str:
    """What people call an artifact: its stage and, where that is swept, its key."""
    return " ".join(filter(None, [stage.name if stage else VIEWER.atlas, key]))


def failures_of(pipeline: Pipeline, store: ArtifactStore, stages: Iterable[Stage]) -> dict[str, str]:
    """What is not made because it failed the last time with what it would be made from now, by label, and why."""
    fresh = Freshness(pipeline, store)
    each = [(stage, key) for stage in stages for key in stage.keys or (None,)]
    return {label(*one): failure.message for one in each if (failure := fresh.failure(*one))}


def _keys(pipeline: Pipeline, points: list[str] | None) -> dict[str, set[str]]:
    """Of each swept stage, the keys that are needed for ``points`` (all, when none are given)."""
    everything = {stage.name: set(stage.keys or ()) for stage in pipeline.stages.values()}
    if not points:
        return everything
    _known(points, pipeline.sweep.projections, "point")
    chosen = [pipeline.sweep.projections[key] for key in points]
    return (
        everything
        | {
            "knn_graph": {point.graph.key for point in chosen},
            "embedding": {point.embedding.key for point in chosen if point.embedding},
        }
        | {stage: set(points) for stage in of_a_point()}
    )


def _known(given: list[str] | None, known, what: str) -> None:
    for name in given or []:
        if name not in known:
            raise AtlasError(f"{name!r} is not a {what} of this atlas. It has: {', '.join(known)}.")
