"""Whether a sensor launches again what came to nothing: later each time, and not where a person stopped it."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from atlas_assets.orchestration import run_tags
from atlas_assets.spec.time_spans import duration

FIRST_WAIT, GROWTH, LONGEST_WAIT = 15.0, 4.0, 6 * 3600.0  # seconds
REMEMBERED = 8  # attempts, after which the wait is the longest anyway


def why_not(instance: dg.DagsterInstance, *, job: str, goal: str, due: str, clock: float) -> str | None:
    """Why the job is not launched now for what is due; None where it may be.

    goal: what the atlas would become; due: what of that is missing. An attempt that did not come to all of its goal
    leaves less due, and is followed by the next at once.
    """
    last = _records(instance, job, {run_tags.GOAL: goal}, limit=1)
    if last and last[0].dagster_run.status == dg.DagsterRunStatus.CANCELED:
        return (
            f"The last run for this was stopped by a person. Launch the job {job} to go on from there; a change of the "
            "source or of the defs.yaml is taken by itself."
        )
    attempts = _records(instance, job, {run_tags.DUE: due}, limit=REMEMBERED)
    if not attempts:
        return None
    ended = attempts[0].end_time or attempts[0].update_timestamp.timestamp()
    left = ended + _wait_after(len(attempts)) - clock
    if left <= 0:
        return None
    times = "time" if len(attempts) == 1 else "times"
    return (
        f"Tried {len(attempts)} {times} for just this, without result; the next attempt is in {duration(left)}. "
        f"The log of the last run says why. To try now, launch the job {job}."
    )


def _wait_after(attempts: int) -> float:
    return min(FIRST_WAIT * GROWTH ** (attempts - 1), LONGEST_WAIT)


def _records(instance: dg.DagsterInstance, job: str, tags: dict[str, str], limit: int) -> Sequence[dg.RunRecord]:
    return instance.get_run_records(dg.RunsFilter(job_name=job, tags=tags), limit=limit)
