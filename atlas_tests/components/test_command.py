"""``atlas run``: what it makes and says; points that fail, and what is left when it is stopped."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from rich.console import Console

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.orchestration import command, events, unrecorded
from atlas_assets.plan.due import Wanted
from atlas_assets.plan.freshness import Freshness
from atlas_assets.plan.pipeline import Pipeline, viewer_recipe
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import load
from atlas_assets.stages.projection import projection
from atlas_assets.stages.quality.sweep_report import SweepReport
from atlas_tests import toy
from atlas_tests.components.world import World, instance_of_a_test
from atlas_tests.conftest import REPOSITORY

POINT = ("projection", "regions", "quality")
# These lay out nothing, so that a run takes seconds.
SWEEP = {"n_neighbors": [5], "embedding_dim": [2, 3], "projections": [{"method": "pca"}, {"method": "mde"}]}
KEYS = ["k5_d2_mde", "k5_d2_pca", "k5_d3_mde", "k5_d3_pca"]


class Command:
    """``atlas`` on the toy atlas, whose defs.yaml is written before each command."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.file = world.folder / "defs" / "toy" / "defs.yaml"

    def write(self, atlas: AtlasSpec) -> AtlasSpec:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        attributes = atlas.model_dump(by_alias=True, exclude_unset=True, exclude={"name"}, mode="json")
        self.file.write_text(yaml.safe_dump({"type": "atlas_assets.components.Atlas", "attributes": attributes}))
        return load(self.file)

    def run(self, atlas: AtlasSpec, **options: Any) -> tuple[bool, str]:
        said = StringIO()
        return command.run(self.write(atlas), Console(file=said, width=200), **options), said.getvalue()


def entered(world: World, patch: pytest.MonkeyPatch) -> Command:
    """As in the project's folder, with what is set for it."""
    patch.setattr(project, "root", lambda: world.folder)
    patch.chdir(world.folder)
    patch.setenv("ATLAS_STORAGE", world.storage)
    patch.setenv("ATLAS_DEFS", str(world.folder / "defs"))
    patch.setenv("DAGSTER_HOME", str(world.folder))
    return Command(world)


@pytest.fixture
def atlas(world: World, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A project as ``atlas run`` wants it: with its own dagster.yaml and a viewer that is up to date."""
    shutil.copy(REPOSITORY / "dagster.yaml", world.folder)
    toy.put_viewer(world.store, recipe=viewer_recipe())
    return entered(world, monkeypatch)


def made_by_a_run(of: AtlasSpec, folder: Path) -> Path:
    """A project in which one run has made this atlas; beside it is a copy to begin each test with."""
    here = folder / "project"
    here.mkdir()
    toy.write_tables(here)
    shutil.copy(REPOSITORY / "dagster.yaml", here)
    with pytest.MonkeyPatch.context() as patch, instance_of_a_test() as instance:
        world = World(here, instance)
        toy.put_viewer(world.store, recipe=viewer_recipe())
        done, said = entered(world, patch).run(of)
        assert done, said
    shutil.copytree(here, folder / "as made")
    return here


@contextmanager
def as_made(here: Path, patch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The project as the run has left it, in the same place: the source is known by where its files lie."""
    shutil.rmtree(here)
    shutil.copytree(here.with_name("as made"), here)
    with instance_of_a_test() as instance:
        yield entered(World(here, instance), patch)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_by_a_run(spec(), tmp_path_factory.mktemp("made"))


@pytest.fixture
def made(whole: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """A project in which all of ``spec()`` was made by one run."""
    with as_made(whole, monkeypatch) as command:
        yield command


def spec(**changes: Any) -> AtlasSpec:
    return toy.spec(**({"sweep": SWEEP} | changes))


def recorded(stage: str) -> set[str]:
    """The partitions of a stage that the UI shows as materialised."""
    with command.instance() as state:
        return set(state.get_materialized_partitions(dg.AssetKey(["toy", stage])))


def runs() -> list[dg.DagsterRun]:
    """Newest first."""
    with command.instance() as state:
        return list(state.get_runs())


def until(atlas: AtlasSpec, last: str) -> list[str]:
    names = list(Pipeline(atlas, base=Path()).stages)
    return [name for name in names[: names.index(last) + 1] if name != "cooccurrence"]


def test_one_run_makes_an_atlas_and_the_ui_shows_all_of_it(atlas: Command, tmp_path: Path) -> None:
    done, said = atlas.run(spec(), timings=tmp_path / "timings.json")
    assert done, said
    assert "21 made, 1 up to date, 0 failed" in said  # the viewer was there
    [run] = runs()
    assert (run.status.value, run.job_name, run.tags["made_by"]) == ("SUCCESS", "toy_refresh", "atlas run")
    for stage in POINT:
        assert recorded(stage) == set(KEYS)
    with command.instance() as state:
        asset = dg.AssetKey(["toy", "projection"])
        newest = dg.AssetRecordsFilter(asset, asset_partitions=["k5_d3_pca"])
        [record] = state.fetch_materializations(newest, limit=9).records
        assert record.asset_materialization is not None
        shown, tags = record.asset_materialization.metadata, record.asset_materialization.tags or {}
        assert {"map", "seconds", "peak_memory_mib", "dagster/row_count", "version"} <= set(shown)
        assert tags["dagster/data_version"] == shown["version"].value
        [check] = state.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(asset, "invariants"), limit=9, partition_filter=None
        )[:1]
        assert check.status.value == "SUCCEEDED"
    times = json.loads((tmp_path / "timings.json").read_text())
    assert len(times["steps"]) == 21
    assert all(0 <= step["begin"] <= step["end"] <= times["seconds"] for step in times["steps"])


def test_nothing_is_stale_after_a_run_but_what_is_made_on_request(made: Command) -> None:
    assert stale(made) == set()
    assert made.run(spec(title="Another title"))[0]
    assert stale(made) == set()
    made.write(spec(seed=7))
    assert {"entity_index", "embedding k5_d2", "projection k5_d3_pca"} <= stale(made)


def stale(atlas: Command) -> set[str]:
    """What the UI would show as stale: by its own resolver, over what the definitions say now."""
    from atlas_tests.components.staleness import stale_of

    with command.instance() as state:
        return stale_of(atlas.world.definitions(load(atlas.file)), state)


def test_only_what_is_missing_is_made(atlas: Command) -> None:
    assert atlas.run(spec(), points=["k5_d2_pca"], stages=until(spec(), "projection"))[0]
    done, said = atlas.run(spec())
    assert done, said
    # the graph and the embedding of 3 dimensions are new; the first projection is not, but its quality is
    assert f"{1 + 3 * 4 - 1 + 3} made" in said, said
    count = len(runs())
    again, said = atlas.run(spec())
    assert again
    assert "0 made, 22 up to date" in said
    assert len(runs()) == count


def test_what_is_up_to_date_is_made_again_when_that_is_asked_for_and_comes_out_the_same(made: Command) -> None:
    before = made.world.versions(spec())
    done, said = made.run(spec(), force=True, stages=["embedding", *POINT, "sweep_report", "bundle"])
    assert done
    assert f"{2 + 3 * 4 + 2} made" in said
    assert made.world.versions(spec()) == before


@contextmanager
def no_maps_of_three_dimensions() -> Iterator[None]:
    """Inside, no embedding in three dimensions can be laid out."""
    laid_out = projection.project

    def project(method: str, *, inputs: Any, **options: Any) -> Any:
        if inputs.embedding.positions.shape[1] == 3:
            raise AtlasError("three dimensions are one too many today")
        return laid_out(method, inputs=inputs, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projection, "project", project)
        yield


def test_a_point_that_fails_is_named_and_the_others_are_joined_without_it(atlas: Command) -> None:
    world = atlas.world
    pipeline = Pipeline(spec(), base=world.folder)
    with no_maps_of_three_dimensions():
        done, said = atlas.run(spec())
    assert not done
    assert "projection k5_d3_pca failed:" in said
    assert recorded("quality") == {"k5_d2_mde", "k5_d2_pca"}
    assert "quality k5_d3_pca" in said.split("missing or out of date:")[1]
    run = runs()[0]
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert "failed[projection_k5_d3_pca]" in failed_steps(run)

    summary = world.load(SweepReport, "sweep_report")
    assert {row["key"] for row in summary.rows} == {"k5_d2_mde", "k5_d2_pca"}
    assert summary.missing == {"k5_d3_mde": "failed", "k5_d3_pca": "failed"}
    assert shown(world) == {"k5_d2_mde", "k5_d2_pca"}
    # Two maps each are called PCA and MDE here: the key tells which of them it is, as it does in a link.
    named = [{"name": "PCA, k5_d3_pca", "reason": "failed"}, {"name": "MDE, k5_d3_mde", "reason": "failed"}]
    assert published(world)["missing"] == named
    # A sensor does not try again what would fail again; people do.
    wishes = Wanted.everything(pipeline, world.store)
    assert wishes.due_now() == ["projection k5_d3_pca", "projection k5_d3_mde"]
    assert replace(wishes, retry=False).due_now() == []

    done, said = atlas.run(spec())
    assert done, said
    assert shown(world) == set(KEYS)
    assert "missing" not in published(world)
    assert world.store.failure(pipeline.address("projection", "k5_d3_pca")) is None
    assert wishes.due_now() == []


def failed_steps(run: dg.DagsterRun) -> set[str]:
    with command.instance() as state:
        logged = state.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        return {entry.dagster_event.step_key or "" for entry in logged if entry.dagster_event}


def shown(world: World) -> set[str]:
    """The maps that visitors of the site can choose from."""
    return {entry["key"] for entry in published(world)["projections"]}


def published(world: World) -> dict[str, Any]:
    """The manifest that the site opens."""
    site = world.folder / "data" / "toy" / "site"
    [newest] = re.findall(r'content="(data/\w+/manifest.json)"', (site / "index.html").read_text(encoding="utf-8"))
    return json.loads((site / newest).read_text(encoding="utf-8"))


def test_points_of_an_earlier_index_are_not_joined_with_newer_ones(made: Command) -> None:
    """The index has changed, and one embedding cannot be made of it: its maps are of other rows than all else."""
    world = made.world
    toy.write_tables(world.folder, readers=90)
    assert made.run(spec(), accept=True, stages=until(spec(), "embedding"))[0]
    pipeline = Pipeline(spec(), base=world.folder)
    before = world.versions(spec())
    assert Freshness(pipeline, world.store).join.keys == []
    assert not made.run(spec(), stages=["regions", "quality", "sweep_report", "bundle", "site"])[0]
    assert world.versions(spec()) == before

    with no_maps_of_three_dimensions():
        assert not made.run(spec())[0]
    assert Freshness(pipeline, world.store).join.keys == ["k5_d2_pca", "k5_d2_mde"]
    assert shown(world) == {"k5_d2_mde", "k5_d2_pca"}


def test_bad_data_fails_the_run_with_its_message_and_leaves_the_site(made: Command) -> None:
    before = (made.world.folder / "data/toy/site/index.html").read_bytes()
    (made.world.folder / "ratings.csv").write_text("user_id,book\nreader 1,2\n")
    done, said = made.run(spec())
    assert not done
    assert "raw_collections failed:" in said
    assert "book_id" in said
    assert "Traceback" not in said
    assert "0 made" in said
    assert (made.world.folder / "data/toy/site/index.html").read_bytes() == before


def test_what_was_stored_without_an_event_gets_one(made: Command) -> None:
    """As if the run that made it had been stopped as soon as the artifact was stored."""
    pipeline = Pipeline(spec(), base=made.world.folder)
    with command.instance() as state:
        [run] = state.get_runs()
        state.delete_run(run.run_id)
        state.add_run(run.with_status(dg.DagsterRunStatus.FAILURE))
    assert recorded("quality") == set()
    assert made.run(spec(title="Another"))[0]
    assert recorded("quality") == set(KEYS)
    with command.instance() as state:
        newest = dg.AssetRecordsFilter(dg.AssetKey(["toy", "quality"]), asset_partitions=[KEYS[0]])
        [record] = state.fetch_materializations(newest, limit=5).records
        stored = made.world.store.current(pipeline.address("quality", KEYS[0]))
        assert stored is not None
        assert record.asset_materialization is not None
        assert (record.asset_materialization.tags or {})[events.DATA_VERSION] == stored.version
        # once is enough
        assert list(unrecorded.of_stopped_runs(state, pipeline, made.world.store)) == []


WITHOUT_END = """
import time
from atlas_assets import cli
from atlas_assets.stages.projection import projection

laid_out = projection.project

def project(method, *, inputs, **options):
    if inputs.embedding.positions.shape[1] == 3:
        time.sleep(3600)
    return laid_out(method, inputs=inputs, **options)

projection.project = project
cli.main()
"""
"""``atlas`` where maps of embeddings in three dimensions take for ever."""


def test_ctrl_c_stops_at_once_and_the_next_run_goes_on_from_there(atlas: Command) -> None:
    world = atlas.world
    assert atlas.run(spec(), stages=until(spec(), "embedding"))[0]
    process = subprocess.Popen(
        [sys.executable, "-c", WITHOUT_END, "run", "toy"],
        cwd=world.folder,
        start_new_session=True,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: recorded("quality") == {"k5_d2_mde", "k5_d2_pca"})
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said, complaints = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130, complaints
    assert "Interrupted. What was finished is stored" in complaints
    assert "Traceback" not in said + complaints
    assert runs()[0].status == dg.DagsterRunStatus.CANCELED
    assert recorded("quality") == {"k5_d2_mde", "k5_d2_pca"}

    complete, said = atlas.run(spec())
    assert complete, said
    assert "9 made" in said  # two points, the report, the bundle and the site


def wait_for(what: Callable[[], Any], *, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"still waiting after {seconds:.0f} s")


@pytest.mark.slow
def test_steps_in_processes_of_their_own_make_the_same(made: Command) -> None:
    before = made.world.versions(spec())
    shutil.rmtree(made.world.folder / "data" / "toy")
    apart = subprocess.run(
        [sys.executable, "-m", "atlas_assets.cli", "run", "toy"],
        env=os.environ | {"ATLAS_EXECUTOR": "multiprocess", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert apart.returncode == 0, apart.stderr
    assert made.world.versions(spec()) == before
    with command.instance() as state:
        [newest] = state.get_runs(limit=1)
        told = [entry.dagster_event.message or "" for entry in state.all_logs(newest.run_id) if entry.dagster_event]
    launched = [line for line in told if line.startswith("Launching subprocess for")]
    assert len(launched) > len(KEYS), told
