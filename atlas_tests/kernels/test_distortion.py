"""The fused distortion against PyMDE's own penalties and autograd; inner products and combinations against numpy."""

from __future__ import annotations

import numpy as np
import pymde
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_assets.kernels.distortion import ROWS
from atlas_assets.kernels.penalties import ATTRACTIVE, REPULSIVE
from atlas_assets.kernels.vectors import CHUNK, combine, inner_products
from atlas_assets.stages.embedding.push_and_pull import FusedDistortion, PushAndPull
from atlas_assets.stages.embedding.torch_distortion import PENALTIES, TorchDistortion, penalty


def problem_of(n: int, seed: int, *, pairs: int = 7, ratio: float = 2.5) -> PushAndPull:
    generator = np.random.default_rng(seed)
    drawn = np.sort(generator.integers(0, n, (4 * n, 2)), axis=1)
    edges = np.unique(drawn[drawn[:, 0] < drawn[:, 1]], axis=0)
    weights = generator.choice([1.0, 2.0, 0.3], len(edges)).astype(np.float32)
    return PushAndPull(edges, weights, n_entities=n, repulsive_ratio=ratio, repulsive_pairs=pairs, seed=seed)


def of_pymde(problem: PushAndPull, x: np.ndarray, attractive: str, repulsive: str) -> tuple[float, np.ndarray]:
    """Value and gradient by ``pymde.MDE`` itself in float64, with every pushing pair in its list of edges."""
    rows = np.repeat(np.arange(problem.n_entities), np.diff(problem.indptr))
    upper = rows < problem.columns
    edges = np.stack([rows[upper], problem.columns[upper].astype(np.int64)], axis=1)
    pairs = np.sort(problem.pairs(), axis=1)
    weights = np.r_[problem.weights[upper].astype(np.float64), np.full(len(pairs), -problem.push_weight)]
    function = pymde.penalties.PushAndPull(
        torch.tensor(weights), attractive_penalty=PENALTIES[attractive], repulsive_penalty=PENALTIES[repulsive]
    )
    stock = pymde.MDE(problem.n_entities, x.shape[1], torch.tensor(np.concatenate([edges, pairs])), function)
    positions = torch.tensor(x.astype(np.float64), requires_grad=True)
    value = stock.average_distortion(positions) * (len(weights) * problem.scale)
    value.backward()
    assert positions.grad is not None
    return float(value.detach()), positions.grad.numpy()


@settings(max_examples=15)
@pytest.mark.parametrize(("attractive", "repulsive"), list(zip(ATTRACTIVE, REPULSIVE * 2, strict=True)))
@given(
    seed=st.integers(0, 2**32 - 1),
    n_dims=st.integers(2, 5),
    spread=st.sampled_from([0.05, 1.0, 20.0]),
    n=st.sampled_from([40, ROWS, 2 * ROWS + 3]),
)
def test_value_and_gradient_are_those_of_pymde(attractive, repulsive, seed, n_dims, spread, n):
    problem = problem_of(n, seed)
    x = (np.random.default_rng(seed).standard_normal((n, n_dims)) * spread).astype(np.float32)
    gradient = np.full_like(x, np.nan)
    value = FusedDistortion(problem, attractive=attractive, repulsive=repulsive, n_dims=n_dims)(x, gradient)
    expected, slopes = of_pymde(problem, x, attractive, repulsive)
    assert value == pytest.approx(expected, rel=2e-6, abs=1e-6)
    assert np.abs(gradient - slopes).max() <= 2e-6 * np.abs(slopes).max()  # 4e-7 measured on mtg-decks


def test_pairs_on_one_spot_leave_everything_finite():
    problem = problem_of(40, 0)
    for attractive in ATTRACTIVE:
        for repulsive in REPULSIVE:
            gradient = np.full((40, 3), np.nan, np.float32)
            objective = FusedDistortion(problem, attractive=attractive, repulsive=repulsive, n_dims=3)
            assert np.isfinite(objective(np.zeros((40, 3), np.float32), gradient))
            assert np.abs(gradient).max() == 0


@pytest.mark.parametrize(("n", "pairs"), [(2, 5), (3, 5), (10, 50), (11, 3), (50, 24)])
def test_pushing_pairs_are_distinct_and_every_entity_has_as_many(n, pairs):
    edges = np.array([[0, 1]])
    problem = PushAndPull(edges, np.ones(1), n_entities=n, repulsive_ratio=2.0, repulsive_pairs=pairs, seed=1)
    found = np.sort(problem.pairs(), axis=1)
    assert len(np.unique(found, axis=0)) == len(found) == n * min(pairs, (n - 1) // 2)
    assert (found[:, 0] < found[:, 1]).all()
    assert len(set(np.bincount(found.ravel(), minlength=n))) == 1
    if len(found):
        assert len(found) * problem.push_weight == pytest.approx(2.0 * len(edges))
        before = problem.pairs()
        problem.resample()
        assert n < 10 or not np.array_equal(before, problem.pairs())


@pytest.mark.parametrize("working_pairs", [1, 50, 700, 10**6])
def test_torch_agrees_with_the_compiled_kernel_for_any_working_set(working_pairs):
    problem = problem_of(150, 3)
    x = np.random.default_rng(0).standard_normal((150, 3)).astype(np.float32)
    expected, found = np.empty_like(x), np.empty_like(x)
    value = FusedDistortion(problem, attractive="log1p", repulsive="log", n_dims=3)(x, expected)
    objective = TorchDistortion(
        problem,
        attractive=penalty("log1p", role="attractive_penalty"),
        repulsive=penalty("log", role="repulsive_penalty"),
        device="cpu",
        working_pairs=working_pairs,
    )
    assert objective(x, found) == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(found, expected, atol=2e-6 * np.abs(expected).max())


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 4),
    others=st.integers(1, 5),
    n=st.sampled_from([1, 7, CHUNK, 2 * CHUNK + 5]),
)
def test_inner_products_and_combinations_are_those_of_numpy(seed, rows, others, n):
    generator = np.random.default_rng(seed)
    first = generator.standard_normal((rows, n)).astype(np.float32)
    second = generator.standard_normal((others, n)).astype(np.float32)
    np.testing.assert_allclose(
        inner_products(first, second), first.astype(np.float64) @ second.T.astype(np.float64), atol=3e-6 * n**0.5
    )
    factors, out = generator.standard_normal(rows).astype(np.float32), np.full(n, np.nan, np.float32)
    combine(first, factors, out)
    np.testing.assert_allclose(out, factors @ first, atol=1e-5)
