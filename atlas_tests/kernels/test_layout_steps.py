"""One step of each layout against its naive twin, and slopes against differences of the objectives themselves."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from atlas_assets.kernels import pacmap, tsne, umap
from atlas_assets.kernels.grid_field import potential_reference
from atlas_assets.kernels.order import along_curve

SEEDS = st.integers(0, 2**32 - 1)
DIMS = st.sampled_from([2, 3])


def symmetric(n: int, seed: int, *, share: float = 0.2) -> csr_array:
    """Random weights (n, n) float32, symmetric; everybody has somebody."""
    generator = np.random.default_rng(seed)
    drawn = np.triu(np.where(generator.random((n, n)) < share, generator.random((n, n)), 0), 1)
    drawn[np.arange(n - 1), np.arange(1, n)] = generator.uniform(0.1, 1, n - 1)
    return csr_array((drawn + drawn.T).astype(np.float32))


def positions(n: int, dims: int, seed: int, width: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=width, size=(n, dims)).astype(np.float32)


def differences(objective: Callable[[np.ndarray], float], y: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """The gradient by central differences."""
    gradient, y = np.zeros(y.shape), y.astype(np.float64)
    for place in np.ndindex(*y.shape):
        aside = np.zeros(y.shape)
        aside[place] = step
        gradient[place] = (objective(y + aside) - objective(y - aside)) / (2 * step)
    return gradient


def same_bits(run: Callable[[], np.ndarray]) -> bool:
    """With one thread, and with all."""
    found, threads = [], numba.get_num_threads()
    for n_threads in (1, threads):
        numba.set_num_threads(n_threads)
        found.append(run().tobytes())
    return found[0] == found[1]


# t-SNE


def affinities_of(n: int, seed: int, share: float = 0.2) -> csr_array:
    weights = symmetric(n, seed, share=share)
    weights.data /= weights.data.sum()
    return weights


@settings(max_examples=20)
@given(seed=SEEDS, dims=DIMS, width=st.sampled_from([1e-3, 1.0, 30.0]))
def test_the_gradient_of_t_sne_is_the_slope_of_the_divergence(seed, dims, width):
    y, dense = positions(12, dims, seed, width), affinities_of(12, seed).toarray().astype(np.float64)
    dense /= dense.sum()
    slopes = differences(lambda at: tsne.divergence_reference(at, dense), y, step=1e-4 * width)
    gradient = tsne.gradient_reference(y, dense)
    np.testing.assert_allclose(gradient, slopes, atol=2e-4 * np.abs(gradient).max())


@settings(max_examples=30)
@given(
    seed=SEEDS,
    dims=DIMS,
    n=st.sampled_from([5, tsne.ROWS, tsne.ROWS + 7]),
    width=st.sampled_from([1e-3, 1.0, 10.0]),
    exaggeration=st.sampled_from([1.0, 12.0]),
)
def test_steps_of_t_sne_are_those_of_the_formula(seed, dims, n, width, exaggeration):
    """Three in a row: the first has no update before it, the others move on with momentum and gains."""
    start, affinities = positions(n, dims, seed, width), affinities_of(n, seed)
    descent = tsne.Descent(start, affinities)
    for step in range(3):
        before = (descent.y.copy(), descent._update.copy(), descent._gains.copy())
        total = descent.step(rate=n / exaggeration, momentum=0.8, exaggeration=exaggeration)

        gradient = tsne.gradient_reference(before[0], affinities.toarray().astype(np.float64), exaggeration)
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(descent._gradient, gradient, atol=3e-5 * scale)
        assert total == pytest.approx(potential_reference(before[0], lambda s: 1 / (1 + s))[0].sum() - n, rel=1e-4)
        moved, update, gains = tsne.move_reference(
            before[0], descent._gradient.astype(np.float64), *before[1:], rate=n / exaggeration, momentum=0.8
        )
        np.testing.assert_allclose(descent._update, update, atol=1e-5 * np.abs(update).max())
        np.testing.assert_allclose(descent.y, moved, atol=1e-5 * np.abs(moved).max())
        np.testing.assert_allclose(descent._gains, gains, rtol=1e-6)
        if step == 0:
            assert (descent._gains == np.float32(1.2)).all()


# Root of the mean squared error over that of the gradient, the grid's own: measured 0.123 and 0.080.
@pytest.mark.parametrize(("n", "dims", "most"), [(1_100, 2, 0.15), (8_100, 3, 0.1)])
def test_t_sne_of_many_goes_through_the_grid_with_nearly_the_exact_gradient(n, dims, most):
    neighbours = (np.arange(n)[:, None] + [1, 2, n - 1, n - 2]) % n
    affinities = csr_array((np.full(4 * n, 1 / (4 * n), np.float32), neighbours.ravel(), np.arange(n + 1) * 4), (n, n))
    start = positions(n, dims, 0, 0.5 * n ** (1 / dims))
    descent = tsne.Descent(start, affinities)
    assert descent._field is not None
    total = descent.step(rate=1e-6, momentum=0)  # stands still

    rows = slice(0, 400)
    away = start[rows, None].astype(np.float64) - start[None]
    closeness = 1 / (1 + (away**2).sum(axis=2))
    exact = (4 * affinities[rows].toarray() - 4 * closeness / total) * closeness
    exact = (exact[:, :, None] * away).sum(axis=1)
    error = np.sqrt(((descent._gradient[rows] - exact) ** 2).mean() / (exact**2).mean())
    assert error < most


@pytest.mark.parametrize("dims", [2, 3])
def test_maps_of_t_sne_stay_around_the_origin_and_forget_what_they_are_told_to(dims):
    descent = tsne.Descent(positions(50, dims, 0) + np.float32(7), affinities_of(50, 0))
    for _ in range(5):
        descent.step(rate=50, momentum=0.8)
        np.testing.assert_allclose(descent.y.mean(axis=0), 0, atol=1e-5)
    assert np.abs(descent._update).max() > 0
    descent.restart()
    assert not descent._update.any()
    assert (descent._gains == 1).all()


# UMAP

UMAP_CURVE = {"a": 1.577, "b": 0.895}  # of min_dist 0.1, spread 1


def umap_descent(start: np.ndarray, fuzzy: csr_array, *, strangers: int = 8, rate: float = 5.0, seed: int = 3):
    return umap.Descent(start, fuzzy, **UMAP_CURVE, negative_sample_rate=rate, strangers=strangers, seed=seed)


@settings(max_examples=25)
@given(
    seed=SEEDS,
    dims=DIMS,
    n=st.sampled_from([4, umap.ROWS, umap.ROWS + 9]),
    width=st.sampled_from([0.01, 1.0, 10.0]),
    share=st.sampled_from([0.0, 0.3]),
)
def test_epochs_of_umap_are_those_of_the_formula(seed, dims, n, width, share):
    start, fuzzy = positions(n, dims, seed, width), symmetric(n, seed, share=share)
    descent, random = umap_descent(start, fuzzy), np.random.default_rng(3)
    assert random.permutation(n).astype(np.int32).tolist() == descent._ring.tolist()
    for _ in range(2):
        before, offsets = descent.y.copy(), random.integers(1, n, min(8, n - 1))
        descent.epoch(0.1)
        expected = umap.epoch_reference(
            before, fuzzy, descent._ring, offsets, **UMAP_CURVE, negative_sample_rate=5, rate=0.1
        )
        scale = max(np.abs(expected - before).max(), np.abs(before).max())
        np.testing.assert_allclose(descent.y, expected, atol=2e-5 * scale)


def test_entities_of_umap_on_one_spot_stay_finite_and_stay():
    descent = umap_descent(np.ones((20, 2), np.float32), symmetric(20, 0))
    descent.epoch(1.0)
    np.testing.assert_array_equal(descent.y, 1)


def test_an_edge_of_umap_by_hand():
    """Two, 2 apart, a = b = 1: each pulls by 2 * w * 2 / (1 + 4) * 2, is pushed by 5 w * 2 / (4.001 * 5) * 2."""
    fuzzy = csr_array(np.array([[0, 0.5], [0.5, 0]], np.float32))
    descent = umap.Descent(
        np.array([[0, 0], [2, 0]], np.float32), fuzzy, a=1, b=1, negative_sample_rate=5, strangers=1, seed=0
    )
    descent.epoch(0.1)
    toward = 0.1 * (2 * 0.5 * 2 / 5 * 2 - 5 * 0.5 * 2 / (4.001 * 5) * 2)
    np.testing.assert_allclose(descent.y, [[toward, 0], [2 - toward, 0]], rtol=1e-5)


def test_strangers_of_umap_push_as_much_as_all_others_would_in_the_mean():
    """Over many epochs from the same positions the mean push is that of every other, times rate and degree."""
    n, rounds = 40, 1_600
    start, fuzzy = positions(n, 2, 0, 3.0), symmetric(n, 0)
    found = np.zeros((n, 2))
    descent = umap_descent(start, fuzzy)
    for _ in range(rounds):
        descent.y[:] = start
        descent.epoch(0.1)
        found += descent.y - start
    everybody = umap.epoch_reference(
        start, fuzzy, descent._ring, np.arange(1, n), **UMAP_CURVE, negative_sample_rate=5, rate=0.1
    )
    still = umap.epoch_reference(
        start, fuzzy, descent._ring, np.arange(1, n), **UMAP_CURVE, negative_sample_rate=0, rate=0.1
    )
    pushes = np.abs(everybody - still).mean()
    assert np.abs(found / rounds - (everybody - start)).mean() < 0.06 * pushes  # measured 0.04: noise of the draws


# PaCMAP and LocalMAP


def pairs_of(matrix: csr_array) -> np.ndarray:
    """Every pair once for each time that it counts."""
    rows = np.repeat(np.arange(matrix.indptr.size - 1), np.diff(matrix.indptr))
    upper = rows < matrix.indices
    pairs = np.stack([rows[upper], matrix.indices[upper]], axis=1)
    return np.repeat(pairs, matrix.data[upper].astype(int), axis=0)


def counted(n: int, seed: int, share: float = 0.2) -> csr_array:
    matrix = symmetric(n, seed, share=share)
    upper = np.ceil(2 * np.triu(matrix.toarray(), 1))  # pairs that list each other count twice
    return csr_array((upper + upper.T).astype(np.float32))


def parts(matrix: csr_array) -> pacmap.Matrix:
    return matrix.indptr, matrix.indices, matrix.data


@settings(max_examples=30)
@pytest.mark.parametrize("scale", [pacmap.NEAR, pacmap.MIDDLE, None])
@given(seed=SEEDS, dims=DIMS, width=st.sampled_from([0.1, 3.0, 50.0]))
def test_slopes_of_each_kind_of_pair_are_those_of_its_loss(scale, seed, dims, width):
    y = positions(9, dims, seed, width).astype(np.float64)
    pairs = pairs_of(counted(9, seed))
    slopes = differences(lambda at: pacmap.loss_reference(at, pairs, scale), y, step=1e-4 * width)
    expected = pacmap.slopes_reference(y, pairs, scale)
    # the loss of a mid-near pair is 1e-4 near to all: differences of it keep few digits
    np.testing.assert_allclose(slopes, expected, atol=1e-4 * np.abs(expected).max() + 1e-15)


@settings(max_examples=30)
@given(
    seed=SEEDS,
    dims=DIMS,
    n=st.sampled_from([5, pacmap.ROWS, pacmap.ROWS + 9]),
    width=st.sampled_from([0.1, 3.0, 50]),
    near=st.sampled_from([1.0, 3.0]),
    middle=st.sampled_from([0.0, 500.0]),
    local=st.sampled_from([0.0, 5.0]),
)
def test_slopes_of_a_step_of_pacmap_are_the_sum_over_its_pairs(seed, dims, n, width, near, middle, local):
    start, close, between = positions(n, dims, seed, width), counted(n, seed), counted(n, seed + 1, 0.05)
    descent, random = pacmap.Descent(start, parts(close), parts(between), farther=3, seed=7), np.random.default_rng(7)
    ring = random.permutation(n)

    descent.step(near=near, middle=middle, rate=0.0, local=local)

    offsets = random.integers(1, n, 3)
    strangers = np.stack([np.tile(ring, 3), np.concatenate([np.roll(ring, -offset) for offset in offsets])], axis=1)
    expected = (
        pacmap.slopes_reference(start, strangers, None)
        + near * pacmap.slopes_reference(start, pairs_of(close), float(pacmap.NEAR), local=local)
        + middle * pacmap.slopes_reference(start, pairs_of(between), float(pacmap.MIDDLE))
    )
    np.testing.assert_allclose(descent._slopes, expected, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_array_equal(descent.y, start)


def test_pacmap_steps_by_adam():
    start, close = positions(30, 2, 0, 3.0), counted(30, 0)
    descent = pacmap.Descent(start, parts(close), None, farther=3, seed=7)
    y, mean, square = start.astype(np.float64), np.zeros((30, 2)), np.zeros((30, 2))
    for step in range(1, 5):
        descent.step(near=2.0, middle=1_000.0, rate=0.5)  # without mid-near pairs their weight means nothing
        slopes = descent._slopes.astype(np.float64)
        mean, square = 0.9 * mean + 0.1 * slopes, 0.999 * square + 0.001 * slopes**2
        rate = 0.5 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        y -= rate * mean / (np.sqrt(square) + 1e-7)
        np.testing.assert_allclose(descent.y, y, atol=1e-4)


def allowed(y: np.ndarray, close: csr_array, reach: float) -> np.ndarray:
    """Who may be drawn as whose stranger, (n, n): near on the map, no near pair, nobody themselves."""
    away = np.linalg.norm(y[:, None].astype(np.float64) - y[None], axis=2)
    return (away <= reach * (1 + 1e-6)) & (close.toarray() == 0) & ~np.eye(len(y), dtype=bool)


@settings(max_examples=40)
@given(
    seed=SEEDS,
    dims=DIMS,
    n=st.sampled_from([2, 30, 2 * pacmap.ROWS + 5]),
    width=st.sampled_from([0.0, 1.0, 100.0]),
    reach=st.sampled_from([0.5, 3.0, 1e4]),
)
def test_strangers_nearby_are_within_reach_and_no_near_pairs(seed, dims, n, width, reach):
    y, close = positions(n, dims, seed, width), counted(n, seed, 0.1)
    descent = pacmap.Descent(y, parts(close), None, farther=6, seed=seed)

    descent.draw_nearby(reach)

    assert descent._strangers is not None
    drawn, may = descent._strangers[0], allowed(y, close, reach)
    rows = np.repeat(np.arange(n), 6).reshape(n, 6)
    assert may[rows[drawn >= 0], drawn[drawn >= 0]].all()
    assert (drawn[~may.any(axis=1)] == -1).all()
    plenty = may.sum(axis=1) > 0.4 * n  # one in 20 tries finds somebody but for once in 27,000 times
    assert (drawn[plenty] >= 0).mean() > 0.95 if plenty.any() else True


def test_every_stranger_nearby_is_drawn_about_as_often_and_pushes_both_ends():
    y, close = positions(60, 2, 0, 3.0), counted(60, 0, 0.05)
    descent = pacmap.Descent(y, parts(close), None, farther=300, seed=1)
    descent.draw_nearby(4.0)
    assert descent._strangers is not None
    drawn, ends, sources = descent._strangers
    may = allowed(y, close, 4.0)
    counts = np.stack([np.bincount(row[row >= 0], minlength=60) for row in drawn])
    expected = counts.sum(axis=1, keepdims=True) / np.maximum(may.sum(axis=1, keepdims=True), 1) * may
    chi = ((counts - expected) ** 2 / np.maximum(expected, 1e-9))[may].sum() / may.sum()
    assert 0.8 < chi < 1.1  # 1 for draws that are independent and uniform
    for entity in range(60):
        assert np.array_equal(np.bincount(sources[ends[entity] : ends[entity + 1]], minlength=60), counts[:, entity])

    descent.step(near=0.0, middle=0.0, rate=0.0)
    pairs = np.stack([np.repeat(np.arange(60), 300), drawn.ravel()], axis=1)
    expected = pacmap.slopes_reference(y, pairs[pairs[:, 1] >= 0], None)
    np.testing.assert_allclose(descent._slopes, expected, atol=1e-4 * np.abs(expected).max())


def test_strangers_nearby_are_drawn_anew_each_time_and_lost_when_the_order_changes():
    y, close = positions(80, 2, 0), counted(80, 0, 0.05)
    descent = pacmap.Descent(y, parts(close), None, farther=5, seed=1)
    drawn = []
    for _ in range(2):
        descent.draw_nearby(2.0)
        assert descent._strangers is not None
        drawn.append(descent._strangers[0])
        descent.step(near=1.0, middle=0.0, rate=0.0)
    assert not np.array_equal(*drawn)
    descent.reorder(np.arange(80)[::-1])
    assert descent._strangers is None


@settings(max_examples=20)
@given(seed=st.integers(0, 2**62 - 1), n=st.sampled_from([2, 3, 50]), dims=st.integers(2, 10), ties=st.booleans())
def test_mid_near_pairs_are_the_second_nearest_of_six_drawn(seed, n, dims, ties):
    x = positions(n, dims, seed)
    x = np.round(x).astype(np.float32) if ties else x
    drawn = pacmap.draw_mid_near(x, 4, seed)
    np.testing.assert_array_equal(drawn, pacmap.draw_mid_near_reference(x, 4, seed))
    assert (drawn != np.arange(n)[:, None]).all()
    assert drawn.min() >= 0


def test_mid_near_pairs_are_nearer_than_random_ones_and_not_the_nearest():
    x = np.arange(1_000, dtype=np.float32)[:, None] * np.ones((1, 2), np.float32)
    away = np.abs(pacmap.draw_mid_near(x, 20, 0) - np.arange(1_000)[:, None])[450:550]
    # of six at most 500 away, the second nearest is 2 / 7 of that in the mean
    assert np.mean(away) == pytest.approx(500 * 2 / 7, rel=0.05)


# All of them


def descents(n: int, dims: int):
    start, weights, close = positions(n, dims, 0, 3.0), symmetric(n, 0, share=0.02), counted(n, 1, 0.02)
    scaled = weights.copy()
    scaled.data /= scaled.data.sum()
    yield tsne.Descent(start, scaled), lambda one: one.step(rate=n / 12, momentum=0.8)
    yield umap_descent(start, weights), lambda one: one.epoch(0.1)
    for reach in (0.0, 2.0):
        one = pacmap.Descent(start, parts(close), parts(close), farther=5, seed=2)
        if reach:
            one.draw_nearby(reach)
        yield one, lambda one, reach=reach: one.step(near=2.0, middle=9.0, rate=0.1, local=reach / 2)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_number_of_threads_changes_no_bit_of_any_layout(dims):
    for kind in range(4):

        def run(kind: int = kind) -> np.ndarray:
            descent, step = list(descents(600, dims))[kind]
            for _ in range(3):
                step(descent)
            return descent.positions()

        assert same_bits(run)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_order_in_memory_changes_nothing_but_the_last_digits(dims):
    for (plain, step), (turned, _) in zip(descents(300, dims), descents(300, dims), strict=True):
        if isinstance(turned, pacmap.Descent) and turned._strangers is not None:
            continue  # strangers nearby are drawn by place in memory
        turned.reorder(along_curve(turned.y))
        turned.reorder(np.random.default_rng(0).permutation(300))
        np.testing.assert_array_equal(turned.positions(), plain.positions())
        for _ in range(3):
            step(plain)
            step(turned)
        assert not np.array_equal(plain.y, turned.y)
        np.testing.assert_allclose(turned.positions(), plain.positions(), atol=1e-4)


def test_no_start_is_written_to():
    for descent, step in descents(300, 2):
        before = positions(300, 2, 0, 3.0)
        np.testing.assert_array_equal(descent.positions(), before)
        step(descent)
        assert not np.array_equal(descent.positions(), before)
