"""``import atlas_assets as atlas``: what was made as frames, and a map of a frame."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import atlas_assets as atlas
from atlas_assets.errors import AtlasError
from atlas_assets.frames import Atlas


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


def test_entities_are_found_by_words_of_their_label_or_by_id(books: Atlas) -> None:
    assert books.search("bridge THE")["label"].to_list() == ["The Bridge"]
    assert books.search("60")["id"].to_list()[0] == 60
    crime = books.search("crime", most=5)
    assert crime["popularity"].to_list() == sorted(crime["popularity"].to_list(), reverse=True)
    assert books.search("nothing like it").is_empty()


def test_what_is_recommended_is_near_to_all_that_are_liked(books: Atlas) -> None:
    found = books.recommend(["Crime 3", 4], most=8)
    assert found["score"].to_list() == sorted(found["score"].to_list(), reverse=True)
    assert not {"Crime 3", "Crime 4"} & set(found["label"])
    assert set(found["because"].explode()) <= {"Crime 3", "Crime 4"}
    assert found.filter(pl.col("label").str.starts_with("Crime")).height >= 6
    both = {
        row["label"]: row["similarity"] for one in ("Crime 3", "Crime 4") for row in books.neighbours(one).to_dicts()
    }
    assert found["score"][0] >= max(both[label] for label in found["label"] if label in both) - 1e-9
    with pytest.raises(AtlasError, match="Nothing was named"):
        books.recommend([])
