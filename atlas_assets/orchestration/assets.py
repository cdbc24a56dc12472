"""The assets of one atlas: keys, partitions, mappings and checks, and what happens when somebody materialises them.

Stages with the same keys share one step, so that a selection of them is one run, and all of its partitions are made in
that run: a process for each would cost more than most maps. Where steps go to other machines (``spreads``), each
partition is a run of its own.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from atlas_assets.orchestration import by_hand, checks, events, names, run_tags
from atlas_assets.orchestration.resources import GPU_OP_TAGS, GPU_POOL
from atlas_assets.plan.pipeline import SOURCE_CHECK, VIEWER, Pipeline, Stage
from atlas_assets.store.artifacts import Address

CHECKS = {
    "invariants": "Counts agree, values are finite and in range, nothing was lost. A failure stores nothing.",
    SOURCE_CHECK: "The source can be read, did not change meanwhile, and lost neither more rows than "
    "refresh.max_shrink allows nor columns that were used. A failure stores nothing: maps and site stay as they were.",
}
LEAST_AGE_SECONDS = 120.0  # Dagster's windows are a minute or more


def assets_of(pipeline: Pipeline) -> list[dg.AssetsDefinition]:
    """Every stage of an atlas as an asset, those of one step together."""
    steps: dict[str, list[Stage]] = defaultdict(list)
    for stage in pipeline.stages.values():
        steps[stage.step].append(stage)
    return [_step_of(pipeline, step, stages) for step, stages in steps.items()]


def jobs_of(pipeline: Pipeline) -> list[Any]:
    """For each step a job of its assets. They are what the page of an asset knows the sensor by, whose refreshes are
    a graph of steps and no job of assets; and they make these assets alone, where somebody launches them."""
    steps: dict[str, list[dg.AssetKey]] = defaultdict(list)
    for stage in pipeline.stages.values():
        if not stage.on_request:
            steps[stage.step].append(events.key_of(pipeline, stage.name))
    return [
        dg.define_asset_job(
            names.job_name(pipeline.name, f"only_{step}"),
            selection=keys,
            tags={run_tags.ATLAS: pipeline.name, **run_tags.NO_RETRY},
            description=f"Only {', '.join(key.path[-1] for key in keys)}, from what is there. The sensor and the job "
            f"{names.job_name(pipeline.name)} make them with all that they come from.",
        )
        for step, keys in steps.items()
    ]


def _step_of(pipeline: Pipeline, step: str, stages: Sequence[Stage]) -> dg.AssetsDefinition:
    partitions = dg.StaticPartitionsDefinition(list(stages[0].keys)) if stages[0].keys else None
    uses_gpu = any(stage.uses_gpu for stage in stages)

    @dg.multi_asset(
        name=f"{pipeline.name}__{step}_assets",
        specs=[_spec(pipeline, stage, partitions) for stage in stages],
        check_specs=[check for stage in stages for check in _checks(pipeline, stage, partitions)],
        partitions_def=partitions,
        backfill_policy=None if names.spreads() or partitions is None else dg.BackfillPolicy.single_run(),
        can_subset=True,
        pool=GPU_POOL if uses_gpu else names.pool(pipeline.name),
        op_tags=GPU_OP_TAGS if uses_gpu else None,
        required_resource_keys={"storage", "pymde"},
    )
    def _materialise(context: dg.AssetExecutionContext, config: by_hand.MaterialiseConfig):
        run_tags.sign(context.instance, context.run)
        selected = [stage for stage in stages if events.key_of(pipeline, stage.name) in context.selected_asset_keys]
        keys = list(context.partition_keys) if partitions else [None]
        yield from by_hand.materialise(context, config, pipeline, selected, keys)

    return _materialise


def _spec(pipeline: Pipeline, stage: Stage, partitions: dg.PartitionsDefinition | None) -> dg.AssetSpec:
    return dg.AssetSpec(
        events.key_of(pipeline, stage.name),
        deps=list(_deps(pipeline, stage)),
        description=_described(pipeline, stage),
        group_name=pipeline.name,
        code_version=pipeline.code_version(stage),
        kinds=set(stage.kinds),
        owners=pipeline.spec.owners or [],
        partitions_def=partitions,
        skippable=True,
        freshness_policy=_freshness(pipeline) if stage.name == "site" else None,
    )


def _described(pipeline: Pipeline, stage: Stage) -> str:
    """What it is, and what keeps it up to date: one job's steps make all assets of an atlas."""
    if stage.on_request:
        return stage.description
    return f"{stage.description}\n\nKept up to date by the sensor and the job `{names.job_name(pipeline.name)}`."


def _checks(pipeline: Pipeline, stage: Stage, partitions: dg.PartitionsDefinition | None) -> list[dg.AssetCheckSpec]:
    asset = events.key_of(pipeline, stage.name)
    own = dg.AssetCheckSpec(
        stage.check, asset=asset, blocking=True, partitions_def=partitions, description=CHECKS[stage.check]
    )
    told = "Every map that was asked for is made: none failed, none waits for another. Told by the job of the atlas."
    whole = [dg.AssetCheckSpec(names.ALL_MAPS, asset=asset, description=told)] if stage.name == "site" else []
    return [own, *whole, *checks.spec(stage.name, asset, partitions)]


def _freshness(pipeline: Pipeline) -> dg.FreshnessPolicy | None:
    """The site is stale when nothing was published for ``refresh.max_age``; three quarters of it earn a warning."""
    age = pipeline.spec.refresh.max_age
    if age is None:
        return None
    fail = timedelta(seconds=max(age, LEAST_AGE_SECONDS))
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=fail * 0.75)


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
            mapping = _mapping(pipeline.stages[upstream], stage, keys)
            yield dg.AssetDep([pipeline.name, upstream], partition_mapping=mapping)


def _asset_name(pipeline: Pipeline, address: Address) -> str:
    return address.stage if address.atlas == pipeline.name else address.atlas


def _mapping(upstream: Stage, stage: Stage, readers: dict[Any, set[Any]]) -> dg.PartitionMapping | None:
    """Only built-in mappings: Dagster's daemon replaces any other by None (deprecated since 1.1.7, seen in 1.13.27)."""
    if upstream.keys is None:
        return None
    if stage.keys is None:
        everything = set(readers) == set(upstream.keys)
        return dg.AllPartitionMapping() if everything else dg.SpecificPartitionsPartitionMapping(sorted(readers))
    if stage.keys == upstream.keys:
        return dg.IdentityPartitionMapping()
    return dg.StaticPartitionMapping({key: sorted(read_by) for key, read_by in readers.items()})
