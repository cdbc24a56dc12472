"""Regions of a refreshed map: the same as before wherever the map is, divided anew when it is another map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_assets.stages.regions import incremental as carried_regions
from atlas_assets.stages.regions import regions
from atlas_assets.stages.regions.incremental import MOST_DRIFT, NEW, Division
from atlas_assets.stages.regions.regions import Regions


def clumps(n: int, seed: int = 0) -> np.ndarray:
    """``n`` entities in twelve clumps."""
    generator = np.random.default_rng(seed)
    centres = np.array([[x, y] for x in range(4) for y in range(3)]) * 8.0
    return centres[generator.integers(0, 12, n)] + generator.standard_normal((n, 2))


def made(positions: np.ndarray, before: Division | None = None) -> Regions:
    names = [f"Book {chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(len(positions))]
    return regions.build(positions, popularity=np.arange(len(positions))[::-1], labels=names, before=before)


def coarse(found: Regions) -> np.ndarray:
    return found.division(np.arange(len(found.region))).at(0)


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """The share of pairs on which both agree that they are together or apart."""
    return float(((one[:, None] == one) == (other[:, None] == other)).mean())


def test_nothing_changes_where_nothing_moved():
    positions = clumps(900)
    first = made(positions)
    again = made(positions, first.division(np.arange(900)))
    assert alike(again.region, first.region) > 0.999
    assert again.drift < 0.002
    assert sorted(again.table["name"]) == sorted(first.table["name"])
    assert all(check.passed for check in again.check())


def test_entities_keep_their_region_and_newcomers_join_the_one_they_stand_in():
    positions = clumps(1000)
    first = made(positions[:950])
    rows = np.r_[np.arange(950), np.full(50, -1)]
    order = np.random.default_rng(1).permutation(1000)  # today's rows are others
    moved = positions + np.random.default_rng(2).standard_normal(positions.shape) * 0.02
    again = made(moved[order], first.division(rows[order]))
    back = np.argsort(order)
    assert 0.05 <= again.drift < 0.07  # those that came, and a few at the borders
    assert alike(again.region[back][:950], first.region) > 0.99
    nearest = ((positions[950:, None] - positions[:950]) ** 2).sum(axis=2).argmin(axis=1)
    assert alike(coarse(again)[back], np.r_[coarse(first), coarse(first)[nearest]]) > 0.99


def test_regions_stay_nested_and_numbered_by_size():
    positions = clumps(1000)
    again = made(positions, made(positions[:960]).division(np.r_[np.arange(960), np.full(40, -1)]))
    inside = again.division(np.arange(1000))
    parent = again.table["parent"].fill_null(-1).to_numpy()
    for number, level in again.table.group_by("level", maintain_order=True):
        assert level["size"].is_sorted(descending=True)
        members = inside.at(int(number[0]))
        assert (np.bincount(members[members >= 0])[level["region"]] == level["size"].to_numpy()).all()
        if number[0] > 0:
            assert (parent[members[members >= 0]] == inside.at(int(number[0]) - 1)[members >= 0]).all()


def test_names_stay_with_the_regions_that_have_them_while_they_are_true():
    positions = clumps(1000)
    genre = np.array(["crime", "poetry", "travel", "cookery"])[
        np.argmin(np.abs(positions[:, :1] - [0, 8, 16, 24]), axis=1)
    ]
    names = [f"Book {i}" for i in range(1000)]

    def named(rows: np.ndarray, before: Division | None = None) -> Regions:
        fields = pl.DataFrame({"genre": genre[rows]})
        of = {"popularity": np.arange(len(rows)), "labels": [names[row] for row in rows], "fields": fields}
        return regions.build(positions[rows], before=before, **of)

    first = named(np.arange(960))
    again = named(np.arange(1000), first.division(np.r_[np.arange(960), np.full(40, -1)]))
    true = set(first.table.filter(pl.col("name").is_in(["crime", "poetry", "travel", "cookery"]))["name"])
    assert len(true) >= 3
    assert true <= set(again.table["name"])


@pytest.mark.parametrize("why", ["another map", "many new", "drifted before", "more regions wanted"])
def test_a_map_that_is_another_is_divided_anew(why):
    positions = clumps(1000)
    rows = np.arange(1000)
    before = made(positions).division(rows)
    if why == "another map":
        positions = positions[np.random.default_rng(0).permutation(1000)]
    elif why == "many new":
        before = made(positions[:800]).division(np.where(rows < 800, rows, -1))
    elif why == "drifted before":
        before = replace(before, finest=np.where(rows < 990, before.finest, NEW), drift=MOST_DRIFT - 0.005)
    else:
        before = replace(before, aim=before.aim // 2)
    again = made(positions, before)
    assert again.drift == 0.0
    assert np.array_equal(again.region, made(positions).region)


def test_what_nearly_all_around_are_changes_an_entity_that_wandered_off():
    positions = clumps(600)
    first = made(positions)
    there = np.flatnonzero((coarse(first) >= 0) & (coarse(first) != coarse(first)[7]))[0]
    positions[7] = positions[there] + 0.01
    again = made(positions, first.division(np.arange(600)))
    assert coarse(again)[7] == coarse(again)[there]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(0, 4), min_size=7, max_size=7), min_size=1, max_size=20))
def test_the_most_common_is_the_first_of_those_that_occur_most_often(rows):
    found = carried_regions._most_common(np.array(rows))
    assert found.tolist() == [max(row, key=lambda value, row=row: row.count(value)) for row in rows]
