"""One sensor per atlas, which launches a refresh when something is due; its schedule; the check of its source.

What is due is known from the store: which recipe an artifact was made by, and which one it would be made by now. So a
look also finds what a kill, a crash or an edit of the defs.yaml left undone.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import dagster as dg

from atlas_assets.errors import AtlasError
from atlas_assets.orchestration import attempts, dead_runs, run_tags
from atlas_assets.orchestration.jobs import as_written
from atlas_assets.orchestration.names import job_name
from atlas_assets.orchestration.resources import Storage
from atlas_assets.plan import source_state
from atlas_assets.plan.pipeline import VIEWER, Pipeline, Stage
from atlas_assets.plan.source_state import SourceState, Verdict
from atlas_assets.store import lock
from atlas_assets.store.artifacts import ArtifactStore, recipe_hash

SOURCE, CHECK = "source", "source"
UNREADABLE = ("small", "settling", "missing")  # verdicts with which the raw tables stay as they are
FAILING = ("missing", "shrunk")


@dataclass(frozen=True)
class Memory:
    """What a sensor remembers from look to look. since: when the source was first seen to differ from what was read.

    read: the source as it was read; acted: as it was when it was last acted on; told: what the check said last.
    """

    read: str = ""
    since: float = 0.0
    acted: str = ""
    told: str = ""

    @classmethod
    def of(cls, cursor: str | None) -> "Memory":
        return cls(**json.loads(cursor)) if cursor else cls()

    def seen(self, before: SourceState | None, now: SourceState, *, clock: float) -> "Memory":
        """After another look at the source."""
        read = before.fingerprint if before else ""
        waiting = read == self.read and self.since and now.fingerprint != read
        return replace(self, read=read, since=self.since if waiting else clock)

    @property
    def cursor(self) -> str:
        return json.dumps(asdict(self))


def sensor_of(pipeline: Pipeline, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Looks every ``refresh.every`` seconds. jobs: the refresh, which it launches, and those of the assets that this
    makes, so that Dagster shows the sensor on their pages."""

    @dg.sensor(
        name=job_name(pipeline.name),
        jobs=jobs,
        minimum_interval_seconds=int(pipeline.spec.refresh.every),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Launches {job_name(pipeline.name)} when the source has changed, or anything else is missing or "
        "out of date: after an edit of the defs.yaml, a new point of the sweep, an update of Atlas, a crash.",
    )
    def _look(context: dg.SensorEvaluationContext, storage: Storage):
        try:
            now = as_written(pipeline)
        except AtlasError as mistake:
            return dg.SkipReason(str(mistake))
        return look(now, context.instance, storage.store(), Memory.of(context.cursor), clock=time.time())

    return _look


def schedule_of(pipeline: Pipeline) -> dg.ScheduleDefinition | None:
    """Takes any change at the times of ``refresh.cron``; None where there are none."""
    if pipeline.spec.refresh.cron is None:
        return None

    @dg.schedule(
        name=f"{job_name(pipeline.name)}_schedule",
        job_name=job_name(pipeline.name),
        cron_schedule=pipeline.spec.refresh.cron,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Launches a refresh at these times, if anything has changed since, however little.",
    )
    def _at_these_times(context: dg.ScheduleEvaluationContext, storage: Storage):
        store = storage.store()
        if reason := _not_now(pipeline, context.instance, store):
            return dg.SkipReason(reason)
        due = due_of(pipeline, store, with_source=True)
        return _request(pipeline, store, due, with_source=True) if due else dg.SkipReason("Everything is up to date.")

    return _at_these_times


def check_of(pipeline: Pipeline) -> dg.AssetChecksDefinition:
    """Whether there is a source that can be read. The sensor tells; run by hand, it looks again."""

    @dg.asset_check(
        asset=dg.AssetKey([pipeline.name, SOURCE]),
        name=CHECK,
        description="The files of the source are there and can be listed, and have not shrunk. The sensor looks; to "
        "look now, execute the check.",
    )
    def _source(storage: Storage):
        now = source_state.observe(pipeline.spec.source, base=pipeline.base)
        verdict = _judged(pipeline, storage.store(), now, since=time.time(), clock=time.time())
        return dg.AssetCheckResult(**_finding(verdict, now))

    return _source


def look(
    pipeline: Pipeline, instance: dg.DagsterInstance, store: ArtifactStore, memory: Memory, *, clock: float
) -> dg.SensorResult | dg.SkipReason:
    """One look at an atlas: what became of its runs, what lies at its source, what is due."""
    dead_runs.heal(instance, [pipeline.name])
    if reason := _not_now(pipeline, instance, store):
        return dg.SkipReason(reason)
    events: list[Any] = []
    with_source, missing, sentence = False, False, "Everything is up to date."
    if pipeline.spec.watched:
        now = source_state.observe(pipeline.spec.source, base=pipeline.base)
        memory = memory.seen(_read_from(pipeline, store), now, clock=clock)
        verdict = _judged(pipeline, store, now, since=memory.since, clock=clock)
        with_source, sentence = verdict.kind not in UNREADABLE, verdict.sentence
        missing = verdict.kind == "missing"
        acting = verdict.to_be_read and now.fingerprint != memory.acted
        told = f"{verdict.kind} {now.fingerprint}" if verdict.kind in FAILING else "passed"
        if told != memory.told or acting:
            memory = replace(memory, told=told)
            key = dg.AssetKey([pipeline.name, SOURCE])
            events.append(dg.AssetCheckEvaluation(asset_key=key, check_name=CHECK, **_finding(verdict, now)))
        if acting:
            memory = replace(memory, acted=now.fingerprint)
            events.append(_materialization(pipeline, verdict, now))
    due = [] if missing else due_of(pipeline, store, with_source=with_source)  # all that is made is made from it
    if due:
        skipped = _why_not(pipeline, instance, store, due, clock=clock)
    else:
        skipped = _failed(pipeline, store, with_source=with_source) or sentence
    requests = [] if skipped else [_request(pipeline, store, due, with_source=with_source)]
    return dg.SensorResult(requests, skip_reason=skipped, cursor=memory.cursor, asset_events=events)


def due_of(pipeline: Pipeline, store: ArtifactStore, *, with_source: bool) -> list[str]:
    """What a refresh would begin with. The viewer only where there is none: building one is for people to ask for."""
    from atlas_assets.plan.due import Wanted

    stages = [stage.name for stage in _followed(pipeline, with_source=with_source)]
    if store.current(VIEWER) is None:
        stages.append(VIEWER.atlas)
    return Wanted.of(pipeline, store, stages=stages, retry=False).due_now()


def _followed(pipeline: Pipeline, *, with_source: bool) -> list[Stage]:
    stages = pipeline.stages.values()
    return [stage for stage in stages if not stage.on_request and (with_source or stage.name != pipeline.raw)]


def _failed(pipeline: Pipeline, store: ArtifactStore, *, with_source: bool) -> str | None:
    """What is not made because it failed the last time, said; None where nothing is."""
    from atlas_assets.plan.due import failures_of

    failures = failures_of(pipeline, store, _followed(pipeline, with_source=with_source))
    if not failures:
        return None
    first, others = next(iter(failures.items())), len(failures) - 1
    more = f" So did {others} more." if others else ""
    return (
        f"{first[0]} failed, and is tried again when something changes, or when you launch the job "
        f"{job_name(pipeline.name)}. {first[1]}{more}"
    )


def _not_now(pipeline: Pipeline, instance: dg.DagsterInstance, store: ArtifactStore) -> str | None:
    """Why nothing is launched, whatever may be due."""
    name = pipeline.name
    if store.current(pipeline.address(pipeline.raw)) is None:
        return (
            f"Nothing was made of this atlas yet, and nothing starts by itself before that. Launch the job "
            f"{job_name(name)}, or run: atlas run {name}"
        )
    if runs := dead_runs.in_progress(instance, name):
        return f"{len(runs)} of its runs {'is' if len(runs) == 1 else 'are'} waiting or under way."
    if backfill := dead_runs.backfill_in_progress(instance, name):
        return f"The backfill {backfill} is under way."
    holder = lock.holder(name)
    return f"It is being made by {holder}." if holder else None


def _read_from(pipeline: Pipeline, store: ArtifactStore) -> SourceState | None:
    return SourceState.of_stored(store.current(pipeline.address(pipeline.raw)))


def _judged(pipeline: Pipeline, store: ArtifactStore, now: SourceState, *, since: float, clock: float) -> Verdict:
    before = _read_from(pipeline, store)
    return source_state.judge(before, now, pipeline.spec.refresh, first_seen=since, clock=clock)


def _finding(verdict: Verdict, now: SourceState) -> dict[str, Any]:
    """What the check of a source says: for a result as for an evaluation."""
    missing = verdict.kind == "missing"
    return {
        "passed": verdict.kind not in FAILING,
        "description": verdict.sentence,
        "severity": dg.AssetCheckSeverity.ERROR if missing else dg.AssetCheckSeverity.WARN,
        "metadata": {"files": len(now.files), "bytes": now.bytes},
    }


def _materialization(pipeline: Pipeline, verdict: Verdict, now: SourceState) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        dg.AssetKey([pipeline.name, SOURCE]),
        description=verdict.sentence,
        metadata={"files": len(now.files), "bytes": now.bytes, "changed_bytes": verdict.changed_bytes},
        tags={"dagster/data_version": now.fingerprint},
    )


def _tags_of(pipeline: Pipeline, store: ArtifactStore, due: list[str]) -> dict[str, str]:
    """Hashes of what the atlas would become, its data and everything that it is told, and of what of that is due."""
    raw = pipeline.stages[pipeline.raw]
    stored = store.current(pipeline.address(pipeline.raw))
    data = raw.recipe(store, None) if raw.name in due or stored is None else stored.recipe
    told = [
        [stage.name, stage.code_version, key, stage.parameters(key) | stage.facts()]
        for stage in pipeline.stages.values()
        for key in stage.keys or (None,)
        if stage is not raw
    ]
    goal = recipe_hash(data=data, told=told)
    return {run_tags.GOAL: goal, run_tags.DUE: recipe_hash(goal=goal, due=due)}


def _why_not(
    pipeline: Pipeline, instance: dg.DagsterInstance, store: ArtifactStore, due: list[str], *, clock: float
) -> str | None:
    tags = _tags_of(pipeline, store, due)
    return attempts.why_not(
        instance, job=job_name(pipeline.name), goal=tags[run_tags.GOAL], due=tags[run_tags.DUE], clock=clock
    )


def _request(pipeline: Pipeline, store: ArtifactStore, due: list[str], *, with_source: bool) -> dg.RunRequest:
    config = {"source": with_source, "retry": False}
    because = "the source changed" if pipeline.raw in due else f"{due[0]} is due"
    return dg.RunRequest(
        job_name=job_name(pipeline.name),
        run_config={"ops": {"plan": {"config": config}}},
        tags={"because": because, **_tags_of(pipeline, store, due)},
    )
