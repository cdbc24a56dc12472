"""Selection against sorting: ties, short rows, the two-step fill, any number of threads."""

from __future__ import annotations

import numba
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels.top_k import top_k, top_k_dense, top_k_reference, two_hop, two_hop_reference

seeds = st.integers(0, 2**32 - 1)


def _random_rows(seed: int, n: int = 12):
    """A CSR with empty rows, many ties, and scores of zero and below."""
    generator = np.random.default_rng(seed)
    rows = [np.sort(generator.choice(n, generator.integers(0, n), replace=False)) for _ in range(n)]
    indptr = np.concatenate([[0], np.cumsum([r.size for r in rows])]).astype(np.int64)
    columns = np.concatenate(rows).astype(np.int32)
    return indptr, columns, generator.choice([-1.0, 0.0, 0.5, 1.0, 2.0], columns.size)


@given(seeds, st.integers(1, 6))
def test_the_k_best_are_those_of_a_sort_and_ties_go_to_the_lower_index(seed, k):
    indptr, columns, scores = _random_rows(seed)
    for found, expected in zip(
        top_k(indptr, columns, scores, k=k), top_k_reference(indptr, columns, scores, k=k), strict=True
    ):
        assert np.array_equal(found, expected)


@given(seeds, st.integers(1, 6))
def test_the_k_best_of_dense_rows_are_those_of_a_sort_without_the_row_itself(seed, k):
    block = np.random.default_rng(seed).choice([-2.0, -1.0, 0.0, 1.0], (5, 9)).astype(np.float32)
    columns, scores = top_k_dense(block, first_row=3, k=k)
    for row in range(5):
        expected = sorted((-block[row, j], j) for j in range(9) if j != 3 + row)[:k]
        assert [(-s, j) for s, j in zip(scores[row], columns[row], strict=True)] == expected


@given(seeds, st.integers(1, 4))
def test_the_two_step_fill_is_that_of_a_dictionary(seed, k):
    indices, similarity = top_k(*_random_rows(seed), k=3)
    listed = (indices >= 0) & (indices != np.arange(12)[:, None])  # without self, as the graph's lists are
    order = np.argsort(~listed, axis=1, kind="stable")
    indices = np.take_along_axis(np.where(listed, indices, -1), order, axis=1)
    similarity = np.take_along_axis(np.where(listed, similarity, 0), order, axis=1)
    rows = np.arange(0, 12, 2)
    found = two_hop(indices, similarity, rows=rows, k=k)
    expected = two_hop_reference(indices, similarity, rows=rows, k=k)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
    np.testing.assert_array_equal(found[0], expected[0])


def test_a_popular_middle_does_not_lend_its_whole_list():
    """0 lists 1 (a hub with three others) and 2 (with one other): the walk through 2 is surer."""
    indices = np.array([[1, 2, -1], [3, 4, 5], [6, -1, -1]] + [[-1] * 3] * 4, np.int32)
    columns, probability = two_hop(indices, (indices >= 0).astype(float), rows=np.array([0]), k=4)
    assert columns.tolist() == [[6, 3, 4, 5]]
    np.testing.assert_allclose(probability, [[1 / 2, 1 / 6, 1 / 6, 1 / 6]])


def test_selection_does_not_depend_on_the_number_of_threads():
    rows = _random_rows(0, n=200)
    available = numba.get_num_threads()
    results = []
    try:
        for threads in range(1, min(available, 7) + 1):
            numba.set_num_threads(threads)
            indices, scores = top_k(*rows, k=8)
            results.append((indices, scores, *two_hop(indices, scores, rows=np.arange(200), k=8)))
    finally:
        numba.set_num_threads(available)
    assert all(np.array_equal(a, b) for result in results[1:] for a, b in zip(results[0], result, strict=True))
