"""Runs recorded through the storage for short runs: Dagster finds in it what it would have found in its own."""

import contextlib
import os
import sqlite3
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef

from atlas_assets import run_storage
from atlas_assets.run_storage import OPEN_RUNS, EventLog


@dg.asset
def thing(context: dg.AssetExecutionContext) -> None:
    context.log.info("made")


JOB = dg.Definitions(assets=[thing], jobs=[dg.define_asset_job("job", selection=[thing])]).resolve_job_def("job")


def instance(folder: Path, *, quick: bool) -> dg.DagsterInstance:
    reference = InstanceRef.from_dir(str(folder))
    return dg.DagsterInstance.from_ref(run_storage.quick(reference) if quick else reference)


def columns(file: Path) -> dict[str, list[tuple]]:
    """The tables of a file, and the revision that Dagster takes it for."""
    with contextlib.closing(sqlite3.connect(file)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = opened.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return {"tables": tables, "revision": opened.execute("SELECT * FROM alembic_version").fetchall()}


def files_held(folder: Path) -> set[str]:
    """Databases of runs that this process has open."""
    held = set()
    for number in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            held.add(os.readlink(number))
    return {name for name in held if name.startswith(str(folder)) and name.endswith(".db") and "/runs/" in name}


@pytest.mark.parametrize("first", [True, False], ids=["new files", "files of Dagster's own"])
def test_another_process_finds_every_event(tmp_path: Path, *, first: bool) -> None:
    if not first:
        with instance(tmp_path, quick=False) as state:
            plain = [JOB.execute_in_process(instance=state).run_id]
    with instance(tmp_path, quick=True) as state:
        assert isinstance(state.event_log_storage, EventLog)
        ours = [JOB.execute_in_process(instance=state).run_id for _ in range(3)]
        assert len(state.get_records_for_run(ours[0]).records) > 5
    with instance(tmp_path, quick=False) as state:
        if first:
            plain = [JOB.execute_in_process(instance=state).run_id]
        told = {
            run_id: [record.event_log_entry.message for record in state.get_records_for_run(run_id).records]
            for run_id in (*ours, *plain)
        }
        assert all(len(messages) == len(told[plain[0]]) > 5 for messages in told.values())
        assert len(state.fetch_materializations(thing.key, limit=10).records) == 4
        assert state.get_runs_count() == 4
        files = {run_id: Path(state.event_log_storage.path_for_shard(run_id)) for run_id in told}  # type: ignore[attr-defined]
    expected = columns(files[plain[0]])
    assert all(columns(files[run_id]) == expected for run_id in ours)


def test_many_runs_keep_few_files_open_and_the_end_closes_all(tmp_path: Path) -> None:
    with instance(tmp_path, quick=True) as state:
        for _ in range(OPEN_RUNS + 3):
            assert JOB.execute_in_process(instance=state).success
        if Path("/proc/self/fd").exists():
            assert len(files_held(tmp_path)) == OPEN_RUNS + 1  # and the index
    assert not files_held(tmp_path)


def test_another_storage_is_left_alone(tmp_path: Path) -> None:
    reference = InstanceRef.from_dir(str(tmp_path), overrides={
        "storage": {"custom": {"module": "elsewhere", "class": "Storage", "config": {}}}
    })  # fmt: skip
    assert run_storage.quick(reference) is reference
