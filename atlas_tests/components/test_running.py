"""``atlas run`` with worker processes: what they make, and what is left when one of them fails, dies or is stopped."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import dagster as dg
import pytest
import yaml
from rich.console import Console

from atlas_assets import running
from atlas_assets.components.freshness import Freshness
from atlas_assets.components.pipeline import Pipeline
from atlas_assets.components.viewer import recipe as viewer_recipe
from atlas_assets.runs import instance
from atlas_assets.spec import AtlasSpec, load
from atlas_assets.stages.sweep_report import SweepReport
from atlas_assets.wanted import Wanted
from atlas_tests import toy
from atlas_tests.components.world import World
from atlas_tests.conftest import REPOSITORY

POINT = ("projection", "regions", "quality")
# These lay out nothing, so that workers begin within a second.
SWEEP = {"n_neighbors": [5], "embedding_dim": [2, 3], "projections": [{"method": "pca"}, {"method": "mde"}]}
SLOW = toy.spec(
    sweep={
        "n_neighbors": [5], "embedding_dim": [2], "projections": [{"method": "pca"}, {"method": "mde"}],
        "points": [{"n_neighbors": 5, "embedding_dim": 3, "projection": {"method": "pca"}}],
    }
)  # fmt: skip
KEYS = ["k5_d2_mde", "k5_d2_pca", "k5_d3_mde", "k5_d3_pca"]


@pytest.fixture
def project(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project as ``atlas run`` wants it: with its own dagster.yaml and a viewer that is up to date."""
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("ATLAS_STORAGE", world.storage)
    shutil.copy(REPOSITORY / "dagster.yaml", world.folder)
    toy.put_viewer(world.store, recipe=viewer_recipe())
    return world


def spec(**changes: Any) -> AtlasSpec:
    return toy.spec(**({"sweep": SWEEP} | changes))


def run(atlas: AtlasSpec, **options: Any) -> tuple[bool, str]:
    said = StringIO()
    return running.run(atlas, Console(file=said, width=200), **options), said.getvalue()


def recorded(world: World, stage: str) -> set[str]:
    """The partitions of a stage that the UI shows as materialised."""
    with instance(world.folder) as state:
        return set(state.get_materialized_partitions(dg.AssetKey(["toy", stage])))


def statuses(world: World) -> list[dg.DagsterRunStatus]:
    with instance(world.folder) as state:
        return [made.status for made in state.get_runs()]


def points(world: World) -> dict[str, str]:
    """How the run of each point of the sweep stands."""
    with instance(world.folder) as state:
        made = {run.tags.get("dagster/partition", ""): run.status.value for run in state.get_runs()}
    return {key: status for key, status in made.items() if key in KEYS}


def test_points_made_side_by_side_are_those_made_one_by_one(project: World, tmp_path: Path) -> None:
    done, said = run(spec(), jobs=2, timings=tmp_path / "timings.json")
    assert done, said
    beside = project.versions(spec())
    swept = ["embedding", *POINT, "sweep_report", "bundle"]
    assert run(spec(), jobs=1, force=True, stages=swept)[0]
    assert project.versions(spec()) == beside

    times = json.loads((tmp_path / "timings.json").read_text())
    where = {(step["stage"], step["key"]): step["worker"] for step in times["steps"]}
    assert {where[stage, key] for stage in POINT for key in KEYS} == {"worker 1", "worker 2"}
    assert where["embedding", "k5_d3"] == where["sweep_report", None] == "lead"
    assert all(0 <= step["begin"] <= step["end"] <= times["seconds"] for step in times["steps"])
    assert times["jobs"] == 2


def test_what_workers_make_is_in_the_state_of_the_ui_with_checks_and_figures(project: World) -> None:
    done, said = run(spec(), jobs=2)
    assert done, said
    for stage in POINT:
        assert recorded(project, stage) == set(KEYS)
    with instance(project.folder) as state:
        asset = dg.AssetKey(["toy", "projection"])
        newest = dg.AssetRecordsFilter(asset, asset_partitions=["k5_d3_pca"])
        [record] = state.fetch_materializations(newest, limit=1).records
        assert record.asset_materialization is not None
        shown, tags = record.asset_materialization.metadata, record.asset_materialization.tags or {}
        assert {"map", "seconds", "peak_memory_mib", "dagster/row_count", "version"} <= set(shown)
        assert tags["dagster/data_version"] == shown["version"].value
        [check] = state.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(asset, "invariants"), limit=1
        )
        assert check.status.value == "SUCCEEDED"
        runs = set()
        for stage in POINT:
            newest = dg.AssetRecordsFilter(dg.AssetKey(["toy", stage]), asset_partitions=["k5_d3_pca"])
            runs |= {record.run_id for record in state.fetch_materializations(newest, limit=9).records}
        assert len(runs) == 1  # all three in one


def test_only_what_is_missing_is_made(project: World) -> None:
    assert run(spec(), jobs=2, points=["k5_d2_pca"], stages=list(project_stages(spec(), until="projection")))[0]
    done, said = run(spec(), jobs=2)
    assert done, said
    # the graph and the embedding of 3 dimensions are new; the first projection is not, but its quality is
    assert f"{1 + 3 * 4 - 1 + 3} made" in said, said
    again, said = run(spec(), jobs=2)
    assert again
    assert "0 made" in said


def project_stages(atlas: AtlasSpec, *, until: str) -> list[str]:
    names = list(Pipeline(atlas, base=Path()).stages)
    return [name for name in names[: names.index(until) + 1] if name != "cooccurrence"]


def test_a_point_that_fails_is_named_and_the_others_are_joined_without_it(project: World) -> None:
    assert run(spec(), stages=project_stages(spec(), until="embedding"))[0]
    pipeline = Pipeline(spec(), base=project.folder)
    positions = project.store.folder(pipeline.address("embedding", "k5_d3")) / "positions.npy"
    kept = positions.read_bytes()
    positions.write_bytes(b"not an array")
    done, said = run(spec(), jobs=2)
    assert not done
    assert "projection k5_d3_pca failed:" in said
    assert recorded(project, "quality") == {"k5_d2_mde", "k5_d2_pca"}
    assert "quality k5_d3_pca" in said.split("missing or out of date:")[1]
    assert not re.search(r"^k5_d3_pca: [\d.]+ s", said, re.MULTILINE)

    summary = project.load(SweepReport, "sweep_report")
    assert {row["key"] for row in summary.rows} == {"k5_d2_mde", "k5_d2_pca"}
    assert summary.missing == {"k5_d3_mde": "failed", "k5_d3_pca": "failed"}
    assert summary.failures["k5_d3_pca"]
    assert shown(project) == {"k5_d2_mde", "k5_d2_pca"}
    # Two maps each are called PCA and MDE here: the key tells which of them it is, as it does in a link.
    named = [{"name": "PCA, k5_d3_pca", "reason": "failed"}, {"name": "MDE, k5_d3_mde", "reason": "failed"}]
    assert published(project)["missing"] == named
    # A sensor does not try again what would fail again; people do.
    wishes = Wanted(
        pipeline, project.store, None, {stage.name: set(stage.keys or ()) for stage in pipeline.stages.values()}, False
    )
    assert wishes.due_now() == ["projection k5_d3_pca", "projection k5_d3_mde"]
    assert replace(wishes, retry=False).due_now() == []

    positions.write_bytes(kept)
    done, said = run(spec(), jobs=2)
    assert done, said
    assert shown(project) == set(KEYS)
    assert "missing" not in published(project)
    assert project.load(SweepReport, "sweep_report").missing == {}
    assert project.store.failure(pipeline.address("projection", "k5_d3_pca")) is None
    assert wishes.due_now() == []


def shown(world: World) -> set[str]:
    """The maps that visitors of the site can choose from."""
    return {entry["key"] for entry in published(world)["projections"]}


def published(world: World) -> dict[str, Any]:
    """The manifest that the site opens."""
    site = world.folder / "data" / "toy" / "site"
    [newest] = re.findall(r'content="(data/\w+/manifest.json)"', (site / "index.html").read_text(encoding="utf-8"))
    return json.loads((site / newest).read_text(encoding="utf-8"))


def test_points_of_an_earlier_index_are_not_joined_with_newer_ones(project: World) -> None:
    """The index has changed, and one embedding cannot be made of it: its maps are of other rows than all else."""
    assert run(spec(), jobs=1)[0]
    toy.write_tables(project.folder, readers=90)
    assert run(spec(), accept=True, stages=project_stages(spec(), until="embedding"))[0]
    pipeline = Pipeline(spec(), base=project.folder)
    before = project.versions(spec())
    assert Freshness(pipeline, project.store).join.keys == []
    assert run(spec(), stages=["regions", "quality", "sweep_report", "bundle", "site"]) == (False, ANY)
    assert project.versions(spec()) == before

    embedding = project.store.folder(pipeline.address("embedding", "k5_d3")) / "positions.npy"
    embedding.write_bytes(b"not an array")
    assert not run(spec(), jobs=1)[0]
    assert Freshness(pipeline, project.store).join.keys == ["k5_d2_pca", "k5_d2_mde"]
    assert shown(project) == {"k5_d2_mde", "k5_d2_pca"}


@pytest.fixture
def blocked(project: World) -> Path:
    """A project in which k5_d3_pca never ends: what it reads is a pipe into which nobody writes."""
    assert run(SLOW, stages=project_stages(SLOW, until="embedding"))[0]
    positions = (
        project.store.folder(Pipeline(SLOW, base=project.folder).address("embedding", "k5_d3")) / "positions.npy"
    )
    positions.rename(positions.with_name("kept"))
    os.mkfifo(positions)
    return positions


def unblock(pipe: Path) -> None:
    pipe.unlink()
    pipe.with_name("kept").rename(pipe)


def test_a_worker_that_is_killed_costs_its_point_and_no_other(project: World, blocked: Path) -> None:
    def kill_the_last() -> None:
        wait_for(lambda: recorded(project, "quality") == {"k5_d2_mde", "k5_d2_pca"})  # stored is a moment before
        for worker in multiprocessing.active_children():
            worker.kill()

    thread = threading.Thread(target=kill_the_last)
    thread.start()
    complete, said = run(SLOW, jobs=2)
    thread.join()
    assert not complete
    assert re.search("projection k5_d3_pca failed: .*killed.*ran out of memory.*--jobs 1", said), said
    assert recorded(project, "quality") == {"k5_d2_mde", "k5_d2_pca"}
    assert dg.DagsterRunStatus.STARTED not in statuses(project)

    unblock(blocked)
    complete, said = run(SLOW, jobs=2)
    assert complete, said
    assert "6 made" in said  # the point, the report, the bundle and the site


def test_ctrl_c_stops_at_once_and_the_next_run_goes_on_from_there(project: World, blocked: Path) -> None:
    path = project.folder / "defs" / "toy" / "defs.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump({"type": "atlas_assets.components.Atlas", "attributes": attributes(SLOW)}))
    environment = os.environ | {"ATLAS_DEFS": str(path.parent.parent), "COLUMNS": "200", "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "atlas_assets.cli", "run", "toy", "--jobs", "2"], cwd=project.folder, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(lambda: points(project) == {"k5_d2_mde": "SUCCESS", "k5_d2_pca": "SUCCESS", "k5_d3_pca": "STARTED"})
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said, complaints = process.communicate(timeout=30)  # until the last worker has closed its end, too
    finally:
        process.kill()
    assert process.returncode == 130, complaints
    assert "Interrupted. What was finished is stored" in complaints
    assert "Traceback" not in said + complaints
    with pytest.raises(OSError, match=os.strerror(errno.ENXIO)):  # nobody is left who reads
        os.open(blocked, os.O_WRONLY | os.O_NONBLOCK)
    assert points(project)["k5_d3_pca"] == "CANCELED"
    assert dg.DagsterRunStatus.STARTED not in statuses(project)
    assert recorded(project, "quality") == {"k5_d2_mde", "k5_d2_pca"}

    unblock(blocked)
    complete, said = run(load(path), jobs=2)
    assert complete, said
    assert "6 made" in said


def attributes(atlas: AtlasSpec) -> dict[str, Any]:
    return atlas.model_dump(by_alias=True, exclude_unset=True, exclude={"name"}, mode="json")


def wait_for(what: Callable[[], Any], *, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError(f"still waiting after {seconds:.0f} s")
