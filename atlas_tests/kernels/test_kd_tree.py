"""Nearest neighbours by the k-d tree, against comparing every point with every other."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy.spatial import KDTree

from atlas_assets.kernels import kd_tree

SHAPES = [(1, 2), (2, 2), (13, 3), (40, 1), (700, 2), (900, 3), (300, 6)]


def clustered(n: int, d: int, *, seed: int, duplicates: bool) -> np.ndarray:
    """Dense clusters, a far outlier, and if asked for, points that coincide and distances that tie."""
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((5, d)) * 10
    points = centres[generator.integers(0, 5, n)] + generator.standard_normal((n, d)) * generator.choice([0.01, 1.0])
    points[0] = 1e6
    return np.round(points, 1) if duplicates else points


def others_by_reference(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    n = len(points)
    indices, distances = kd_tree.nearest_reference(points, points, n)
    others = indices != np.arange(n)[:, None]
    return indices[others].reshape(n, n - 1)[:, :k], distances[others].reshape(n, n - 1)[:, :k]


@pytest.mark.parametrize(("n", "d"), SHAPES)
@pytest.mark.parametrize("duplicates", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_nearest_are_those_of_comparing_all_with_all(n: int, d: int, duplicates: bool, seed: int) -> None:
    points = clustered(n, d, seed=seed, duplicates=duplicates)
    k = min(20, n - 1)
    queries = np.vstack([points[: n // 2], clustered(50, d, seed=seed + 10, duplicates=duplicates)])

    indices, distances = kd_tree.nearest_others(points, k)
    asked, away = kd_tree.nearest(points, queries, min(7, n))

    expected = others_by_reference(points, k)
    np.testing.assert_array_equal(indices, expected[0])
    np.testing.assert_array_equal(distances, expected[1])
    expected = kd_tree.nearest_reference(points, queries, min(7, n))
    np.testing.assert_array_equal(asked, expected[0])
    np.testing.assert_array_equal(away, expected[1])


def test_a_worked_example() -> None:
    """On a line at 0, 1, 1, 3: the two at 1 are nearest to each other; 0 is as near to them as each other row is."""
    points = np.array([[0.0, 0], [1, 0], [1, 0], [3, 0]])

    indices, distances = kd_tree.nearest_others(points, 2)

    assert indices.tolist() == [[1, 2], [2, 0], [1, 0], [1, 2]]
    assert distances.tolist() == [[1, 1], [0, 1], [0, 1], [2, 2]]


def test_distances_are_those_of_scipy_to_the_last_bit() -> None:
    points = clustered(2_000, 3, seed=5, duplicates=False)

    _, distances = kd_tree.nearest_others(points, 15)

    np.testing.assert_array_equal(distances, KDTree(points).query(points, k=16)[0][:, 1:])


def test_points_that_all_coincide_are_each_others_neighbours_in_the_order_of_rows() -> None:
    indices, distances = kd_tree.nearest_others(np.ones((100, 2)), 3)

    assert indices[:5].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2]]
    assert not distances.any()


def test_neither_threads_nor_the_order_of_rows_change_who_is_near() -> None:
    points = clustered(3_000, 2, seed=1, duplicates=False)
    shuffled = np.random.default_rng(2).permutation(len(points))
    found, threads = [], numba.get_num_threads()

    for n_threads in (1, threads):
        numba.set_num_threads(n_threads)
        found.append(kd_tree.nearest_others(points, 10))
    turned = kd_tree.nearest_others(points[shuffled], 10)

    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(shuffled[turned[0]], found[0][0][shuffled])
    np.testing.assert_array_equal(turned[1], found[0][1][shuffled])
