"""Quality figures: exactly 1 where a map is perfect, chance where it is shuffled, worked by hand in between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from atlas_assets.stages import neighbour_lists, quality
from atlas_assets.stages.embedding import Embedding
from atlas_tests.stages.maps import broken_graph, isolated_graph
from atlas_tests.stages.test_knn_graph import VectorIndex, from_vectors


@pytest.fixture(scope="module")
def faithful():
    """A map and the graph of exactly its own nearest neighbours."""
    positions = np.random.default_rng(0).standard_normal((300, 2)).astype(np.float32)
    return positions, from_vectors(VectorIndex(positions), k=15, metric="euclidean")


def _pairs_of(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A held-out collection for every mutual neighbour pair."""
    pairs = [(i, j) for i, row in enumerate(indices) for j in row if i < j and i in indices[j]]
    return np.arange(0, 2 * len(pairs) + 1, 2), np.array(pairs, np.int32).ravel()


def _figure(measured: quality.Quality, name: str) -> float:
    value = measured.metrics[name]
    assert value is not None, name
    return value


def test_a_perfect_map_has_perfect_figures_and_a_shuffled_one_those_of_chance(faithful):
    positions, graph = faithful
    embedding = Embedding(positions=positions, loss=0, iterations=0, residual=0, device="cpu")
    options = {"graph": graph, "embedding": embedding, "holdout": _pairs_of(graph.indices), "seed": 0}
    perfect = quality.measure(positions, **options)
    assert all(check.passed for check in perfect.check())
    for name in ("held_out_recall", "neighbour_recall", "embedding_recall"):
        assert perfect.metrics[name] == 1, name
    assert perfect.metrics["held_out_lift"] == pytest.approx(299 / 15)
    assert perfect.distortion.max() == 0
    # against path lengths, not positions, so not exactly 1
    assert _figure(perfect, "trustworthiness") > 0.99
    assert _figure(perfect, "continuity") > 0.99
    assert _figure(perfect, "triplet_accuracy") > 0.9
    assert perfect.metrics["isolated"] == 0

    shuffled = quality.measure(np.random.default_rng(1).permutation(positions), **options)
    for name in ("held_out_recall", "neighbour_recall", "embedding_recall"):
        assert shuffled.metrics[name] == pytest.approx(15 / 299, abs=0.02), name
    assert shuffled.metrics["held_out_lift"] == pytest.approx(1, abs=0.4)
    assert shuffled.metrics["trustworthiness"] == pytest.approx(0.5, abs=0.05)
    assert shuffled.metrics["continuity"] == pytest.approx(0.5, abs=0.05)
    assert shuffled.metrics["triplet_accuracy"] == pytest.approx(0.5, abs=0.03)
    assert shuffled.distortion.mean() > 0.6
    assert _figure(shuffled, "edge_length_median") > 3 * _figure(perfect, "edge_length_median")


def test_figures_do_not_change_when_the_map_is_turned_or_scaled(faithful):
    positions, graph = faithful
    turned = positions @ np.array([[0.6, -0.8], [0.8, 0.6]]) * 50 + 3
    before, after = (quality.measure(p, graph=graph) for p in (positions, turned))
    for name, value in before.metrics.items():
        assert after.metrics[name] == (value if value is None else pytest.approx(value, rel=1e-3)), name


def test_the_same_seed_measures_the_same(faithful):
    positions, graph = faithful
    first, again = (quality.measure(positions, graph=graph, seed=3) for _ in range(2))
    assert first.metrics == again.metrics


def test_recall_by_hand():
    # 1 of 2 found, 1 of 1 found, and a row that wants nothing
    wanted = np.array([[1, 2, -1], [5, -1, -1], [-1, -1, -1]])
    found = np.array([[2, 7, 9], [5, 0, 2], [-1, 0, 1]])
    assert quality.recall(wanted, found) == (1 / 2 + 1) / 2
    assert quality.recall(wanted[2:], found[2:]) is None


def test_held_out_recall_counts_every_ordered_pair_once():
    # near: 0 <-> 1, 2 -> 1. Collection {0, 1, 2} has six ordered pairs, of which (0,1), (1,0), (2,1) are near
    near = np.array([[1], [0], [1], [0]])
    generator = np.random.default_rng(0)
    found = quality.held_out_recall(near, np.array([0, 3]), np.array([0, 1, 2]), generator=generator)
    assert found == 3 / 6
    # a second collection {2, 3}, without any near pair, and one too small to count
    indptr, entities = np.array([0, 3, 5, 6]), np.array([0, 1, 2, 2, 3, 1])
    assert quality.held_out_recall(near, indptr, entities, generator=generator) == 3 / 8
    assert quality.held_out_recall(near, np.array([0, 1]), np.array([2]), generator=generator) is None


def test_held_out_recall_of_a_sample_is_close_to_that_of_all(monkeypatch):
    generator = np.random.default_rng(0)
    near = neighbour_lists.from_positions(generator.standard_normal((200, 2)), 15).indices
    sets = [generator.choice(200, 12, replace=False) for _ in range(60)]
    indptr, entities = np.arange(0, 721, 12), np.concatenate(sets)
    exact = quality.held_out_recall(near, indptr, entities, generator=generator)
    monkeypatch.setattr(quality, "HELD_OUT_PAIRS", 4000)
    assert quality.held_out_recall(near, indptr, entities, generator=generator) == pytest.approx(exact, abs=0.02)


def test_trustworthiness_by_hand():
    # five points; the row's nearest on the map is the one that the reference ranks 3rd: penalty 3 - 1 = 2.
    # 1 - 2 * 2 / (1 * 1 * (2 * 5 - 3 - 1)) = 1/3
    reference, on_map = np.array([[0.0, 1, 2, 3, 4]]), np.array([[0.0, 9, 8, 1, 7]])
    own = np.array([0])
    assert quality.trustworthiness(reference, on_map, own=own, k=1) == pytest.approx(1 / 3)
    assert quality.trustworthiness(reference, reference, own=own, k=1) == 1
    assert quality.trustworthiness(reference, on_map, own=own, k=3) is None


def test_triplet_accuracy_is_one_for_the_same_order_and_zero_for_the_opposite():
    reference = np.random.default_rng(0).random((6, 40))
    own, generator = np.arange(6), np.random.default_rng(0)
    assert quality.triplet_accuracy(reference, reference * 3, own=own, generator=generator) == 1
    assert quality.triplet_accuracy(reference, -reference, own=own, generator=generator) == 0
    assert quality.triplet_accuracy(np.full((6, 40), np.inf), reference, own=own, generator=generator) is None


def test_distortion_of_one_entity_moved_away():
    """Moving an entity across the map tears it fully, its neighbours a little, and the far side not at all."""
    positions = np.stack([np.arange(60.0), np.zeros(60)], axis=1)
    graph = from_vectors(VectorIndex(positions.astype(np.float32)), k=4, metric="euclidean")
    assert quality.distortion(positions, graph).max() == 0
    moved = positions.copy()
    moved[10] = [300.0, 0.0]
    torn = quality.distortion(moved, graph)
    assert torn[10] > 0.8  # though everything is far from where it is now
    assert 0.15 < torn[9] < 0.3  # one of four neighbours lost
    assert torn[30] == 0


def test_broken_graphs_are_measured_too():
    graph = broken_graph()
    generator = np.random.default_rng(0)
    held_out = np.array([0, 2]), np.array([0, 1])
    measured = quality.measure(generator.standard_normal((64, 3)), graph=graph, holdout=held_out)
    assert all(check.passed for check in measured.check())
    assert measured.metrics["isolated"] == 2
    assert (measured.distortion[graph.isolated] == 1).all()
    alone = quality.measure(generator.standard_normal((6, 2)), graph=isolated_graph())
    assert alone.metrics["neighbour_recall"] is None
    assert (alone.distortion == 1).all()


def test_a_figure_that_is_not_finite_fails_its_check(faithful):
    positions, graph = faithful
    measured = quality.measure(positions, graph=graph)
    damaged = replace(measured, metrics={**measured.metrics, "neighbour_recall": float("nan")})
    assert [c.passed for c in damaged.check()] == [False, True]
