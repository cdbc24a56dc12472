"""Dagster runs whose process is gone: reported as failed, so that nothing waits for them for ever.

The server that starts a run's process notices when it dies. It does not where it was killed itself, and no server ever
looks after the runs inside ``atlas run`` or a refresh. A dead run that counts as started would fill the run queue.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import dagster as dg

from atlas_assets.orchestration import names, run_tags

# A process is known when its first step begins, some seconds after its launch; more where a machine has much to do.
SECONDS_TO_BEGIN = 180
BACKFILLS_LOOKED_AT = 20  # newest first
UNDER_WAY = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
DIED = (
    "The process of this run is gone: it was killed (by the system, where memory ran out), or its machine went down. "
    "Nothing that was stored is lost."
)


def is_of(run: dg.DagsterRun, atlas: str) -> bool:
    """Whether a run makes anything of an atlas: one of its jobs, a run of its assets, a part of ``atlas run``."""
    return run.tags.get(run_tags.ATLAS) == atlas or any(key.path[0] == atlas for key in run.asset_selection or ())


def in_progress(instance: dg.DagsterInstance, atlas: str) -> list[dg.DagsterRun]:
    """The runs of an atlas that are waiting or under way, newest first."""
    statuses = [dg.DagsterRunStatus.QUEUED, *UNDER_WAY]
    return [run for run in instance.get_runs(dg.RunsFilter(statuses=statuses)) if is_of(run, atlas)]


def backfill_in_progress(instance: dg.DagsterInstance, atlas: str) -> str | None:
    """A backfill that has more of an atlas to launch; None where there is none."""
    for backfill in instance.get_backfills(limit=BACKFILLS_LOOKED_AT):
        selected = backfill.asset_selection or ()
        if backfill.status.name == "REQUESTED" and any(key.path[0] == atlas for key in selected):
            return backfill.backfill_id
    return None


def find(instance: dg.DagsterInstance, atlases: Iterable[str]) -> list[dg.DagsterRun]:
    """The dead runs of these atlases, and those of others that say which process they were in."""
    records = instance.get_run_records(dg.RunsFilter(statuses=UNDER_WAY))
    return [record.dagster_run for record in records if _is_dead(record, set(atlases))]


def heal(instance: dg.DagsterInstance, atlases: Iterable[str]) -> list[dg.DagsterRun]:
    """Report dead runs as failed, or as cancelled where that was under way. Returns those that it reported."""
    reported = []
    for dead in find(instance, atlases):
        run = instance.get_run_by_id(dead.run_id)  # it may have ended well just before its process was looked for
        if run is None or run.is_finished:
            continue
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, DIED)
        else:
            instance.report_run_failed(run, DIED)
        reported.append(run)
    return reported


def _is_dead(record: dg.RunRecord, atlases: set[str]) -> bool:
    run = record.dagster_run
    if process := run_tags.process_of(run):
        return process.is_alive() is False
    if run.status == dg.DagsterRunStatus.STARTED and names.executor() != run_tags.IN_PROCESS:
        return False  # its steps are in other processes, perhaps on other machines
    ours = any(is_of(run, atlas) for atlas in atlases)
    return ours and time.time() - record.update_timestamp.timestamp() > SECONDS_TO_BEGIN
