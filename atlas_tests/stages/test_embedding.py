"""The embedding: groups separate, seeds reproduce, broken graphs stay finite, the GPU may run out of memory."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pymde
import pytest
import torch

from atlas_assets.errors import AtlasError
from atlas_assets.stages.embedding import embedding, torch_distortion
from atlas_assets.stages.embedding.constraints import Centered
from atlas_assets.stages.embedding.lbfgs import minimise
from atlas_assets.stages.embedding.push_and_pull import FusedDistortion, PushAndPull
from atlas_assets.stages.embedding.torch_distortion import PENALTIES
from atlas_assets.stages.geometry import spectral
from atlas_assets.stages.geometry.isolated_entities import gather_components, place_isolated
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
    before = embedding.build(graph, device="cpu").positions
    start = before.copy()
    start[[3, 50]] = np.nan  # new entities
    made = embedding.build(graph, init=start, device="cpu")
    moved = np.linalg.norm(made.positions - before, axis=1)
    width = np.ptp(before, axis=0).max()
    assert np.median(moved) < 0.02 * width  # 0.004 measured
    assert moved[[3, 50]].max() < 0.2 * width  # back among their neighbours: 0.02 and 0.04
    assert made.iterations < 40
    elsewhere = embedding.build(graph, device="cpu", init="random").positions
    assert np.median(np.linalg.norm(elsewhere - before, axis=1)) > 0.2 * width


def test_a_converged_map_stays_as_it_is_and_a_turned_start_stays_turned(grouped):
    graph, _ = grouped
    bridges = np.concatenate([graph.edges, [[0, 35], [1, 36], [40, 70], [41, 71]]])  # in one piece
    graph = dataclasses.replace(graph, edges=bridges, edge_weights=np.r_[graph.edge_weights, np.ones(4, np.float32)])
    first = embedding.build(graph, device="cpu")
    assert first.converged
    assert first.residual <= 0.05
    again = embedding.build(graph, device="cpu", init=first.positions)
    assert again.iterations == 0
    np.testing.assert_allclose(again.positions, first.positions, atol=1e-5)
    turned = first.positions[:, [1, 2, 0]] * np.array([1, -1, 1], np.float32) + np.float32(3)
    kept = embedding.build(graph, device="cpu", init=turned).positions
    np.testing.assert_allclose(kept, turned, atol=1e-4)


def test_anchored_entities_do_not_move_and_new_ones_come_to_their_group(grouped):
    graph, group = grouped
    before = embedding.build(graph, device="cpu").positions
    start = before.copy()
    start[[3, 50]] = np.nan
    made = embedding.build(graph, device="cpu", init=start, constraint="anchored").positions
    others = np.setdiff1d(np.arange(90), [3, 50])
    assert np.array_equal(made[others], before[others])
    assert share_of_own_group(made, group) > 0.95


def test_the_iterations_run_out_or_the_residual_converges(grouped):
    graph, _ = grouped
    told: list[str] = []
    short = embedding.build(graph, max_iterations=4, device="cpu", progress=lambda share, message: told.append(message))
    assert (short.iterations, short.converged, short.ending) == (4, False, "stopped after 4 iterations")
    assert told[-1].endswith("stopped at 4 iterations")
    residuals = []
    for tolerance in (0.5, 0.01):
        made = embedding.build(
            graph, tolerance=tolerance, device="cpu", progress=lambda share, message: told.append(message)
        )
        assert (made.converged, made.ending) == (True, "converged")
        assert made.residual <= tolerance
        assert told[-1].endswith("converged")
        residuals.append(made.iterations)
    assert residuals[0] < residuals[1]


def test_a_large_map_is_shaped_by_fewer_pairs_and_settles_by_all(grouped, monkeypatch):
    graph, group = grouped
    used: list[int] = []
    told: list[float] = []

    class Watched(FusedDistortion):
        def __call__(self, x, gradient):
            used.append(self.problem.steps.size)
            return super().__call__(x, gradient)

    monkeypatch.setattr(embedding, "FusedDistortion", Watched)
    monkeypatch.setattr(embedding, "LARGE", 50)
    monkeypatch.setattr(embedding, "COARSE_PAIRS", 10)
    monkeypatch.setattr(embedding, "ITERATIONS_OF_LARGE", 60)
    made = embedding.build(graph, tolerance=0, device="cpu", progress=lambda share, message: told.append(share))
    assert made.iterations == 60
    assert used == sorted(used)
    assert used.count(10) >= 40
    assert used.count(44) >= 20  # 90 entities: all pairs
    assert told == sorted(told)
    assert told[-1] == 1
    assert share_of_own_group(made.positions, group) > 0.95


def test_fewer_pushing_pairs_weigh_as_much_together():
    problem = PushAndPull(
        np.array([[0, 1], [1, 2]]), np.ones(2), n_entities=41, repulsive_ratio=6.0, repulsive_pairs=20, seed=0
    )
    all_steps, weight = problem.steps, problem.push_weight * problem.steps.size
    problem.push_by(5)
    assert problem.steps.tolist() == all_steps[:5].tolist()
    problem.resample()
    assert problem.steps.size == 5
    assert problem.push_weight * 5 == pytest.approx(weight)
    problem.push_by(1000)
    assert problem.steps.size == 20


def test_the_residual_has_no_unit_and_knows_no_number_of_entities(grouped):
    graph, _ = grouped
    n = 90
    twice = dataclasses.replace(
        graph,
        indices=np.concatenate([graph.indices, graph.indices + n]),
        edges=np.concatenate([graph.edges, graph.edges + n]),
        edge_weights=np.tile(graph.edge_weights, 2),
    )
    residuals = []
    for of, start in ((graph, 1.0), (graph, 1000.0), (twice, 1.0)):
        x = np.random.default_rng(0).standard_normal((n, 3)).astype(np.float32) * start
        x -= x.mean(axis=0)
        init = np.tile(x, (len(of.indices) // n, 1))
        found = minimise(
            FusedDistortion(
                PushAndPull(
                    of.edges, of.edge_weights, n_entities=len(init), repulsive_ratio=1e-9, repulsive_pairs=1, seed=0
                ),
                attractive="quadratic",
                repulsive="log",
                n_dims=3,
            ),
            init,
            constraint=Centered(),
            max_iterations=0,
            tolerance=0.0,
        )
        residuals.append(found.residual)
    np.testing.assert_allclose(residuals, residuals[0], rtol=1e-3)


def test_progress_is_told_every_tenth_and_nothing_is_printed(grouped, capfd):
    graph, _ = grouped
    told: list[float] = []
    embedding.build(
        graph, max_iterations=50, tolerance=0, device="cpu", progress=lambda share, message: told.append(share)
    )
    assert told == sorted(told)
    assert np.diff([0, *told]).max() <= 0.1
    assert told[-1] == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "options",
    [
        {"attractive_penalty": "logistic"},
        {"repulsive_penalty": "logratio"},
        {"repulsive_penalty": "invpower", "repulsive_ratio": 0.5},
        {"attractive_penalty": {"name": "power", "exponent": 1.3}},  # from here on through torch
        {"attractive_penalty": {"name": "log1p", "exponent": 2.0}},
        {"repulsive_penalty": {"name": "logratio", "exponent": 3}},
        {"attractive_penalty": {"name": "power", "exponent": 1.5}, "constraint": "standardized"},
        {"resample": 10},
        {"embedding_dim": 2},
        {"embedding_dim": 5},
    ],
)
def test_penalties_and_dimensions_keep_groups_together(grouped, options):
    graph, group = grouped
    made = embedding.build(graph, device="cpu", max_iterations=80, **options)
    assert all(check.passed for check in made.check())
    assert share_of_own_group(made.positions, group) > 0.9


def test_standardized_positions_have_covariance_one(grouped):
    x = embedding.build(grouped[0], device="cpu", constraint="standardized").positions.astype(np.float64)
    again = embedding.build(grouped[0], device="cpu", constraint="standardized", init=x.astype(np.float32)).positions
    for positions in (x, again.astype(np.float64)):
        np.testing.assert_allclose(positions.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(positions.T @ positions / len(x), np.eye(3), atol=1e-5)
    assert np.median(np.linalg.norm(again - x, axis=1)) < 0.05  # 0.000 measured


def test_the_same_minimum_as_pymde_itself_finds(grouped):
    """Same edges, penalties and start: equal in final distortion, by an optimiser that shares no line of code."""
    graph, _ = grouped
    problem = PushAndPull(
        graph.edges, graph.edge_weights, n_entities=90, repulsive_ratio=3.0, repulsive_pairs=15, seed=0
    )
    pairs = np.sort(problem.pairs(), axis=1)
    edges = np.concatenate([graph.edges, pairs]).astype(np.int64)
    weights = np.r_[graph.edge_weights, np.full(len(pairs), -problem.push_weight)].astype(np.float32)
    function = pymde.penalties.PushAndPull(
        torch.tensor(weights), attractive_penalty=pymde.penalties.Log1p, repulsive_penalty=PENALTIES["log"]
    )
    stock = pymde.MDE(90, 3, torch.tensor(edges), function)
    start = np.random.default_rng(0).standard_normal((90, 3)).astype(np.float32)
    stock.embed(X=torch.tensor(start - start.mean(axis=0)), max_iter=300, eps=1e-7)
    theirs = float(stock.average_distortion(stock.X)) * len(edges) * problem.scale
    found = minimise(
        FusedDistortion(problem, attractive="log1p", repulsive="log", n_dims=3),
        start,
        constraint=Centered(),
        max_iterations=300,
        tolerance=1e-4,
    )
    assert found.value == pytest.approx(theirs, rel=0.02)  # local minima: 0.4 % apart


def test_memory_of_a_gpu_that_runs_out_is_halved_and_then_the_cpu_goes_on(grouped, monkeypatch):
    graph, _ = grouped
    taken: list[int] = []

    def out_of_memory(self, x, gradient):
        taken.append(self.working_pairs)
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB\nmore")

    monkeypatch.setattr(torch_distortion.TorchDistortion, "_evaluate", out_of_memory)
    monkeypatch.setattr(embedding, "gpu_present", lambda: True)
    with pytest.warns(RuntimeWarning, match=r"with 90 entities and [\d,]+ edges \(CUDA .* 20.00 GiB\); going on with"):
        made = embedding.build(graph, max_iterations=5, device="cuda")
    assert made.device == "cpu"
    assert taken == [torch_distortion.WORKING_PAIRS >> shift for shift in range(7)]
    assert taken[-1] == torch_distortion.FEWEST_PAIRS


def test_a_gpu_short_of_memory_finishes_with_a_smaller_working_set(grouped, monkeypatch):
    graph, _ = grouped
    evaluate = torch_distortion.TorchDistortion._evaluate

    def at_most(self, x, gradient):
        if self.working_pairs > torch_distortion.WORKING_PAIRS // 4:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return evaluate(self, x, gradient)

    monkeypatch.setattr(torch_distortion.TorchDistortion, "_evaluate", at_most)
    power = {"name": "power", "exponent": 1.5}  # goes through torch on the CPU too
    assert embedding.build(graph, max_iterations=5, device="cpu", attractive_penalty=power).iterations == 5


def test_asking_for_a_gpu_that_is_not_there_warns_and_small_graphs_never_ask(grouped, monkeypatch):
    monkeypatch.setattr(embedding, "gpu_present", lambda: False)
    with pytest.warns(RuntimeWarning, match="No CUDA device was found"):
        assert embedding.build(grouped[0], max_iterations=2, device="cuda").device == "cpu"
    assert embedding.build(grouped[0], max_iterations=2, device="auto").device == "cpu"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attractive_penalty": "log2p"}, r"attractive_penalty is 'log2p'; expected one of cubic, hinge, huber"),
        ({"repulsive_penalty": "none"}, r"repulsive_penalty is 'none'; expected one of cubic, "),
        ({"attractive_penalty": "power"}, r"attractive_penalty 'power' cannot .*exponent.*Power\(weights, exponent\)"),
        ({"attractive_penalty": "invpower"}, r"'invpower' cannot be used with .*must be negative"),
        ({"attractive_penalty": {"name": "log1p", "power": 2}}, r"cannot be used with \{'power': 2\}"),
        ({"constraint": "round"}, r"constraint is 'round'; expected one of centered, standardized, anchored"),
        ({"init": "circle"}, r"embedding.init is 'circle'; expected 'spectral', 'random'"),
        ({"init": np.zeros((5, 3))}, r"shape \(5, 3\); expected \(90, 3\)"),
    ],
)
def test_impossible_options_are_named(grouped, options, message):
    with pytest.raises(AtlasError, match=message):
        embedding.build(grouped[0], device="cpu", **options)


def test_coordinates_do_not_depend_on_threads_and_neither_torch_nor_pymde_is_imported():
    program = """
import hashlib, sys
import numpy as np
from atlas_assets.stages.embedding import embedding
from atlas_tests.stages.maps import broken_graph
from atlas_tests.stages.test_knn_graph import edges_of, from_edges
generator = np.random.default_rng(0)
drawn = np.unique(np.sort(generator.integers(0, 1500, (9000, 2)), axis=1), axis=0)
graph = from_edges(edges_of(*[(int(a), int(b), 1.0) for a, b in drawn if a != b], n=1500), k=8)
for options in ({}, {"constraint": "standardized"}, {"init": "random", "embedding_dim": 2}):
    made = embedding.build(graph, max_iterations=40, **options)
    print(hashlib.sha256(made.positions.tobytes()).hexdigest(), made.iterations)
assert not {"torch", "pymde"} & set(sys.modules), "imported"
"""
    printed = set()
    for threads in ("1", "2"):
        names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | dict.fromkeys(names, threads),
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        printed.add(done.stdout)
    assert len(printed) == 1
    assert len(set(printed.pop().split())) > 3


def test_components_stay_beside_the_largest():
    generator = np.random.default_rng(0)
    sizes = [200, 40, 2, 2]
    component = np.repeat(np.arange(4), sizes)
    centres = np.array([[1, 1, 1], [30, 0, 0], [0, -90, 0], [1, 1.5, 1]], np.float32)
    positions = (centres[component] + generator.standard_normal((244, 3))).astype(np.float32)
    moved = gather_components(positions, component)
    assert np.array_equal(moved[component == 0], positions[component == 0])
    assert np.array_equal(moved[component == 3], positions[component == 3])  # was not far
    for c in (1, 2):
        shift = (moved - positions)[component == c]
        np.testing.assert_allclose(shift, shift[:1].repeat(sizes[c], axis=0), atol=1e-5)
    distance = np.linalg.norm(moved - centres[0], axis=1)
    assert distance.max() < 10  # 90 before
    assert np.linalg.norm(moved[component == 1].mean(axis=0) - 1) > 3  # beside, not inside


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
