"""Regions: nested, on as many levels as there are entities for, apart where the graph is, named or not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from atlas_assets.stages.regions import regions
from atlas_assets.stages.regions.naming.by_hand import HandName
from atlas_assets.stages.regions.stability import WEAK


def _clumps(n_dims: int = 2, size: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Five clumps of ``size`` entities, well apart; and the clump of each."""
    generator = np.random.default_rng(0)
    centres = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0], [10, 10, 5], [5, 20, -5]], float)[:, :n_dims]
    clump = np.repeat(np.arange(5), size)
    return centres[clump] + generator.standard_normal((clump.size, n_dims)), clump


GENRES = np.array(["fantasy", "mystery", "science", "romance", "history"])


def _build(positions, **options):
    labels = [f"Book {chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(len(positions))]
    return regions.build(positions, popularity=np.arange(len(positions))[::-1], labels=labels, **options)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_clumps_are_found_and_named_after_what_their_members_share(n_dims):
    positions, clump = _clumps(n_dims)
    made = _build(positions, fields=pl.DataFrame({"genre": GENRES[clump]}))
    assert all(check.passed for check in made.check())
    coarse = made.table.filter(pl.col("level") == 0)
    assert {name.split(" · ")[0] for name in coarse["name"]} == set(GENRES)
    assert coarse["share"].to_numpy().min() > 0.98
    assert coarse["lift"].to_numpy() == pytest.approx(5, rel=0.03)
    assert made.table["z"].null_count() == (made.table.height if n_dims == 2 else 0)


def test_an_island_that_is_small_for_a_level_is_a_region_of_the_level_where_it_is_not():
    rng = np.random.default_rng(3)
    positions = np.concatenate([rng.standard_normal((4_000, 2)), rng.standard_normal((25, 2)) * 0.05 + 40])
    made = _build(positions)
    island = made.table[int(made.region[-1])]
    assert (island["size"].item(), island["parent"].item()) == (25, None)
    assert island["level"].item() > 0
    assert made.table.filter(pl.col("level") == 0)["size"].to_numpy().min() > 25


def test_a_region_that_is_nearly_all_of_the_one_around_it_is_not_told_twice():
    rng = np.random.default_rng(4)
    centres = rng.uniform(-60, 60, (9, 2))
    positions = np.concatenate([centre + rng.standard_normal((220, 2)) for centre in centres])
    table = _build(positions).table
    size = dict(zip(table["region"], table["size"], strict=True))
    inside = table.drop_nulls("parent")
    assert all(
        size[region] < 0.9 * size[parent] for region, parent in zip(inside["region"], inside["parent"], strict=True)
    )
    assert inside.height


def test_finer_regions_lie_inside_coarser_ones():
    positions = np.random.default_rng(1).standard_normal((4_000, 2))
    made = _build(positions)
    table, division = made.table, made.division(np.arange(4_000))
    assert table["level"].n_unique() == 3
    assert table["level"].is_sorted()
    for level in range(3):
        inside = division.at(level)
        for region, name, size in table.filter(pl.col("level") == level).select("region", "name", "size").iter_rows():
            assert (inside == region).sum() == size, name
    parent = table["parent"].fill_null(-1).to_numpy()
    outer = division.at(0)
    for level in (1, 2):
        inner = division.at(level)
        assert (parent[inner[inner >= 0]] == outer[inner >= 0]).all()
        outer = np.where(inner >= 0, inner, outer)
    priority = table["priority"].to_numpy()
    assert priority.min() > 0
    assert priority.max() <= 1
    assert priority[table["level"] == 0].min() > priority[table["level"] == 1].max()


def test_an_entity_far_from_its_neighbours_belongs_to_where_it_stands():
    positions, clump = _clumps()
    generator = np.random.default_rng(3)
    neighbours = np.stack([generator.choice(np.flatnonzero(clump == c), 10, replace=False) for c in clump])
    positions[0] = positions[clump == 4].mean(axis=0)
    made = _build(positions, neighbours=neighbours)
    coarse = made.division(np.arange(len(positions))).at(0)
    assert coarse[0] == np.bincount(coarse[clump == 4]).argmax()
    assert coarse[0] != np.bincount(coarse[clump == 0]).argmax()


def test_a_label_stands_on_a_member_of_its_region():
    positions, _ = _clumps()
    made = _build(positions)
    division = made.division(np.arange(len(positions)))
    for row in made.table.iter_rows(named=True):
        members = positions[division.at(row["level"]) == row["region"]]
        assert np.linalg.norm(members - [row["x"], row["y"]], axis=1).min() < 1e-5


def test_the_same_input_gives_the_same_regions():
    positions, _ = _clumps(size=600)
    first, again = _build(positions), _build(positions)
    assert np.array_equal(first.region, again.region)
    assert first.table.equals(again.table)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 20])
def test_small_maps_have_few_regions_and_no_errors(n):
    positions = np.random.default_rng(0).standard_normal((n, 2))
    made = _build(positions)
    assert made.region.shape == (n,)
    assert all(check.passed for check in made.check())
    assert made.table.height <= max(n // 2, 1)


def test_a_map_on_a_single_spot_has_regions_too():
    made = _build(np.zeros((50, 2)))
    assert all(check.passed for check in made.check())


def test_a_finer_region_of_which_nothing_can_be_said_is_none():
    positions = np.random.default_rng(1).standard_normal((4_000, 2))
    made = regions.build(positions, popularity=np.ones(4_000), labels=[f"{i % 10} #{i}" for i in range(4_000)])
    assert made.table["level"].unique().to_list() == [0]
    assert made.table["name"].str.starts_with("Region ").all()


def test_no_region_keeps_nearly_everything_while_small_ones_are_peeled_off():
    """A thick strand of 3,000, evenly connected, with twelve specks around it that hang on it by few neighbours."""
    generator = np.random.default_rng(5)
    strand = np.stack([np.linspace(0, 300, 3_000), generator.standard_normal(3_000)], axis=1)
    specks = [generator.normal([25 * i, 14], 0.5, (25, 2)) for i in range(12)]
    made = _build(np.concatenate([strand, *specks]))
    largest = made.table.filter(pl.col("level") == 0)["size"].max()
    assert isinstance(largest, int)
    assert largest < 1_000


def test_names_by_hand_are_those_of_the_table_and_others_are_told_of():
    positions, clump = _clumps()
    fields = pl.DataFrame({"genre": GENRES[clump]})
    hand = [HandName("The far corner", list(range(330, 340)), size=80), HandName("Gone", ["no such book"])]
    made = _build(positions, fields=fields, ids=pl.Series(range(len(positions))), hand=hand)
    assert made.table.filter(pl.col("kind") == "hand")["name"].to_list() == ["The far corner"]
    assert made.unmatched == ["Gone: none of its 1 members is on the map"]


def test_regions_that_are_there_are_stable_and_those_of_noise_are_not():
    positions, clump = _clumps(size=120)
    generator = np.random.default_rng(3)
    neighbours = np.stack([generator.choice(np.flatnonzero(clump == c), 10, replace=False) for c in clump])
    fields = pl.DataFrame({"genre": GENRES[clump]})
    table = _build(positions, neighbours=neighbours, fields=fields).table.filter(pl.col("level") == 0)
    large = table.filter(pl.col("size") > 100)
    assert large.height >= 3
    assert (large["stability"] > 0.9).all()
    anybody = np.stack([generator.choice(600, 10, replace=False) for _ in range(600)])
    noise = _build(generator.standard_normal((600, 2)), neighbours=anybody).table
    assert noise["stability"].to_numpy().mean() < WEAK


def test_a_repeated_name_fails_the_check():
    positions, _ = _clumps()
    made = _build(positions)
    damaged = replace(made, table=made.table.with_columns(name=pl.lit("same")))
    assert [c.passed for c in damaged.check()] == [False, True, True]
