"""``atlas run`` where there is nothing to make: said without Dagster, whose import takes longer than the look."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from atlas_assets import project
from atlas_assets.plan.due import Wanted
from atlas_assets.plan.pipeline import SITE_RECORD, Pipeline
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.store.artifacts import ArtifactStore, project_store

MATRIX = "cooccurrence"  # made for its own sake, so it is said where it lies


def told(spec: AtlasSpec, console: Console, *, stages: list[str] | None, points: list[str] | None) -> bool:
    """Whether everything that is asked for is what it would be made into now; then that is said.

    Raises AtlasError for a stage or a point that the atlas does not have.
    """
    pipeline, store = Pipeline(spec, base=project.root()), project_store()
    wanted = Wanted.of(pipeline, store, stages=stages, points=points)
    if not wanted.is_current():
        return False
    console.print(f"0 made, {wanted.count_current()} up to date, 0 failed")
    say_where(pipeline, store, console, stages)
    return True


def say_where(pipeline: Pipeline, store: ArtifactStore, console: Console, stages: list[str] | None) -> None:
    """Where to find what was made."""
    if MATRIX in (stages or []):
        console.print(f"The matrix is in {escape(str(store.folder(pipeline.address(MATRIX))))}", soft_wrap=True)
    if store.current(pipeline.address(SITE_RECORD)):
        console.print(f"See it: [bold]atlas serve {pipeline.name}[/bold]")
