"""``atlas run``: what is missing or out of date, materialised against the instance of the Dagster UI.

What is up to date is known from the recipe stored with each artifact (inputs, parameters, code version), so the command
can be repeated at any time, and goes on from where it was interrupted.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from atlas_assets import dead_runs, lock, project, schedule
from atlas_assets.components.pipeline import SITE_RECORD, Pipeline
from atlas_assets.conductor import Conductor, Tally
from atlas_assets.display import Steps
from atlas_assets.resources import Storage
from atlas_assets.runs import Runs, instance
from atlas_assets.spec import AtlasSpec
from atlas_assets.wanted import Wanted

MATRIX = "cooccurrence"  # made for its own sake, so it is said where it lies


def run(
    spec: AtlasSpec, console: Console, *, stages: list[str] | None = None, points: list[str] | None = None,
    force: bool = False, accept: bool = False, jobs: int | None = None, timings: Path | None = None,
) -> bool:  # fmt: skip
    """Materialise an atlas, upstream first. Returns whether everything asked for is up to date now.

    A point that fails does not stop the others, nor the report and the site, which take what is there. jobs: points
    side by side, each in a worker process of its own; 1: everything in this process; None: one per core, fewer where
    memory would not suffice. accept: take a source that fails its check because it lost rows or columns. timings: a
    file for what took how long (``timings.Timings``).
    """
    root = project.root()
    pipeline = Pipeline(spec, base=root)
    wait = lambda other: console.print(f"Waiting for {escape(str(other))}: one at a time makes an atlas.")  # noqa: E731
    store = Storage().store()
    wanted = Wanted.of(pipeline, store, stages=stages, points=points, force=force, accept=accept)
    with instance(root) as state, lock.held(pipeline.name, "atlas run", waiting=wait), Steps(console) as steps:
        dead_runs.heal(state, [pipeline.name])
        conductor = Conductor(wanted, Runs(spec, state), steps, jobs=jobs)
        try:
            conductor.conduct()
        finally:
            if timings:
                conductor.timings.write(timings, jobs=conductor.jobs or 1, cores=schedule.cores())
    tally = conductor.tally
    _print_tally(console, tally, seconds=conductor.timings.now())
    complete = not tally.failed and not tally.waiting
    if complete and MATRIX in (stages or []):
        console.print(f"The matrix is in {store.folder(pipeline.address(MATRIX))}", soft_wrap=True)
    if "site" not in (*tally.waiting, *tally.failed) and store.current(pipeline.address(SITE_RECORD)):
        console.print(f"See it: [bold]atlas serve {pipeline.name}[/bold]")
    return complete


def _print_tally(console: Console, tally: Tally, *, seconds: float) -> None:
    console.print(f"{tally.made} made, {tally.current} up to date, {len(tally.failed)} failed, {seconds:.0f} s")
    if tally.waiting:
        console.print(
            f"[yellow]Not made, because what they need is missing or out of date:[/yellow] {', '.join(tally.waiting)}"
        )
