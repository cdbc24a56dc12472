"""A whole atlas through a real Dagster instance: from two CSV files to a site, then what happens when things change."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import fsspec
import numpy as np
import polars as pl
import pytest

from atlas_assets import project
from atlas_assets.plan.due import Wanted
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.reports import webserver_files as served
from atlas_assets.stages.quality.quality import Quality
from atlas_assets.stages.relation.knn_graph import KnnGraph
from atlas_tests import toy
from atlas_tests.components.world import World, instance_of_a_test, messages


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with instance_of_a_test() as made:
        yield made


NOT_IN_A_MAP = ("cooccurrence", "bundle", "site_record")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Iterator[World]:
    """The toy atlas, fully materialised. Tests that change anything use `world`."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "root", lambda: folder)
        toy.write_tables(folder)
        world = World(folder, instance)
        toy.put_viewer(world.store)
        world.materialise_all(toy.spec())
        yield world


@pytest.fixture
def copied(made: World, world: World) -> World:
    """The same in a project of its own, to be changed; its Dagster knows of no materialisation."""
    shutil.copytree(made.folder, world.folder, dirs_exist_ok=True)
    return world


def test_two_csv_files_become_a_site(made: World) -> None:
    site = made.folder / "data" / "toy" / "site"
    assert 'content="data/' in (site / "index.html").read_text(encoding="utf-8")
    [manifest] = site.glob("data/*/manifest.json")
    facts = json.loads(manifest.read_text(encoding="utf-8"))
    assert facts["n"] == 61
    assert {p["key"] for p in facts["projections"]} == {"k5_tsne-p5", "k5_d3_pca"}
    assert {column["name"] for column in facts["columns"]} >= {"popularity", "genre", "year"}


def test_a_site_can_be_downloaded_with_all_that_is_known_of_where_it_comes_from(made: World) -> None:
    site = made.folder / "data" / "toy" / "site"
    listed = json.loads((site / "downloads.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in listed] == ["atlas-site.zip", "atlas.parquet", "atlas-poster.png"]
    with zipfile.ZipFile(site / "downloads" / "atlas-site.zip") as archive:
        known = json.loads(archive.read("PROVENANCE.json"))
    versions = made.versions(toy.spec())
    of_the_map = {name: version for name, version in versions.items() if name.split("/")[1] not in NOT_IN_A_MAP}
    assert {name: entry["content"] for name, entry in known["artifacts"].items()} == of_the_map
    assert known["data"]["source"]["interactions"] == ["ratings.csv"]
    assert known["parameters"]["sweep"]["n_neighbors"] == [5]
    assert known["made_with"]["pymde"]
    assert str(made.folder) not in json.dumps(known)


def test_neighbours_are_of_the_same_genre(made: World) -> None:
    ids = pl.read_parquet(
        made.store.folder(Pipeline(toy.spec(), base=made.folder).address("entity_index")) / "ids.parquet"
    )
    graph = KnnGraph.load(made.store.folder(Pipeline(toy.spec(), base=made.folder).address("knn_graph", "k5")))
    genre = ids["id"].to_numpy() // toy.BOOKS_PER_GENRE
    rows = np.flatnonzero(genre < 2)
    neighbours = np.asarray(graph.indices)[rows]
    same = genre[neighbours] == genre[rows][:, None]
    assert same[neighbours >= 0].mean() > 0.95


def test_the_map_is_better_than_chance_at_pairs_it_never_saw(made: World) -> None:
    address = Pipeline(toy.spec(), base=made.folder).address("quality", "k5_tsne-p5")
    lift = Quality.load(made.store.folder(address)).metrics["held_out_lift"]
    assert lift is not None
    assert lift > 1.2  # two genres alone give 2 at most for pairs, 15 of 30 in reach


def test_each_materialisation_shows_its_cost_its_rows_and_a_passing_check(made: World) -> None:
    for stage, key in [("entity_index", None), ("neighbours", None), ("knn_graph", "k5"), ("projection", "k5_tsne-p5")]:
        metadata = made.metadata(stage, key)
        assert {"seconds", "peak_memory_mib", "dagster/row_count"} <= set(metadata)
        size = sum(len(str(value)) for value in metadata.values())
        assert size < 50_000, stage


@pytest.mark.parametrize("stage", ["projection", "quality"])
def test_a_maps_pages_show_its_thumbnail(made: World, stage: str) -> None:
    shown = str(made.metadata(stage, "k5_d3_pca")["map"])
    [name] = re.findall(r"^!\[PCA\]\(/logs/atlas/(\w+)/png\)$", shown)
    assert (made.folder / served.FOLDER / "atlas" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_data_and_seed_give_the_same_artifacts(made: World, tmp_path: Path) -> None:
    before = made.versions(toy.spec())
    made.materialise_all(toy.spec())
    assert made.versions(toy.spec()) == before


def test_bad_data_leaves_the_earlier_artifacts_and_the_site_as_they_were(copied: World) -> None:
    before, index = copied.versions(toy.spec()), (copied.folder / "data/toy/site/index.html").read_bytes()
    (copied.folder / "ratings.csv").write_text("user_id,book\nreader 1,2\n")
    result = copied.materialise(toy.spec(), "raw_collections")
    assert not result.success
    assert "book_id" in messages(result)[0]
    assert "ratings.csv" in messages(result)[0]
    assert copied.versions(toy.spec()) == before
    assert (copied.folder / "data/toy/site/index.html").read_bytes() == index


def test_storage_may_be_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    toy.write_tables(tmp_path)
    with instance_of_a_test() as instance:
        world = World(tmp_path, instance, storage=f"memory://{tmp_path.name}")
        toy.put_viewer(world.store)
        spec = toy.spec(sweep={"n_neighbors": [5], "projections": [{"method": "pca"}]}, refresh={"keep_versions": 2})
        world.materialise_all(spec)
        for title in ("Second", "Third"):
            for stage in ("bundle", "site"):
                assert world.materialise(spec.model_copy(update={"title": title}), stage).success
    objects, site = fsspec.filesystem("memory"), world.store.path("toy", "site")
    page = objects.cat_file(f"{site}/index.html").decode()
    versions = json.loads(objects.cat_file(f"{site}/versions.json"))
    titles = [json.loads(objects.cat_file(f"{site}/{one['manifest']}"))["atlas"]["title"] for one in versions]
    assert titles == ["Second", "Third"]
    assert f'content="{versions[-1]["manifest"]}"' in page
    assert {one["n"] for one in versions} == {61}
    there = {name.removeprefix(f"{site}/") for name in objects.find(site)}
    assert there == {name for one in versions for name in one["files"]} | {"versions.json"}
    assert not (tmp_path / "data").exists()


def test_fewer_entities_than_neighbours_is_said_with_numbers(world: World) -> None:
    spec = toy.spec(sweep={"n_neighbors": [100], "projections": [{"method": "pca"}]})
    for stage in ("raw_collections", "entity_index", "neighbours"):
        assert world.materialise(spec, stage).success
    result = world.materialise(spec, "knn_graph", "k100")
    assert not result.success
    [message] = messages(result)
    assert "100" in message
    assert "61" in message
    assert "n_neighbors" in message


def test_a_stage_without_its_input_says_what_to_run(world: World) -> None:
    result = world.materialise(toy.spec(), "cooccurrence")
    assert not result.success
    assert "toy/entity_index has not been made yet" in messages(result)[0]


def test_a_sweep_point_added_to_the_yaml_computes_exactly_the_new_partitions(world: World) -> None:
    first = toy.spec()
    longer = toy.spec(
        sweep=first.sweep.model_dump(by_alias=True)
        | {"points": [{"n_neighbors": 4, "projection": {"method": "pca"}}], "projections": PROJECTIONS}
    )
    world.materialise_all(first)
    pipeline = Pipeline(longer, base=world.folder)
    stages = [name for name in pipeline.stages if name != "cooccurrence"]  # nor the viewer, which is another's
    wanted = replace(Wanted.everything(pipeline, world.store), stages=stages)
    made: list[str] = []
    while due := wanted.due_now():
        made += due
        for stage, _, key in (label.partition(" ") for label in due):
            assert world.materialise(longer, stage, key or None).success, (stage, key)
    # the report comes first, because it names the point as missing
    assert made == [
        "knn_graph k4",
        "sweep_report",
        "embedding k4_d3",
        "bundle",
        "projection k4_d3_pca",
        "site",
        "regions k4_d3_pca",
        "quality k4_d3_pca",
        "sweep_report",
        "bundle",
        "site",
    ]


PROJECTIONS = [{"method": "tsne", "perplexity": 5, "from": "graph"}, {"method": "pca"}]
