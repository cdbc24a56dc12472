"""Regions: nested, named by what their members share, never twice the same, honest when they share nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from atlas_assets.stages.regions import regions
from atlas_assets.stages.regions.names import LONGEST_PART, name_regions


def _clumps(n_dims: int = 2, size: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Five clumps of ``size`` entities, well apart; and the clump of each."""
    generator = np.random.default_rng(0)
    centres = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0], [10, 10, 5], [5, 20, -5]], float)[:, :n_dims]
    clump = np.repeat(np.arange(5), size)
    return centres[clump] + generator.standard_normal((clump.size, n_dims)), clump


GENRES = np.array(["fantasy", "mystery", "science", "romance", "history"])


def _build(positions, clump, **options):
    labels = [f"Book {i}" for i in range(len(positions))]
    popularity = np.arange(len(positions))[::-1]
    return regions.build(positions, popularity=popularity, labels=labels, **options)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_clumps_are_found_and_named_after_what_their_members_share(n_dims):
    positions, clump = _clumps(n_dims)
    made = _build(positions, clump, fields=pl.DataFrame({"genre": GENRES[clump]}))
    assert all(check.passed for check in made.check())
    coarse = made.table.filter(pl.col("level") == 0)
    assert sorted(coarse["name"]) == sorted(GENRES)
    parent = made.table["parent"].fill_null(-1).to_numpy()[made.region]
    names = coarse["name"].to_numpy()[parent]
    assert (names == GENRES[clump]).mean() > 0.98
    assert made.table["z"].null_count() == (made.table.height if n_dims == 2 else 0)


def test_finer_regions_lie_inside_coarser_ones_and_sizes_add_up():
    positions, clump = _clumps()
    made = _build(positions, clump, levels=3)
    assert made.table["level"].to_list() == sorted(made.table["level"])
    assert made.table["level"].n_unique() == 3
    for level in range(3):
        assert made.table.filter(pl.col("level") == level)["size"].sum() == len(positions)
    sizes = made.table.group_by("parent").agg(pl.col("size").sum()).drop_nulls()
    for parent, size in sizes.iter_rows():
        assert made.table["size"][parent] == size
    priority = made.table["priority"].to_numpy()
    assert priority.min() > 0
    assert priority.max() <= 1
    assert priority[made.table["level"] == 0].min() > priority[made.table["level"] == 1].max()


def test_a_label_stands_on_a_member_of_its_region():
    positions, clump = _clumps()
    made = _build(positions, clump)
    finest = made.table.filter(pl.col("level") == 1)
    for row in finest.iter_rows(named=True):
        members = positions[made.region == row["region"]]
        assert np.linalg.norm(members - [row["x"], row["y"]], axis=1).min() < 1e-5


def test_the_same_input_gives_the_same_regions():
    positions, clump = _clumps(size=1000)  # above the sample
    first, again = _build(positions, clump), _build(positions, clump)
    assert np.array_equal(first.region, again.region)
    assert first.table.equals(again.table)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 20])
def test_small_maps_have_few_regions_and_no_errors(n):
    positions = np.random.default_rng(0).standard_normal((n, 2))
    made = _build(positions, None)
    assert made.region.shape == (n,)
    assert all(check.passed for check in made.check())
    assert made.table.height <= max(n // 2, 1)


def test_a_map_on_a_single_spot_has_regions_too():
    made = _build(np.zeros((50, 2)), None)
    assert all(check.passed for check in made.check())


def _names(members, fields, labels=None, popularity=None):
    members = np.array(members)
    labels = labels or [f"Book {i}" for i in range(members.size)]
    popularity = np.arange(members.size)[::-1] if popularity is None else np.array(popularity)
    return name_regions(members, popularity=popularity, labels=labels, fields=pl.DataFrame(fields))


def test_a_value_that_is_common_everywhere_names_nothing():
    members = [0] * 10 + [1] * 10
    names = _names(members, {"language": ["en"] * 20, "genre": ["fantasy"] * 10 + ["history"] * 10})
    assert names == ["fantasy", "history"]


def test_a_value_of_few_members_gives_way_to_the_best_known_entities():
    members = [0] * 20 + [1] * 20
    genre = ["fantasy"] * 4 + [None] * 36  # only in region 0, but only a fifth of it
    names = _names(members, {"genre": genre}, labels=[f"Title {i} (Series, #{i})" for i in range(40)])
    assert names == ["Title 0 · Title 1", "Title 20 · Title 21"]


def test_two_regions_of_the_same_kind_get_different_names():
    members = [0] * 10 + [1] * 10 + [2] * 20
    genres = [["fantasy", "elves"]] * 10 + [["fantasy"]] * 10 + [["history"]] * 20
    assert _names(members, {"genres": genres}) == ["elves", "fantasy", "history"]
    same = [["fantasy"]] * 20 + [["history"]] * 20
    assert _names(members, {"genres": same}) == ["fantasy", "fantasy · Book 10", "history"]


def test_bare_letters_and_numbers_carry_the_name_of_their_field():
    names = _names([0] * 10 + [1] * 10, {"colours": ["W"] * 10 + ["U"] * 10})
    assert names == ["colours W", "colours U"]


def test_names_are_short_and_numbers_are_no_names():
    long = "A very long title that would cover half of the map by itself"
    members = [0] * 10 + [1] * 10
    names = _names(members, {"genre": [long] * 10 + ["history"] * 10, "pages": list(range(20))})
    assert len(names[0]) <= LONGEST_PART
    assert names[0].endswith("…")
    assert names[1] == "history"


def test_empty_and_equal_labels_still_give_every_region_its_own_name():
    names = _names([0] * 5 + [1] * 5 + [2] * 5, {}, labels=["same"] * 10 + [""] * 5)
    assert len(set(names)) == 3
    assert all(names)


def test_a_repeated_name_fails_the_check():
    positions, clump = _clumps()
    made = _build(positions, clump)
    damaged = replace(made, table=made.table.with_columns(name=pl.lit("same")))
    assert [c.passed for c in damaged.check()] == [False, True, True]
