"""Quality figures: exactly 1 where a map is perfect, chance where it is shuffled, naive references in between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from atlas_assets.stages.geometry import neighbour_lists
from atlas_assets.stages.quality import quality
from atlas_assets.stages.quality import reference as yardstick
from atlas_assets.stages.quality.measures import remarks
from atlas_assets.stages.quality.reference import Triplets, Yardstick
from atlas_assets.stages.quality.sampling_error import Estimate
from atlas_assets.stages.relation.knn_graph import KnnGraph
from atlas_tests.stages.maps import broken_graph, isolated_graph
from atlas_tests.stages.test_knn_graph import VectorIndex, from_vectors

seeds = st.integers(0, 2**32 - 1)


class Embedded:
    """Anything with positions is an embedding."""

    def __init__(self, positions: np.ndarray) -> None:
        self.positions = positions


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
    against = Yardstick(graph, embedding=Embedded(positions), holdout=_pairs_of(graph.indices))
    perfect = quality.measure(positions, against)
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

    shuffled = quality.measure(np.random.default_rng(1).permutation(positions), against)
    for name in ("held_out_recall", "neighbour_recall", "embedding_recall"):
        assert shuffled.metrics[name] == pytest.approx(15 / 299, abs=0.02), name
    assert shuffled.metrics["held_out_lift"] == pytest.approx(1, abs=0.4)
    assert shuffled.metrics["trustworthiness"] == pytest.approx(0.5, abs=0.05)
    assert shuffled.metrics["continuity"] == pytest.approx(0.5, abs=0.05)
    assert shuffled.metrics["triplet_accuracy"] == pytest.approx(0.5, abs=0.03)
    assert shuffled.distortion.mean() > 0.6
    assert _figure(shuffled, "edge_length_median") > 3 * _figure(perfect, "edge_length_median")


@given(angle=st.floats(0, 7), scale=st.floats(1e-3, 1e3), shift=st.floats(-50, 50), mirrored=st.booleans())
@settings(max_examples=15)
def test_figures_do_not_change_when_the_map_is_turned_mirrored_scaled_or_moved(
    faithful, angle: float, scale: float, shift: float, mirrored: bool
):
    positions, graph = faithful
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * [1, -1 if mirrored else 1]
    against = Yardstick(graph, holdout=_pairs_of(graph.indices))
    noisy = positions + 0.3 * np.random.default_rng(4).standard_normal(positions.shape)
    before, after = (quality.measure(p, against) for p in (noisy, noisy @ turn * scale + shift))
    for name, value in before.metrics.items():
        assert after.metrics[name] == (value if value is None else pytest.approx(value, rel=1e-3)), name
    np.testing.assert_allclose(after.distortion, before.distortion, atol=1e-3)


def test_figures_do_not_depend_on_the_order_of_the_entities(faithful):
    """All 300 are ranked, so only the draw of the triplets differs."""
    positions, graph = faithful
    order = np.random.default_rng(6).permutation(300)
    place = np.argsort(order)
    edges = np.sort(place[graph.edges], axis=1)
    sort = np.lexsort((edges[:, 1], edges[:, 0]))
    moved = KnnGraph(
        indices=place[graph.indices[order]].astype(np.int32),
        similarity=graph.similarity[order],
        shared=None,
        filled=graph.filled[order],
        edges=edges[sort].astype(np.int32),
        edge_weights=graph.edge_weights[sort],
        method=graph.method,
    )
    noisy = positions + 0.3 * np.random.default_rng(4).standard_normal(positions.shape)
    indptr, entities = _pairs_of(graph.indices)
    before = quality.measure(noisy, Yardstick(graph, holdout=(indptr, entities)))
    after = quality.measure(noisy[order], Yardstick(moved, holdout=(indptr, place[entities])))
    for name, value in before.metrics.items():
        tolerance = 3 * (before.errors["triplet_accuracy"] or 0) if name == "triplet_accuracy" else 1e-9
        assert after.metrics[name] == (value if value is None else pytest.approx(value, abs=tolerance)), name
    np.testing.assert_allclose(after.distortion, before.distortion[order], atol=1e-6)


def test_the_same_seed_measures_the_same_and_another_one_within_the_error(faithful, monkeypatch):
    monkeypatch.setattr(yardstick, "RANKED_ROWS", 100)
    positions, graph = faithful
    noisy = positions + 0.3 * np.random.default_rng(4).standard_normal(positions.shape)
    first, again, other = (quality.measure(noisy, Yardstick(graph, seed=seed)) for seed in (3, 3, 4))
    assert first.metrics == again.metrics
    assert first.errors == again.errors
    for name in ("trustworthiness", "continuity", "triplet_accuracy"):
        error = first.errors[name]
        assert error is not None
        assert first.metrics[name] != other.metrics[name]
        assert _figure(other, name) == pytest.approx(_figure(first, name), abs=4 * error)


def test_two_errors_cover_what_all_entities_would_give(monkeypatch):
    """Every entity ranked is the truth; of 60 samples of 80 among 900, about 95 % lie within two errors of it."""
    generator = np.random.default_rng(0)
    positions = generator.standard_normal((900, 2))
    graph = from_vectors(VectorIndex(positions.astype(np.float32)), k=15, metric="euclidean")
    torn = positions + generator.standard_normal((900, 2)) * generator.exponential(0.4, (900, 1))
    monkeypatch.setattr(yardstick, "RANKED_ROWS", 900)
    truth = quality.measure(torn, Yardstick(graph))
    assert truth.errors["trustworthiness"] == 0
    monkeypatch.setattr(yardstick, "RANKED_ROWS", 80)
    samples = [quality.measure(torn, Yardstick(graph, seed=seed)) for seed in range(60)]
    for name in ("trustworthiness", "continuity", "triplet_accuracy"):
        errors = np.array([sample.errors[name] for sample in samples], float)
        off = np.array([_figure(sample, name) for sample in samples]) - _figure(truth, name)
        assert (np.abs(off) <= 2 * errors).mean() >= 0.85, name
        assert (np.abs(off) <= errors / 2).mean() < 0.7, name  # control: half an error covers a third
        assert abs(off.mean()) < errors.mean() / 2, name  # and they are not off to one side


def test_a_yardstick_shared_by_two_embeddings_is_that_of_each(faithful):
    positions, graph = faithful
    bent = np.random.default_rng(2).standard_normal((300, 3))
    shared = Yardstick(graph, embedding=Embedded(positions))
    assert quality.measure(positions, shared).metrics["embedding_recall"] == 1
    other = shared.with_embedding(Embedded(bent))
    assert other.reference is shared.reference
    assert (
        quality.measure(positions, other).metrics
        == quality.measure(positions, Yardstick(graph, embedding=Embedded(bent))).metrics
    )
    assert quality.measure(positions, shared).metrics["embedding_recall"] == 1
    assert quality.measure(positions, shared.with_embedding(None)).metrics["embedding_recall"] is None


def test_the_rows_that_are_ranked_are_the_same_for_graphs_with_the_same_connected_entities(faithful):
    positions, graph = faithful
    sparser = from_vectors(VectorIndex(positions), k=5, metric="euclidean")
    one, other = (quality.measure(positions, Yardstick(g)) for g in (graph, sparser))
    mine, theirs = one.parts("trustworthiness"), other.parts("trustworthiness")
    assert mine is not None
    assert theirs is not None
    assert mine[0] == theirs[0]
    assert one.parts("neighbour_recall") is None


def test_recall_by_hand():
    # 1 of 2 found, 1 of 1 found, and a row that wants nothing
    wanted = np.array([[1, 2, -1], [5, -1, -1], [-1, -1, -1]])
    found = np.array([[2, 7, 9], [5, 0, 2], [-1, 0, 1]])
    assert quality.recall(wanted, found) == (1 / 2 + 1) / 2
    assert quality.recall(wanted[2:], found[2:]) is None


@given(seed=seeds, n=st.integers(2, 40), k=st.integers(1, 6))
def test_recall_is_the_mean_overlap_of_sets(seed: int, n: int, k: int):
    generator = np.random.default_rng(seed)
    lists = np.argsort(generator.random((2, n, 12)), axis=2)[:, :, :k].astype(np.int32)
    lists[0, np.arange(k)[None] >= generator.integers(0, k + 1, (n, 1))] = -1
    shares = [len(set(a) & set(b)) / len(a) for one, b in zip(*lists, strict=True) if (a := one[one >= 0]).size]
    found = quality.recall(*lists)
    assert found == (pytest.approx(np.mean(shares)) if shares else None)


def _value(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.value


def test_held_out_recall_counts_every_ordered_pair_once():
    # near: 0 <-> 1, 2 -> 1. Collection {0, 1, 2} has six ordered pairs, of which (0,1), (1,0), (2,1) are near
    near = np.array([[1], [0], [1], [0]])
    assert _value(quality.held_out_recall(near, np.array([0, 3]), np.array([0, 1, 2]))) == 3 / 6
    # a second collection {2, 3}, without any near pair, and one too small to count
    indptr, entities = np.array([0, 3, 5, 6]), np.array([0, 1, 2, 2, 3, 1])
    assert _value(quality.held_out_recall(near, indptr, entities)) == 3 / 8
    assert quality.held_out_recall(near, np.array([0, 1]), np.array([2])) is None


def test_held_out_recall_of_random_collections_is_chance():
    generator = np.random.default_rng(0)
    near = neighbour_lists.from_positions(generator.standard_normal((200, 2)), 15).indices
    entities = np.concatenate([generator.choice(200, 12, replace=False) for _ in range(400)])
    found = quality.held_out_recall(near, np.arange(0, 4801, 12), entities)
    assert found is not None
    assert found.error is not None
    assert abs(found.value - 15 / 199) < 3 * found.error < 0.01


@given(seed=seeds, n=st.integers(20, 60), k=st.integers(1, 6), dims=st.sampled_from([2, 3]))
@settings(max_examples=25)
def test_trustworthiness_and_continuity_are_those_of_scikit_learn(seed: int, n: int, k: int, dims: int):
    from sklearn.manifold import trustworthiness

    generator = np.random.default_rng(seed)
    original, points = generator.standard_normal((n, 5)), generator.standard_normal((n, dims))
    reference, own = cdist(original, original).astype(np.float32), np.arange(n)
    expected = trustworthiness(original, points, n_neighbors=k)
    assert _value(quality.trustworthiness(reference, points, own=own, k=k)) == pytest.approx(expected, abs=1e-6)
    exchanged = trustworthiness(points, original, n_neighbors=k)
    assert _value(quality.continuity(reference, points, own=own, k=k)) == pytest.approx(exchanged, abs=1e-6)
    itself = quality.trustworthiness(cdist(points, points).astype(np.float32), points, own=own, k=k)
    assert _value(itself) == 1


def test_trustworthiness_by_hand():
    # five points; the row's nearest on the map is the one that the reference ranks 3rd: penalty 3 - 1 = 2.
    # 1 - 2 * 2 / (1 * 1 * (2 * 5 - 3 - 1)) = 1/3
    reference, points = np.array([[0.0, 1, 2, 3, 4]]), np.array([[0.0, 0], [9, 0], [8, 0], [1, 0], [7, 0]])
    own = np.array([0])
    assert _value(quality.trustworthiness(reference, points, own=own, k=1)) == pytest.approx(1 / 3)
    assert quality.trustworthiness(reference, points, own=own, k=3) is None  # too few entities for the formula


def test_whom_no_path_reaches_is_as_far_as_can_be():
    """Forty parts of five on a line: everybody reaches four others. Its own part beside each, or other parts."""
    part = np.repeat(np.arange(40), 5)
    reference = np.where(part[:, None] == part, np.abs(np.subtract.outer(np.arange(200), np.arange(200))), np.inf)
    reference, own = reference.astype(np.float32), np.arange(200)
    together = np.stack([np.arange(200.0), np.zeros(200)], axis=1) + np.stack([part * 100.0, part * 0.0], axis=1)
    apart = np.random.default_rng(0).permutation(together)
    assert _value(quality.trustworthiness(reference, together, own=own, k=15)) == 1
    assert _value(quality.continuity(reference, together, own=own, k=15)) == 1
    assert _value(quality.trustworthiness(reference, apart, own=own, k=15)) == pytest.approx(0.5, abs=0.03)


def test_ties_are_not_held_against_a_map_that_no_other_could_do_better():
    """A star: from a leaf the hub is nearest, and all other leaves tie behind it."""
    reference, own = np.full((12, 12), 2, np.float32), np.arange(12)
    reference[0] = reference[:, 0] = 1
    np.fill_diagonal(reference, 0)
    turn = np.linspace(0, 2 * np.pi, 12)
    star = np.stack([np.cos(turn), np.sin(turn)], axis=1) * (own > 0)[:, None]
    hub_outside = star + [100.0, 0] * (own == 0)[:, None]
    assert _value(quality.trustworthiness(reference, star, own=own, k=5)) == 1
    assert 0.5 < _value(quality.trustworthiness(reference, hub_outside, own=own, k=5)) < 0.95


def test_parts_that_nothing_connects_are_counted_and_so_are_strangers_beside_each_other():
    positions = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    part = np.repeat(np.arange(5), 40)
    graph = from_vectors(VectorIndex(positions + 1e4 * part[:, None].astype(np.float32)), k=15, metric="euclidean")
    against = Yardstick(graph)
    mixed = quality.measure(positions[:, :2], against)
    parted = quality.measure(positions[:, :2] + 100 * part[:, None], against)
    assert mixed.metrics["parts"] == parted.metrics["parts"] == 5
    assert parted.metrics["other_parts"] == 0
    assert mixed.metrics["other_parts"] == pytest.approx(0.8, abs=0.02)
    assert _figure(mixed, "trustworthiness") < 0.6 < _figure(parted, "trustworthiness")
    assert "5 parts that nothing connects" in " ".join(remarks(mixed.metrics))
    whole = Yardstick(from_vectors(VectorIndex(positions), k=15))
    assert quality.measure(positions[:, :2], whole).metrics["parts"] is None


@given(seed=seeds, unknown=st.floats(0, 0.9))
@settings(max_examples=25)
def test_triplet_accuracy_counts_the_triplets_whose_order_is_kept(seed: int, unknown: float):
    generator = np.random.default_rng(seed)
    points, rows = generator.standard_normal((30, 2)), np.array([3, 7])
    first, second = generator.integers(0, 30, (2, 2, 40))
    closer = np.where(generator.random((2, 40)) < unknown, 0, generator.choice([-1, 1], (2, 40)))
    found = quality.triplet_accuracy(points, Triplets(rows, first, second, closer))
    kept = [
        np.sign(np.linalg.norm(points[i] - points[a]) - np.linalg.norm(points[i] - points[b])) == c
        for i, *triplets in zip(rows, first, second, closer, strict=True)
        for a, b, c in zip(*triplets, strict=True)
        if c != 0
    ]
    assert (found and found.value) == (pytest.approx(np.mean(kept)) if kept else None)


def test_triplets_follow_the_graph_and_leave_out_what_has_no_path():
    chain = np.stack([np.arange(60.0), np.zeros(60)], axis=1)
    against = Yardstick(from_vectors(VectorIndex(chain.astype(np.float32)), k=4, metric="euclidean"))
    assert _value(quality.triplet_accuracy(chain, against.triplets)) > 0.95
    opposite = replace(against.triplets, closer=-against.triplets.closer)
    assert _value(quality.triplet_accuracy(chain, opposite)) < 0.05
    pieces = Yardstick(broken_graph())
    row, first, second = pieces.triplets.rows[:, None], pieces.triplets.first, pieces.triplets.second
    part = np.searchsorted([40, 60, 62], np.arange(62), side="right")  # the ring, the small ring, the pair
    apart = (part[row] != part[first]) | (part[row] != part[second])
    assert apart.any()
    assert (pieces.triplets.closer[apart] == 0).all()


@given(seed=seeds)
@settings(max_examples=10)
def test_distances_along_the_graph_are_shortest_paths_of_its_lists(seed: int):
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    vectors = np.random.default_rng(seed).standard_normal((60, 3)).astype(np.float32)
    graph = from_vectors(VectorIndex(vectors), k=3, metric="euclidean")
    lists = neighbour_lists.from_graph(graph)
    dense = np.full((60, 60), np.inf)
    for row, (others, lengths) in enumerate(zip(lists.indices, lists.distances, strict=True)):
        for other, length in zip(others, lengths, strict=True):
            dense[row, other] = dense[other, row] = min(dense[row, other], max(length, 1e-6))
    against = Yardstick(graph)
    expected = dijkstra(csr_array(np.where(np.isfinite(dense), dense, 0)), directed=False)
    np.testing.assert_allclose(against.reference, expected[against.connected[against.rows]], rtol=1e-5)


def test_edges_are_as_long_as_the_map_is_wide_when_it_is_random(faithful):
    positions, graph = faithful
    median, p95 = quality.edge_length_quantiles(np.random.default_rng(1).permutation(positions), graph)
    assert 1 < median < p95 < 4
    lengths = np.sqrt(((positions[graph.edges[:, 0]] - positions[graph.edges[:, 1]]) ** 2).sum(axis=1))
    radius = np.sqrt(((positions - positions.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert quality.edge_length_quantiles(positions, graph)[0] == pytest.approx(np.median(lengths) / radius)


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
    measured = quality.measure(generator.standard_normal((64, 3)), Yardstick(graph, holdout=held_out))
    assert all(check.passed for check in measured.check())
    assert measured.metrics["isolated"] == 2
    assert measured.errors["held_out_recall"] is None  # one collection says nothing about others
    assert (measured.distortion[graph.isolated] == 1).all()
    alone = quality.measure(generator.standard_normal((6, 2)), Yardstick(isolated_graph()))
    assert alone.metrics["neighbour_recall"] is None
    assert (alone.distortion == 1).all()


def test_exact_figures_have_no_error_and_sampled_ones_do(faithful):
    positions, graph = faithful
    torn = np.random.default_rng(1).permutation(positions)
    against = Yardstick(graph, embedding=Embedded(positions), holdout=_pairs_of(graph.indices))
    measured = quality.measure(torn, against)
    sampled = {name for name, error in measured.errors.items() if error is not None}
    assert sampled == {"held_out_recall", "held_out_lift", "trustworthiness", "continuity", "triplet_accuracy"}
    lift = _figure(measured, "held_out_lift") / _figure(measured, "held_out_recall")
    assert measured.errors["held_out_lift"] == pytest.approx((measured.errors["held_out_recall"] or 0) * lift)


def test_progress_grows_to_the_end(faithful):
    positions, graph = faithful
    told: list[float] = []
    quality.measure(positions, Yardstick(graph), progress=lambda share, _: told.append(share))
    assert told == sorted(told)
    assert told[-1] >= 0.9


def test_what_is_stored_is_read_back(faithful, tmp_path):
    positions, graph = faithful
    measured = quality.measure(positions, Yardstick(graph, holdout=_pairs_of(graph.indices)))
    measured.save(tmp_path)
    again = quality.Quality.load(tmp_path)
    assert again.metrics == measured.metrics
    assert again.errors == measured.errors
    for name in ("held_out_recall", "triplet_accuracy"):
        stored, made = again.parts(name), measured.parts(name)
        assert stored is not None
        assert made is not None
        assert stored[0] == made[0]
        np.testing.assert_array_equal(stored[1], made[1])
        assert np.sqrt((made[1].astype(float) ** 2).sum()) == pytest.approx(measured.errors[name], rel=0.2)


def test_a_figure_that_is_not_finite_fails_its_check(faithful):
    positions, graph = faithful
    measured = quality.measure(positions, Yardstick(graph))
    damaged = replace(measured, metrics={**measured.metrics, "neighbour_recall": float("nan")})
    assert [c.passed for c in damaged.check()] == [False, True]
