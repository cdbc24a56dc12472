"""Growth: what is updated from a difference is, bit for bit, what is made anew from everything."""

from __future__ import annotations

import filecmp
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.sources import canonical
from atlas_assets.stages import cooccurrence, entity_index, growth, neighbours, pair_weights
from atlas_assets.stages.entity_index import CollectionIndex

WEIGHTS = {
    "none": {},
    "size": {"normalise": "size"},
    "values": {"value_closeness": {"form": "gaussian", "width": 1.0}},
    "times": {"time_half_life": 2.0, "value_weights": {1: 0.25, 4: 2.0}},
}
rows = st.lists(
    st.tuples(st.integers(0, 14), st.integers(0, 24), st.integers(1, 4), st.integers(0, 5)),
    min_size=30, max_size=140, unique_by=lambda row: row[:2],
)  # fmt: skip


def write_raw(folder: Path, data: list[tuple[int, int, int, int]]) -> Path:
    table = pl.DataFrame(data, schema=["collection", "entity", "value", "timestamp"], orient="row")
    ids = table["entity"].unique()
    canonical.write_collections(
        folder, fields=[], report={},
        interactions=table.with_columns(pl.col("value").cast(pl.Float32), pl.col("timestamp") * 86_400),
        entities=pl.DataFrame({"id": ids, "label": ids.cast(pl.String)}),
    )  # fmt: skip
    return folder


def index_of(folder: Path, data, previous: CollectionIndex | None = None, **filters) -> CollectionIndex:
    order = None if previous is None else previous.ids["id"]
    return entity_index.from_collections(write_raw(folder, data), previous=order, holdout=0.0, **filters)


def difference(before: CollectionIndex, after: CollectionIndex, weights: str) -> growth.Difference | None:
    return growth.compare(
        before, after, weights_before=pair_weights.of(before, **WEIGHTS[weights]),
        weights_after=pair_weights.of(after, **WEIGHTS[weights]),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Small indices: nearly every change would count as too large to be worth an update."""
    monkeypatch.setattr(growth, "WORTHWHILE", 10.0)


@settings(deadline=None, max_examples=60)
@given(
    old=rows, new=rows, share=st.floats(0, 0.3), weights=st.sampled_from(list(WEIGHTS)), k=st.integers(1, 4),
    similarity=st.sampled_from(["count", "cosine", "jaccard"]), shrinkage=st.sampled_from([0.0, 1.5]),
    min_collections=st.integers(1, 3), seed=st.integers(0, 99),
)  # fmt: skip
def test_updates_equal_a_rebuild(
    tmp_path_factory, old, new, share, weights, k, similarity, shrinkage, min_collections, seed
):
    generator = np.random.default_rng(seed)
    gone = generator.random(len(old)) < share / 2  # entities fall below the filter's thresholds, too
    added = [row for row in new if generator.random() < share and row[:2] not in {r[:2] for r in old}]
    later = [row for row, leave in zip(old, gone, strict=True) if not leave] + added
    generator.shuffle(later)
    folder = tmp_path_factory.mktemp("growth")
    try:
        before = index_of(folder / "before", old, min_collections=min_collections)
        after = index_of(folder / "after", later, before, min_collections=min_collections)
    except DataError:
        return  # the filter left nothing
    if min(before.n_entities, after.n_entities) <= k:
        return
    found = difference(before, after, weights)
    options = {"n_neighbors": k, "similarity": similarity, "shrinkage": shrinkage}
    before_weights = pair_weights.of(before, **WEIGHTS[weights])
    after_weights = pair_weights.of(after, **WEIGHTS[weights])
    anew = neighbours.from_collections(after, weights=after_weights, **options)
    matrix = cooccurrence.build(after, folder / "anew", weights=after_weights)
    if found is None:
        return  # fixed point changed its unit, which is a reason to count everything
    lists = neighbours.from_collections(before, weights=before_weights, **options)
    updated = growth.update_neighbours(lists, found, after, **options)
    assert updated is not None
    np.testing.assert_array_equal(updated.indices, anew.indices)
    np.testing.assert_array_equal(updated.similarity, anew.similarity)
    np.testing.assert_array_equal(updated.shared, anew.shared)
    assert all(check.passed for check in updated.check())
    earlier = cooccurrence.build(before, folder / "earlier", weights=before_weights)
    renewed = growth.update_cooccurrence(earlier, found, after, folder / "renewed")
    assert renewed is not None
    assert all(check.passed for check in [*renewed.check(), *matrix.check()])
    for file in ("indptr.npy", "indices.npy", "data.npy", "occurrences.npy", "info.json"):
        assert filecmp.cmp(folder / "anew" / file, folder / "renewed" / file, shallow=False), file


def test_rows_stay_where_they_are_and_new_ones_follow(tmp_path):
    before = index_of(tmp_path / "a", [(c, e, 1, 0) for c in range(4) for e in (3, 5, 9)], min_collections=1)
    later = [(c, e, 1, 0) for c in range(4) for e in (4, 9, 5, 1)]
    after = index_of(tmp_path / "b", later, before, min_collections=1)
    assert after.ids["id"].to_list() == [5, 9, 1, 4]


def test_only_rows_of_changed_collections_are_counted(tmp_path):
    data = [(c, e, 1, 0) for c in range(6) for e in (3 * c, 3 * c + 1, 3 * c + 2)]
    before = index_of(tmp_path / "a", data, min_collections=1)
    after = index_of(tmp_path / "b", [*data, (0, 3, 1, 0)], before, min_collections=1)
    found = difference(before, after, "none")
    assert found is not None
    assert after.ids["id"][found.counted].to_list() == [0, 1, 2, 3]


def test_what_is_no_gain_is_left_to_a_rebuild(tmp_path, monkeypatch):
    data = [(c, e, 1, 0) for c in range(6) for e in (3 * c, 3 * c + 1, 3 * c + 2)]
    before = index_of(tmp_path / "a", data, min_collections=1)
    after = index_of(tmp_path / "b", [*data, (0, 3, 1, 0)], before, min_collections=1)
    found = difference(before, after, "none")
    assert found is not None
    lists = neighbours.from_collections(before, n_neighbors=2, similarity="npmi")
    options = {"n_neighbors": 2, "shrinkage": 0.0}
    assert growth.update_neighbours(lists, found, after, similarity="npmi", **options) is None  # total has changed
    assert growth.update_neighbours(lists, found, after, similarity="cosine", n_neighbors=3, shrinkage=0.0) is None
    monkeypatch.setattr(growth, "WORTHWHILE", 0.01)
    assert growth.update_neighbours(lists, found, after, similarity="cosine", **options) is None


def test_entities_in_another_order_are_no_difference_to_update_from(tmp_path):
    data = [(c, e, 1, 0) for c in range(4) for e in (3, 5, 9)]
    before = index_of(tmp_path / "a", data, min_collections=1)
    turned = replace(before, ids=before.ids.reverse())
    assert difference(turned, before, "none") is None
