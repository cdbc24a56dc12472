"""One materialisation, from a stage and a run to a stored artifact: measured, checked, and all or nothing."""

from __future__ import annotations

import importlib
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from atlas_assets.errors import AtlasError, UnreachableError, of_the_machine
from atlas_assets.plan.pipeline import Stage, StageRun
from atlas_assets.redact import redact
from atlas_assets.stages.artifact import Check, Outcome
from atlas_assets.store.artifacts import Address, Stored
from atlas_assets.store.content import BrokenArtifact


class CheckFailed(AtlasError):
    """An invariant does not hold; the artifact was not stored and the earlier one is still in place."""

    def __init__(self, address: Address, checks: list[Check]) -> None:
        self.address, self.checks = address, checks
        broken = "; ".join(f"{check.name}: {check.detail}" for check in checks if not check.passed)
        super().__init__(f"{address} was not stored, because a check failed ({broken}). The earlier version stays.")


@dataclass(frozen=True)
class Materialised:
    """What was stored (with what it cost) and what its build had to say."""

    stored: Stored
    outcome: Outcome


def materialise(stage: Stage, run: StageRun) -> Materialised:
    """Build the artifact, check it and store it. Raises AtlasError, and then stores nothing but that it failed."""
    address = run.address(stage.stored_as or stage.name, run.key)
    reads = stage.reads(run.store, run.key)  # before the build: what is read may be renewed meanwhile
    recipe = "" if reads is None else stage.recipe_from(reads, run.key)
    try:
        return _build(stage, run, address, recipe, reads or {})
    except Exception as error:  # not what stops a run from outside: the same recipe may well succeed then
        with suppress(OSError):  # what is raised says more
            if recipe and not isinstance(error, (UnreachableError, BrokenArtifact)) and of_the_machine(error) is None:
                run.store.remember_failure(address, recipe=recipe, message=redact(str(error)) or type(error).__name__)
        raise


def builder_of(stage: Stage) -> Callable[[StageRun, Path], Outcome]:
    """The function that makes a stage: it writes the artifact into a folder and says what there is to say of it.

    Those of Atlas are imported here, so that definitions load without numerics.
    """
    if not isinstance(stage.build, str):
        return stage.build
    module, name = stage.build.split(":")
    return getattr(importlib.import_module(module), name)


def _build(stage: Stage, run: StageRun, address: Address, recipe: str, reads: dict[str, str]) -> Materialised:
    _reset_peak_memory()
    started, computed = time.perf_counter(), time.process_time()
    with run.store.write(address, recipe=recipe, reads=reads) as draft:
        outcome = builder_of(stage)(run, draft.folder)
        if not all(check.passed for check in outcome.checks):
            raise CheckFailed(address, outcome.checks)
        draft.lineage, draft.predecessor, draft.read_from = run.lineage(stage), run.predecessor, run.read_from
        draft.grown_from = reads if stage.grows else None
        draft.cost |= {
            "seconds": round(time.perf_counter() - started, 3),
            "cpu_seconds": round(time.process_time() - computed, 3),  # of all threads of this process
            "peak_memory_bytes": peak_memory_bytes(),
        } | run.notes
    assert draft.stored is not None
    return Materialised(draft.stored, outcome)


# How a step of a Dagster run builds its artifact: `atlas run` sets it where steps go to worker processes.
builder: ContextVar[Callable[[Stage, StageRun], Materialised]] = ContextVar("builder", default=materialise)


def _reset_peak_memory() -> None:
    """Linux only: make the peak that follows belong to this build, not to an earlier one in the same process."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_bytes() -> int:
    """Peak resident memory since the last reset (Linux) or since the process began (elsewhere)."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
