"""``atlas sweep``: a sweep from the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from atlas_assets import dead_runs, lock, project
from atlas_assets.display import Steps, duration
from atlas_assets.figures import FIGURES, value_text
from atlas_assets.runs import Runs, instance
from atlas_assets.spec import AtlasSpec
from atlas_assets.sweep_cost import Estimate
from atlas_assets.sweep_request import Request
from atlas_assets.sweeping import Outcome, Sweeper


def run(file: Path, request: Request, console: Console, *, dry_run: bool = False, jobs: int | None = None) -> bool:
    """Say what the sweep comes to and, unless that is all, make it. Returns whether every point of it is made."""
    sweeper = Sweeper(file, request, jobs=jobs)
    name = sweeper.spec.name or ""
    if sweeper.is_complete:
        console.print(
            f"This sweep is done: {len(sweeper.record.keys)} points. Another --seed looks at others, a larger --budget "
            f"at more. Compare them with: [bold]atlas report {name}[/bold]"
        )
        return True
    console.print(plan_in_words(sweeper, sweeper.estimate()), soft_wrap=True)
    if dry_run:
        return True
    wait = lambda other: console.print(f"Waiting for {escape(str(other))}: one at a time makes an atlas.")  # noqa: E731
    with instance(project.root()) as state, lock.held(name, "atlas sweep", waiting=wait), Steps(console) as steps:
        dead_runs.heal(state, [name])
        outcome = sweeper.run(steps, lambda spec: _runs(spec, state))
    console.print(outcome_in_words(outcome), soft_wrap=True)
    console.print(
        f"Compare them: [bold]atlas report {name}[/bold]. The points are in {escape(str(sweeper.points_file))}"
    )
    return not outcome.failed


def plan_in_words(sweeper: Sweeper, estimate: Estimate) -> str:
    """``24 points, 6 of them made already; 2 new graphs, 4 new embeddings; about 3 min (a guess: ...)``."""
    request, about = sweeper.request, "" if sweeper.points_are_known else "about "
    resumed = len(sweeper.record.keys)
    parts = [f"{about}{estimate.points} points", f"{estimate.there} of them made already" if estimate.there else ""]
    new = [(estimate.graphs, "graph"), (estimate.embeddings, "embedding")]
    parts.append(", ".join(f"{n} new {what}{'' if n == 1 else 's'}" for n, what in new if n))
    time = f"about {duration(estimate.seconds)}"
    if estimate.guessed:
        time += f" (partly a guess: this atlas has no {' or '.join(sorted(estimate.guessed))} yet to tell from)"
    if request.budget.seconds is not None:
        time = f"within {duration(max(0.0, request.budget.seconds - sweeper.record.seconds))}"
    parts.append(time)
    begun = f"Going on with a sweep of which {resumed} points were chosen: " if resumed else ""
    return f"{begun}{request.search} search: {'; '.join(filter(None, parts))}."


def outcome_in_words(outcome: Outcome) -> str:
    """What was made, what failed, and what it was good for."""
    said = f"{len(outcome.made)} point{'' if len(outcome.made) == 1 else 's'} made"
    said += f", {len(outcome.failed)} failed." if outcome.failed else "."
    if outcome.best is None:
        return said
    title, text = FIGURES[outcome.ranked_by].title, lambda figure: value_text(outcome.ranked_by, figure)
    key, value = outcome.best
    if outcome.before is None:
        return f"{said} Best: {key}, {title.lower()} {text(value)}."
    if outcome.before[0] == key:
        return f"{said} The best map is still {key}, {title.lower()} {text(value)}."
    return (
        f"{said} Best: {key}, {title.lower()} {text(value)}; before: {text(outcome.before[1])} ({outcome.before[0]})."
    )


def _runs(spec: AtlasSpec, state) -> Runs:
    return Runs(spec, state, made_by="atlas sweep")
