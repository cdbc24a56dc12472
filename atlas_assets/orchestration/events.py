"""What Dagster is told of an artifact: that it was made, from what, what its checks found and what its page shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dagster as dg

from atlas_assets.builders.materialise import Materialised
from atlas_assets.orchestration import checks
from atlas_assets.plan.pipeline import VIEWER, Pipeline, Stage, StageRun
from atlas_assets.redact import redact, within
from atlas_assets.reports import pages
from atlas_assets.stages.artifact import Check
from atlas_assets.store.artifacts import Stored

Event = dg.AssetMaterialization | dg.AssetCheckEvaluation
# Tags by which Dagster knows what a materialisation is and was made of. It writes them itself where an asset is made by
# its own step; a step of a job that makes an artifact of an asset has to.
DATA_VERSION, OF_THE_USER = "dagster/data_version", "dagster/data_version_is_user_provided"
CODE_VERSION, INPUT_VERSION = "dagster/code_version", "dagster/input_data_version/"
INPUT_EVENT = "dagster/input_event_pointer/"
NO_VERSION = "INITIAL"  # of what lies outside and was never looked at


def key_of(pipeline: Pipeline, stage: str) -> dg.AssetKey:
    """The asset of a stage; the viewer is one of its own."""
    return dg.AssetKey([VIEWER.atlas] if stage == VIEWER.atlas else [pipeline.name, stage])


def of_made(
    instance: dg.DagsterInstance, pipeline: Pipeline, stage: Stage, run: StageRun, made: Materialised
) -> Iterator[Event]:
    """Of an artifact that was stored: its materialisation, then its checks."""
    asset = key_of(pipeline, stage.name)
    yield _materialisation(instance, pipeline, stage, run.key, made.stored, metadata(made))
    yield evaluation(asset, stage, run.key, made.outcome.checks)
    for found in checks.result(stage.name, asset, run, made.stored):
        yield dg.AssetCheckEvaluation(
            asset_key=asset,
            check_name=found.check_name or "",
            passed=found.passed,
            metadata=found.metadata,
            severity=found.severity,
            description=found.description,
            partition=run.key,
        )


def of_known(
    instance: dg.DagsterInstance, pipeline: Pipeline, stage: Stage, key: str | None, stored: Stored
) -> dg.AssetMaterialization:
    """Of an artifact that was there already, for who waits to hear of it."""
    told = "It was there already."
    return _materialisation(instance, pipeline, stage, key, stored, known(stored), description=told)


def _materialisation(
    instance: dg.DagsterInstance,
    pipeline: Pipeline,
    stage: Stage,
    key: str | None,
    stored: Stored,
    facts: dict[str, Any],
    *,
    description: str | None = None,
) -> dg.AssetMaterialization:
    tags = {DATA_VERSION: stored.version, OF_THE_USER: "true", CODE_VERSION: pipeline.code_version(stage)}
    return dg.AssetMaterialization(
        key_of(pipeline, stage.name),
        partition=key,
        metadata=facts,
        description=description,
        tags=tags | provenance(instance, pipeline, stage, stored.inputs or {}),
    )


def known(stored: Stored) -> dict[str, Any]:
    """What can be shown of a stored artifact without its build."""
    return {"version": stored.version, "bytes": stored.bytes, "made": stored.created} | {
        name: value for name, value in pages.cost(stored.cost).items() if value is not None
    }


def evaluation(asset: dg.AssetKey, stage: Stage, key: str | None, checks: list[Check]) -> dg.AssetCheckEvaluation:
    """What the check of a stage found, as an event."""
    return dg.AssetCheckEvaluation(
        asset_key=asset, check_name=stage.check, blocking=True, partition=key, **_finding(checks)
    )


def result(asset: dg.AssetKey, stage: Stage, checks: list[Check]) -> dg.AssetCheckResult:
    """The same as the result of a step of the asset's own."""
    return dg.AssetCheckResult(asset_key=asset, check_name=stage.check, **_finding(checks))


def _finding(checks: list[Check]) -> dict[str, Any]:
    checks = [replace(check, detail=redact(check.detail)) for check in checks]
    broken = [check for check in checks if not check.passed]
    rows = [dg.TableRecord({"invariant": c.name, "holds": c.passed, "detail": c.detail}) for c in checks]
    return {
        "passed": not broken,
        "description": "; ".join(f"{check.name}: {check.detail}" for check in broken) or None,
        "metadata": {"invariants": dg.MetadataValue.table(rows)} if rows else {},
    }


def metadata(made: Materialised) -> dict[str, Any]:
    """What the page of an artifact shows."""
    facts = made.outcome.metadata | pages.cost(made.stored.cost) | {"version": made.stored.version}
    facts.setdefault("bytes", made.stored.bytes)  # of a site, what visitors' hosts hold; what is stored is its record
    return {
        name: dg.MetadataValue.md(value) if isinstance(value, pages.Markdown) else value
        for name, value in within(facts).items()
        if value is not None
    }


def provenance(
    instance: dg.DagsterInstance, pipeline: Pipeline, stage: Stage, inputs: dict[str, str]
) -> dict[str, str]:
    """Of each asset that an artifact is made from: its version and, of one with partitions, its newest event."""
    tags = {}
    upstreams = {name: key_of(pipeline, name) for name in upstream_of(pipeline, stage)}
    entries = {
        record.asset_entry.asset_key: record.asset_entry
        for record in instance.get_asset_records(list(upstreams.values()))
    }
    for upstream, asset in upstreams.items():
        name, entry = asset.to_user_string(), entries.get(asset)
        newest = entry.last_materialization if entry else None
        made = newest.asset_materialization if newest else None
        known = ((made.tags or {}) if made else {}).get(DATA_VERSION)
        used = None if _is_swept(pipeline, upstream) else inputs.get(_address(pipeline, upstream))
        tags[f"{INPUT_VERSION}{name}"] = (used or known if newest else None) or NO_VERSION
        tags[f"{INPUT_EVENT}{name}"] = str(entry.last_materialization_storage_id) if entry and newest else "NULL"
    return tags


def upstream_of(pipeline: Pipeline, stage: Stage) -> list[str]:
    """The assets that a stage is made from, by the last part of their keys."""
    found = dict.fromkeys(
        address.stage if address.atlas == pipeline.name else address.atlas
        for key in stage.keys or (None,)
        for address in stage.inputs(key)
    )
    return list(found) or ["source"]


def _is_swept(pipeline: Pipeline, stage: str) -> bool:
    return stage in pipeline.stages and bool(pipeline.stages[stage].keys)


def _address(pipeline: Pipeline, stage: str) -> str:
    return str(VIEWER if stage == VIEWER.atlas else pipeline.address(stage))
