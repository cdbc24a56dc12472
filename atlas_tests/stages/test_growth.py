"""Growth: what is updated from a difference is, bit for bit, what is made anew from everything."""

from __future__ import annotations

import filecmp
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.sources import canonical
from atlas_assets.stages.index import entity_index
from atlas_assets.stages.index.entity_index import CollectionIndex
from atlas_assets.stages.relation import cooccurrence, growth, neighbours, pair_weights

WEIGHTS = {
    "none": {},
    "size": {"normalise": "size"},
    "values": {"value_closeness": {"form": "gaussian", "width": 1.0}},
    "times": {"time_half_life": 2.0, "value_weights": {1: 0.25, 4: 2.0}},
}
rows = st.lists(
    st.tuples(st.integers(0, 14), st.integers(0, 24), st.integers(1, 4), st.integers(0, 5)),
    min_size=30,
    max_size=140,
    unique_by=lambda row: row[:2],
)


def write_raw(folder: Path, data: list[tuple[int, int, int, int]]) -> Path:
    table = pl.DataFrame(data, schema=["collection", "entity", "value", "timestamp"], orient="row")
    ids = table["entity"].unique()
    canonical.write_collections(
        folder,
        fields=[],
        report={},
        interactions=table.with_columns(pl.col("value").cast(pl.Float32), pl.col("timestamp") * 86_400),
        entities=pl.DataFrame({"id": ids, "label": ids.cast(pl.String)}),
    )
    return folder


def read(folder: Path) -> list[tuple[int, int, int, int]]:
    """The rows that ``grow`` left in ``folder``."""
    return [tuple(row) for row in json.loads((folder / "rows.json").read_text(encoding="utf-8"))]


def grow(folder: Path, old, new, share: float, deleted: float, seed: int, min_collections: int, before=None):
    """The index of ``old``, and that of most of it with some of ``new``; None where the filter leaves nothing."""
    generator = np.random.default_rng(seed)
    known = {row[:2] for row in old}
    later = [row for row in old if generator.random() >= deleted]
    later += [row for row in new if generator.random() < share and row[:2] not in known]
    generator.shuffle(later)
    folder.mkdir(exist_ok=True)
    (folder / "rows.json").write_text(json.dumps(later), encoding="utf-8")
    try:
        before = before or index_of(folder / "before", old, min_collections=min_collections)
        after = index_of(folder / "after", later, before, min_collections=min_collections)
    except DataError:
        return None
    return before, after


def index_of(folder: Path, data, previous: CollectionIndex | None = None, **filters) -> CollectionIndex:
    order = None if previous is None else previous.ids["id"]
    return entity_index.from_collections(write_raw(folder, data), previous=order, holdout=0.0, **filters)


def difference(before: CollectionIndex, after: CollectionIndex, weights: str) -> growth.Difference | None:
    return growth.compare(
        before,
        after,
        weights_before=pair_weights.of(before, **WEIGHTS[weights]),
        weights_after=pair_weights.of(after, **WEIGHTS[weights]),
    )


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Small indices: nearly every change would count as too large to be worth an update."""
    monkeypatch.setattr(growth, "WORTHWHILE", 10.0)


@settings(deadline=None, max_examples=60)
@given(
    old=rows,
    new=rows,
    share=st.floats(0, 0.3),
    deleted=st.sampled_from([0.0, 0.0, 0.1]),
    weights=st.sampled_from(list(WEIGHTS)),
    min_collections=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_an_updated_matrix_is_the_file_that_a_rebuild_writes(
    tmp_path_factory, old, new, share, deleted, weights, min_collections, seed
):
    folder = tmp_path_factory.mktemp("growth")
    grown = grow(folder, old, new, share, deleted, seed, min_collections)
    if grown is None or (found := difference(*grown, weights)) is None:
        return  # the filter left nothing, or fixed point changed its unit: reasons to count everything
    before, after = grown
    earlier = cooccurrence.build(before, folder / "earlier", weights=pair_weights.of(before, **WEIGHTS[weights]))
    matrix = cooccurrence.build(after, folder / "anew", weights=pair_weights.of(after, **WEIGHTS[weights]))
    renewed = growth.update_cooccurrence(earlier, found, after, folder / "renewed")
    assert renewed is not None
    assert all(check.passed for check in [*renewed.check(), *matrix.check()])
    for file in ("indptr.npy", "indices.npy", "data.npy", "occurrences.npy", "info.json"):
        assert filecmp.cmp(folder / "anew" / file, folder / "renewed" / file, shallow=False), file


@settings(deadline=None, max_examples=150)
@given(
    old=rows,
    new=rows,
    share=st.floats(0, 0.3),
    k=st.integers(1, 4),
    spare=st.integers(0, 3),
    similarity=st.sampled_from(["count", "cosine", "jaccard"]),
    min_collections=st.integers(1, 3),
    seed=st.integers(0, 99),
    steps=st.integers(1, 3),
)
def test_updated_lists_are_those_of_a_rebuild(
    tmp_path_factory, old, new, share, k, spare, similarity, min_collections, seed, steps
):
    folder, lists, after = tmp_path_factory.mktemp("growth"), None, None
    options = {"similarity": similarity, "shrinkage": 0.0}
    for step in range(steps):  # an update may start from lists that were themselves updated
        grown = grow(folder / f"{step}", old, new, share, 0.0, seed + step, min_collections, after)
        if grown is None or grown[0].n_entities <= k + spare:
            return
        before, after = grown
        lists = lists or neighbours.from_collections(before, n_neighbors=k + spare, **options)
        found = difference(before, after, "none")
        assert found is not None
        updated = growth.update_neighbours(lists, found, after, n_neighbors=k, **options)
        if updated is None:
            assert (found.row_of < 0).any()  # sampling or sizes let an entity fall below the filter
            return
        lists, _ = updated
        anew = neighbours.from_collections(after, n_neighbors=k, **options)
        for name in ("indices", "similarity", "shared"):
            np.testing.assert_array_equal(getattr(lists, name)[:, :k], getattr(anew, name))
        assert (lists.pair_weight, lists.pair_weight_expected) == (anew.pair_weight, anew.pair_weight_expected)
        assert all(check.passed for check in lists.check())
        old = read(folder / f"{step}")


def test_a_row_far_from_what_changed_is_not_counted_again(tmp_path):
    data = [(c, e, 1, 0) for c in range(40) for e in (3 * c, 3 * c + 1, 3 * c + 2)]
    before = index_of(tmp_path / "a", data, min_collections=1)
    after = index_of(tmp_path / "b", [*data, (0, 3, 1, 0)], before, min_collections=1)
    found = difference(before, after, "none")
    assert found is not None
    assert set(after.ids["id"][np.unique(found.met.indices)]) == {0, 1, 2, 3}
    lists = neighbours.from_collections(before, n_neighbors=4, similarity="jaccard")
    updated = growth.update_neighbours(lists, found, after, n_neighbors=2, similarity="jaccard", shrinkage=0.0)
    assert updated is not None
    assert updated[1] == 0  # these lists hold all there is, so what changed in them is known


def test_rows_stay_where_they_are_and_new_ones_follow(tmp_path):
    before = index_of(tmp_path / "a", [(c, e, 1, 0) for c in range(4) for e in (3, 5, 9)], min_collections=1)
    later = [(c, e, 1, 0) for c in range(4) for e in (4, 9, 5, 1)]
    after = index_of(tmp_path / "b", later, before, min_collections=1)
    assert after.ids["id"].to_list() == [5, 9, 1, 4]


def test_what_no_bound_holds_for_is_left_to_a_rebuild(tmp_path, monkeypatch):
    data = [(c, e, 1, 0) for c in range(6) for e in (3 * c, 3 * c + 1, 3 * c + 2)]
    before = index_of(tmp_path / "a", data, min_collections=1)
    after = index_of(tmp_path / "b", [*data, (0, 3, 1, 0)], before, min_collections=1)
    found = difference(before, after, "none")
    assert found is not None
    options = {"n_neighbors": 2, "shrinkage": 0.0}
    for similarity in ("npmi", "lift"):  # the number of collections has changed, and with it every pair
        lists = neighbours.from_collections(before, n_neighbors=2, similarity=similarity)
        assert growth.update_neighbours(lists, found, after, similarity=similarity, **options) is None
    lists = neighbours.from_collections(before, n_neighbors=2, similarity="cosine")
    assert growth.update_neighbours(lists, found, after, n_neighbors=2, similarity="cosine", shrinkage=1.0) is None
    fewer = index_of(tmp_path / "c", data[1:], before, min_collections=1)
    shrunk = difference(before, fewer, "none")
    assert shrunk is not None
    assert growth.update_neighbours(lists, shrunk, fewer, similarity="cosine", **options) is None
    monkeypatch.setattr(growth, "WORTHWHILE", 0.01)
    assert difference(before, after, "none") is None


def test_entities_in_another_order_are_no_difference_to_update_from(tmp_path):
    data = [(c, e, 1, 0) for c in range(4) for e in (3, 5, 9)]
    before = index_of(tmp_path / "a", data, min_collections=1)
    turned = replace(before, ids=before.ids.reverse())
    assert difference(turned, before, "none") is None
