"""What layouts share: exact neighbours searched once, UMAP's and openTSNE's own weights, starts with a shape."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

from atlas_assets import methods
from atlas_assets.stages.geometry import neighbour_lists
from atlas_assets.stages.geometry.newcomers import place_newcomers, strays
from atlas_assets.stages.geometry.pivot_mds import pivot_positions
from atlas_assets.stages.projection.layout_inputs import LayoutInputs
from atlas_tests.stages.maps import Embedded, broken_graph, grouped_vectors
from atlas_tests.stages.test_knn_graph import from_vectors


def embedded_inputs(*, most_neighbors: int = 0) -> tuple[LayoutInputs, np.ndarray]:
    vectors, _ = grouped_vectors()
    points = vectors.vectors[:, :3]
    return LayoutInputs(from_vectors(vectors, k=6), Embedded(positions=points), most_neighbors=most_neighbors), points


def test_neighbours_are_searched_once_at_the_largest_number_asked_for() -> None:
    inputs, points = embedded_inputs(most_neighbors=20)
    with mock.patch.object(neighbour_lists, "from_positions", wraps=neighbour_lists.from_positions) as search:
        for k in (5, 20, 1):
            assert inputs.lists(k).indices.shape == (90, k)
        assert search.call_count == 1
        assert inputs.lists(30).indices.shape == (90, 30)
        assert search.call_count == 2
        assert inputs.lists(500).indices.shape == (90, 89)
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_allclose(inputs.lists(7).distances, np.sort(distances, axis=1)[:, :7], rtol=1e-6)


def test_a_sweep_s_lists_are_as_long_as_its_longest_projection_needs() -> None:
    assert methods.neighbors_wanted("umap", {"n_neighbors": 40, "min_dist": 0.1}) == 40
    assert methods.neighbors_wanted("tsne", {"perplexity": 30}) == 90
    assert methods.neighbors_wanted("pca", {}) == 0


@pytest.mark.filterwarnings("ignore:Tensorflow")
@pytest.mark.slow  # umap-learn compiles itself
def test_the_fuzzy_graph_is_umap_s_own_and_made_once_per_number_of_neighbours() -> None:
    from umap.umap_ import fuzzy_simplicial_set

    inputs, points = embedded_inputs()
    distances = cdist(points, points).astype(np.float32)
    order = np.argsort(distances, axis=1, kind="stable")[:, :9]  # umap counts the point itself
    expected = fuzzy_simplicial_set(
        points,
        9,
        np.random.RandomState(0),
        "euclidean",
        knn_indices=order.astype(np.int32),
        knn_dists=np.take_along_axis(distances, order, axis=1),
    )[0]
    np.testing.assert_allclose(inputs.fuzzy_graph(8).toarray(), csr_array(expected).toarray(), atol=1e-5)
    assert inputs.fuzzy_graph(8) is inputs.fuzzy_graph(8)
    assert inputs.fuzzy_graph(5).nnz < inputs.fuzzy_graph(8).nnz


def test_the_affinities_are_those_of_opentsne_and_made_once_per_perplexity() -> None:
    from openTSNE.affinity import PerplexityBasedNN

    inputs, points = embedded_inputs()
    expected = PerplexityBasedNN(points, perplexity=10, method="exact", n_jobs=1).P
    found = inputs.affinities(10, n_neighbors=30)
    np.testing.assert_allclose(csr_array(found).toarray(), csr_array(expected).toarray(), atol=1e-7)
    assert inputs.affinities(10, n_neighbors=30) is found
    assert found.sum() == pytest.approx(1)


def test_entities_without_neighbours_take_no_part() -> None:
    graph = broken_graph()
    inputs = LayoutInputs(graph)
    assert inputs.n_entities == 62
    assert inputs.edges.max() == 61
    listed = inputs.lists(4).indices
    back = np.where(listed >= 0, inputs.rows[listed], -1)
    assert np.array_equal(back, graph.indices[inputs.rows])
    assert inputs.lists(99).indices.shape[1] == graph.n_neighbors
    assert inputs.fuzzy_graph(4).shape == inputs.affinities(2, n_neighbors=4).shape == (62, 62)


def test_layouts_start_apart_where_many_steps_lie_between() -> None:
    """On a ribbon of 8 x 60 the start runs along it: places and columns agree, as the graph's own distances do."""
    column = np.tile(np.arange(60), 8)
    row = np.repeat(np.arange(8), 60)
    grid = np.stack([column, row], axis=1)
    lengths = csr_array(np.where(cdist(grid, grid) == 1, 1.0, 0.0))
    start = pivot_positions(lengths, n_dims=2, seed=0)
    assert abs(np.corrcoef(start[:, 0], column)[0, 1]) > 0.99
    assert abs(np.corrcoef(start[:, 1], row)[0, 1]) > 0.9
    assert len(np.unique(start, axis=0)) == 480
    np.testing.assert_array_equal(pivot_positions(lengths, n_dims=2, seed=0), start)


@pytest.mark.parametrize("dims", [2, 3, 10])
def test_parts_of_a_graph_start_side_by_side(dims: int) -> None:
    start = LayoutInputs(broken_graph()).start(dims)
    assert start.shape == (62, dims)
    assert np.isfinite(start).all()
    larger, smaller = start[:40], start[40:60]
    gap = np.linalg.norm(larger.mean(axis=0) - smaller.mean(axis=0))
    assert gap > larger.std() + smaller.std()


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), dims=st.sampled_from([2, 3]))
def test_newcomers_stand_near_the_mean_of_their_neighbours_and_nobody_else_moves(seed: int, dims: int) -> None:
    generator = np.random.default_rng(seed)
    n = 30
    start = generator.standard_normal((n, dims)).astype(np.float32)
    edges = np.unique(np.sort(generator.integers(0, n, (80, 2)), axis=1), axis=0)
    edges = edges[edges[:, 0] != edges[:, 1]]
    new = generator.choice(n, 5, replace=False)
    given_start = start.copy()
    given_start[new] = np.nan
    placed = place_newcomers(given_start, edges, seed=seed)
    old = np.setdiff1d(np.arange(n), new)
    assert np.array_equal(placed[old], start[old])
    assert np.isfinite(placed).all()
    for entity in new:
        beside = np.concatenate([edges[edges[:, 0] == entity, 1], edges[edges[:, 1] == entity, 0]])
        beside = np.setdiff1d(beside, new)
        if beside.size:
            middle = start[beside].mean(axis=0)
            assert np.linalg.norm(placed[entity] - middle) < 2.0  # five deviations of the noise


def test_newcomers_known_only_to_newcomers_follow_them_and_strangers_start_in_the_middle() -> None:
    start = np.array([[4, 4], [6, 6], [np.nan] * 2, [np.nan] * 2, [np.nan] * 2], np.float32)
    placed = place_newcomers(start, np.array([[0, 1], [1, 2], [2, 3]]), seed=0)
    assert np.linalg.norm(placed[2:4] - 6, axis=1).max() < 2
    assert np.linalg.norm(placed[4] - 5) < 2
    nothing = place_newcomers(np.full((4, 2), np.nan, np.float32), np.array([[0, 1]]), seed=0)
    assert np.isfinite(nothing).all()
    assert len(np.unique(nothing, axis=0)) == 4


def test_strays_are_those_far_from_all_of_their_neighbours() -> None:
    start = np.array([[0, 0], [0.1, 0], [0, 0.1], [9, 9], [-3, 0], [np.nan, np.nan]], np.float32)
    edges = np.array([[0, 1], [0, 2], [1, 3], [2, 3], [0, 4], [2, 4], [3, 5]])
    assert strays(start, edges).tolist() == [False, False, False, True, False, False]
    assert not strays(np.full((3, 2), np.nan, np.float32), np.array([[0, 1]])).any()
