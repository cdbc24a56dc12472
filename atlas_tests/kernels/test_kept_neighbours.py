"""What maps keep of neighbour lists, against the references and by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels.kept_neighbours import (
    ROWS,
    common_entries,
    common_entries_reference,
    edge_lengths,
    share_kept,
    share_kept_reference,
)


def lists(n: int, k: int, generator: np.random.Generator) -> np.ndarray:
    """(n, k) distinct entries, -1 at the end of some rows, nobody in others."""
    found = np.argsort(generator.random((n, max(n, k))), axis=1)[:, :k].astype(np.int32)
    found[np.arange(k)[None] >= generator.integers(0, k + 1, (n, 1))] = -1
    return found


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), k=st.integers(1, 6), wide=st.integers(1, 9))
def test_common_entries_are_those_of_sets(seed: int, n: int, k: int, wide: int) -> None:
    generator = np.random.default_rng(seed)
    wanted, found = lists(n, k, generator), lists(n, wide, generator)

    np.testing.assert_array_equal(common_entries(wanted, found), common_entries_reference(wanted, found))


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), k=st.integers(1, 6), dims=st.sampled_from([2, 3]))
def test_shares_are_those_pair_by_pair(seed: int, n: int, k: int, dims: int) -> None:
    """Also where points coincide and nothing is within reach."""
    generator = np.random.default_rng(seed)
    points = generator.integers(0, 4, (n, dims)).astype(np.float64)
    indices = np.where((found := lists(n, k, generator)) < n, found, -1)
    reach = generator.integers(0, 3, n).astype(np.float64)

    np.testing.assert_allclose(
        share_kept(points, indices, reach), share_kept_reference(points, indices, reach), rtol=1e-14
    )


def test_a_neighbour_beyond_the_reach_counts_by_both_reaches_over_the_distance() -> None:
    # from 0: within its reach of 2; at 8, where sqrt(2 * 8) / 8 = 1/2; nobody from the others
    points, reach = np.array([[0.0, 0], [0, 2], [8, 0]]), np.array([2.0, 1, 8])

    assert share_kept(points, np.array([[1, 2], [-1, -1], [-1, -1]]), reach).tolist() == [0.75, 0, 0]


def test_lengths_of_more_edges_than_a_task_has() -> None:
    points = np.random.default_rng(0).standard_normal((50, 3))
    edges = np.random.default_rng(1).integers(0, 50, (2 * ROWS + 7, 2))

    expected = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)

    np.testing.assert_array_equal(edge_lengths(points, edges), expected)
