"""A refresh: what makes the sensor launch one, what it does, and what is left alone. The jobs run in this process."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from atlas_assets import project
from atlas_assets.orchestration.resources import Storage
from atlas_assets.plan.pipeline import viewer_recipe
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.store import lock
from atlas_tests import toy
from atlas_tests.components.world import World, instance_of_a_test, messages

SWEEP = {"n_neighbors": [5], "embedding_dim": [3], "projections": [{"method": "pca"}]}


def spec(**changes: Any) -> AtlasSpec:
    return toy.spec(**({"sweep": SWEEP, "refresh": {"max_shrink": "5%"}} | changes))


class Living:
    """The toy atlas, followed by its sensor; each look remembers the one before."""

    def __init__(self, world: World) -> None:
        self.world, self.spec, self.cursor = world, spec(), None

    def look(self) -> dg.SensorResult:
        """A tick: events are recorded as the daemon does."""
        context = dg.build_sensor_context(
            instance=self.world.instance, cursor=self.cursor, resources={"storage": Storage(root=self.world.storage)}
        )
        sensor = self._definitions().get_repository_def().get_sensor_def("toy_refresh")
        ticked = sensor.evaluate_tick(context)
        self.cursor = ticked.cursor
        for event in ticked.asset_events:
            self.world.instance.report_runless_asset_event(event)
        return dg.SensorResult(ticked.run_requests, ticked.skip_message, asset_events=list(ticked.asset_events))

    def run(self, request: dg.RunRequest | None = None, *, job: str = "toy_refresh") -> dg.ExecuteInProcessResult:
        given = {"run_config": request.run_config, "tags": request.tags} if request else {}
        definition = self._definitions().resolve_job_def(job)
        return definition.execute_in_process(instance=self.world.instance, raise_on_error=False, **given)

    def _definitions(self) -> dg.Definitions:
        return self.world.definitions(self.spec)

    def grow(self, readers: int) -> None:
        """More readers, written a while ago."""
        toy.write_tables(self.world.folder, readers=readers)
        self.settle()

    def settle(self) -> None:
        long_ago = time.time() - 3600
        for name in ("ratings.csv", "books.csv"):
            os.utime(self.world.folder / name, (long_ago, long_ago))

    def made_by(self, run: dg.ExecuteInProcessResult) -> list[tuple[str, str | None]]:
        """Stages and keys that a run has made."""
        made = run.get_asset_materialization_events()
        return [(event.asset_key.path[-1], event.partition) for event in made if event.asset_key]

    def shown(self) -> bytes:
        return (self.world.folder / "data" / "toy" / "site" / "index.html").read_bytes()

    def checks(self, asset: list[str], name: str) -> list[bool]:
        """How the check of an asset went, newest first, as the UI shows it."""
        key = dg.AssetCheckKey(dg.AssetKey(asset), name)
        history = self.world.instance.event_log_storage.get_asset_check_execution_history(key, limit=9)
        return [record.status.value == "SUCCEEDED" for record in history]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the atlas was made once, by its job; beside it is a copy to begin each test with."""
    folder = tmp_path_factory.mktemp("made") / "project"
    folder.mkdir()
    toy.write_tables(folder)
    with pytest.MonkeyPatch.context() as patch, instance_of_a_test() as instance:
        living = _living(folder, instance, patch)
        toy.put_viewer(living.world.store, recipe=viewer_recipe())
        living.settle()
        assert "Nothing was made of this atlas yet" in str(living.look().skip_reason)
        result = living.run()
        assert result.success, messages(result)
    shutil.copytree(folder, folder.with_name("as made"))
    return folder


@pytest.fixture
def living(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Living]:
    shutil.rmtree(made)
    shutil.copytree(made.with_name("as made"), made)
    with instance_of_a_test() as instance:
        yield _living(made, instance, monkeypatch)


def _living(folder: Path, instance: dg.DagsterInstance, patch: pytest.MonkeyPatch) -> Living:
    patch.setattr(project, "root", lambda: folder)
    patch.setenv("ATLAS_STORAGE", str(folder / "data"))
    return Living(World(folder, instance))


def test_a_source_that_grew_is_noticed_and_one_run_makes_what_depends_on_it(living: Living) -> None:
    assert not living.look().run_requests
    before, versions = living.shown(), living.world.versions(living.spec)
    living.grow(readers=170)
    seen = living.look()
    [request] = seen.run_requests or []
    assert request.tags["because"] == "the source changed"
    assert [event.asset_key.path for event in seen.asset_events] == [
        ["toy", "source"]
    ] * 2  # its check, and its version
    result = living.run(request)
    assert result.success, messages(result)
    assert living.shown() != before
    assert living.world.versions(living.spec) != versions
    history = living.world.metadata("site")
    assert history["rows"] > 170 * 8
    assert (history["entities"], history["new_entities"], history["gone_entities"]) == (61, 0, 0)
    assert history["refresh_seconds"] > 0
    assert 0 < history["movement k5_d3_pca"] < 0.2
    assert living.checks(["toy", "site"], "all_maps") == [True]
    assert not living.look().run_requests


def test_a_refresh_is_one_run_whose_steps_are_its_progress(living: Living) -> None:
    living.grow(readers=170)
    result = living.run()
    assert [run.run_id for run in living.world.instance.get_runs()] == [result.run_id]
    made = dict.fromkeys(
        event.step_key for event in result.all_events if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    assert list(made) == ["relate", "embed[k5_d3]", "project[k5_d3_pca]", "publish"]


def test_an_unchanged_source_costs_nothing(living: Living) -> None:
    toy.write_tables(living.world.folder)  # the same bytes, written anew
    living.settle()
    before = living.world.versions(living.spec)
    [request] = living.look().run_requests or []  # that the bytes are the same is seen by reading them
    again = living.run(request)
    assert again.success
    assert living.made_by(again) == [("raw_collections", None)]
    assert living.world.versions(living.spec) == before
    assert not living.look().run_requests


def test_a_small_change_waits_and_a_file_being_written_is_not_read(living: Living) -> None:
    ratings = living.world.folder / "ratings.csv"
    ratings.write_bytes(ratings.read_bytes() + b"reader 1,2,3\n" * 200)
    assert "changed" in str(living.look().skip_reason)  # just now
    ratings.write_bytes(ratings.read_bytes()[: -len(b"reader 1,2,3\n" * 199)])
    long_ago = time.time() - 3600
    os.utime(ratings, (long_ago, long_ago))
    seen = living.look()
    assert not seen.run_requests
    assert "refresh.threshold" in str(seen.skip_reason)


def test_a_source_that_is_gone_fails_its_check_and_leaves_the_site(living: Living) -> None:
    living.look()
    before = living.shown()
    (living.world.folder / "ratings.csv").rename(living.world.folder / "elsewhere.csv")
    seen = living.look()
    assert not seen.run_requests
    [event] = seen.asset_events
    assert isinstance(event, dg.AssetCheckEvaluation)
    assert not event.passed
    assert "ratings.csv" in str(event.description)
    assert not living.look().asset_events  # said once
    assert living.checks(["toy", "source"], "source") == [False, True]
    assert living.shown() == before
    (living.world.folder / "elsewhere.csv").rename(living.world.folder / "ratings.csv")
    living.look()
    assert living.checks(["toy", "source"], "source")[0]


def test_a_point_added_to_the_yaml_makes_exactly_its_artifacts(living: Living) -> None:
    before = living.world.versions(living.spec)
    living.spec = spec(sweep=SWEEP | {"points": [{"n_neighbors": 4, "projection": {"method": "pca"}}]})
    [request] = living.look().run_requests or []
    result = living.run(request)
    assert result.success
    point = {(stage, "k4_d3_pca") for stage in ("projection", "regions", "quality")}
    joins = {("sweep_report", None), ("bundle", None), ("site", None)}
    made = living.made_by(result)
    assert set(made) == {("knn_graph", "k4"), ("embedding", "k4_d3"), *point, *joins}
    assert len(made) == len(set(made))
    after = living.world.versions(living.spec)
    joined = {"toy/sweep_report", "toy/bundle", "toy/site_record"}
    assert {address for address, version in before.items() if after[address] != version} == joined
    assert not living.look().run_requests


def test_nothing_is_launched_while_the_atlas_is_being_made(living: Living) -> None:
    living.grow(readers=170)
    with lock.held("toy", "atlas run"):
        assert "It is being made by atlas run (process " in str(living.look().skip_reason)
    assert living.look().run_requests


def test_bad_rows_fail_the_run_and_are_not_read_again_until_they_change(living: Living) -> None:
    before = living.shown()
    (living.world.folder / "ratings.csv").write_text("user_id,book\n" + "reader 1,2\n" * 2000)
    living.settle()
    [request] = living.look().run_requests or []
    result = living.run(request)
    assert not result.success
    assert "raw_collections failed" in messages(result)[0]
    assert living.shown() == before
    seen = living.look()
    assert not seen.run_requests
    assert "book_id" in str(seen.skip_reason)
    assert living.run().success is False  # people may always try
    living.grow(readers=170)
    assert living.look().run_requests


def test_what_is_up_to_date_is_made_again_when_that_is_asked_for(living: Living) -> None:
    config = {"force": True, "stages": ["sweep_report", "bundle", "site"]}
    result = living.run(dg.RunRequest(run_config={"ops": {"plan": {"config": config}}}))
    assert result.success, messages(result)
    assert living.made_by(result) == [("sweep_report", None), ("bundle", None), ("site", None)]


def test_a_name_that_the_atlas_does_not_have_is_said(living: Living) -> None:
    config = {"ops": {"plan": {"config": {"points": ["k99"]}}}}
    result = living.run(dg.RunRequest(run_config=config))
    assert not result.success
    assert "'k99' is not a point of this atlas. It has: k5_d3_pca" in messages(result)[0]


def test_the_memory_of_a_sensor_is_plain(living: Living) -> None:
    """A cursor is kept by Dagster as text, and shown in its UI."""
    living.look()
    assert set(json.loads(living.cursor or "")) == {"read", "since", "acted", "told"}
