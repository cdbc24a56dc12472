"""The kernels behind the quality figures, against their references and against SciPy."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array
from scipy.sparse.csgraph import dijkstra

from atlas_assets.kernels.graph_distances import shortest_paths, shortest_paths_reference
from atlas_assets.kernels.held_out import near_pairs, near_pairs_reference
from atlas_assets.kernels.ranks import excess_ranks, excess_ranks_reference

seeds = st.integers(0, 2**32 - 1)


def graph_of(n: int, density: float, seed: int, *, spread: float = 1.0) -> csr_array:
    """Symmetric, with lengths between 1e-6 and ``spread``; of low density, in several pieces."""
    made = random_array((n, n), density=density, format="csr", rng=np.random.default_rng(seed))
    made.data = np.maximum(made.data**3 * spread, 1e-6)
    return csr_array(made.maximum(made.T))


@given(seed=seeds, n=st.integers(1, 60), density=st.floats(0, 0.3), spread=st.sampled_from([1e-5, 1.0, 300.0]))
def test_shortest_paths_are_those_of_the_reference(seed: int, n: int, density: float, spread: float) -> None:
    graph = graph_of(n, density, seed, spread=spread)
    sources = np.random.default_rng(seed).integers(0, n, 3)
    found = shortest_paths(sources, graph.indptr, graph.indices, graph.data)
    expected = shortest_paths_reference(sources, graph.indptr, graph.indices, graph.data)
    np.testing.assert_array_equal(found, expected.astype(np.float32))


def test_shortest_paths_equal_dijkstras_to_the_last_bit_on_any_number_of_threads() -> None:
    graph = graph_of(3000, 0.001, 1)
    sources = np.arange(0, 3000, 100)
    expected = dijkstra(graph, directed=False, indices=sources).astype(np.float32)
    assert np.isinf(expected).any()  # there are pieces
    threads = numba.get_num_threads()
    try:
        for number in (1, threads):
            numba.set_num_threads(number)
            found = shortest_paths(sources, graph.indptr, graph.indices, graph.data)
            np.testing.assert_array_equal(found, expected)
    finally:
        numba.set_num_threads(threads)


def test_an_edge_given_twice_counts_at_its_shorter_length() -> None:
    indptr, columns, lengths = np.array([0, 2, 4]), np.array([1, 1, 0, 0]), np.array([5.0, 2.0, 2.0, 5.0])
    assert shortest_paths(np.array([0]), indptr, columns, lengths).tolist() == [[0.0, 2.0]]


@given(
    seed=seeds,
    n=st.integers(6, 50),
    k=st.integers(1, 5),
    dims=st.sampled_from([2, 3]),
    ties=st.booleans(),
    nearest=st.sampled_from(["map", "reference"]),
)
def test_excess_ranks_are_those_by_sorting(seed: int, n: int, k: int, dims: int, ties: bool, nearest: str) -> None:
    generator = np.random.default_rng(seed)
    own = generator.permutation(n)[:4]
    if ties:
        points, reference = generator.integers(0, 3, (n, dims)), generator.integers(1, 4, (4, n)).astype(np.float32)
        reference[:, generator.integers(0, n)] = np.inf
    else:
        points, reference = generator.standard_normal((n, dims)), generator.random((4, n)).astype(np.float32)
    reference[np.arange(4), own] = 0
    ks = generator.integers(0, k + 1, 4)
    found = excess_ranks(reference, points, own, k=ks, nearest=nearest)
    expected = excess_ranks_reference(reference, points, own, k=ks, nearest=nearest)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_excess_ranks_by_hand() -> None:
    # the nearest of entity 0 on the map is the one that the reference ranks 3rd: 3 - 1
    reference, points = np.array([[0.0, 1, 2, 3, 4]]), np.array([[0.0, 0], [9, 0], [8, 0], [1, 0], [7, 0]])
    own, k = np.array([0]), np.array([1])
    assert [a.tolist() for a in excess_ranks(reference, points, own, k=k, nearest="map")] == [[2], [0]]
    # and the nearest of the reference is the map's 4th
    assert excess_ranks(reference, points, own, k=k, nearest="reference")[0].tolist() == [3]
    # four that tie have rank 2.5 each, and no choice of one would do better
    tied = np.array([[0.0, 1, 1, 1, 1]])
    assert [a.tolist() for a in excess_ranks(tied, points, own, k=k, nearest="map")] == [[1.5], [1.5]]


@given(seed=seeds, n=st.integers(2, 30), k=st.integers(1, 5), collections=st.integers(0, 20), repeats=st.booleans())
def test_near_pairs_are_those_pair_by_pair(seed: int, n: int, k: int, collections: int, repeats: bool) -> None:
    generator = np.random.default_rng(seed)
    near = np.array([generator.permutation(np.delete(np.arange(-1, n), row + 1))[:k] for row in range(n)])  # -1: none
    sets = [generator.choice(n, generator.integers(0, n + 1), replace=repeats) for _ in range(collections)]
    indptr = np.cumsum([0, *map(len, sets)])
    entities = np.concatenate([np.zeros(0, np.int64), *sets])
    np.testing.assert_array_equal(near_pairs(near, indptr, entities), near_pairs_reference(near, indptr, entities))


@pytest.mark.parametrize("threads", [1, 2])
def test_counts_do_not_depend_on_threads(threads: int) -> None:
    if threads > numba.config.NUMBA_NUM_THREADS:  # type: ignore[attr-defined]
        pytest.skip("this machine has one core")
    generator = np.random.default_rng(0)
    near = (np.arange(200)[:, None] + 1 + np.argsort(generator.random((200, 199)), axis=1)[:, :10]) % 200
    entities, indptr = generator.integers(0, 200, 5000), np.arange(0, 5001, 10)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(threads)
        found = near_pairs(near, indptr, entities)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(found, near_pairs_reference(near, indptr, entities))
