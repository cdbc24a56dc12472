"""What a run stored before it was stopped or killed, and could not say any more: said for it.

An artifact is stored first and recorded as a materialisation afterwards. Without this, what is up to date would not be
made again, and be missing in the UI for ever.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from atlas_assets import run_tags
from atlas_assets.components.pipeline import Pipeline
from atlas_assets.io import ArtifactStore, Stored

LOOKED_AT = 10  # of the runs that ended badly the newest: more than are under way at a time
TOLD = "stored by a run that was stopped before it could record it"


def report(state: dg.DagsterInstance, store: ArtifactStore, pipeline: Pipeline) -> list[tuple[str, str | None]]:
    """Record the artifacts of stopped runs of an atlas that are current and that no event knows; returns which."""
    ended_badly = dg.RunsFilter(
        tags={run_tags.ATLAS: pipeline.name}, statuses=[dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE]
    )
    found: list[tuple[str, str | None]] = []
    for record in state.get_run_records(ended_badly, limit=LOOKED_AT):
        partition = record.dagster_run.tags.get("dagster/partition")
        for asset in record.dagster_run.asset_selection or ():
            stage = pipeline.stages.get(asset.path[-1])
            if stage is None or asset.path[0] != pipeline.name or (stage.name, partition) in found:
                continue
            stored = store.current(pipeline.address(stage.stored_as or stage.name, partition))
            if stored is not None and not _is_known(state, asset, partition, stored):
                state.report_runless_asset_event(_materialisation(asset, partition, stored))
                found.append((stage.name, partition))
    return found


def _is_known(state: dg.DagsterInstance, asset: dg.AssetKey, partition: str | None, stored: Stored) -> bool:
    newest = dg.AssetRecordsFilter(asset, asset_partitions=[partition] if partition else None)
    for known in state.fetch_materializations(newest, limit=1).records:
        event = known.asset_materialization
        return event is not None and (event.tags or {}).get(DATA_VERSION_TAG) == stored.version
    return False


def _materialisation(asset: dg.AssetKey, partition: str | None, stored: Stored) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        asset_key=asset, partition=partition, description=TOLD, tags={DATA_VERSION_TAG: stored.version},
        metadata={"version": stored.version, "seconds": stored.cost.get("seconds", 0.0), "bytes": stored.bytes},
    )  # fmt: skip
