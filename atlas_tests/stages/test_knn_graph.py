"""Neighbour graphs from pair counts, edges and vectors: the lists one can name, their invariants, their limits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.kernels.similarities import CODES, FORMULAE
from atlas_assets.stages import cooccurrence, knn_graph, vector_neighbours
from atlas_tests.stages.test_cooccurrence import dense, index_of

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


def assert_sound(graph: knn_graph.KnnGraph) -> None:
    failed = [check.name for check in graph.check() if not check.passed]
    assert not failed


def random_counts(seed: int, n: int = 12) -> cooccurrence.Cooccurrence:
    generator = np.random.default_rng(seed)
    sets = [set(generator.integers(0, n, generator.integers(1, 5)).tolist()) for _ in range(generator.integers(1, 25))]
    return cooccurrence.build(index_of(sets, n))


@given(similarity=st.sampled_from(list(CODES)), seed=seeds, n_neighbors=st.integers(1, 8))
def test_lists_from_counts_are_those_of_a_sort_by_the_definition(similarity, seed, n_neighbors):
    counts = random_counts(seed)
    graph = knn_graph.from_cooccurrence(counts, n_neighbors=n_neighbors, similarity=similarity, shrinkage=1.0)
    assert_sound(graph)
    matrix, a = dense(counts), counts.occurrences
    for i in range(12):
        scores = {
            j: FORMULAE[similarity](matrix[i, j], float(a[i]), float(a[j]), counts.total)
            * (1.0 if similarity == "count" else matrix[i, j] / (matrix[i, j] + 1.0))
            for j in range(12)
            if matrix[i, j] > 0
        }
        expected = sorted((round(-s, 9), j) for j, s in scores.items() if s > 1e-12)[:n_neighbors]
        direct = (graph.indices[i] >= 0) & ~graph.filled[i]
        np.testing.assert_allclose(graph.similarity[i][direct], [-s for s, _ in expected], rtol=1e-5, atol=1e-8)
        # the listed entities have these scores; which of two equal ones it is, the kernels' own tests say
        chosen = [scores[int(j)] for j in graph.indices[i][direct]]
        np.testing.assert_allclose(chosen, [-s for s, _ in expected], rtol=1e-6, atol=1e-8)
        assert graph.shared is not None
        listed = graph.indices[i] >= 0
        assert np.array_equal(graph.shared[i][listed], matrix[i, graph.indices[i][listed]])
        assert (graph.shared[i][~listed] == 0).all()


def test_a_short_list_is_filled_from_two_steps_away_and_an_isolated_entity_stays_so():
    # chain 0 - 1 - 2 by collections, 3 only ever alone; 4 and 5 only with each other
    counts = cooccurrence.build(index_of([{0, 1}, {0, 1}, {1, 2}, {3}, {3}, {3}, {3}, {4, 5}], 6))
    graph = knn_graph.from_cooccurrence(counts, n_neighbors=2, similarity="cosine")
    assert_sound(graph)
    assert graph.indices.tolist() == [[1, 2], [0, 2], [1, 0], [-1, -1], [5, -1], [4, -1]]
    assert graph.filled.tolist() == [[False, True], [False, False], [False, True]] + [[False, False]] * 3
    assert graph.edges.tolist() == [[0, 1], [0, 2], [1, 2], [4, 5]]
    assert graph.edge_weights.tolist() == [2, 2, 2, 2]
    assert graph.isolated.tolist() == [False, False, False, True, False, False]
    assert graph.notes == {"filled": 2, "missing": 4, "isolated": 1}


def test_one_sided_edges_weigh_one_and_mutual_ones_two():
    # 0 meets all three others, most often 1; 2 and 3 meet only 0, so they list it without being listed
    counts = cooccurrence.build(index_of([{0, 1}, {0, 1}, {0, 2}, {0, 3}], 4))
    graph = knn_graph.from_cooccurrence(counts, n_neighbors=1, similarity="count")
    assert graph.edges.tolist() == [[0, 1], [0, 2], [0, 3]]
    assert graph.edge_weights.tolist() == [2, 1, 1]


@pytest.mark.parametrize("n_neighbors", [4, 9])
def test_too_few_entities_say_both_numbers_and_what_to_do(n_neighbors):
    counts = cooccurrence.build(index_of([{0, 1, 2, 3}], 4))
    with pytest.raises(DataError, match=rf"number of entities is 4; .*which is {n_neighbors}. Lower sweep.n_neighbors"):
        knn_graph.from_cooccurrence(counts, n_neighbors=n_neighbors)


def test_equal_input_gives_equal_bits_on_any_number_of_threads():
    generator = np.random.default_rng(1)
    counts = cooccurrence.build(index_of([set(generator.integers(0, 80, 6).tolist()) for _ in range(300)], 80))
    available, graphs = numba.get_num_threads(), []
    try:
        for threads in range(1, min(available, 7) + 1):
            numba.set_num_threads(threads)
            graphs.append(knn_graph.from_cooccurrence(counts, n_neighbors=10, shrinkage=2))
    finally:
        numba.set_num_threads(available)
    assert all(np.array_equal(g.indices, graphs[0].indices) for g in graphs)
    assert all(np.array_equal(g.similarity, graphs[0].similarity) for g in graphs)


def test_a_graph_read_back_is_the_one_written(tmp_path):
    graph = knn_graph.from_cooccurrence(random_counts(3), n_neighbors=3)
    graph.save(tmp_path)
    again = knn_graph.KnnGraph.load(tmp_path)
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
    graph = knn_graph.from_cooccurrence(random_counts(5), n_neighbors=3)
    assert graph.edges.size
    assert any(check in c.name for c in damage(graph).check() if not c.passed)


def test_edges_are_undirected_added_up_and_free_of_loops():
    index = edges_of((0, 1, 1), (1, 0, 2), (1, 2, 1), (2, 2, 5), (0, 1, 0.5), n=4)
    graph = knn_graph.from_edges(index, n_neighbors=2, similarity="weight")
    assert_sound(graph)
    assert graph.indices.tolist() == [[1, 2], [0, 2], [1, 0], [-1, -1]]
    assert graph.similarity[0, 0] == 3.5
    assert {k: graph.notes[k] for k in ("self_loops", "repeated_edges", "isolated")} == {
        "self_loops": 1, "repeated_edges": 2, "isolated": 1,
    }  # fmt: skip


@pytest.mark.parametrize("similarity", ["auto", "cosine", "jaccard"])
def test_linked_entities_with_common_neighbours_come_before_a_bridge(similarity):
    # two cliques 0-3 and 4-7, joined by 3 - 4: for 3 the bridge is its weakest link
    cliques = [(a, b, 1.0) for base in (0, 4) for a in range(base, base + 4) for b in range(a + 1, base + 4)]
    graph = knn_graph.from_edges(edges_of(*cliques, (3, 4, 1.0), n=8), n_neighbors=4, similarity=similarity)
    assert_sound(graph)
    assert graph.indices[3].tolist() == [0, 1, 2, 4]
    assert graph.indices[0].tolist()[:3] == [1, 2, 3]
    assert graph.indices[0, 3] == 4  # nothing else is two steps away
    assert graph.filled[0].tolist() == [False, False, False, True]


def test_an_edge_weight_that_cannot_be_is_named():
    with pytest.raises(DataError, match=r"weight of edge 1 is 0\.0; expected a finite number above 0"):
        knn_graph.from_edges(edges_of((0, 1, 1), (1, 2, 0), n=3), n_neighbors=1)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_nearest_vectors_are_those_of_all_pairs(metric, monkeypatch):
    monkeypatch.setattr(vector_neighbours, "BLOCK_VALUES", 500)  # several blocks
    vectors = np.random.default_rng(0).standard_normal((90, 7)).astype(np.float32)
    graph = knn_graph.from_vectors(VectorIndex(vectors), n_neighbors=5, metric=metric)
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


def test_equal_vectors_list_each_other_lowest_first():
    vectors = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    graph = knn_graph.from_vectors(VectorIndex(vectors), n_neighbors=3, metric="euclidean")
    assert_sound(graph)
    assert graph.indices[:5].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [5, 6, 7]]


def test_a_vector_without_direction_is_isolated_under_cosine():
    vectors = np.random.default_rng(0).random((8, 3)).astype(np.float32)
    vectors[2] = 0
    graph = knn_graph.from_vectors(VectorIndex(vectors), n_neighbors=3)
    assert_sound(graph)
    assert graph.isolated.tolist() == [i == 2 for i in range(8)]


def test_a_vector_that_is_not_finite_is_named():
    vectors = np.ones((5, 2), np.float32)
    vectors[3, 1] = np.nan
    with pytest.raises(DataError, match=r"vector of row 3 is 'nan'; expected finite numbers only"):
        knn_graph.from_vectors(VectorIndex(vectors), n_neighbors=2)


@pytest.mark.slow
def test_the_search_for_many_vectors_finds_almost_all_that_are_nearest_and_is_reproducible():
    vectors = np.random.default_rng(0).standard_normal((3000, 8)).astype(np.float32)
    exact = vector_neighbours.nearest(vectors, k=10, metric="euclidean")[0]
    approximate = [vector_neighbours.nearest(vectors, k=10, metric="euclidean", exact_limit=100)[0] for _ in range(2)]
    assert np.array_equal(approximate[0], approximate[1])
    found = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, approximate[0], strict=True)])
    assert found > 0.98  # 0.998 measured; by chance 0.003
