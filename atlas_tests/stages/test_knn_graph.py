"""Neighbour graphs from collections, edges and vectors: the lists one can name, their invariants, their limits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.kernels.copies import spread_lists, spread_lists_reference
from atlas_assets.stages.quality import quality
from atlas_assets.stages.relation import copies, knn_graph, neighbours, vector_neighbours
from atlas_assets.stages.relation.knn_graph import KnnGraph
from atlas_tests.relations import index_of, relation

seeds = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class EdgeIndex:
    n_entities: int
    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class VectorIndex:
    vectors: np.ndarray


def edges_of(*edges: tuple[int, int, float], n: int) -> EdgeIndex:
    source, target, weight = zip(*edges, strict=True)
    return EdgeIndex(n, np.array(source, np.int32), np.array(target, np.int32), np.array(weight, np.float32))


def assert_sound(graph: KnnGraph) -> None:
    failed = [check.name for check in graph.check() if not check.passed]
    assert not failed


def from_sets(sets, n: int, *, k: int, **options) -> KnnGraph:
    return knn_graph.build(neighbours.from_collections(index_of(sets, n), n_neighbors=k, **options), n_neighbors=k)


def from_edges(index: EdgeIndex, *, k: int, **options) -> KnnGraph:
    return knn_graph.build(neighbours.from_edges(index, n_neighbors=k, **options), n_neighbors=k)


def from_vectors(index: VectorIndex, *, k: int, **options) -> KnnGraph:
    return knn_graph.build(neighbours.from_vectors(index, n_neighbors=k, **options), n_neighbors=k)


def random_neighbours(seed: int, k: int, kind: str = "unit") -> neighbours.Neighbours:
    index, weights = relation(seed, kind).pack()
    return neighbours.from_collections(index, n_neighbors=k, weights=weights)


@given(seed=seeds, kind=st.sampled_from(["unit", "rows"]), k=st.integers(1, 8), longer=st.integers(0, 3))
def test_a_graph_is_cut_from_longer_lists_as_from_its_own(seed, kind, k, longer):
    lists = random_neighbours(seed, k + longer, kind)
    before = lists.indices.copy(), lists.similarity.copy()
    cut, own = (knn_graph.build(one, n_neighbors=k) for one in (lists, random_neighbours(seed, k, kind)))
    assert_sound(cut)
    for field in ("indices", "similarity", "shared", "filled", "edges", "edge_weights"):
        assert np.array_equal(getattr(cut, field), getattr(own, field)), field
    assert cut.notes == own.notes
    assert np.array_equal(before[0], lists.indices)  # not modified
    assert np.array_equal(before[1], lists.similarity)


@given(seed=seeds, k=st.integers(1, 8))
def test_direct_neighbours_come_first_and_what_is_filled_is_marked(seed, k):
    lists = random_neighbours(seed, k)
    graph = knn_graph.build(lists, n_neighbors=k)
    direct = lists.indices >= 0
    assert graph.shared is not None
    assert (graph.similarity.dtype, graph.shared.dtype) == (np.float32, np.float32)
    assert np.array_equal((graph.indices >= 0) & ~graph.filled, direct)
    assert np.array_equal(graph.indices[direct], lists.indices[direct])
    assert (graph.shared[~direct] == 0).all()
    two_steps = [{int(j) for h in row if h >= 0 for j in lists.indices[h]} for row in lists.indices]
    for i, row in enumerate(graph.indices):
        known = {i, -1, *lists.indices[i].tolist()}
        filled = row[graph.filled[i]].tolist()
        assert set(filled) <= two_steps[i] - known
        missing = int((~direct[i]).sum())
        assert len(filled) == (min(missing, len(two_steps[i] - known)) if direct[i].any() else 0)
        assert (graph.similarity[i][graph.filled[i]] <= graph.similarity[i][direct[i]].min(initial=np.inf)).all()


@given(seed=seeds, k=st.integers(1, 8))
def test_edges_are_the_union_of_the_lists_and_weigh_two_where_mutual(seed, k):
    graph = knn_graph.build(random_neighbours(seed, k), n_neighbors=k)
    listed = {(i, int(j)) for i, row in enumerate(graph.indices) for j in row if j >= 0}
    expected = {(min(pair), max(pair)): 1 + ((pair[1], pair[0]) in listed) for pair in listed}
    assert [tuple(edge) for edge in graph.edges.tolist()] == sorted(expected)
    assert graph.edge_weights.tolist() == [expected[pair] for pair in sorted(expected)]


def test_lists_that_are_too_short_say_what_to_make_again():
    lists = random_neighbours(3, 3)
    with pytest.raises(DataError, match=r"length of the lists is 3; .*which is 4. Materialise neighbours again"):
        knn_graph.build(lists, n_neighbors=4)


def test_a_short_list_is_filled_from_two_steps_away_and_an_isolated_entity_stays_so():
    # chain 0 - 1 - 2 by collections, 3 only ever alone; 4 and 5 only with each other
    graph = from_sets([{0, 1}, {0, 1}, {1, 2}, {3}, {3}, {3}, {3}, {4, 5}], 6, k=2, similarity="cosine")
    assert_sound(graph)
    assert graph.indices.tolist() == [[1, 2], [0, 2], [1, 0], [-1, -1], [5, -1], [4, -1]]
    assert graph.filled.tolist() == [[False, True], [False, False], [False, True]] + [[False, False]] * 3
    assert graph.edges.tolist() == [[0, 1], [0, 2], [1, 2], [4, 5]]
    assert graph.edge_weights.tolist() == [2, 2, 2, 2]
    assert graph.isolated.tolist() == [False, False, False, True, False, False]
    assert graph.notes == {"filled": 2, "missing": 4, "isolated": 1}


def test_one_sided_edges_weigh_one_and_mutual_ones_two():
    # 0 meets all three others, most often 1; 2 and 3 meet only 0, so they list it without being listed
    graph = from_sets([{0, 1}, {0, 1}, {0, 2}, {0, 3}], 4, k=1, similarity="count")
    assert graph.edges.tolist() == [[0, 1], [0, 2], [0, 3]]
    assert graph.edge_weights.tolist() == [2, 1, 1]


def test_a_graph_read_back_is_the_one_written(tmp_path):
    graph = knn_graph.build(random_neighbours(3, 3), n_neighbors=3)
    graph.save(tmp_path)
    again = KnnGraph.load(tmp_path)
    assert np.array_equal(again.indices, graph.indices)
    assert (again.method, again.notes) == ("jaccard", graph.notes)
    assert_sound(again)


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (lambda g: replace(g, indices=np.tile(np.arange(12, dtype=np.int32)[:, None], (1, 3))), "its own neighbour"),
        (lambda g: replace(g, indices=np.zeros_like(g.indices)), "listed twice"),
        (lambda g: replace(g, similarity=g.similarity * np.nan), "similarity is finite"),
        (lambda g: replace(g, similarity=-g.similarity, filled=np.zeros_like(g.filled)), "similarity falls"),
        (lambda g: replace(g, edges=g.edges[:-1]), "union of the lists"),
    ],
)
def test_a_damaged_graph_fails_its_check(damage, check):
    graph = knn_graph.build(random_neighbours(5, 3), n_neighbors=3)
    assert graph.edges.size
    assert any(check in c.name for c in damage(graph).check() if not c.passed)


def test_edges_are_undirected_added_up_and_free_of_loops():
    index = edges_of((0, 1, 1), (1, 0, 2), (1, 2, 1), (2, 2, 5), (0, 1, 0.5), n=4)
    lists = neighbours.from_edges(index, n_neighbors=2, similarity="weight")
    assert (lists.notes["self_loops"], lists.notes["repeated_edges"], lists.shared) == (1, 2, None)
    graph = knn_graph.build(lists, n_neighbors=2)
    assert_sound(graph)
    assert graph.indices.tolist() == [[1, 2], [0, 2], [1, 0], [-1, -1]]
    assert graph.similarity[0, 0] == 3.5
    assert graph.notes["isolated"] == 1


@pytest.mark.parametrize("similarity", ["auto", "cosine", "jaccard"])
def test_linked_entities_with_common_neighbours_come_before_a_bridge(similarity):
    # two cliques 0-3 and 4-7, joined by 3 - 4: for 3 the bridge is its weakest link
    cliques = [(a, b, 1.0) for base in (0, 4) for a in range(base, base + 4) for b in range(a + 1, base + 4)]
    graph = from_edges(edges_of(*cliques, (3, 4, 1.0), n=8), k=4, similarity=similarity)
    assert_sound(graph)
    assert graph.indices[3].tolist() == [0, 1, 2, 4]
    assert graph.indices[0].tolist()[:3] == [1, 2, 3]
    assert graph.indices[0, 3] == 4  # nothing else is two steps away
    assert graph.filled[0].tolist() == [False, False, False, True]


def test_an_edge_weight_that_cannot_be_is_named():
    with pytest.raises(DataError, match=r"weight of edge 1 is 0\.0; expected a number above 0, and at most 1e\+37"):
        from_edges(edges_of((0, 1, 1), (1, 2, 0), n=3), k=1)
    with pytest.raises(DataError, match=r"weight of edge 0 is .*e\+38.*power of ten"):
        from_edges(edges_of((0, 1, 3e38), (1, 2, 1), n=3), k=1)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("block", [1024, 30, 20, 45])  # one, three, five and two blocks; an odd and an even number
def test_nearest_vectors_are_those_of_all_pairs(metric, block, monkeypatch):
    monkeypatch.setattr(vector_neighbours, "BLOCK", block)
    vectors = np.random.default_rng(0).standard_normal((90, 7)).astype(np.float32)
    graph = from_vectors(VectorIndex(vectors), k=5, metric=metric)
    assert_sound(graph)
    points = vectors.astype(np.float64)
    if metric == "cosine":
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    expected = np.argsort(distances, axis=1, kind="stable")[:, :5]
    assert np.array_equal(graph.indices, expected)
    nearest = np.take_along_axis(distances, expected, axis=1)
    similarity = 1 - nearest**2 / 2 if metric == "cosine" else 1 / (1 + nearest / np.median(nearest[:, -1]))
    np.testing.assert_allclose(graph.similarity, similarity, atol=1e-5)


def test_equal_vectors_share_a_place_and_are_each_others_first_neighbours():
    vectors = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    graph = from_vectors(VectorIndex(vectors), k=5, metric="euclidean")
    assert_sound(graph)
    assert graph.places is not None
    assert graph.places.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert graph.indices.tolist() == [[1, 2, -1, -1, -1], [2, 0, -1, -1, -1], [0, 1, -1, -1, -1]]
    everybody = graph.of_entities()
    assert_sound(everybody)
    assert everybody.indices[:5].tolist() == [
        [1, 2, 3, 4, 5],
        [2, 3, 0, 5, 6],
        [3, 0, 1, 6, 7],
        [0, 1, 2, 7, 4],
        [5, 6, 7, 8, 9],
    ]
    assert everybody.similarity[0].tolist() == [1, 1, 1, 0.5, 0.5]


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
@pytest.mark.parametrize(
    "made",
    [
        lambda g: np.stack([48.85 + 0.02 * g.standard_normal(300), 2.35 + 0.02 * g.standard_normal(300)], axis=1),
        lambda g: np.concatenate([g.standard_normal((150, 2)) + at for at in ([4e5, 2e5], [-3e5, 8e5])]),
        lambda g: g.standard_normal((300, 3)) * [1, 1e9, 1e-9],
        lambda g: g.standard_normal((300, 4)) * 1e30,
        lambda g: np.concatenate([g.standard_normal((299, 5)), [[1e6] * 5]]),
    ],
    ids=["one city", "two far places", "huge scales", "huge numbers", "one far away"],
)
def test_neighbours_are_exact_where_float32_cannot_tell_them(metric, made):
    vectors = made(np.random.default_rng(0))
    if metric == "cosine":
        points = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    far = -vectors @ vectors.T if metric == "dot" else ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
    if metric == "cosine":
        far = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(far, np.inf)
    listed, _ = vector_neighbours.nearest(vectors, k=10, metric=metric)
    found = np.where(listed >= 0, np.take_along_axis(far, np.maximum(listed, 0), axis=1), 0)
    expected = np.where(listed >= 0, np.sort(far, axis=1)[:, :10], 0)
    scale = 0 if metric != "cosine" else 1e-13  # of unit vectors in float64
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=scale)
    assert (listed >= 0).any(axis=1).all() or metric == "dot"


def test_no_row_is_on_every_list_where_many_are_equally_near():
    """Of 500 vectors of six yes or no, eight are at each place and many places are as near as each other."""
    vectors = np.unique(np.random.default_rng(0).integers(0, 2, (2000, 9)), axis=0).astype(np.float32)
    listed, _ = vector_neighbours.nearest(vectors, k=5, metric="euclidean")
    assert np.bincount(listed.ravel()).max() <= 12


def test_by_the_inner_product_the_longest_in_that_direction_come_first():
    vectors = np.array([[1, 0], [2, 0], [10, 1], [0, 1], [-1, 0]], np.float32)
    listed, similarity = vector_neighbours.nearest(vectors, k=3, metric="dot")
    assert listed.tolist() == [[2, 1, -1], [2, 0, -1], [1, 0, 3], [2, -1, -1], [-1, -1, -1]]
    np.testing.assert_allclose(similarity[0], [10 / 20, 2 / 20, 0])


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), m=st.integers(1, 12), k=st.integers(1, 6))
def test_lists_of_places_are_spread_over_their_entities(seed, n, m, k):
    generator = np.random.default_rng(seed)
    places = np.unique(generator.integers(0, m, n), return_inverse=True)[1].astype(np.int32)
    m = int(places.max()) + 1
    rows = [generator.permutation(np.delete(np.arange(m), row))[: generator.integers(0, k + 1)] for row in range(m)]
    indices = np.array([np.pad(row, (0, k - len(row)), constant_values=-1) for row in rows], np.int32)
    for found, expected in zip(spread_lists(places, indices), spread_lists_reference(places, indices), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dims", [2, 3])
def test_copies_lie_together_apart_from_others_and_from_each_other(dims):
    positions = np.random.default_rng(0).standard_normal((50, dims)).astype(np.float32)
    places = np.concatenate([np.arange(50), np.zeros(200), np.full(3, 7)]).astype(np.int32)
    spread = copies.spread_out(positions, places)
    np.testing.assert_array_equal(spread[:50], positions)
    between = np.linalg.norm(spread[:, None] - spread[None], axis=2)
    same = places[:, None] == places[None]
    assert (np.where(same, between, 0).max(axis=1) < np.where(same, np.inf, between).min(axis=1)).all()
    np.fill_diagonal(between, np.inf)
    assert between.min() > 2e-5 * np.ptp(positions, axis=0).max()


def test_places_are_told_from_vectors_that_are_the_same_by_the_metric():
    vectors = np.array([[1, 2], [2, 4], [-0.0, 0], [0, 0.0], [1, 2], [3, 1]], np.float32)
    by_distance, by_direction = (copies.places_of(vectors, metric) for metric in ("euclidean", "cosine"))
    assert by_distance is not None
    assert by_direction is not None
    assert by_distance.tolist() == [0, 1, 2, 2, 0, 3]
    assert by_direction.tolist() == [0, 0, 1, 1, 0, 2]
    assert copies.places_of(vectors[[0, 1, 5]], "euclidean") is None
    assert copies.sizes_of(by_direction) == (5, 2, 3)


def test_a_vector_without_direction_is_isolated_under_cosine():
    vectors = np.random.default_rng(0).random((8, 3)).astype(np.float32)
    vectors[2] = 0
    graph = from_vectors(VectorIndex(vectors), k=3, metric="cosine")
    assert_sound(graph)
    assert graph.isolated.tolist() == [i == 2 for i in range(8)]


def test_a_vector_that_is_not_finite_is_named():
    vectors = np.ones((5, 2), np.float32)
    vectors[3, 1] = np.nan
    with pytest.raises(DataError, match=r"vector of row 3 is 'nan'; expected finite numbers only"):
        from_vectors(VectorIndex(vectors), k=2)


def curved(n):
    """(n, 30) float32 on a surface of 5 dimensions: like real vectors, in few directions at any place."""
    generator = np.random.default_rng(0)
    latent = generator.standard_normal((n, 5))
    return np.tanh(latent @ generator.standard_normal((5, 30))).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_search_for_many_vectors_finds_almost_all_that_are_nearest(metric):
    vectors = curved(4000)
    exact, similarity = vector_neighbours.nearest(vectors, k=15, metric=metric)
    found, values = vector_neighbours.nearest(vectors, k=15, metric=metric, exact_limit=100)
    shuffled = np.random.default_rng(1).permutation(found.ravel()).reshape(found.shape)
    assert (quality.recall(exact, found) or 0) > 0.998  # 1.0 measured
    assert (quality.recall(exact, shuffled) or 0) < 0.02
    same = found == exact
    np.testing.assert_array_equal(values[same], similarity[same])


@pytest.mark.parametrize("exact_limit", [100, 10_000])
def test_vectors_have_the_same_neighbours_to_the_last_bit_on_any_number_of_threads(exact_limit):
    vectors, threads, found = curved(3000), numba.get_num_threads(), []
    try:
        for number in {1, threads}:
            numba.set_num_threads(number)
            found.append(vector_neighbours.nearest(vectors, k=10, metric="euclidean", exact_limit=exact_limit))
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(found[0][0], found[-1][0])
    np.testing.assert_array_equal(found[0][1], found[-1][1])


def test_a_crowd_of_equal_vectors_ends_no_search():
    vectors = np.concatenate([np.ones((2000, 4)), curved(300)[:, :4]]).astype(np.float32)
    listed, similarity = vector_neighbours.nearest(vectors, k=5, metric="euclidean", exact_limit=100)
    assert (listed >= 0).all()
    assert (listed != np.arange(2300)[:, None]).all()
    assert (similarity[:2000] == 1).all()
