"""``atlas sweep`` on the toy atlas: what it writes, makes and says; points that fail, and one that was interrupted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from rich.console import Console

from atlas_assets.errors import AtlasError
from atlas_assets.orchestration import command, sweep_jobs
from atlas_assets.plan.costs import Costs
from atlas_assets.plan.due import Wanted
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.plan.sweep_request import Budget, Request
from atlas_assets.plan.sweeper import Sweeper
from atlas_assets.spec.loading import load
from atlas_assets.stages.quality.sweep_report import SweepReport
from atlas_tests import toy
from atlas_tests.components.test_command import Command, as_made, made_by_a_run
from atlas_tests.components.world import World, messages

GRID = Request("grid", ("pca", "mde"), k="5,100", dim="3", budget=Budget())


@pytest.fixture(scope="module")
def one_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sweep = {"n_neighbors": [5], "embedding_dim": [3], "projections": [{"method": "pca"}]}
    return made_by_a_run(toy.spec(sweep=sweep), tmp_path_factory.mktemp("made"))


@pytest.fixture
def atlas(one_map: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The toy atlas with one map, which is made."""
    with as_made(one_map, monkeypatch) as command:
        yield command


@pytest.fixture
def world(atlas: Command) -> World:
    return atlas.world


@pytest.fixture
def file(atlas: Command) -> Path:
    """Its defs.yaml."""
    return atlas.file


def sweep(file: Path, request: Request, **options) -> tuple[bool, str]:
    said = StringIO()
    return command.sweep(file, request, Console(file=said, width=300), **options), said.getvalue()


def sweeper(file: Path, request: Request, world: World) -> Sweeper:
    return Sweeper(file, request, world.store)


def test_a_sweep_is_told_made_and_done_and_what_fails_stops_nothing(file: Path, world: World) -> None:
    planned, said = sweep(file, GRID, dry_run=True)
    assert planned
    assert "grid search: 4 points; 1 of them made already; 1 new graph, 1 new embedding; about" in said
    assert "no mde yet to tell from" in said
    points = file.parent / "points.yaml"
    assert not points.exists()

    done, said = sweep(file, GRID)
    assert not done
    assert re.search("knn_graph k100 failed: .*number of entities is 61", said), said
    assert "1 point made, 1 failed" in said
    assert [line.split("  #")[1] for line in points.read_text().splitlines() if line.startswith("-")] == [" grid"] * 3
    summary = world.load(SweepReport, "sweep_report")
    assert {row["key"] for row in summary.rows} == {"k5_d3_pca", "k5_d3_mde"}
    assert set(summary.failures) == {"k100_d3_pca", "k100_d3_mde"}
    again, said = sweep(file, GRID)
    assert again
    assert "This sweep is done: 4 points" in said


def test_more_points_than_anybody_waits_for_are_not_begun_unasked(file: Path) -> None:
    many = Request("grid", ("pca",), k=",".join(map(str, range(5, 300))), dim="3", budget=Budget())
    with pytest.raises(AtlasError, match=r"more than 200 points to make, and was not begun\. Say --yes"):
        sweep(file, many)
    planned, said = sweep(file, many, dry_run=True)
    assert planned
    assert "295 points" in said


def test_a_sweep_that_was_interrupted_goes_on_with_the_points_it_had_chosen(
    file: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request("smart", ("pca", "mde"), k="4..6", dim="2..3", budget=Budget(points=3))
    with monkeypatch.context() as patch:
        patch.setattr(sweep_jobs.SweepSteps, "related", interrupt)
        with pytest.raises(KeyboardInterrupt):
            sweep(file, request)
    chosen = sweeper(file, request, world).record.keys
    assert chosen[0] == "k6_d3_mde"  # as near to what is usual as the space allows; of PCA there is one
    assert set(chosen) < set(sweeper(file, request, world).pipeline.sweep.projections)

    done, said = sweep(file, request)
    assert done, said
    assert "Going on with a sweep of which 3 points were chosen" in said
    after = sweeper(file, request, world)
    assert after.record.keys == chosen
    assert len(after.record.keys) == 3
    costs = Costs(after.pipeline, world.store)
    assert all(costs.is_made(key) for key in after.record.keys)
    assert {row["key"] for row in world.load(SweepReport, "sweep_report").rows} >= {"k5_d3_pca", *after.record.keys}
    assert "3 points made" in said


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_time_is_kept_and_what_it_allows_is_made(file: Path) -> None:
    request = Request("random", ("pca", "mde"), k="4..8", dim="2..3", budget=Budget(seconds=0.01))
    done, said = sweep(file, request)
    assert done
    assert "within" in said
    assert "0 points made" in said
    assert not (file.parent / "points.yaml").exists()


def launch(world: World, job: str, config: dict[str, Any]) -> dg.ExecuteInProcessResult:
    """What the launchpad does, in this process."""
    definition = world.definitions(load(world.folder / "defs" / "toy" / "defs.yaml")).resolve_job_def(job)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with command.instance() as state:
        return definition.execute_in_process(
            run_config={"ops": {"plan": {"config": config}}} | quiet, instance=state, raise_on_error=False
        )


def test_a_point_is_added_and_made_from_the_launchpad(
    file: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_DEFS", str(file.parent.parent))
    wrong = launch(world, "toy_add_point", {"method": "TSNE", "parameters": {"perplexity": 9000}})
    assert not wrong.success
    assert "perplexity is 9000" in messages(wrong)[0]
    assert not (file.parent / "points.yaml").exists()

    added = launch(world, "toy_add_point", {"method": "MDE", "n_neighbors": 5, "dims": 3})
    assert added.success, messages(added)
    assert "# by the job add_point" in (file.parent / "points.yaml").read_text()
    assert {row["key"] for row in world.load(SweepReport, "sweep_report").rows} == {"k5_d3_pca", "k5_d3_mde-3d"}
    with command.instance() as state:
        assert "k5_d3_mde-3d" in state.get_materialized_partitions(dg.AssetKey(["toy", "quality"]))

    options = {"search": "RANDOM", "methods": ["pca"], "k": "4..6", "budget": "3"}
    made = launch(world, "toy_sweep", options)
    assert made.success, messages(made)
    assert len(world.load(SweepReport, "sweep_report").rows) == 4
    assert Wanted.everything(Pipeline(load(file), base=world.folder), world.store).due_now() == []
