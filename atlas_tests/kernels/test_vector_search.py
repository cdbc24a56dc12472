"""Trees, rounds of asking and blocks of products, against their references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels import neighbour_descent, vector_blocks, vector_forest

seeds = st.integers(0, 2**32 - 1)


def whole_numbers(n: int, d: int, generator: np.random.Generator) -> np.ndarray:
    """Vectors whose distances float32 holds exactly, with ties and equal ones."""
    return generator.integers(-3, 4, (n, d)).astype(np.float32)


def random_lists(vectors: np.ndarray, k: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """k different others of each, in order of distance, equally near ones by row."""
    n = len(vectors)
    others = np.argsort(generator.random((n, n)) + 2 * np.eye(n), axis=1)[:, :k]
    squares = ((vectors[:, None] - vectors[others]) ** 2).sum(axis=2)
    order = np.lexsort((others, squares), axis=1)
    lists = (np.take_along_axis(values, order, axis=1) for values in (others, squares))
    return next(lists).astype(np.int32), next(lists).astype(np.float32)


@given(seed=seeds, n=st.integers(2, 60), d=st.integers(1, 9), leaf=st.integers(2, 12))
def test_every_vector_is_in_one_leaf_and_leaves_are_small(seed: int, n: int, d: int, leaf: int) -> None:
    generator = np.random.default_rng(seed)

    order, starts = vector_forest.tree(whole_numbers(n, d, generator), leaf=leaf, generator=generator)

    assert sorted(order) == list(range(n))
    assert starts[0] == 0
    assert starts[-1] == n
    assert 1 <= np.diff(starts).min() <= np.diff(starts).max() <= leaf


def test_a_tree_parts_what_lies_apart() -> None:
    """Two clusters of 20 on a line: whatever line is drawn through two of its ends parts them, or they are alike."""
    vectors = np.repeat([[0.0, 1], [100, 1]], 20, axis=0).astype(np.float32)
    vectors += np.random.default_rng(0).standard_normal(vectors.shape).astype(np.float32)

    order, starts = vector_forest.tree(vectors, leaf=20, generator=np.random.default_rng(1))

    assert starts.tolist() == [0, 20, 40]
    assert len({*(order[:20] < 20).tolist()}) == 1


@given(seed=seeds, n=st.integers(2, 40), d=st.integers(1, 9), k=st.integers(1, 6), leaf=st.integers(2, 12))
def test_members_of_a_leaf_list_each_other(seed: int, n: int, d: int, k: int, leaf: int) -> None:
    generator = np.random.default_rng(seed)
    vectors = whole_numbers(n, d, generator)
    order, starts = vector_forest.tree(vectors, leaf=leaf, generator=generator)
    indices, squares = np.full((n, k), -1, np.int32), np.full((n, k), np.inf, np.float32)

    for _ in range(2):  # a second time, as another tree may say the same, changes nothing
        vector_forest.compare_leaves(vectors, order, starts, indices, squares)

    expected = vector_forest.compare_leaves_reference(vectors, order, starts, k)
    np.testing.assert_array_equal(indices, expected[0])
    np.testing.assert_array_equal(squares, expected[1])


@given(seed=seeds, n=st.integers(8, 40), d=st.integers(1, 6), k=st.integers(1, 5), n_reversed=st.integers(0, 4))
def test_a_round_takes_the_nearest_of_all_that_acquaintances_know(
    seed: int, n: int, d: int, k: int, n_reversed: int
) -> None:
    generator = np.random.default_rng(seed)
    vectors = whole_numbers(n, d, generator)
    indices, squares = random_lists(vectors, k, generator)
    fresh = generator.random((n, k)) < generator.choice([0.1, 0.5, 1.0])
    expected = neighbour_descent.round_reference(vectors, indices, fresh, n_reversed=n_reversed)
    found, is_fresh = np.full((n, k + n_reversed), 77, np.int32), np.ones((n, k + n_reversed), bool)
    any_fresh = np.ones(n, bool)

    neighbour_descent.acquainted(indices, fresh, found, is_fresh, any_fresh)
    neighbour_descent.ask_all(vectors, found, is_fresh, any_fresh, indices, squares, fresh)

    np.testing.assert_array_equal(indices, expected[0])
    np.testing.assert_array_equal(fresh, expected[1])
    np.testing.assert_array_equal(squares, ((vectors[:, None] - vectors[indices]) ** 2).sum(axis=2))


@given(seed=seeds, rows=st.integers(1, 9), columns=st.integers(1, 9), k=st.integers(1, 4), by_length=st.booleans())
def test_a_block_is_offered_to_both_of_its_sides(seed: int, rows: int, columns: int, k: int, by_length: bool) -> None:
    """The block of vectors 2.. with those behind them; what it does not hold stays as it was."""
    generator = np.random.default_rng(seed)
    vectors = whole_numbers(3 + rows + columns, 4, generator)
    n, row, column = len(vectors), 2, 2 + rows
    halves = (vectors**2).sum(axis=1) / 2 if by_length else np.zeros(n, np.float32)
    products = vectors[row:column] @ vectors[column : column + columns].T
    empty = [(np.full((n, k), -1, np.int32), np.full((n, k), np.inf, np.float32)) for _ in range(2)]

    own = slice(row, column)
    vector_blocks.offer_block(products, np.arange(n)[own], column, halves, empty[0][0][own], empty[0][1][own])
    vector_blocks.offer_block_to_columns(products, row, column, halves, *empty[1])

    sides = range(row, column), range(column, column + columns)
    for (following, _), mine, theirs in zip(empty, sides, sides[::-1], strict=True):
        for i in range(n):
            keys = (
                sorted((float(halves[j] - vectors[i] @ vectors[j]), (j - i) % n) for j in theirs) if i in mine else []
            )
            assert [j for j in following[i].tolist() if j >= 0] == [j for _, j in keys[:k]]


def test_distances_are_summed_in_double_precision() -> None:
    vectors = np.array([[1e4, 1], [1e4, 3], [0, 0]], np.float32)

    squares = vector_blocks.squares_to(vectors, np.array([[1, 2], [0, -1], [-1, -1]], np.int32))

    assert squares.tolist() == [[4, 100_000_001], [4, np.inf], [np.inf, np.inf]]


def test_factors_make_unit_vectors_without_rounding_them() -> None:
    vectors = np.array([[3, 4], [30, 40], [4, 3]], np.float32)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)

    squares = vector_blocks.squares_to(vectors, np.array([[1, 2]]), factors=1 / lengths, rows=np.array([0]))

    assert squares == pytest.approx(np.array([[0, 2 - 2 * 24 / 25]]))
    assert vector_blocks.products_with(vectors, np.array([[1, -1]]), rows=np.array([2])).tolist() == [[240, -np.inf]]
