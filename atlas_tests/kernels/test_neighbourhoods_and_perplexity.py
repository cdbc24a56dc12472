"""Neighbourhood overlaps against dense rows; Gaussian weights against their own definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from atlas_assets.kernels.neighbourhoods import overlaps, overlaps_reference
from atlas_assets.kernels.perplexity import conditional_probabilities


@pytest.mark.parametrize("use_minima", [False, True])
@given(seed=st.integers(0, 2**32 - 1))
def test_overlaps_are_those_of_dense_rows(use_minima, seed):
    generator = np.random.default_rng(seed)
    upper = np.triu(generator.choice([0.0, 0.0, 1.0, 2.5], (8, 8)), 1)
    dense = upper + upper.T
    matrix = csr_array(dense)
    own = dense.max(axis=1)
    found = overlaps(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data, own, use_minima=use_minima
    )
    expected = overlaps_reference(dense, own, use_minima=use_minima)
    rows = np.repeat(np.arange(8), np.diff(matrix.indptr))
    for row, column, value in zip(rows, matrix.indices, found, strict=True):
        assert value == pytest.approx(expected[int(row), int(column)], rel=1e-12)


def test_each_row_has_the_perplexity_asked_for():
    generator = np.random.default_rng(0)
    distances = np.sort(generator.random((50, 20)) * 10.0 ** generator.integers(-3, 4, (50, 1)), axis=1)
    indices = np.tile(np.arange(20, dtype=np.int32), (50, 1))
    weights = conditional_probabilities(indices, distances, perplexity=7)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-12)
    entropy = -(weights * np.log(np.maximum(weights, 1e-300))).sum(axis=1)
    np.testing.assert_allclose(np.exp(entropy), 7, rtol=1e-4)
    assert (np.diff(weights, axis=1) <= 0).all()


def test_rows_with_few_or_equal_neighbours_are_uniform_and_empty_ones_zero():
    indices = np.array([[1, 2, -1], [0, 2, 3], [-1, -1, -1]], np.int32)
    distances = np.array([[0.1, 5.0, np.inf], [0.2, 0.2, 0.2], [np.inf] * 3])
    weights = conditional_probabilities(indices, distances, perplexity=2)
    np.testing.assert_allclose(weights, [[0.5, 0.5, 0], [1 / 3] * 3, [0, 0, 0]])
