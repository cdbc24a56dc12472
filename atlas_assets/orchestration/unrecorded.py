"""What a run stored before it was stopped or killed, and could not say any more: said for it.

An artifact is stored first and recorded as a materialisation afterwards. Without this, what is up to date would not be
made again, and be missing in the UI for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from atlas_assets.orchestration import events, run_tags
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.store.artifacts import ArtifactStore

LOOKED_AT = 5  # of the runs before this one: more than are under way at a time
BADLY = (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE)


def of_stopped_runs(
    instance: dg.DagsterInstance, pipeline: Pipeline, store: ArtifactStore
) -> Iterator[dg.AssetMaterialization]:
    """The artifacts that are current and of which no event tells, if a run of the atlas ended badly of late."""
    latest = instance.get_runs(dg.RunsFilter(tags={run_tags.ATLAS: pipeline.name}), limit=LOOKED_AT)
    if not any(run.status in BADLY for run in latest):
        return
    for stage in pipeline.stages.values():
        for key in stage.keys or (None,):
            stored = store.current(pipeline.address(stage.stored_as or stage.name, key))
            if stored is None:
                continue
            asset = events.key_of(pipeline, stage.name)
            newest = dg.AssetRecordsFilter(asset, asset_partitions=[key] if key else None)
            records = instance.fetch_materializations(newest, limit=1).records
            made = records[0].asset_materialization if records else None
            if made is None or (made.tags or {}).get(events.DATA_VERSION) != stored.version:
                yield events.of_known(instance, pipeline, stage, key, stored)
