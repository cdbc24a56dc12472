"""The index against a naive twin made of dictionaries, and what must hold when data grows or is shuffled."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.sources import canonical
from atlas_assets.stages.index import entity_index
from atlas_assets.stages.index.entity_index import CollectionIndex
from atlas_assets.stages.index.stable_hash import hash_ids

Row = tuple[int, int, float | None]


def write_raw(folder: Path, rows: list[Row], **columns: list) -> Path:
    table = pl.DataFrame(
        {"collection": [r[0] for r in rows], "entity": [r[1] for r in rows], "value": [r[2] for r in rows], **columns},
        schema_overrides={"collection": pl.Int64, "entity": pl.Int64, "value": pl.Float32},
    )
    ids = table["entity"].unique().sort()
    entities = pl.DataFrame({"id": ids, "label": ids.cast(pl.String) + "!"})
    canonical.write_collections(folder, interactions=table, entities=entities, fields=[], report={})
    return folder


def as_sets(indptr: np.ndarray, entities: np.ndarray, ids: pl.DataFrame) -> list[tuple[int, ...]]:
    names = ids["id"].to_numpy()
    return sorted(tuple(names[entities[a:b]].tolist()) for a, b in itertools.pairwise(indptr))


def naive(
    rows: list[Row],
    *,
    min_collections: int,
    min_size: int,
    largest: int | None,
    min_value: float | None,
    holdout: float,
    seed: int,
) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """(collections, held-out collections) by the rules as they read, without arrays."""
    if min_value is not None:
        rows = [r for r in rows if r[2] is not None and r[2] >= min_value]
    sets: dict[int, set[int]] = {}
    for collection, entity, _ in rows:
        sets.setdefault(collection, set()).add(entity)
    held = {c: e for c, e in sets.items() if float(hash_ids(pl.Series([c]), seed)[0]) / 2**64 < holdout}
    sets = {c: set(e) for c, e in sets.items() if c not in held}

    def settle() -> None:
        while True:
            small = [c for c, members in sets.items() if len(members) < min_size]
            for c in small:
                del sets[c]
            counts = Counter(e for members in sets.values() for e in members)
            rare = {e for e, n in counts.items() if n < min_collections}
            for members in sets.values():
                members -= rare
            if not small and not rare:
                break

    settle()
    if largest is not None:
        for c in [c for c, members in sets.items() if len(members) > largest]:
            del sets[c]
        settle()
    known = {e for members in sets.values() for e in members}
    held = {c: e & known for c, e in held.items() if len(e & known) >= max(2, min_size)}
    if largest is not None:
        held = {c: e for c, e in held.items() if len(e) <= largest}
    return sets, held


rows_strategy = st.lists(
    st.tuples(st.integers(0, 9), st.integers(-3, 9), st.none() | st.integers(0, 5).map(float)), min_size=1, max_size=80
)


@given(
    rows=rows_strategy,
    min_collections=st.integers(1, 3),
    min_size=st.integers(1, 3),
    largest=st.none() | st.integers(2, 6),
    min_value=st.none() | st.integers(1, 4).map(float),
    holdout=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 3),
)
def test_filters_leave_what_the_rules_say(
    tmp_path_factory, rows, min_collections, min_size, largest, min_value, holdout, seed
):
    raw = write_raw(tmp_path_factory.mktemp("raw"), rows)
    expected, held = naive(
        rows,
        min_collections=min_collections,
        min_size=min_size,
        largest=largest,
        min_value=min_value,
        holdout=holdout,
        seed=seed,
    )
    options = {
        "min_collections": min_collections,
        "min_collection_size": min_size,
        "max_collection_size": largest,
        "larger": "drop",
        "min_value": min_value,
        "holdout": holdout,
        "seed": seed,
    }
    known = {e for members in expected.values() for e in members}
    if len(known) < 2:
        with pytest.raises(DataError, match=r"leaves .* entities.*min_collections"):
            entity_index.from_collections(raw, **options)
        return
    index = entity_index.from_collections(raw, **options)
    assert index.ids["id"].to_list() == sorted(known)
    assert as_sets(index.indptr, index.entities, index.ids) == sorted(tuple(sorted(e)) for e in expected.values())
    if holdout:
        assert index.holdout_indptr is not None
        assert index.holdout_entities is not None
        found = as_sets(index.holdout_indptr, index.holdout_entities, index.ids)
        assert found == sorted(tuple(sorted(e)) for e in held.values())
    else:
        assert index.holdout_indptr is None
    assert all(check.passed for check in index.check()), index.check()


@given(rows=rows_strategy, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(tmp_path_factory, rows, order):
    """Also not which of several rows for one pair is kept, nor the sample of a large collection."""
    rows = [*rows, *((99, e, 1.0) for e in range(30)), *((98, e, 1.0) for e in range(30))]
    shuffled = list(rows)
    order.shuffle(shuffled)
    one, two = (
        entity_index.from_collections(
            write_raw(tmp_path_factory.mktemp("raw"), version), min_collections=1, max_collection_size=8, seed=2
        )
        for version in (rows, shuffled)
    )
    assert one.ids.equals(two.ids)
    assert one.steps == two.steps
    for name in ("indptr", "entities", "values", "holdout_indptr", "holdout_entities"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_of_repeated_rows_the_largest_value_stays_or_all_are_added_up(tmp_path):
    rows = [(1, 10, 2.0), (1, 10, 5.0), (1, 10, None), (1, 11, 1.0), (2, 10, 3.0), (2, 11, 4.0)]
    raw = write_raw(tmp_path, rows, timestamp=[100, 200, 900, 300, 400, 500], weight=[1.0, 2.0, 4.0, 1.0, 1.0, 1.0])
    kept = entity_index.from_collections(raw, min_collections=2, holdout=0)
    assert kept.values is not None
    assert kept.timestamps is not None
    assert kept.weights is not None
    assert (kept.values[0], kept.timestamps[0], kept.weights[0]) == (5.0, 200, 2.0)
    added = entity_index.from_collections(raw, min_collections=2, holdout=0, deduplicate=False)
    assert added.values is not None
    assert added.timestamps is not None
    assert added.weights is not None
    assert (added.values[0], added.timestamps[0], added.weights[0]) == (7.0, 900, 7.0)
    assert added.entities.tolist() == kept.entities.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("min_value", [None, 2.0])
@pytest.mark.parametrize("columns", [[], ["weight"], ["value"], ["timestamp", "value"]])
def test_an_index_has_the_columns_that_are_asked_for_and_is_the_same_otherwise(
    tmp_path: Path, columns: list[str], min_value: float | None
) -> None:
    random = np.random.default_rng(0)
    rows: list[Row] = [
        (int(c), int(e), float(v)) for c, e, v in random.integers(0, [30, 12, 6], (400, 3))
    ]  # many of them repeated
    further = {"timestamp": random.integers(0, 10**9, 400), "weight": random.random(400).astype(np.float32)}
    raw = write_raw(tmp_path, rows, **further)

    whole = entity_index.from_collections(raw, min_value=min_value)
    index = entity_index.from_collections(raw, min_value=min_value, columns=columns)

    for name, field in (("value", "values"), ("timestamp", "timestamps"), ("weight", "weights")):
        if name in columns:
            np.testing.assert_array_equal(getattr(index, field), getattr(whole, field))
        else:
            assert getattr(index, field) is None
    for field in ("indptr", "entities", "holdout_indptr", "holdout_entities"):
        np.testing.assert_array_equal(getattr(index, field), getattr(whole, field))
    assert index.ids.equals(whole.ids)
    assert index.steps == whole.steps


def test_growth_moves_no_collection_to_the_other_side(tmp_path):
    rows: list[Row] = [(c, e, 1.0) for c in range(300) for e in range(c % 4, c % 4 + 3)]
    before = entity_index.from_collections(write_raw(tmp_path / "a", rows), holdout=0.2, seed=5)
    more = rows + [(c, e, 1.0) for c in range(1000, 1300) for e in range(4)]
    after = entity_index.from_collections(write_raw(tmp_path / "b", more), holdout=0.2, seed=5)
    ids = pl.Series([*range(300), *range(1000, 1300)])
    held = hash_ids(ids, 5) < np.uint64(int(0.2 * 2**64))
    assert before.holdout_indptr is not None
    assert after.holdout_indptr is not None
    assert before.holdout_indptr.size - 1 == held[:300].sum()
    assert after.holdout_indptr.size - 1 == held.sum()
    assert 0.12 < held.mean() < 0.28  # 600 draws at 0.2: standard deviation 0.016


def test_entities_keep_their_support_when_collections_are_held_out(tmp_path):
    rows: list[Row] = [(c, e, 1.0) for c in range(40) for e in (c % 7, (c + 1) % 7, 7)]
    index = entity_index.from_collections(write_raw(tmp_path, rows), min_collections=3, holdout=0.4)
    assert index.ids["n_collections"].min() >= 3  # type: ignore[operator]
    assert index.ids["n_collections"].sum() == index.entities.size


def test_a_sample_of_a_large_collection_has_exactly_the_limit_and_differs_by_seed(tmp_path):
    raw = write_raw(tmp_path, [(c, e, 1.0) for c in range(4) for e in range(100)])
    samples = [
        entity_index.from_collections(raw, min_collections=1, max_collection_size=10, holdout=0, seed=seed)
        for seed in (0, 1)
    ]
    assert all(np.diff(index.indptr).tolist() == [10, 10, 10, 10] for index in samples)
    assert samples[0].ids["id"].to_list() != samples[1].ids["id"].to_list()
    chosen = [tuple(samples[0].entities[a : a + 10]) for a in range(0, 40, 10)]
    assert len(set(chosen)) == 4  # drawn per collection


def test_a_limit_says_what_it_leaves_out_and_no_limit_what_that_costs(tmp_path):
    # three collections of 100, 50 and 3 entities
    raw = write_raw(tmp_path, [(c, e, 1.0) for c, size in enumerate((100, 50, 3)) for e in range(size)])
    options: dict[str, Any] = {"min_collections": 1, "max_collection_size": 10, "holdout": 0}
    notes = {
        larger: [s["note"] for s in entity_index.from_collections(raw, larger=larger, **options).steps if s["note"]]
        for larger in ("sample", "drop", "keep")
    }
    # sample: 100 + 50 - 2 * 10 rows, and 4950 + 1225 - 2 * 45 pairs
    assert notes["sample"] == [
        "2 collections are larger, the largest with 100 entities; 130 rows are left out, which saves 6,085 pairs"
    ]
    assert notes["drop"] == [
        "2 collections are larger, the largest with 100 entities; 150 rows are left out, which saves 6,175 pairs"
    ]
    assert notes["keep"][0].startswith(
        "2 collections are very large, the largest with 100 entities: they make 6,175 pairs, 100% of all"
    )
    few = entity_index.from_collections(raw, min_collections=1, max_collection_size=100, holdout=0)
    assert [s["note"] for s in few.steps if s["note"]] == ["no collection is larger"]


def test_a_collection_of_very_many_pairs_is_told_though_no_limit_was_asked_for(tmp_path):
    size = 5_000  # 12,497,500 pairs; 1 + 3 in the others
    rows: list[Row] = [(0, e, 1.0) for e in range(size)]
    raw = write_raw(tmp_path, [*rows, (1, 0, 1.0), (1, 1, 1.0)])
    *_, last = entity_index.from_collections(raw, min_collections=1, holdout=0).steps
    assert last["rule"] == "collections of any size are kept"
    assert last["removed_rows"] == 0
    assert "5,000 entities: they make 12,497,500 pairs, 100% of all" in last["note"]


def test_steps_account_for_every_row(tmp_path):
    rows: list[Row] = [
        (1, 1, 1.0),
        (1, 2, 1.0),
        (2, 1, 1.0),
        (2, 2, 1.0),
        (2, 2, 1.0),
        (3, 3, 1.0),
        (4, 3, 0.0),
        (4, 1, 1.0),
    ]
    index = entity_index.from_collections(write_raw(tmp_path, rows), min_collections=2, min_value=0.5, holdout=0)
    # row (4, 3) goes by value, the second (2, 2) as repeated, collections 3 and 4 as too small; then all hold
    assert [(s["rule"].split()[0], s["rows"], s["removed_rows"]) for s in index.steps] == [
        ("read", 8, 0),
        ("value", 7, 1),
        ("repeated", 6, 1),
        ("collections", 4, 2),
        ("entities", 4, 0),
    ]
    for step, following in itertools.pairwise(index.steps):
        for name in ("rows", "collections", "entities"):
            assert step[name] - following[f"removed_{name}"] == following[name]
    json.dumps(index.steps)


def test_keep_and_drop_take_ids_and_labels(tmp_path):
    raw = write_raw(tmp_path, [(c, e, 1.0) for c in range(5) for e in range(6)])
    kept = entity_index.from_collections(raw, keep=["0!", 1, "2"], holdout=0)
    assert kept.ids["id"].to_list() == [0, 1, 2]
    dropped = entity_index.from_collections(raw, drop=["0!", 1, "2"], holdout=0)
    assert dropped.ids["id"].to_list() == [3, 4, 5]
    with pytest.raises(DataError, match=r"keep names no entity.*'nobody'.*Correct filter\.keep"):
        entity_index.from_collections(raw, keep=["nobody"])


def test_a_filter_that_leaves_nothing_says_which_rule_did_it(tmp_path):
    raw = write_raw(tmp_path, [(c, c * 10 + i, 1.0) for c in range(20) for i in range(3)])
    with pytest.raises(DataError, match=r"leaves 0 of 60 entities.*'entities in at least 3 collections' removed most"):
        entity_index.from_collections(raw)


def test_an_index_survives_saving_and_loading(tmp_path):
    raw = write_raw(tmp_path / "raw", [(c, e, None) for c in range(9) for e in range(4)])
    index = entity_index.from_collections(raw, holdout=0.3)
    assert index.values is None  # nothing but nulls
    index.save(tmp_path / "saved")
    loaded = CollectionIndex.load(tmp_path / "saved")
    assert loaded.values is None
    assert loaded.steps == index.steps
    assert all(check.passed for check in loaded.check())
    np.testing.assert_array_equal(loaded.entities, index.entities)


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ({"entities": np.array([1, 0, 0, 1], dtype=np.int32)}, "ascending"),
        ({"entities": np.array([0, 1, 0, 5], dtype=np.int32)}, "in range"),
        ({"indptr": np.array([0, 2, 3])}, "one entry per membership"),
        ({"min_collections": 3}, "enough collections"),
        ({"ids": pl.DataFrame({"id": [5, 5], "n_collections": [2, 2]})}, "unique"),
        ({"ids": pl.DataFrame({"id": [3, 5], "n_collections": [2, 9]})}, "those counted"),
    ],
)
def test_check_finds_a_broken_index(broken, name):
    sound = {
        "ids": pl.DataFrame({"id": [3, 5], "n_collections": [2, 2]}),
        "indptr": np.array([0, 2, 4]),
        "entities": np.array([0, 1, 0, 1], dtype=np.int32),
        "values": None,
        "timestamps": None,
        "weights": None,
        "holdout_indptr": None,
        "holdout_entities": None,
        "steps": [],
        "min_collections": 2,
    }
    assert all(check.passed for check in CollectionIndex(**sound).check())
    failed = [check.name for check in CollectionIndex(**{**sound, **broken}).check() if not check.passed]
    assert any(name in text for text in failed), failed


previous_ids = st.lists(st.integers(-6, 14), max_size=20)


@given(rows=rows_strategy, previous=previous_ids, as_text=st.booleans())
def test_an_earlier_order_of_rows_is_kept_and_changes_nothing_else(tmp_path_factory, rows, previous, as_text):
    raw = write_raw(
        tmp_path_factory.mktemp("raw"),
        [*rows, (99, 1, 1.0), (99, 2, 1.0), (98, 0, 0.0)],
        timestamp=[i % 3 for i in range(len(rows) + 3)],
    )
    options = {"min_collections": 1, "max_collection_size": 7, "holdout": 0.2, "seed": 1}
    try:
        plain = entity_index.from_collections(raw, **options)
    except DataError:
        return
    earlier = pl.Series(previous, dtype=pl.Int64).cast(pl.String if as_text else pl.Int64)
    index = entity_index.from_collections(raw, previous=earlier, **options)
    known = plain.ids["id"].to_list()
    stayed = [i for i in dict.fromkeys(previous) if i in known]
    assert index.ids["id"].to_list() == stayed + [i for i in known if i not in stayed]
    assert all(check.passed for check in index.check()), index.check()
    assert index.steps == plain.steps
    assert dict(index.ids.iter_rows()) == dict(plain.ids.iter_rows())
    np.testing.assert_array_equal(index.indptr, plain.indptr)
    for name in ("values", "timestamps"):
        for a, b in itertools.pairwise(plain.indptr):
            of = [
                dict(zip(one.ids["id"].gather(one.entities[a:b]).to_list(), getattr(one, name)[a:b], strict=True))
                for one in (index, plain)
                if getattr(one, name) is not None
            ] or [{}, {}]
            assert set(of[0]) == set(of[1])
            assert all(np.array_equal(of[0][entity], of[1][entity], equal_nan=True) for entity in of[0])
    held = []
    for one in (index, plain):
        assert one.holdout_indptr is not None
        assert one.holdout_entities is not None
        held.append(as_sets_in_order(one.holdout_indptr, one.holdout_entities, one.ids))
    assert held[0] == held[1]


def as_sets_in_order(indptr: np.ndarray, entities: np.ndarray, ids: pl.DataFrame) -> list[set[int]]:
    names = ids["id"].to_numpy()
    return [set(names[entities[a:b]].tolist()) for a, b in itertools.pairwise(indptr)]
