"""What of an atlas is up to date, down to the source as it was read; and which points of its sweep can be joined.

Joins take the points that are made and up to date with the graphs and the index of today. One that failed or was not
made yet blocks none of the others, and one of an earlier index is never put beside those of a newer one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from atlas_assets.errors import AtlasError
from atlas_assets.plan.point_stages import of_a_point
from atlas_assets.spec.sweep import Sweep
from atlas_assets.store.artifacts import Address, Failure, Pointers, Snapshot

if TYPE_CHECKING:
    from atlas_assets.plan.pipeline import Pipeline, Stage, StageRun

NOT_MADE, OUTDATED, FAILED = "not made yet", "out of date", "failed"


@dataclass(frozen=True)
class Join:
    """The points of a sweep that can be joined now, in its order.

    missing: why each of the others cannot. failures: messages of those whose last attempt failed.
    """

    keys: list[str]
    missing: dict[str, str]
    failures: dict[str, str]


class Freshness:
    """The state of one atlas at the moment at which it was first asked for."""

    def __init__(self, pipeline: Pipeline, store: Pointers) -> None:
        self._pipeline, self.store = pipeline, Snapshot(store)
        self._known: dict[Address, bool] = {}

    def up_to_date(self, address: Address) -> bool:
        """Whether an artifact is what its recipe makes today, and its inputs are, too.

        Of what has no inputs, that it is there, and that reading what lies at the source now has not failed: whether
        the source has changed since is another question.
        """
        if address not in self._known:
            self._known[address] = self.store.current(address) is not None and self._as_today(address)
        return self._known[address]

    def _as_today(self, address: Address) -> bool:
        stage, key = self._stage(address), address.partition
        if stage is None:
            return True
        if not stage.inputs(key):
            return self.failure(stage, key) is None
        return self.as_made_today(stage, key) and self.has_inputs(stage, key)

    def as_made_today(self, stage: Stage, key: str | None) -> bool:
        """Whether an artifact is stored that was made from the inputs and parameters of now."""
        stored = self.store.current(self._pipeline.address(stage.stored_as or stage.name, key))
        return stored is not None and stored.recipe == stage.recipe(self.store, key)

    def has_inputs(self, stage: Stage, key: str | None) -> bool:
        """Whether a stage could be made now from inputs that are up to date; a join from those it takes."""
        if stage.joins is not None:
            return stage.joins(self.store) is not None
        return all(self.up_to_date(address) for address in stage.inputs(key))

    def failure(self, stage: Stage, key: str | None) -> Failure | None:
        """What came of the last attempt, if it failed with the recipe of today."""
        failure = self.store.failure(self._pipeline.address(stage.stored_as or stage.name, key))
        return failure if failure and failure.recipe == stage.recipe(self.store, key) else None

    @cached_property
    def join(self) -> Join:
        """The points that can be joined."""
        keys = [
            key
            for key in self._pipeline.sweep.projections
            if all(self.up_to_date(self._pipeline.address(stage, key)) for stage in of_a_point())
        ]
        others = [key for key in self._pipeline.sweep.projections if key not in keys]
        failures = {key: failure.message for key in others if (failure := self._failure_of(key))}
        return Join(keys, {key: FAILED if key in failures else self._why(key) for key in others}, failures)

    def _failure_of(self, key: str) -> Failure | None:
        """The first of the stages that a point is made by whose last attempt failed."""
        point = self._pipeline.sweep.projections[key]
        stages = [("knn_graph", point.graph.key)]
        if point.embedding:
            stages.append(("embedding", point.embedding.key))
        stages += [(stage, key) for stage in of_a_point()]
        failures = (self.failure(self._pipeline.stages[stage], partition) for stage, partition in stages)
        return next(filter(None, failures), None)

    def _why(self, key: str) -> str:
        made = all(self.store.current(self._pipeline.address(stage, key)) for stage in of_a_point())
        return OUTDATED if made else NOT_MADE

    def _stage(self, address: Address) -> Stage | None:
        """None for what is no part of the atlas: the viewer."""
        if address.atlas != self._pipeline.name:
            return None
        return self._pipeline.stages[address.stage]


def sweep_report_joins(pipeline: Pipeline, store: Pointers) -> dict[str, str] | None:
    """What the report of a sweep is made from: versions of all that it compares, and why the rest is missing."""
    fresh = Freshness(pipeline, store)
    if not fresh.join.keys:
        return None
    missing = {f"missing/{key}": why for key, why in (fresh.join.missing | fresh.join.failures).items()}
    return _versions(pipeline, fresh) | missing


def bundle_joins(pipeline: Pipeline, store: Pointers) -> dict[str, str] | None:
    """What a bundle is made from: the points that its sweep report compares, and the largest of their graphs."""
    fresh = Freshness(pipeline, store)
    unswept = [pipeline.address(name) for name in (pipeline.raw, "entity_index", "sweep_report")]
    if not fresh.join.keys or not all(fresh.up_to_date(address) for address in unswept):
        return None
    graph = pipeline.sweep.of_keys(fresh.join.keys).largest_graph
    return _versions(pipeline, fresh, *unswept, pipeline.address("knn_graph", graph.key))


def joined(run: StageRun) -> Sweep:
    """The points that a bundle takes now. Raises AtlasError where the sweep report is not of just these."""
    pipeline = run.pipeline
    if failed := Freshness(pipeline, run.store).failure(pipeline.stages[pipeline.raw], None):
        raise AtlasError(
            f"{pipeline.raw} failed, and what was read before is not what lies at the source now. {failed.message} "
            "The site stays as it was."
        )
    if bundle_joins(pipeline, run.store) is None:
        raise AtlasError(
            f"There is nothing to join: no map of {run.name} is up to date with its data, or its sweep_report is not "
            f"up to date with the maps. Materialise sweep_report first, or run: atlas run {run.name}"
        )
    return run.sweep.of_keys(Freshness(pipeline, run.store).join.keys)


def _versions(pipeline: Pipeline, fresh: Freshness, *others: Address) -> dict[str, str]:
    addresses = [pipeline.address(stage, key) for stage in of_a_point() for key in fresh.join.keys]
    stored = {str(address): fresh.store.current(address) for address in (*others, *addresses)}
    return {address: version.version for address, version in stored.items() if version is not None}
