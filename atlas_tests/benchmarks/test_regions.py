"""``python -m benchmarks regions``: what its figures mean, on regions and names of which everything is known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks import regions
from benchmarks.region_data import Mapped
from benchmarks.region_measures import Claim, agreement, classes, faults, named_right, under_true_names

HALVES = np.repeat([0, 1], 50)


def claim(holds: np.ndarray, inside: np.ndarray) -> Claim:
    return Claim(float(holds[inside].mean()), float(holds[inside].mean() / holds.mean()), holds)


def test_a_true_name_holds_for_most_of_its_region_and_for_few_others() -> None:
    region = np.repeat([0, 1, 2, -1], [20, 20, 50, 10])
    everywhere, here, half = np.ones(100, bool), region == 0, (region == 1) & (np.arange(100) % 2 == 0)
    claims = [claim(here, region == 0), claim(half, region == 1), claim(everywhere, region == 2)]

    assert under_true_names(region, claims).sum() == 20
    assert under_true_names(region, [None, None, None]).sum() == 0


def test_names_that_say_where_an_entity_belongs_are_told_from_chance() -> None:
    values = HALVES == 0
    claims = [claim(values, HALVES == 0), claim(~values, HALVES == 1)]
    asked = np.arange(0, 100, 5)

    assert named_right(HALVES, claims, asked) == (1.0, pytest.approx(0.5))
    noise = np.random.default_rng(0).random(100) < 0.5
    right, chance = named_right(HALVES, [claim(noise, HALVES == 0), None], np.arange(100))
    assert right == pytest.approx(chance, abs=0.1)


def test_faults_are_repetitions_cuts_and_ids() -> None:
    names = [
        "Jazz",
        "jazz",
        "Unchained Melody…",
        "cluster 14",
        "1975 – 1981",
        "over 400 pages",
        "fantasy & crime",
        "9f86d081884c",
    ]

    assert faults(names) == {
        "repeated": ["Jazz", "jazz"],
        "cut": ["Unchained Melody…"],
        "with an id": ["cluster 14", "9f86d081884c"],
    }


def test_classes_are_of_five_years_and_of_what_says_something() -> None:
    assert classes(pl.Series([1990, 1994, 1995, None, -1]), "year").tolist() == [1, 1, 2, -1, 0]
    lists = pl.Series([["to-read", "novel", "crime"], ["novel", "elves"], ["novel"], [], *[["novel"]] * 6])
    assert classes(lists, "list").tolist() == [0, 1, *[-1] * 8]


def test_agreement_counts_those_in_no_group() -> None:
    known = np.repeat([0, 1], 50)

    assert agreement(HALVES, known) == pytest.approx(1.0)
    assert agreement(np.where(np.arange(100) % 2, HALVES, -1), known) < 0.9
    assert agreement(np.arange(100) % 2, known) == pytest.approx(0.0, abs=0.02)


def test_a_case_is_measured_beside_others_divisions(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    clump = np.repeat(np.arange(4), 60)
    positions = np.stack([10.0 * clump, np.zeros(240)], axis=1) + generator.standard_normal((240, 2))
    genre = np.array(["crime", "poetry", "travel", "fantasy"])[clump]
    table = pl.DataFrame({"label": [f"Book {i}" for i in range(240)], "popularity": np.ones(240), "class": genre})
    neighbours = np.stack([generator.choice(np.flatnonzero(clump == c), 8, replace=False) for c in clump])
    fields = [{"name": "class", "label": "Class", "type": "category", "unit": None}]
    place = Mapped("mnist-test-10k", positions, neighbours, table, fields, None, positions, 1.0)
    monkeypatch.setattr(regions.region_data, "mapped", lambda case, cache: place)

    found = regions.measured("mnist-test-10k", ["leiden"], "")

    rows = {(row["metric"], row["of"].partition(",")[0]): row for row in found["rows"]}
    assert rows[regions.TRUE_NAMES, "level 0"]["ours"] > 0.9
    assert rows["AMI with class", "level 0"]["ours"] > 0.9
    assert rows[regions.NAMING, "level 0"]["ours"] > 0.8 > rows[regions.NAMING, "level 0"]["theirs"]
    assert rows[regions.SURVIVE, ""]["ours"] == 1.0
    assert {name["name"] for name in found["regions"] if name["level"] == 0} >= set(genre)
