"""The judge of maps against plain loops, and against what Atlas itself measures."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from atlas_assets.stages.geometry import neighbour_lists
from atlas_assets.stages.quality import quality
from benchmarks import judge
from benchmarks.peers import Memberships, practice


@pytest.fixture
def held_out() -> Memberships:
    random = np.random.default_rng(1)
    collections = [np.sort(random.permutation(60)[: random.integers(1, 9)]) for _ in range(200)]
    indptr = np.r_[0, np.cumsum([c.size for c in collections])].astype(np.int64)
    return Memberships(indptr, np.concatenate(collections).astype(np.int32), 60)


@pytest.fixture
def positions() -> np.ndarray:
    return np.random.default_rng(2).standard_normal((60, 2))


def test_recall_counts_every_ordered_pair(positions: np.ndarray, held_out: Memberships) -> None:
    away = np.linalg.norm(positions[:, None] - positions, axis=2)
    np.fill_diagonal(away, np.inf)
    near = [set(row[:15]) for row in np.argsort(away, axis=1)]
    pairs = [
        pair
        for begin, end in itertools.pairwise(held_out.indptr)
        for pair in itertools.permutations(held_out.entities[begin:end], 2)
    ]

    recall = judge.held_out_recall(positions, held_out)

    assert recall == pytest.approx(np.mean([b in near[a] for a, b in pairs]))
    assert 0.1 < recall < 0.4  # chance is 15/59


def test_recall_is_the_one_that_atlas_reports(positions: np.ndarray, held_out: Memberships) -> None:
    near = neighbour_lists.from_positions(positions, judge.NEIGHBOURS).indices

    estimate = quality.held_out_recall(near, held_out.indptr, held_out.entities)

    assert estimate is not None
    assert judge.held_out_recall(positions, held_out) == pytest.approx(estimate.value)


def test_the_error_of_recall_is_the_one_that_atlas_reports_and_less_between_two_maps(
    positions: np.ndarray, held_out: Memberships
) -> None:
    near = neighbour_lists.from_positions(positions, judge.NEIGHBOURS).indices
    expected = quality.held_out_recall(near, held_out.indptr, held_out.entities)
    moved = positions + 0.01 * np.random.default_rng(3).standard_normal(positions.shape)

    found, pairs = judge.held_out_pairs(positions, held_out)
    other = judge.held_out_pairs(moved, held_out)[0]
    recall, error = judge.ratio_with_error(found, pairs)
    difference, of_difference = judge.ratio_with_error(found - other, pairs)

    assert expected is not None
    assert (recall, error) == pytest.approx((expected.value, expected.error))
    assert difference == pytest.approx(recall - judge.held_out_recall(moved, held_out))
    assert 0 < of_difference < error / 2


def test_an_entity_is_never_its_own_neighbour_even_among_coincident_ones() -> None:
    near = judge.nearest(np.zeros((20, 2)), 5)

    assert near.shape == (20, 5)
    assert not (near == np.arange(20)[:, None]).any()


def ring(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Lists in which everybody is linked to the next one, all links alike."""
    return ((np.arange(n) + 1) % n)[:, None], np.full((n, 1), 0.5)


def test_paths_go_along_links_in_both_directions() -> None:
    lengths = judge.path_lengths(*ring(6), np.array([0]))

    assert lengths[0].tolist() == pytest.approx([0, 0.5, 1, 1.5, 1, 0.5])


def test_triplets_are_in_order_on_a_true_map_and_at_random_on_a_random_one() -> None:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    shuffled = np.random.default_rng(0).permutation(circle)

    given = judge.triplets(*ring(400))
    true, true_error = judge.with_error(judge.triplet_accuracy(circle, given))
    chance, chance_error = judge.with_error(judge.triplet_accuracy(shuffled, given))

    assert true == pytest.approx(1.0, abs=0.01)
    assert chance == pytest.approx(0.5, abs=5 * chance_error)
    assert true_error < 0.001 < chance_error


def test_pairs_that_the_graph_does_not_order_count_for_nothing() -> None:
    lists = np.array([[1], [0], [3], [2]]), np.full((4, 1), 0.5)

    given = judge.triplets(*lists)

    assert given.b.shape == given.order.shape == (4, judge.PER_ROW)
    assert not given.order.any()  # each is linked to one other, and there is nothing else to compare that with
    assert judge.triplet_accuracy(np.zeros((4, 2)), given).size == 0


def test_what_no_path_leads_to_is_infinitely_far() -> None:
    lists = np.array([[1], [0], [3], [2], [-1]]), np.array([[0.5], [0.5], [1.0], [1.0], [0.0]])

    lengths = judge.path_lengths(*lists, np.array([0, 2]))

    assert lengths[0].tolist() == [0, 0.5, np.inf, np.inf, np.inf]
    assert lengths[1].tolist() == [np.inf, np.inf, 0, 1e-6, np.inf]  # alike, and yet linked


def test_distortion_is_what_pymde_minimises() -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(3)
    pairs = np.array([(a, b) for a, b in itertools.combinations(range(12), 2)])
    weights = random.choice([-1.0, -0.2, 1.0, 2.0], len(pairs))
    positions = random.standard_normal((12, 3))

    expected = practice.mde_problem(pairs, weights, n=12, dims=3).average_distortion(
        torch.tensor(positions, dtype=torch.float32)
    )

    assert judge.average_distortion(positions, pairs, weights) == pytest.approx(float(expected), rel=1e-5)
