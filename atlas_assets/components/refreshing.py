"""Everything that is due of an atlas, made in one Dagster run: the asset ``refresh``, and the jobs that launch it.

A refresh does what ``atlas run`` does, in the process of its run: each artifact in a Dagster run of its own, so that
every asset and partition has its events, and the run of the refresh tells how far it has come.
"""

import time
from dataclasses import asdict
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from pydantic import Field

from atlas_assets import dead_runs, lock, run_tags
from atlas_assets.components.pipeline import VIEWER, Pipeline
from atlas_assets.errors import AtlasError
from atlas_assets.resources import Storage

REFRESH, COMPLETE = "refresh", "complete"


class RefreshConfig(dg.Config):
    """What a refresh may do. With nothing changed: all that is missing or out of date."""

    accept: bool = Field(False, description="Take a source that lost more rows than it may, or columns that were used.")
    force: bool = Field(False, description="Make everything again, also what is up to date.")
    source: bool = Field(True, description="Look at the source. Without: make the rest from what was read before.")
    stages: list[str] = Field([], description="Only these, such as bundle and site. Empty: all.")
    points: list[str] = Field([], description="Only these keys of the sweep, and what they need. Empty: all.")
    retry: bool = Field(True, description="Also make what failed the last time with the same inputs and parameters.")


def job_name(atlas: str, what: str = REFRESH) -> str:
    return f"{atlas}_{what}"


def op_name(atlas: str) -> str:
    """The key of a refresh's configuration in a job."""
    return f"{atlas}__{REFRESH}"


def asset_of(pipeline: Pipeline) -> dg.AssetsDefinition:
    """The asset whose history is that of the atlas."""
    key = dg.AssetKey([pipeline.name, REFRESH])
    complete = dg.AssetCheckSpec(
        COMPLETE, asset=key, description="Every map that was asked for is made: none failed, none waits for another.",
    )  # fmt: skip

    @dg.asset(
        key=key, group_name=pipeline.name, check_specs=[complete], kinds={"python"}, code_version="1",
        owners=pipeline.spec.owners,
        description="The atlas as a whole: everything that is due, made in one run. Its metadata is the history: rows, "
        "entities that came and went, how far maps moved, what it took.",
    )  # fmt: skip
    def _refresh(context: dg.AssetExecutionContext, config: RefreshConfig):
        run_tags.sign(context.instance, context.run)
        wait = lambda other: context.log.info(f"Waiting for {other}: one at a time makes an atlas.")  # noqa: E731
        try:
            with lock.held(pipeline.name, f"refresh {context.run_id[:8]}", waiting=wait):
                yield from _refreshed(context, config, pipeline)
        except AtlasError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    return _refresh


def jobs_of(pipeline: Pipeline) -> list[UnresolvedAssetJobDefinition]:
    """What can be launched by hand, and what sensor and schedule launch."""
    name = pipeline.name
    # In this very process: that is what tells a refresh that is under way from one that was killed.
    shared: dict[str, Any] = {
        "selection": dg.AssetSelection.assets([name, REFRESH]), "executor_def": dg.in_process_executor,
        "tags": {run_tags.ATLAS: name, **run_tags.NO_RETRY},
    }  # fmt: skip
    forced = {"ops": {op_name(name): {"config": {"force": True}}}}
    return [
        dg.define_asset_job(
            job_name(name), **shared,
            description="Make what is missing or out of date, from the source to the site. What the sensor launches.",
        ),
        dg.define_asset_job(
            job_name(name, "rebuild"), config=forced, **shared,
            description="Make everything again, from the source to the site, also what is up to date.",
        ),
    ]  # fmt: skip


def _refreshed(context: dg.AssetExecutionContext, config: RefreshConfig, pipeline: Pipeline):
    from atlas_assets import history
    from atlas_assets.conductor import Conductor
    from atlas_assets.run_log import RunLog
    from atlas_assets.runs import Runs, uncaptured
    from atlas_assets.wanted import Wanted

    started, store = time.monotonic(), Storage().store()
    stages = config.stages or (None if config.source else [*_but_the_source(pipeline), VIEWER.atlas])
    wanted = Wanted.of(pipeline, store, stages=stages, points=config.points, force=config.force, retry=config.retry)
    before = history.Maps.of(pipeline, store)
    with uncaptured(context.instance.get_ref()) as state:
        dead_runs.heal(state, [pipeline.name])
        runs = Runs(pipeline.spec, state, made_by=f"refresh {context.run_id[:8]}")
        with RunLog(context.log.log, runs.baton) as log:
            conductor = Conductor(wanted, runs, log, jobs=None)
            try:
                conductor.conduct()
            except KeyboardInterrupt as interrupt:  # so Dagster records that this run was stopped, too
                raise dg.DagsterExecutionInterruptedError from interrupt
    tally = conductor.tally
    facts = {"made": tally.made, "up_to_date": tally.current, "seconds": round(time.monotonic() - started, 1)}
    facts |= {"failed": len(tally.failed), "waiting": len(tally.waiting)} | history.changes(pipeline, store, before)
    if broken := [label for label in tally.failed if label in pipeline.stages or label == VIEWER.atlas]:
        raise dg.Failure(
            f"{', '.join(broken)} failed, for the reason in the log above. The site stays as it was.",
            metadata=facts, allow_retries=False,
        )  # fmt: skip
    yield _result(pipeline, store, facts, asdict(tally))


def _result(pipeline: Pipeline, store, facts: dict[str, Any], tally: dict[str, Any]) -> dg.MaterializeResult:
    key = dg.AssetKey([pipeline.name, REFRESH])
    site = store.current(pipeline.address("site_record"))
    lacking = [*tally["failed"], *tally["waiting"]]
    check = dg.AssetCheckResult(
        asset_key=key, check_name=COMPLETE, passed=not lacking, severity=dg.AssetCheckSeverity.WARN,
        description=f"Not made: {', '.join(lacking)}. The log says why." if lacking else None,
    )  # fmt: skip
    return dg.MaterializeResult(
        asset_key=key, data_version=dg.DataVersion(site.version if site else "none"), metadata=facts,
        check_results=[check],
    )  # fmt: skip


def _but_the_source(pipeline: Pipeline) -> list[str]:
    return [name for name, stage in pipeline.stages.items() if name != pipeline.raw and not stage.on_request]
