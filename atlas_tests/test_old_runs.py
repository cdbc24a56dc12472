"""What runs leave in Dagster's state goes in time, and nothing goes that a page of the UI still shows."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._core.test_utils import create_run_for_test

from atlas_assets import old_runs, project, run_tags, served
from atlas_assets.components.materialise import Materialised
from atlas_assets.components.pipeline import Outcome, Pipeline, StageRun
from atlas_assets.errors import AtlasError
from atlas_assets.io import Stored
from atlas_assets.runs import Runs, instance
from atlas_assets.spec import AtlasSpec
from atlas_assets.stages.artifact import Check
from atlas_assets.tidying import summary
from atlas_tests import toy
from atlas_tests.conftest import REPOSITORY

INDEX, PROJECTION = dg.AssetKey(["toy", "entity_index"]), dg.AssetKey(["toy", "projection"])
DAY = 86400.0
POINTS = [{"method": "tsne", "perplexity": 5, "from": "graph"}, {"method": "pca"}]


class Project:
    """A folder with the state of Dagster, and runs that make nothing but events and pictures."""

    def __init__(self, state: dg.DagsterInstance) -> None:
        self.state = state
        self.now = time.time()

    def run(
        self, asset: dg.AssetKey, key: str | None = None, *, picture: str = "", spec: AtlasSpec | None = None
    ) -> str:
        """Have an artifact made, inside something larger; returns the id of its run. No picture: it fails."""

        def build(stage: object, run: StageRun) -> Materialised:
            if not picture:
                raise AtlasError("Too few entities.")
            stored = Stored(version=picture, recipe="", created="", bytes=1, files=[], cost={})
            shown = served.publish(picture.encode(), "png")
            return Materialised(stored, Outcome([Check("is there", True, "")], {"map": f"![map]({shown})"}))

        Runs(spec or toy.spec(), self.state).run([asset], key, build=build)
        return next(iter(self.state.get_runs(limit=1))).run_id

    def prune(self, days: float, *, dry_run: bool = False, **retention: object) -> set[str]:
        """Names of what goes when so many days have passed."""
        pipeline = Pipeline(toy.spec(retention=retention) if retention else toy.spec(), base=project.root())
        results = old_runs.prune(self.state, [pipeline], now=self.now + days * DAY, dry_run=dry_run)
        return {waste.name for _, done in results for waste in done.gone}

    def shown(self, asset: dg.AssetKey, key: str | None = None) -> str:
        """The run whose materialisation a page shows, as another process finds it."""
        with dg.DagsterInstance.from_ref(InstanceRef.from_dir(".dagster", config_dir=".")) as other:
            chosen = dg.AssetRecordsFilter(asset, asset_partitions=[key] if key else None)
            return other.fetch_materializations(chosen, limit=1).records[0].run_id

    def file(self, run_id: str) -> Path:
        return Path(self.state.event_log_storage.path_for_shard(run_id))  # type: ignore[attr-defined]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    shutil.copy(REPOSITORY / "dagster.yaml", tmp_path)
    with instance(tmp_path) as state:
        yield Project(state)


def pictures() -> dict[str, Path]:
    """The published files, by their content."""
    return {path.read_text(): path for path in (project.root() / served.FOLDER / served.PREFIX).glob("*.png")}


def test_of_every_artifact_the_latest_run_stays(made: Project) -> None:
    first, second = made.run(INDEX, picture="a"), made.run(INDEX, picture="b")
    maps = [made.run(PROJECTION, key, picture=key) for key in ("k5_tsne-p5", "k5_d3_pca", "k5_tsne-p5")]
    failed = made.run(PROJECTION, "k5_d3_pca")
    sizes = sum(made.file(run_id).stat().st_size for run_id in (first, maps[0], failed))
    pipeline = Pipeline(toy.spec(), base=project.root())
    foreseen = old_runs.prune(made.state, [pipeline], now=made.now + 15 * DAY, dry_run=True)
    assert [row for _, done in foreseen for row in summary(done) if row["what"] == "records of earlier runs"] == [
        {"stage": "", "what": "records of earlier runs", "number": 3, "size": f"{sizes / 1000:,.0f} kB"}
    ]
    assert made.state.get_run_by_id(first) is not None
    assert {first, maps[0], failed} <= made.prune(15)
    for gone in (first, maps[0], failed):
        assert made.state.get_run_by_id(gone) is None
        assert not list(made.file(gone).parent.glob(f"{gone}*"))
    assert {run.run_id for run in made.state.get_runs()} == {second, maps[1], maps[2]}
    assert made.shown(INDEX) == second
    assert [made.shown(PROJECTION, key) for key in ("k5_d3_pca", "k5_tsne-p5")] == maps[1:]
    assert len(made.state.fetch_materializations(PROJECTION, limit=9).records) == 2
    assert made.prune(15) == set()
    assert made.run(INDEX, picture="c") == made.shown(INDEX)  # the state is as good as before


def test_nothing_goes_before_its_time_or_where_it_is_to_stay(made: Project) -> None:
    made.run(INDEX, picture="a")
    made.run(INDEX, picture="b")
    assert made.prune(13) == set()
    assert made.prune(1000, runs=None) == set()
    assert len(made.prune(2, runs="1d")) == 2  # the run and its picture


def test_runs_of_others_and_those_under_way_stay(made: Project) -> None:
    inner = run_tags.inner("toy", "atlas run")
    launched = create_run_for_test(made.state, status=dg.DagsterRunStatus.SUCCESS, tags={run_tags.ATLAS: "toy"})
    under_way = create_run_for_test(made.state, status=dg.DagsterRunStatus.STARTED, tags=inner)
    another = create_run_for_test(
        made.state, status=dg.DagsterRunStatus.SUCCESS, tags=inner | {run_tags.ATLAS: "another"}
    )
    over = create_run_for_test(made.state, status=dg.DagsterRunStatus.CANCELED, tags=inner)
    assert made.prune(1000) == {over.run_id}
    assert {run.run_id for run in made.state.get_runs()} == {launched.run_id, under_way.run_id, another.run_id}


def test_the_maps_of_points_that_are_no_more_go_but_for_the_latest_of_the_asset(made: Project) -> None:
    earlier = toy.spec(sweep={"n_neighbors": [5], "embedding_dim": [3], "projections": [*POINTS, {"method": "mde"}]})
    removed = made.run(PROJECTION, "k5_d3_mde", picture="mde", spec=earlier)
    kept = made.run(PROJECTION, "k5_d3_pca", picture="pca")
    last = made.run(PROJECTION, "k5_d3_mde", picture="mde again", spec=earlier)
    assert removed in made.prune(15)
    assert {run.run_id for run in made.state.get_runs()} == {kept, last}  # the asset's own page shows the last


def test_a_picture_goes_with_the_last_materialisation_that_shows_it(made: Project) -> None:
    for picture in ("only once", "twice", "latest"):
        made.run(INDEX, picture=picture)
    made.run(PROJECTION, "k5_d3_pca", picture="twice")
    mine = project.root() / served.FOLDER / served.PREFIX / "mine.png"
    mine.write_text("not published by Atlas")
    at = pictures()
    assert at["only once"].name not in made.prune(0.03, runs="1s", dry_run=True)  # published less than an hour ago
    assert at["only once"].name in made.prune(15, dry_run=True)
    made.prune(15)
    assert set(pictures()) == {"twice", "latest", "not published by Atlas"}


def test_a_picture_that_is_published_again_is_new(made: Project) -> None:
    made.run(INDEX, picture="map")
    os.utime(pictures()["map"], (0, 0))
    served.publish(b"map", "png")  # by a run that has not told of it yet
    made.run(INDEX, picture="another")
    made.prune(0.01, runs="1s")
    assert "map" in pictures()


def test_after_runs_it_is_looked_for_once_a_day(made: Project) -> None:
    first = made.run(INDEX, picture="a")
    made.run(INDEX, picture="b")
    pipeline = Pipeline(toy.spec(), base=project.root())
    old_runs.prune_daily(made.state, pipeline, now=made.now + 13.5 * DAY)
    old_runs.prune_daily(made.state, pipeline, now=made.now + 14.1 * DAY)
    assert made.state.get_run_by_id(first) is not None
    old_runs.prune_daily(made.state, pipeline, now=made.now + 14.6 * DAY)
    assert made.state.get_run_by_id(first) is None
