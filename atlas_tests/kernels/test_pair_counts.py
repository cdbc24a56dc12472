"""Pair counts against the double loop, whatever the sizes, weights, panels and threads."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels.pair_counts import count_pairs, count_pairs_reference

N = 9
collections = st.lists(st.frozensets(st.integers(0, N - 1), max_size=7), max_size=12)


def _packed(sets) -> tuple[np.ndarray, np.ndarray]:
    indptr = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
    return indptr, np.array([e for s in sets for e in sorted(s)], np.int32)


def _as_dict(indptr, indices, data) -> dict[tuple[int, int], float]:
    rows = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    return dict(zip(zip(rows.tolist(), indices.tolist(), strict=True), data.tolist(), strict=True))


@given(collections, st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_counts_are_those_of_the_double_loop_for_any_weights_and_panels(sets, panel_slots, seed):
    indptr, entities = _packed(sets)
    generator = np.random.default_rng(seed)
    row_weights = generator.choice([0.25, 1.0, 3.0], entities.size)
    collection_weights = generator.choice([0.5, 1.0, 2.0], len(sets))
    found = count_pairs(
        indptr, entities, n_entities=N, row_weights=row_weights, collection_weights=collection_weights,
        panel_slots=panel_slots,
    )  # fmt: skip
    expected = count_pairs_reference(indptr, entities, row_weights, collection_weights)
    assert _as_dict(*found) == expected  # these weights and sums are exact in float32
    for row in range(N):
        assert (np.diff(found[1][found[0][row] : found[0][row + 1]]) > 0).all()


def test_three_collections_by_hand():
    # {0,1,2}, {1,2}, {2}: 1 and 2 meet twice, 0 meets each once, and {2} holds no pair
    indptr, entities = _packed([{0, 1, 2}, {1, 2}, {2}])
    found = count_pairs(indptr, entities, n_entities=3, row_weights=np.ones(6), collection_weights=np.ones(3))
    assert _as_dict(*found) == {(0, 1): 1, (1, 0): 1, (0, 2): 1, (2, 0): 1, (1, 2): 2, (2, 1): 2}


def test_no_collections_give_an_empty_matrix():
    nothing = np.ones(0)
    indptr, indices, data = count_pairs(
        np.zeros(1, np.int64), np.zeros(0, np.int32), n_entities=4, row_weights=nothing, collection_weights=nothing
    )
    assert (indptr.tolist(), indices.size, data.size) == ([0] * 5, 0, 0)


@pytest.mark.parametrize("panel_slots", [500, 8_000_000])
def test_the_bits_do_not_depend_on_the_number_of_threads(panel_slots):
    generator = np.random.default_rng(0)
    sets = [generator.choice(120, generator.integers(2, 30), replace=False) for _ in range(400)]
    indptr, entities = _packed(sets)
    weights = generator.random(entities.size) + 0.1, generator.random(len(sets)) + 0.1

    def count(threads: int):
        numba.set_num_threads(threads)
        return count_pairs(
            indptr, entities, n_entities=120, row_weights=weights[0], collection_weights=weights[1],
            panel_slots=panel_slots,
        )  # fmt: skip

    available = numba.get_num_threads()
    try:
        results = [count(threads) for threads in range(1, min(available, 7) + 1)]
    finally:
        numba.set_num_threads(available)
    for result in results[1:]:
        for a, b in zip(results[0], result, strict=True):
            assert np.array_equal(a, b)
