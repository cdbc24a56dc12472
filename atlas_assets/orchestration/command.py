"""``atlas run`` and ``atlas sweep``: a job of the atlas, executed by this process in the state of the Dagster UI.

What is shown is drawn from the events of the run, as any other executor would write them.
"""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Any

import dagster as dg
from rich.console import Console
from rich.markup import escape

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.orchestration import dead_runs, names, run_tags, sweep_jobs
from atlas_assets.orchestration.run_display import RunDisplay, write_timings
from atlas_assets.orchestration.state import instance
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.plan.sweep_request import Request
from atlas_assets.reports import nothing_due
from atlas_assets.spec.atlas import MOST_POINTS, AtlasSpec
from atlas_assets.spec.loading import load
from atlas_assets.store import lock
from atlas_assets.store.artifacts import project_store

SECONDS_BETWEEN_LOOKS = 0.2


def run(
    spec: AtlasSpec,
    console: Console,
    *,
    stages: list[str] | None = None,
    points: list[str] | None = None,
    force: bool = False,
    accept: bool = False,
    timings: Path | None = None,
) -> bool:
    """Make what is due of an atlas. Returns whether everything asked for is up to date now.

    A point that fails does not stop the others, nor the report and the site, which take what is there. accept: take a
    source that fails its check because it lost rows or columns. timings: a file for what took how long.
    """
    if not force and not timings and nothing_due.told(spec, console, stages=stages, points=points):
        return True
    pipeline, store = Pipeline(spec, base=project.root()), project_store()
    config = {"stages": stages or [], "points": points or [], "force": force, "accept": accept}
    shown = execute(spec, names.REFRESH, {"ops": {"plan": {"config": config}}}, console, command="atlas run")
    if timings:
        write_timings(timings, began=shown.began, seconds=shown.ended - shown.began, steps=shown.times)
    shown.print_tally(console)
    if "site" not in shown.lacking:
        nothing_due.say_where(pipeline, store, console, stages if shown.complete else None)
    return shown.complete


def sweep(file: Path, request: Request, console: Console, *, dry_run: bool = False, yes: bool = False) -> bool:
    """Say what the sweep comes to and, unless that is all, make it. Returns whether every point of it is made.

    Raises AtlasError for more than MOST_POINTS points that are still to be made, unless ``yes``.
    """
    from atlas_assets.plan.sweeper import Sweeper, outcome_in_words, plan_in_words

    store = project_store()
    sweeper = Sweeper(file, request, store)
    name = sweeper.spec.name or ""
    if sweeper.is_complete:
        console.print(
            f"This sweep is done: {len(sweeper.record.keys)} points. Another --seed looks at others, a larger --budget "
            f"at more. Compare them with: [bold]atlas report {name}[/bold]"
        )
        return True
    estimate = sweeper.estimate()
    console.print(plan_in_words(sweeper, estimate), soft_wrap=True)
    if dry_run:
        return True
    if request.budget.seconds is None and estimate.points - estimate.there > MOST_POINTS and not yes:
        raise AtlasError(
            f"That is more than {MOST_POINTS} points to make, and was not begun. Say --yes if you mean it, or a "
            "smaller --budget, such as 50 or 1h."
        )
    before, made, failed = sweeper.best(), list[str](), list[str]()
    config = {"ops": {"plan": {"config": sweep_jobs.config_of(request)}}}
    while True:  # a run has so many rounds; a long search takes several
        known = list(sweeper.record.keys)
        shown = execute(sweeper.spec, names.SWEEP, config, console, command="atlas sweep")
        made += shown.points
        failed += [label for label in shown.failed if label not in failed]
        sweeper = Sweeper(file, request, store)
        if not shown.finished or sweeper.is_complete or sweeper.record.keys == known:
            break
    console.print(outcome_in_words(sweeper, made, failed, before), soft_wrap=True)
    console.print(
        f"Compare them: [bold]atlas report {name}[/bold]. The points are in {escape(str(sweeper.points_file))}"
    )
    return shown.finished and not failed


def execute(spec: AtlasSpec, job: str, config: dict[str, Any], console: Console, *, command: str) -> RunDisplay:
    """Execute a job of an atlas here and show how far it is. Raises KeyboardInterrupt when it is interrupted."""
    name = spec.name or ""
    wait = lambda other: console.print(f"Waiting for {escape(str(other))}: one at a time makes an atlas.")  # noqa: E731
    mark = uuid.uuid4().hex
    tags = {**run_tags.of_command(name, command), run_tags.COMMAND: mark}
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with instance() as state, lock.held(name, command, waiting=wait):
        for dead in dead_runs.heal(state, [name]):
            if dead_runs.is_of(dead, name):
                console.print(f"Of run {dead.run_id[:8]}, before this one: {dead_runs.DIED}")
        _wait_for_runs(state, name, console)
        shown = RunDisplay(console, state, mark)
        with shown:
            try:
                recipe = dg.build_reconstructable_job(
                    __name__, job_of.__name__, reconstructable_kwargs={"atlas": name, "what": job}
                )
                with dg.execute_job(recipe, state, run_config=config | quiet, tags=tags, raise_on_error=False):
                    pass
            except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
                shown.interrupted = True
        if shown.interrupted:
            raise KeyboardInterrupt
    return shown


def job_of(atlas: str, what: str) -> dg.JobDefinition:
    """A job of an atlas by name, for processes that are to run a step of it."""
    from atlas_assets.orchestration import jobs
    from atlas_assets.orchestration.shared import shared

    steps = sweep_jobs.SweepSteps(Pipeline(load(sweep_jobs.spec_file(atlas)), base=project.root()))
    every = [*jobs.jobs_of(steps), *sweep_jobs.jobs_of(steps)]
    [job] = [job for job in every if job.name == names.job_name(atlas, what)]
    return dg.Definitions.merge(dg.Definitions(jobs=[job]), shared()).resolve_job_def(job.name)


def _wait_for_runs(state: dg.DagsterInstance, atlas: str, console: Console) -> None:
    """Until no job of the atlas is under way. Those that are queued wait for this one.

    So do runs of its assets: they wait for the lock that is held here, and are not waited for in turn.
    """
    told = False
    while others := [
        run
        for run in dead_runs.in_progress(state, atlas)
        if run.status != dg.DagsterRunStatus.QUEUED and run_tags.ATLAS in run.tags
    ]:
        if not told:
            console.print(f"Waiting for run {others[0].run_id[:8]} of Dagster: one at a time makes an atlas.")
            told = True
        threading.Event().wait(SECONDS_BETWEEN_LOOKS)
        dead_runs.heal(state, [atlas])
