"""What a stopped run had stored and not yet recorded is recorded by whatever comes next."""

from __future__ import annotations

import dagster as dg
import pytest

from atlas_assets import unrecorded
from atlas_assets.components.pipeline import Pipeline
from atlas_assets.runs import instance
from atlas_tests.components.test_running import SLOW, project, recorded, run, spec  # noqa: F401
from atlas_tests.components.world import World

KEY = "k5_d2_pca"


def lost(world: World, stage: str, status: dg.DagsterRunStatus) -> None:
    """As if the run that made it had been stopped as soon as the artifact was stored."""
    with instance(world.folder) as state:
        newest = dg.AssetRecordsFilter(dg.AssetKey(["toy", stage]), asset_partitions=[KEY])
        for record in state.fetch_materializations(newest, limit=10).records:
            made = state.get_run_by_id(record.run_id)
            assert made is not None
            state.delete_run(made.run_id)
            state.event_log_storage.delete_events(made.run_id)
            state.add_run(made.with_status(status))


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE])
def test_what_was_stored_without_an_event_gets_one(project: World, status: dg.DagsterRunStatus) -> None:  # noqa: F811
    assert run(spec(), jobs=1)[0]
    lost(project, "quality", status)
    assert KEY not in recorded(project, "quality")
    assert "0 made" in run(spec(), jobs=1)[1]
    assert KEY in recorded(project, "quality")
    stored = project.store.current(Pipeline(spec(), base=project.folder).address("quality", KEY))
    assert stored is not None
    with instance(project.folder) as state:
        newest = dg.AssetRecordsFilter(dg.AssetKey(["toy", "quality"]), asset_partitions=[KEY])
        [record] = state.fetch_materializations(newest, limit=5).records
        assert record.asset_materialization is not None
        assert (record.asset_materialization.tags or {})["dagster/data_version"] == stored.version
        # once is enough
        assert unrecorded.report(state, project.store, Pipeline(spec(), base=project.folder)) == []
