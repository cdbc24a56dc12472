"""Sorting, repetitions and samples of memberships against their naive versions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels import memberships as kernels
from atlas_assets.stages.index.stable_hash import mix

# Some collections are larger than SHORT, so that both ways of sorting are met.
pairs_strategy = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), max_size=200)
unknown_or = st.sampled_from([-np.inf, 0.0, 1.0, 2.0])


def arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


@given(pairs=pairs_strategy, sort=st.sampled_from(["no", "by collection", "by both"]))
def test_memberships_are_grouped_and_sorted_as_sorting_rows_would(pairs, sort):
    if sort != "no":
        pairs = sorted(pairs, key=lambda pair: pair if sort == "by both" else pair[0])
    expected = kernels.group_reference(*map(list, arrays(pairs)))
    for with_places in (True, False):
        indptr, entities, places = kernels.group(*arrays(pairs), 6, with_places=with_places)
        of = np.repeat(np.arange(6), np.diff(indptr))
        assert list(zip(of, entities, strict=True)) == [(c, e) for c, e, _ in expected]
        assert places.tolist() == ([place for _, _, place in expected] if with_places else [])
        repeats = sum(a[:2] == b[:2] for a, b in itertools.pairwise(expected))
        assert kernels.count_repeated(indptr, entities) == repeats
        assert kernels.ascending(indptr, entities) == (repeats == 0)
        np.testing.assert_array_equal(kernels.count_entities(entities, 61), np.bincount(entities, minlength=61))


@given(rows=st.lists(st.tuples(st.tuples(st.integers(0, 3), st.integers(0, 3)), unknown_or, unknown_or, unknown_or)))
def test_the_best_of_repeated_rows_is_that_of_a_dictionary(rows):
    pairs = [row[0] for row in rows]
    best = kernels.best_of_repeated_reference(pairs, [row[1:] for row in rows])
    values, times, weights = (np.array([row[k] for row in rows]) for k in (1, 2, 3))
    values = np.where(np.isinf(values), np.nan, values).astype(np.float32)
    times = np.where(np.isinf(times), np.iinfo(np.int64).min, np.nan_to_num(times, neginf=0)).astype(np.int64)
    indptr, entities, places = kernels.group(*arrays(pairs), 4, with_places=True)
    kept = kernels.best_of_repeated(indptr, entities, places, values, times, weights.astype(np.float32))
    found = {(c, int(entities[i])): int(places[i]) for c in range(4) for i in range(kept[c], kept[c + 1])}
    assert found == best


def test_repeated_rows_add_up_to_what_pencil_and_paper_give():
    # of (0, 7): values 2 + 3, one unknown; the latest of 5, 9 and 1; weights 1 + 2 + 4. (0, 8) and (1, 7) are alone.
    pairs = [(0, 7), (0, 7), (0, 7), (0, 8), (1, 7)]
    indptr, entities, places = kernels.group(*arrays(pairs), 2, with_places=True)
    values = np.array([2, np.nan, 3, np.nan, 1], dtype=np.float32)
    times, weights = np.array([5, 9, 1, 4, 3]), np.array([1, 2, 4, 1, 1], dtype=np.float32)
    kept, value, time, weight = kernels.sum_repeated(indptr, entities, places, values, times, weights)
    assert kept.tolist() == [0, 2, 3]
    assert entities[:3].tolist() == [7, 8, 7]
    np.testing.assert_array_equal(value, [5, np.nan, 1])
    assert time.tolist() == [9, 4, 3]
    assert weight.tolist() == [7, 1, 1]


@given(pairs=pairs_strategy, data=st.data())
def test_selecting_keeps_what_both_masks_allow(pairs, data):
    indptr, entities, places = kernels.group(*arrays(sorted(set(pairs))), 5, with_places=True)
    collections = np.array(data.draw(st.lists(st.booleans(), min_size=5, max_size=5)))
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=61, max_size=61)))
    expected = [
        [(int(entities[i]), int(places[i])) for i in range(indptr[c], indptr[c + 1]) if wanted[entities[i]]]
        if collections[c]
        else []
        for c in range(5)
    ]
    kept = kernels.select(indptr, entities, places, collections, wanted, entities, places)
    assert [[(int(entities[i]), int(places[i])) for i in range(kept[c], kept[c + 1])] for c in range(5)] == expected


@pytest.mark.parametrize("limit", [1, 7, 39, 40])
def test_a_sample_is_what_sorting_by_hash_gives(limit):
    rng = np.random.default_rng(limit)
    sizes = [40, 3, 0, 60, 40]
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    entities = np.concatenate([np.sort(rng.choice(80, size, replace=False)) for size in sizes]).astype(np.int32)
    large = np.flatnonzero(np.array(sizes) > limit)
    of_large, of_entity = (rng.integers(0, 2**63, n).astype(np.uint64) for n in (large.size, 80))
    of_entity[:40] = of_entity[0]  # ties, of which the first stay
    expected = []
    for c, size in enumerate(sizes):
        members = entities[indptr[c] : indptr[c + 1]]
        if size > limit:
            draws = mix(np.full(size, of_large[np.searchsorted(large, c)]), of_entity[members])
            members = np.sort(members[np.argsort(draws, kind="stable")[:limit]])
        expected.append(members.tolist())
    kept = kernels.sample(indptr, entities, np.empty(0, np.int32), limit, large, of_large, of_entity)
    assert [entities[a:b].tolist() for a, b in itertools.pairwise(kept)] == expected
