"""Runs whose SQLite files are prepared: Dagster finds in them what it would have found in its own."""

import contextlib
import sqlite3
from pathlib import Path

import dagster as dg
from dagster._core.utils import make_new_run_id

from atlas_assets.run_storage import RunStorage


@dg.asset
def thing(context: dg.AssetExecutionContext) -> None:
    context.log.info("made")


JOB = dg.Definitions(assets=[thing], jobs=[dg.define_asset_job("job", selection=[thing])]).resolve_job_def("job")


def columns(file: Path) -> dict[str, list[tuple]]:
    """The tables of a file, and the revision that Dagster takes it for."""
    with contextlib.closing(sqlite3.connect(file)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = opened.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return {"tables": tables, "revision": opened.execute("SELECT * FROM alembic_version").fetchall()}


def test_another_process_finds_every_event_of_prepared_runs(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as state:
        storage, prepared = RunStorage(state), [make_new_run_id() for _ in range(3)]
        for run_id in prepared:
            with storage.prepared(run_id):
                assert JOB.execute_in_process(instance=state, run_id=run_id).success
        plain = JOB.execute_in_process(instance=state).run_id

    with dg.DagsterInstance.local_temp(str(tmp_path)) as state:
        told = {
            run_id: [record.event_log_entry.message for record in state.get_records_for_run(run_id).records]
            for run_id in (*prepared, plain)
        }
        assert all(len(messages) == len(told[plain]) > 5 for messages in told.values())
        assert len(state.fetch_materializations(thing.key, limit=10).records) == 4
        assert state.get_runs_count() == 4
        files = {run_id: Path(state.event_log_storage.path_for_shard(run_id)) for run_id in told}  # type: ignore[attr-defined]
    expected = columns(files[plain])
    assert all(columns(files[run_id]) == expected for run_id in prepared)


def test_an_instance_without_files_is_left_alone() -> None:
    with dg.DagsterInstance.ephemeral() as state, RunStorage(state).prepared(run_id := make_new_run_id()):
        assert JOB.execute_in_process(instance=state, run_id=run_id).success
