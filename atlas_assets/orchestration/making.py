"""Making what is due of an atlas inside a step of a Dagster run, one artifact after the other, and telling of each."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from atlas_assets.builders.materialise import CheckFailed, Materialised, materialise
from atlas_assets.errors import AtlasError, of_the_machine
from atlas_assets.orchestration import events, run_tags
from atlas_assets.orchestration.progress import StepProgress
from atlas_assets.orchestration.resources import PyMDE
from atlas_assets.orchestration.viewer import materialise_viewer
from atlas_assets.plan.due import Wanted, label
from atlas_assets.plan.pipeline import SOURCE_CHECK, VIEWER, Pipeline, Stage, StageRun
from atlas_assets.plan.soundness import made_from
from atlas_assets.redact import redact
from atlas_assets.stages.artifact import Check
from atlas_assets.store.artifacts import ArtifactStore, Stored
from atlas_assets.store.content import BrokenArtifact


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
        self._mended: set[tuple[str, str]] = set()

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
            run, made = yield from self.built(stage, key)
            self.tally.made.append(label(stage, key))
            yield from events.of_made(self._context.instance, self.pipeline, stage, run, made)
        except AtlasError as error:
            yield from self._failed(stage, key, error)
        except Exception as error:  # a defect stops what depends on it, and nothing else
            told = of_the_machine(error)
            if told is None:
                self._context.log.error(redact(traceback.format_exc()))
            yield from self._failed(stage, key, told or error)

    def up_to_date(self, stage: Stage, key: str | None) -> Stored | None:
        """What is stored, if it is what would be made now and nobody asked to make it anyway."""
        if self.wanted.force or not self.wanted.now().as_made_today(stage, key):
            return None
        self._context.log.info(f"{label(stage, key)} is up to date.")
        self.tally.current += 1
        return self.store.current(self.pipeline.address(stage.stored_as or stage.name, key))

    def built(self, stage: Stage, key: str | None) -> Generator[events.Event, None, tuple[StageRun, Materialised]]:
        """The run of a stage, and what it stored; what it needs and is broken is made again first.

        Raises what :func:`materialise` raises. Yields of what was made again.
        """
        while True:
            try:
                return self._build(stage, key)
            except BrokenArtifact as broken:
                if (broken.address, broken.version) in self._mended:
                    raise
                self._mended.add((broken.address, broken.version))
                yield from self._mend(broken, stage, key)

    def _mend(self, broken: BrokenArtifact, reader: Stage, key: str | None) -> Iterator[events.Event]:
        """Make again what turned out to be broken while ``reader`` was made, unless that makes it itself."""
        self._context.log.warning(f"{broken} {self._made_from(broken)}".rstrip())
        own = self.pipeline.address(reader.stored_as or reader.name, key)
        if broken.address == str(own):
            return
        if broken.address == str(VIEWER):
            yield from self.viewer()
            return
        places = {
            str(self.pipeline.address(stage.stored_as or stage.name, one)): (stage, one)
            for stage in self.pipeline.stages.values()
            for one in stage.keys or (None,)
        }
        if broken.address in places and self.store.current(self.pipeline.address(*_place(broken.address))) is None:
            yield from self.attempt(*places[broken.address])
        if self.wanted.lacks_input(reader, key):
            raise AtlasError(
                f"{broken} It was made again, from what its own sources hold now, and what lies between it and "
                f"{label(reader, key)} is out of date: run this again."
            )

    def _made_from(self, broken: BrokenArtifact) -> str:
        """What else is current and was made from it, while it still was whole, or not."""
        made = made_from(self.pipeline, self.store, broken.address, broken.version)
        if not made:
            return ""
        return (
            f"Made from it are: {', '.join(made)}. They stay; if you doubt them, run: atlas run "
            f"{self.pipeline.name} --force"
        )

    def _build(self, stage: Stage, key: str | None) -> tuple[StageRun, Materialised]:
        at_hand = nullcontext(self._pymde.device if stage.shares_gpu else "cpu")
        progress = StepProgress(self._context.log.info, label(stage, key))
        with self._cancelled_by_ctrl_c(), self._pymde.reserved() if stage.uses_gpu else at_hand as device:
            run = self.pipeline.run(
                self.store, key, device=device, progress=progress, accept=self.wanted.accept, anew=self.wanted.force
            )
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
        message = redact(str(error)) or type(error).__name__
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
        except (AtlasError, OSError) as mistake:
            error = of_the_machine(mistake) or mistake
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


def _place(address: str) -> tuple[str, str | None]:
    """Stage and partition of an address of the atlas."""
    _, stage, *partition = address.split("/", 2)
    return stage, partition[0] if partition else None


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
