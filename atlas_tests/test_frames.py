"""``import atlas_assets as atlas``: what was made as frames, and a map of a frame."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import atlas_assets as atlas
from atlas_assets.errors import AtlasError
from atlas_assets.frames import Atlas
from atlas_assets.store.artifacts import ArtifactStore
from atlas_tests import toy


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """The toy atlas, from frames."""
    folder = tmp_path_factory.mktemp("frames")
    toy.write_tables(folder)
    (folder / "project").mkdir()
    toy.put_viewer(ArtifactStore(folder / "project" / "data"), recipe=toy.viewer_recipe())
    return atlas.map(
        pd.read_csv(folder / "ratings.csv"),
        collection="user_id",
        entity="book_id",
        entities=pl.read_csv(folder / "books.csv"),
        name="books",
        folder=folder / "project",
        filter={"min_collections": 1},
        sweep={"n_neighbors": [5], "projections": [{"method": "pca"}]},
    )


def test_entities_come_with_their_metadata(books: Atlas) -> None:
    table = books.entities
    assert table.height == 61
    assert {"id", "label", "genre", "year"} <= set(table.columns)
    assert table.filter(pl.col("label") == "The Bridge")["genre"].item() == "both"


def test_a_map_has_a_place_and_a_region_for_every_entity(books: Atlas) -> None:
    placed, regions = books.map(), books.regions()
    assert placed["id"].to_list() == books.entities["id"].to_list()
    assert placed.select("x", "y").null_count().sum_horizontal().item() == 0
    sizes = dict(placed["region"].drop_nulls().value_counts().iter_rows())
    finest = regions.filter(~pl.col("region").is_in(regions["parent"].drop_nulls().implode()))
    assert {row["region"]: row["n_entities"] for row in finest.to_dicts()}.items() <= sizes.items()


def test_neighbours_are_those_of_the_data_with_why(books: Atlas) -> None:
    near = books.neighbours("Crime 3", k=4)
    assert near.height == 4
    assert near["similarity"].to_list() == sorted(near["similarity"].to_list(), reverse=True)
    assert near.filter(pl.col("label").str.starts_with("Crime")).height > 2
    assert (near.filter("direct")["shared"] > 0).all()
    assert near.equals(books.neighbours(3, k=4))


def test_figures_are_those_of_the_report(books: Atlas) -> None:
    assert books.quality["map"].to_list() == books.maps == [books.recommended]
    assert books.quality["trustworthiness"].item() == pytest.approx(0.9, abs=0.1)


def test_what_is_not_there_is_said(books: Atlas, tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match="Did you mean 'The Bridge'"):
        books.neighbours("bridge")
    with pytest.raises(AtlasError, match="expected one of"):
        books.map("k99_pca")
    with pytest.raises(AtlasError, match="sweep_report"):
        atlas.open("nothing", project_folder=tmp_path)
    with pytest.raises(AtlasError, match="is no frame"):
        atlas.map(object(), folder=tmp_path / "odd")


def test_the_same_frame_is_not_mapped_twice(books: Atlas) -> None:
    again = atlas.open("books", project_folder=Path(books._store.root).parent)
    assert again.entities.equals(books.entities)
