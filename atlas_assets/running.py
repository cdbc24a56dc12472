"""``atlas run``: what is missing or out of date, materialised in one process against the instance of the Dagster UI.

A sweep of fifty points pays for importing torch and numba once, not fifty times. What is up to date is known from the
recipe stored with each artifact (inputs, parameters, code version), so the command can be repeated at any time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from rich.console import Console

from atlas_assets import project
from atlas_assets.components.atlas import definitions_of
from atlas_assets.components.pipeline import SITE_RECORD, VIEWER, Pipeline, Stage
from atlas_assets.components.progress import listener
from atlas_assets.components.viewer import recipe as viewer_recipe
from atlas_assets.components.viewer import viewer
from atlas_assets.display import Steps
from atlas_assets.errors import AtlasError
from atlas_assets.io import ArtifactStore
from atlas_assets.resources import PyMDE, Storage
from atlas_assets.spec import AtlasSpec
from atlas_assets.stages import artifact

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Tally:
    """What a run did, for its last line."""

    made: int = 0
    current: int = 0
    failed: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def instance(root: Path) -> dg.DagsterInstance:
    """The instance that ``dagster dev`` uses in this project: the same dagster.yaml, the same state."""
    os.chdir(root)  # the paths in dagster.yaml are relative
    (root / ".dagster").mkdir(exist_ok=True)
    # Capturing compute logs takes over the terminal that the progress bars are drawn on; events hold the log anyway.
    uncaptured = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
    reference = InstanceRef.from_dir(
        str(root / ".dagster"), config_dir=str(root), overrides={"compute_logs": uncaptured}
    )
    return dg.DagsterInstance.from_ref(reference)


def run(
    spec: AtlasSpec, console: Console, *, stages: list[str] | None = None, points: list[str] | None = None,
    force: bool = False,
) -> bool:  # fmt: skip
    """Materialise an atlas, upstream first. Returns whether everything asked for is up to date now.

    A point that fails does not stop the others; what depends on it is named at the end.
    """
    root = project.root()
    pipeline = Pipeline(spec, base=root)
    _known(stages, [*pipeline.stages, VIEWER.atlas], "stage")
    keys = _wanted_keys(pipeline, points)
    store, tally, started = Storage().store(), Tally(), time.perf_counter()
    assets = [*(definitions_of(spec).assets or []), viewer]
    with instance(root) as state, Steps(console) as steps:
        for stage, key in _in_order(pipeline, keys):
            name = stage.name if stage else VIEWER.atlas
            if name not in stages if stages else stage is not None and stage.on_request:
                continue
            label = " ".join(filter(None, [name, key]))
            if stage is not None and stage.recipe(store, key) is None:
                tally.waiting.append(label)
            elif not force and _is_current(pipeline, stage, key, store):
                tally.current += 1
            else:
                asset = dg.AssetKey([pipeline.name, name] if stage else [name])
                with steps.step(label) as progress:
                    result = _materialise(assets, asset, key, state, progress)
                if result.success:
                    tally.made += 1
                else:
                    tally.failed.append(label)
                    steps.complain(label, _why(result))
    _print_tally(console, tally, seconds=time.perf_counter() - started)
    complete = not tally.failed and not tally.waiting
    if complete and store.current(pipeline.address(SITE_RECORD)):
        console.print(f"See it: [bold]atlas serve {pipeline.name}[/bold]")
    return complete


def _materialise(
    assets: list, asset: dg.AssetKey, partition: str | None, state: dg.DagsterInstance, progress: artifact.Progress
) -> dg.ExecuteInProcessResult:
    device = os.environ.get("ATLAS_DEVICE", "auto")
    token = listener.set(progress)
    try:
        return dg.materialize(
            assets, selection=[asset], partition_key=partition, instance=state, run_config=QUIET, raise_on_error=False,
            resources={"storage": Storage(), "pymde": PyMDE(device=device)},  # type: ignore[arg-type]
        )  # fmt: skip
    finally:
        listener.reset(token)


def _in_order(pipeline: Pipeline, keys: dict[str, set[str]]) -> Iterator[tuple[Stage | None, str | None]]:
    """Every stage and key, upstream first; None is the viewer, which only the site needs."""
    for stage in pipeline.stages.values():
        if stage.name == "site":
            yield None, None
        for key in stage.keys or (None,):
            if key is None or key in keys[stage.name]:
                yield stage, key


def _wanted_keys(pipeline: Pipeline, points: list[str] | None) -> dict[str, set[str]]:
    """Of each swept stage, the keys that are needed for ``points`` (all, when none are given)."""
    everything = {stage.name: set(stage.keys or ()) for stage in pipeline.stages.values()}
    if not points:
        return everything
    _known(points, pipeline.sweep.projections, "point")
    chosen = [pipeline.sweep.projections[key] for key in points]
    return everything | {
        "knn_graph": {point.graph.key for point in chosen},
        "embedding": {point.embedding.key for point in chosen if point.embedding},
        "projection": set(points),
        "regions": set(points),
        "quality": set(points),
    }


def _is_current(pipeline: Pipeline, stage: Stage | None, key: str | None, store: ArtifactStore) -> bool:
    if stage is None:
        stored = store.current(VIEWER)
        return stored is not None and stored.recipe == viewer_recipe()
    stored = store.current(pipeline.address(stage.stored_as or stage.name, key))
    return stored is not None and stored.recipe == stage.recipe(store, key)


def _known(given: list[str] | None, known, what: str) -> None:
    for name in given or []:
        if name not in known:
            raise AtlasError(f"{name!r} is not a {what} of this atlas. It has: {', '.join(known)}.")


def _why(result: dg.ExecuteInProcessResult) -> str:
    """The message of the first failure; a traceback only where the failure is a defect."""
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data and data.user_failure_data.description:
                return data.user_failure_data.description
            return data.error_display_string
    return "the run failed before its step began; see it in the Dagster UI (make dev)"


def _print_tally(console: Console, tally: Tally, *, seconds: float) -> None:
    console.print(f"{tally.made} made, {tally.current} up to date, {len(tally.failed)} failed, {seconds:.0f} s")
    if tally.waiting:
        console.print(f"[yellow]Not made, because what they need is missing:[/yellow] {', '.join(tally.waiting)}")
