"""Making what is due of an atlas inside a step of a Dagster run, one artifact after the other, and telling of each."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from atlas_assets.builders.materialise import CheckFailed, Materialised, materialise
from atlas_assets.errors import AtlasError
from atlas_assets.orchestration import events, run_tags
from atlas_assets.orchestration.progress import StepProgress
from atlas_assets.orchestration.resources import PyMDE
from atlas_assets.orchestration.viewer import materialise_viewer
from atlas_assets.plan.due import Wanted, label
from atlas_assets.plan.pipeline import SOURCE_CHECK, VIEWER, Pipeline, Stage, StageRun
from atlas_assets.stages.artifact import Check
from atlas_assets.store.artifacts import ArtifactStore, Stored


@dataclass
class Tally:
    """What became of what was asked for. made, waiting: labels; failed: messages by label; current: how many."""

    made: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    current: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.made + other.made,
            self.failed | other.failed,
            self.waiting + other.waiting,
            self.current + other.current,
        )

    @property
    def lacking(self) -> list[str]:
        """Everything that is not there although it was asked for."""
        return [*self.failed, *self.waiting]

    def as_metadata(self) -> dict[str, Any]:
        """For the output of a step."""
        return {
            "made": len(self.made),
            "up_to_date": self.current,
            "failed": ", ".join(self.failed),
            "waiting": ", ".join(self.waiting),
        }


class Maker:
    """Makes artifacts of one atlas in the step of ``context``; what becomes of them is counted in ``tally``."""

    def __init__(self, context: dg.OpExecutionContext | dg.AssetExecutionContext, wanted: Wanted, pymde: PyMDE) -> None:
        self._context, self.wanted, self._pymde = context, wanted, pymde
        self.pipeline: Pipeline = wanted.pipeline
        self.store: ArtifactStore = wanted.store
        self.tally = Tally()

    def stages(self, *names: str) -> Iterator[events.Event]:
        """All keys that are asked for of these stages."""
        for name in names:
            if name == VIEWER.atlas:
                yield from self.viewer()
                continue
            stage = self.pipeline.stages.get(name)
            for key in (stage.keys or (None,)) if stage else ():
                if key is None or key in self.wanted.keys[name]:
                    yield from self.artifact(name, key)

    def artifact(self, name: str, key: str | None = None) -> Iterator[events.Event]:
        """One artifact, if it is asked for and due. A failure is told and counted, never raised."""
        stage = self.pipeline.stages[name]
        if self._is_to_be_made(stage, key):
            yield from self.attempt(stage, key)

    def attempt(self, stage: Stage, key: str | None) -> Iterator[events.Event]:
        """Make one artifact now. A failure is told and counted, never raised."""
        try:
            run, made = self.build(stage, key)
            self.tally.made.append(label(stage, key))
            yield from events.of_made(self._context.instance, self.pipeline, stage, run, made)
        except AtlasError as error:
            yield from self._failed(stage, key, error)
        except Exception as error:  # a defect stops what depends on it, and nothing else
            self._context.log.error(traceback.format_exc())
            yield from self._failed(stage, key, error)

    def up_to_date(self, stage: Stage, key: str | None) -> Stored | None:
        """What is stored, if it is what would be made now and nobody asked to make it anyway."""
        if self.wanted.force or not self.wanted.now().as_made_today(stage, key):
            return None
        self._context.log.info(f"{label(stage, key)} is up to date.")
        self.tally.current += 1
        return self.store.current(self.pipeline.address(stage.stored_as or stage.name, key))

    def build(self, stage: Stage, key: str | None) -> tuple[StageRun, Materialised]:
        """The run of a stage, and what it stored. Raises what :func:`materialise` raises."""
        at_hand = nullcontext(self._pymde.device if stage.shares_gpu else "cpu")
        progress = StepProgress(self._context.log.info, label(stage, key))
        with self._pymde.reserved() if stage.uses_gpu else at_hand as device:
            run = self.pipeline.run(
                self.store, key, device=device, progress=progress, accept=self.wanted.accept, anew=self.wanted.force
            )
            with self._cancelled_by_ctrl_c():
                return run, materialise(stage, run)

    @contextmanager
    def _cancelled_by_ctrl_c(self) -> Iterator[None]:
        """A command that is interrupted leaves a run that was cancelled, as one that is stopped in the UI does."""
        try:
            yield
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
            if run_tags.COMMAND in self._context.run.tags:
                self._context.instance.report_run_canceling(self._context.run)
            raise

    def _failed(self, stage: Stage, key: str | None, error: Exception) -> Iterator[events.Event]:
        message = str(error) or type(error).__name__
        self.tally.failed[label(stage, key)] = message
        self._context.log.error(f"{label(stage, key)} failed: {message}")
        if found := checks_of(stage, error):
            yield events.evaluation(events.key_of(self.pipeline, stage.name), stage, key, found)

    def viewer(self) -> Iterator[events.Event]:
        """The viewer, which all atlases share."""
        if not self._is_to_be_made(None, None):
            return
        try:
            stored = materialise_viewer(self.store, StepProgress(self._context.log.info, VIEWER.atlas))
        except AtlasError as error:
            self.tally.failed[VIEWER.atlas] = str(error)
            self._context.log.error(f"{VIEWER.atlas} failed: {error}")
            return
        self.tally.made.append(VIEWER.atlas)
        yield viewer_event(stored)

    def _is_to_be_made(self, stage: Stage | None, key: str | None) -> bool:
        if not self.wanted.named(stage):
            return False
        fresh = self.wanted.now()
        if self.wanted.lacks_input(stage, key, fresh):
            self.tally.waiting.append(label(stage, key))
            return False
        if not self.wanted.due(stage, key, fresh):
            self.tally.current += 1
            return False
        return True


def checks_of(stage: Stage, error: Exception) -> list[Check]:
    """What the check of a stage says of a failure; nothing where it did not come to that."""
    if isinstance(error, CheckFailed):
        return error.checks
    if stage.check == SOURCE_CHECK and isinstance(error, AtlasError):
        return [Check("can be read", False, str(error))]
    return []


def viewer_event(stored: Stored) -> dg.AssetMaterialization:
    """The materialisation of the viewer."""
    return dg.AssetMaterialization(
        dg.AssetKey([VIEWER.atlas]),
        metadata={"bytes": stored.bytes, "files": len(stored.files)},
        tags={events.DATA_VERSION: stored.version, events.OF_THE_USER: "true"},
    )
