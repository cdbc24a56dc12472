"""The embedding: groups separate, seeds reproduce, broken graphs stay finite, the GPU may run out of memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas_assets.errors import AtlasError
from atlas_assets.stages import embedding, spectral
from atlas_assets.stages.placement import place_isolated
from atlas_tests.stages.maps import broken_graph, grouped_vectors, isolated_graph, share_of_own_group
from atlas_tests.stages.test_knn_graph import from_vectors


@pytest.fixture(scope="module")
def grouped():
    vectors, group = grouped_vectors()
    return from_vectors(vectors, k=6, metric="euclidean"), group


@pytest.mark.parametrize("init", ["spectral", "random"])
@pytest.mark.parametrize("constraint", ["centered", "standardized"])
def test_groups_that_are_far_apart_stay_so_and_mixed_ones_would_show(grouped, init, constraint):
    graph, group = grouped
    made = embedding.build(graph, init=init, constraint=constraint, max_iterations=150, device="cpu")
    assert all(check.passed for check in made.check())
    assert made.positions.shape == (90, 3)
    assert share_of_own_group(made.positions, group) > 0.95  # 1.0 measured
    shuffled = np.random.default_rng(0).permutation(made.positions)
    assert share_of_own_group(shuffled, group) < 0.5  # 1/3 by chance


def test_the_same_seed_gives_the_same_positions_and_another_does_not(grouped):
    graph, _ = grouped
    first, again, other = (embedding.build(graph, seed=seed, max_iterations=30, device="cpu") for seed in (4, 4, 5))
    assert np.array_equal(first.positions, again.positions)
    assert not np.array_equal(first.positions, other.positions)


def test_more_repulsion_spreads_the_neighbours(grouped):
    graph, _ = grouped
    spread = []
    for ratio in (0.5, 5.0):
        x = embedding.build(graph, repulsive_ratio=ratio, max_iterations=100, device="cpu").positions
        spread.append(np.linalg.norm(x[graph.edges[:, 0]] - x[graph.edges[:, 1]], axis=1).mean())
    assert spread[1] > spread[0]


def test_a_broken_graph_gives_finite_positions_with_loners_at_the_border():
    graph = broken_graph()
    made = embedding.build(graph, max_iterations=60, device="cpu")
    assert all(check.passed for check in made.check())
    assert graph.isolated.tolist() == [False] * 62 + [True] * 2
    connected = made.positions[~graph.isolated]
    distance = np.linalg.norm(made.positions - connected.mean(axis=0), axis=1)
    assert (distance[graph.isolated] >= np.quantile(distance[~graph.isolated], 0.99)).all()
    assert (distance[graph.isolated] <= 1.2 * distance[~graph.isolated].max()).all()


def test_entities_that_nothing_connects_still_get_distinct_places():
    made = embedding.build(isolated_graph(), device="cpu")
    assert np.isfinite(made.positions).all()
    assert len(np.unique(made.positions, axis=0)) == 6


def test_a_warm_start_keeps_the_map_where_it_was(grouped):
    graph, _ = grouped
    before = embedding.build(graph, max_iterations=100, device="cpu").positions
    start = before.copy()
    start[[3, 50]] = np.nan  # new entities
    after = embedding.build(graph, init=start, max_iterations=100, device="cpu").positions
    moved = np.linalg.norm(after - before, axis=1)
    radius = np.linalg.norm(before, axis=1).mean()
    assert np.median(moved) < 0.25 * radius  # 0.06 measured; from a random start 1.5
    assert np.linalg.norm(after[3] - before[3]) < radius


def test_progress_is_told_and_pymde_is_silent(grouped, capfd):
    graph, _ = grouped
    told: list[float] = []
    embedding.build(graph, max_iterations=50, device="cpu", progress=lambda share, message: told.append(share))
    assert len(told) >= 5
    assert told == sorted(told)
    assert capfd.readouterr() == ("", "")


def test_running_out_of_gpu_memory_falls_back_to_the_cpu_with_a_warning(grouped, monkeypatch):
    graph, _ = grouped
    asked: list[str] = []
    solve = embedding._solve

    def out_of_memory_on_cuda(*arguments):
        asked.append(arguments[8])
        if arguments[8] == "cuda":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return solve(*arguments)

    monkeypatch.setattr(embedding, "_solve", out_of_memory_on_cuda)
    monkeypatch.setattr(embedding.torch.cuda, "is_available", lambda: True)
    with pytest.warns(RuntimeWarning, match=r"The GPU ran out of memory with [\d,]+ edges; going on with the CPU"):
        made = embedding.build(graph, max_iterations=5, device="auto")
    assert asked == ["cuda", "cpu"]
    assert made.device == "cpu"


def test_asking_for_a_gpu_that_is_not_there_warns(grouped, monkeypatch):
    monkeypatch.setattr(embedding.torch.cuda, "is_available", lambda: False)
    with pytest.warns(RuntimeWarning, match="No CUDA device was found"):
        assert embedding.build(grouped[0], max_iterations=2, device="cuda").device == "cpu"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attractive_penalty": "log2p"}, r"attractive_penalty is 'log2p'; expected one of log1p, linear"),
        ({"repulsive_penalty": "none"}, r"repulsive_penalty is 'none'; expected one of log, "),
        ({"init": "circle"}, r"embedding.init is 'circle'; expected 'spectral', 'random'"),
        ({"init": np.zeros((5, 3))}, r"shape \(5, 3\); expected \(90, 3\)"),
    ],
)
def test_impossible_options_are_named(grouped, options, message):
    with pytest.raises(AtlasError, match=message):
        embedding.build(grouped[0], device="cpu", **options)


def test_spectral_positions_of_a_ring_are_a_ring_and_components_do_not_overlap():
    graph = broken_graph()
    keep = graph.edges.max(axis=1) < 60
    found = spectral.spectral_positions(graph.edges[keep], graph.edge_weights[keep], n_entities=60, n_dims=2, seed=0)
    assert np.isfinite(found).all()
    assert np.abs(found).max() == pytest.approx(1)
    ring = found[:40] - found[:40].mean(axis=0)
    turn = np.unwrap(np.arctan2(ring[:, 1], ring[:, 0]))
    assert abs(turn[-1] - turn[0]) == pytest.approx(2 * np.pi * 39 / 40, rel=0.05)
    apart = np.linalg.norm(found[:40].mean(axis=0) - found[40:].mean(axis=0))
    assert apart > np.linalg.norm(ring, axis=1).max()


def test_placing_loners_leaves_the_others_untouched():
    positions = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)
    isolated = np.arange(50) % 10 == 0
    placed = place_isolated(positions, isolated)
    assert np.array_equal(placed[~isolated], positions[~isolated])
    assert len(np.unique(placed[isolated], axis=0)) == 5
