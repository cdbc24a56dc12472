"""What layouts are made from, against references: joined lists, memberships, and the order in memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from atlas_assets.kernels.fuzzy import LEAST_SCALE, memberships, memberships_reference
from atlas_assets.kernels.order import BITS, ROWS, along_curve, along_curve_reference, permuted, permuted_reference
from atlas_assets.kernels.splitmix import splitmix64, splitmix64_reference
from atlas_assets.kernels.unions import ROWS as JOINED_ROWS
from atlas_assets.kernels.unions import reversed_lists, union_of_lists, union_of_lists_reference


def lists(n: int, k: int, generator: np.random.Generator) -> np.ndarray:
    """(n, k) distinct others, -1 at the end of some rows, nobody in others."""
    keys = generator.random((n, max(n, k)))
    keys[:, :n][np.arange(n), np.arange(n)] = 2  # never the row itself
    found = np.argsort(keys, axis=1)[:, :k].astype(np.int32)
    found[(found == np.arange(n)[:, None]) | (found >= n)] = -1
    found[np.arange(k)[None] >= generator.integers(0, k + 1, (n, 1))] = -1
    return np.take_along_axis(found, np.argsort(found < 0, axis=1, kind="stable"), axis=1)


@pytest.mark.parametrize("product", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), k=st.integers(1, 7))
def test_lists_joined_are_those_of_dense_matrices(product, dtype, seed, n, k):
    generator = np.random.default_rng(seed)
    indices, values = lists(n, k, generator), generator.choice([0.25, 0.5, 1.0], (n, k)).astype(dtype)

    joined = union_of_lists(indices, values, product=product)

    assert joined.dtype == dtype
    assert joined.has_canonical_format  # sorted, nothing twice
    np.testing.assert_array_equal(joined.toarray(), union_of_lists_reference(indices, values, product=product))
    own = np.repeat(np.arange(n), k), indices.ravel()
    listed = csr_array((np.ones(n * k), (own[0], np.maximum(own[1], 0))), shape=(n, n)).toarray() * 0
    listed[own[0][own[1] >= 0], own[1][own[1] >= 0]] = 1
    assert joined.nnz == np.count_nonzero(listed + listed.T)


def test_lists_of_nobody_and_of_more_rows_than_a_task_has() -> None:
    nobody = union_of_lists(np.full((5, 3), -1, np.int32), np.ones((5, 3), np.float32))
    assert nobody.shape == (5, 5)
    assert nobody.nnz == 0
    n = 2 * JOINED_ROWS + 9
    ring = ((np.arange(n)[:, None] + [1, 2]) % n).astype(np.int32)
    joined = union_of_lists(ring, np.tile(np.array([1.0, 0.5]), (n, 1)))
    assert np.diff(joined.indptr).tolist() == [4] * n
    np.testing.assert_array_equal(joined.sum(axis=1), 3)
    assert abs(joined - joined.T).max() == 0


def test_entries_of_zero_stay_pairs_and_partners_listed_twice_count_twice_from_both_ends() -> None:
    zero = union_of_lists(np.array([[1], [-1]], np.int32), np.zeros((2, 1), np.float32))
    assert zero.nnz == 2
    twice = union_of_lists(np.array([[1, 1], [0, -1]], np.int32), np.ones((2, 2), np.float32))  # 2 + 1
    np.testing.assert_array_equal(twice.toarray(), [[0, 3], [3, 0]])


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 30), k=st.integers(1, 6))
def test_lists_reversed_say_who_lists_whom_also_with_gaps(seed, n, k):
    generator = np.random.default_rng(seed)
    indices = generator.integers(-1, n, (n, k)).astype(np.int32)

    ends, entries = reversed_lists(indices, n)

    for entity in range(n):
        assert entries[ends[entity] : ends[entity + 1]].tolist() == np.flatnonzero(indices.ravel() == entity).tolist()


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(2, 20), scale=st.sampled_from([1e-3, 1.0, 1e4]))
def test_memberships_are_those_found_by_brent_s_method(seed, k, scale):
    """With ties, coincident neighbours, short rows and rows without any."""
    generator = np.random.default_rng(seed)
    distances = np.sort(np.round(generator.gamma(2, size=(12, k)), generator.integers(0, 3)) * scale, axis=1)
    indices = np.tile(np.arange(k, dtype=np.int32), (12, 1))
    indices[np.arange(k)[None] >= generator.integers(0, k + 1, (12, 1))] = -1
    indices[0] = np.arange(k)

    found = memberships(indices, distances)

    expected = memberships_reference(indices, distances)
    np.testing.assert_allclose(found, expected, atol=2e-4)  # bisection ends at 1e-5 of the sum
    assert not found[indices < 0].any()
    full = (indices >= 0).all(axis=1) & (distances[:, -1] > 0)
    assert (found[full, 0] == 1).all()
    assert (np.diff(found[full], axis=1) <= 0).all()


def test_memberships_sum_to_the_logarithm_of_their_number_however_far_all_are() -> None:
    scales = 10.0 ** np.arange(-10, 10)[:, None]
    distances = np.sort(np.random.default_rng(0).random((20, 15)) * scales, axis=1)
    found = memberships(np.tile(np.arange(15, dtype=np.int32), (20, 1)), distances)
    np.testing.assert_allclose(found.sum(axis=1), 4, rtol=1e-4)  # log2(15 + 1)


def test_a_row_of_coincident_neighbours_is_no_narrower_than_its_mean_allows() -> None:
    # three full members are more than log2(5) in all; the mean with the row itself is 4.01 / 5 = 0.802
    found = memberships(np.array([[1, 2, 3, 4]], np.int32), np.array([[1, 1, 1, 1.01]]))
    np.testing.assert_allclose(found, [[1, 1, 1, np.exp(-0.01 / (LEAST_SCALE * 0.802))]], rtol=1e-3)


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([1, 2, 50]),
    dims=st.sampled_from([2, 3]),
    width=st.sampled_from([0.0, 1e-20, 1.0, 1e6]),
)
def test_the_order_along_the_curve_is_that_of_bits_one_after_the_other(seed, n, dims, width):
    generator = np.random.default_rng(seed)
    x = (np.round(generator.standard_normal((n, dims)), 1) * width + generator.random()).astype(np.float32)
    np.testing.assert_array_equal(along_curve(x), along_curve_reference(x))


def test_the_order_along_the_curve_brings_near_ones_together_and_reaches_every_cell() -> None:
    x = np.random.default_rng(0).random((3 * ROWS + 5, 2)).astype(np.float32)
    order = along_curve(x)
    assert sorted(order) == list(range(len(x)))
    steps = np.linalg.norm(np.diff(x[order], axis=0), axis=1)
    assert np.median(steps) < 2 / np.sqrt(len(x))  # at random: 0.5
    line = np.stack([np.linspace(0, 1, 2**BITS), np.zeros(2**BITS)], axis=1).astype(np.float32)
    shuffled = np.random.default_rng(1).permutation(2**BITS)
    np.testing.assert_array_equal(shuffled[along_curve(line[shuffled])], np.arange(2**BITS))


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 25), integer=st.sampled_from([np.int32, np.int64]))
def test_a_reordered_matrix_has_every_entry_where_its_rows_now_stand(seed, n, integer):
    generator = np.random.default_rng(seed)
    dense = generator.choice([0.0, 0.0, 1.0, 2.5], (n, n)).astype(np.float32)
    matrix, order = csr_array(dense), generator.permutation(n)

    indptr, columns, values = permuted(matrix.indptr.astype(integer), matrix.indices, matrix.data, order)

    assert (indptr.dtype, columns.dtype, values.dtype) == (integer, np.int32, np.float32)
    found = csr_array((values, columns, indptr), shape=(n, n)).toarray()
    np.testing.assert_array_equal(found, permuted_reference(dense, order))
    back = permuted(indptr, columns, values, np.argsort(order))
    for part, before in zip(back, (matrix.indptr, matrix.indices, matrix.data), strict=True):
        np.testing.assert_array_equal(part, before)


@given(value=st.integers(0, 2**64 - 1))
def test_kernels_hash_as_integers_without_bounds_do(value):
    assert int(splitmix64(np.uint64(value))) == splitmix64_reference(value)
