"""The component that turns one ``defs.yaml`` into the assets of one atlas.

Everything about Dagster is here: keys, partitions, mappings, checks, tags. What the assets do is in ``pipeline``.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from atlas_assets import points_file, project, report, run_tags
from atlas_assets.components import refreshing, remarks, sweep_jobs, watching
from atlas_assets.components.materialise import CheckFailed, Materialised, builder, materialise
from atlas_assets.components.pipeline import SOURCE_CHECK, VIEWER, Pipeline, Stage
from atlas_assets.components.progress import StepProgress
from atlas_assets.components.prune_job import prune_job
from atlas_assets.errors import AtlasError
from atlas_assets.io import Address
from atlas_assets.resources import GPU_OP_TAGS, GPU_POOL, PyMDE, Storage
from atlas_assets.spec import AtlasSpec, validate
from atlas_assets.stages.artifact import Check
from atlas_assets.tidying import tidy

# Partitioned asset checks and components are marked beta or preview in Dagster 1.13; every code server would say so.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

CHECKS = {
    "invariants": "Counts agree, values are finite and in range, nothing was lost. A failure stores nothing.",
    SOURCE_CHECK: "The source can be read, did not change meanwhile, and lost neither more rows than "
    "refresh.max_shrink allows nor columns that were used. A failure stores nothing: maps and site stay as they were.",
}
LEAST_AGE_SECONDS = 120.0  # Dagster's windows are a minute or more
ACCEPT = {
    "accept": dg.Field(
        bool, default_value=False, is_required=False,
        description="Take the source although it lost more rows than refresh.max_shrink allows, or columns.",
    )
}  # fmt: skip


class Atlas(dg.Component):
    """One atlas: its source, filter, relation, sweep and display, as described in the README."""

    def __init__(self, spec: AtlasSpec) -> None:
        self.spec = spec

    @classmethod
    def get_model_cls(cls) -> type[AtlasSpec]:
        return AtlasSpec

    @classmethod
    def load(cls, attributes: Any, context: dg.ComponentLoadContext) -> "Atlas":
        given = attributes.model_dump(exclude_unset=True, by_alias=True) if attributes is not None else {}
        file = Path(context.path) / "defs.yaml"
        return cls(validate(given, file=file, found=points_file.read(points_file.beside(file))))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        return definitions_of(self.spec)


def definitions_of(spec: AtlasSpec) -> dg.Definitions:
    """The assets of one atlas, the external asset that stands for its source, and what keeps them up to date."""
    pipeline = Pipeline(spec, base=project.root())
    source = dg.AssetSpec(
        [pipeline.name, "source"], group_name=pipeline.name, kinds={"file"}, owners=spec.owners,
        description="The data as it lies outside of Atlas.",
    )  # fmt: skip
    stages = [_asset(pipeline, stage) for stage in pipeline.stages.values()]
    schedule = watching.schedule_of(pipeline)
    return dg.Definitions(
        assets=[source, *stages, refreshing.asset_of(pipeline)],
        asset_checks=[watching.check_of(pipeline)],
        jobs=[*refreshing.jobs_of(pipeline), *sweep_jobs.jobs_of(pipeline), prune_job(pipeline)],
        sensors=[watching.sensor_of(pipeline)],
        schedules=[schedule] if schedule else [],
    )


def _asset(pipeline: Pipeline, stage: Stage) -> dg.AssetsDefinition:
    key = dg.AssetKey([pipeline.name, stage.name])
    partitions = dg.StaticPartitionsDefinition(list(stage.keys)) if stage.keys else None
    check = dg.AssetCheckSpec(
        stage.check, asset=key, blocking=True, partitions_def=partitions, description=CHECKS[stage.check]
    )

    @dg.asset(
        key=key,
        group_name=pipeline.name,
        description=_described(pipeline, stage),
        code_version=stage.code_version,
        kinds=set(stage.kinds),
        deps=list(_deps(pipeline, stage)),
        partitions_def=partitions,
        check_specs=[check, *remarks.spec(stage.name, key, partitions)],
        owners=pipeline.spec.owners,
        freshness_policy=_freshness(pipeline) if stage.name == "site" else None,
        config_schema=ACCEPT if stage.check == SOURCE_CHECK else None,
        pool=GPU_POOL if stage.uses_gpu else None,
        op_tags=GPU_OP_TAGS if stage.uses_gpu else None,
    )
    def _materialise(context: dg.AssetExecutionContext, storage: Storage, pymde: PyMDE):
        partition = context.partition_key if context.has_partition_key else None
        run_tags.sign(context.instance, context.run)
        try:
            at_hand = nullcontext(pymde.device if stage.shares_gpu else "cpu")
            with pymde.reserved() if stage.uses_gpu else at_hand as device:
                run = pipeline.run(
                    storage.store(), partition, device=device, progress=StepProgress(context.log.info),
                    accept=bool((context.op_execution_context.op_config or {}).get("accept")),
                )  # fmt: skip
                made = builder.get()(stage, run)
            if builder.get() is materialise and run.store.is_local:  # a run by hand: elsewhere a listing takes seconds
                tidy(pipeline, run.store)
        except CheckFailed as failure:
            yield _check_result(key, stage, failure.checks)
            raise dg.Failure(str(failure), allow_retries=False) from failure
        except AtlasError as error:
            if stage.check == SOURCE_CHECK:
                yield _check_result(key, stage, [Check("can be read", False, str(error))])
            raise dg.Failure(str(error), allow_retries=False) from error
        yield _result(key, stage, made, remarks.result(stage.name, key, run, made.stored))

    return _materialise


def _described(pipeline: Pipeline, stage: Stage) -> str:
    """The page of an asset names no automation but its own; what keeps all assets of an atlas is one asset's."""
    if stage.on_request:
        return stage.description
    return f"{stage.description}\n\nKept up to date by the sensor and the job `{refreshing.job_name(pipeline.name)}`."


def _freshness(pipeline: Pipeline) -> dg.FreshnessPolicy | None:
    """The site is stale when nothing was published for ``refresh.max_age``; three quarters of it earn a warning."""
    age = pipeline.spec.refresh.max_age
    if age is None:
        return None
    fail = timedelta(seconds=max(age, LEAST_AGE_SECONDS))
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=fail * 0.75)


def _result(
    key: dg.AssetKey, stage: Stage, made: Materialised, remarked: list[dg.AssetCheckResult]
) -> dg.MaterializeResult:
    """The check goes inside: yielded before the result it would count for the materialisation before this one."""
    facts = made.outcome.metadata | report.cost(made.stored.cost) | {"version": made.stored.version}
    facts.setdefault("bytes", made.stored.bytes)  # of a site, what visitors' hosts hold; what is stored is its record
    return dg.MaterializeResult(
        asset_key=key,
        data_version=dg.DataVersion(made.stored.version),
        metadata=_metadata(facts),
        check_results=[_check_result(key, stage, made.outcome.checks), *remarked],
    )


def _check_result(key: dg.AssetKey, stage: Stage, checks: list[Check]) -> dg.AssetCheckResult:
    broken = [check for check in checks if not check.passed]
    rows = [dg.TableRecord({"invariant": c.name, "holds": c.passed, "detail": c.detail}) for c in checks]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=stage.check,
        passed=not broken,
        description="; ".join(f"{check.name}: {check.detail}" for check in broken) or None,
        metadata={"invariants": dg.MetadataValue.table(rows)} if rows else {},
    )


def _metadata(facts: report.Metadata) -> dict[str, dg.MetadataValue | Any]:
    return {
        name: dg.MetadataValue.md(value) if isinstance(value, report.Markdown) else value
        for name, value in facts.items()
        if value is not None
    }


def _deps(pipeline: Pipeline, stage: Stage) -> Iterator[dg.AssetDep]:
    """What the stage is made from, with the exact keys of each: the inputs of every key, turned around."""
    if not stage.inputs(stage.keys[0] if stage.keys else None):
        yield dg.AssetDep([pipeline.name, "source"])
        return
    readers: dict[str, dict[str | None, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for key in stage.keys or (None,):
        for address in stage.inputs(key):
            readers[_asset_name(pipeline, address)][address.partition].add(key)
    for upstream, keys in readers.items():
        if upstream == VIEWER.atlas:
            yield dg.AssetDep([VIEWER.atlas])
        else:
            yield dg.AssetDep(
                [pipeline.name, upstream], partition_mapping=_mapping(pipeline.stages[upstream], stage, keys)
            )


def _asset_name(pipeline: Pipeline, address: Address) -> str:
    return address.stage if address.atlas == pipeline.name else address.atlas


def _mapping(upstream: Stage, stage: Stage, readers: dict[Any, set[Any]]) -> dg.PartitionMapping | None:
    """Only built-in mappings: Dagster's daemon replaces any other by None (deprecated since 1.1.7, seen in 1.13.27)."""
    if upstream.keys is None:
        return None
    if stage.keys is None:
        everything = set(readers) == set(upstream.keys)
        return dg.AllPartitionMapping() if everything else dg.SpecificPartitionsPartitionMapping(sorted(readers))
    return dg.StaticPartitionMapping({key: sorted(read_by) for key, read_by in readers.items()})
