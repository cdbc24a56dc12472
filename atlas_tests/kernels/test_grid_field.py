"""Potentials of all pairs through the grid, and one by one, against their references."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_assets.kernels.all_pairs import ROWS as PAIR_ROWS
from atlas_assets.kernels.all_pairs import student_field, student_field_reference
from atlas_assets.kernels.grid_field import BAND, ROWS, SLACK, GridField, bounds, potential_reference
from atlas_assets.kernels.tsne import SPACING

# Largest error of the potential and of the gradient, which is that of a point's own charge and its nearest one's: from
# where in its cell it lies. Measured over 1,000 pairs nearer than 1 and 500 farther ones: in two dimensions, cells of
# 0.5 wide, 0.053 and 0.10, 0.027 and 0.046; of 0.7, 0.144 and 0.195, 0.076 and 0.092; in three, of 1.0, 0.42 and 0.41,
# 0.21 and 0.17. A search for the worst pair finds somewhat more.
NEAR = {(2, 0.5): (0.07, 0.14), (2, 0.7): (0.19, 0.26), (3, 1.0): (0.55, 0.55)}
FAR = {(2, 0.5): (0.04, 0.065), (2, 0.7): (0.1, 0.12), (3, 1.0): (0.28, 0.22)}


def student(squares: np.ndarray) -> np.ndarray:
    return 1 / (1 + squares)


def field_of(x: np.ndarray, *, spacing: float | None = None, most: int = 1 << 24) -> tuple[np.ndarray, np.ndarray]:
    dims = x.shape[1]
    return GridField(student, n_points=len(x), n_dims=dims, spacing=spacing or SPACING[dims], most=most).of(x)


def among(x: np.ndarray, of: slice) -> tuple[np.ndarray, np.ndarray]:
    """Potential and gradient of some of the points x (n, d) by the formula."""
    away = x[of, None].astype(np.float64) - x[None]
    closeness = student((away**2).sum(axis=2))
    return closeness.sum(axis=1), -2 * (closeness[:, :, None] ** 2 * away).sum(axis=1)


@settings(max_examples=60)
@pytest.mark.parametrize(("dims", "spacing"), NEAR)
@given(seed=st.integers(0, 2**32 - 1), distance=st.floats(0, 40))
def test_two_points_act_on_each_other_as_the_kernel_says_wherever_they_lie(dims, spacing, seed, distance):
    generator = np.random.default_rng(seed)
    direction = generator.standard_normal(dims)
    x = np.stack([np.zeros(dims), direction / np.linalg.norm(direction) * distance]) + generator.random(dims)

    found = field_of(x.astype(np.float32), spacing=spacing)

    expected = potential_reference(x.astype(np.float32), student)
    for part, exact, most in zip(found, expected, (NEAR if distance < 1 else FAR)[dims, spacing], strict=True):
        assert np.abs(part - exact).max() < most


# Error of Z, of the sum over pairs; of gradients, root of the mean square over that of the gradients. Measured: 0.0055,
# 0.13; 0.0050, 0.085. Cells twice as wide: 0.010, 0.41; 0.006, 0.2.
@pytest.mark.parametrize(("dims", "of_total", "of_gradient"), [(2, 0.007, 0.17), (3, 0.007, 0.11)])
def test_on_a_map_errors_mostly_cancel(dims, of_total, of_gradient):
    n = 2_000
    x = np.random.default_rng(1).normal(scale=0.5 * n ** (1 / dims), size=(n, dims)).astype(np.float32)
    potential, gradient = potential_reference(x, student)

    def wrong(spacing: float) -> tuple[float, float]:
        found, slopes = field_of(x, spacing=spacing)
        return (
            abs(found.sum(dtype=np.float64) / potential.sum() - 1) * potential.sum() / (potential.sum() - n),
            float(np.sqrt(((slopes - gradient) ** 2).mean() / (gradient**2).mean())),
        )

    total, slopes = wrong(SPACING[dims])
    assert total < of_total
    assert slopes < of_gradient
    assert wrong(2 * SPACING[dims])[1] > of_gradient
    assert wrong(SPACING[dims] / 2)[1] < of_gradient / 3


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("most", [1 << 24, 20_000])
def test_many_far_away_act_as_one_also_on_a_coarse_grid(dims, most):
    """20,000 in a clump, 30 to 60 away from a few: nothing wraps around the grid, and coarse cells do not matter."""
    generator = np.random.default_rng(0)
    clump = generator.normal(scale=0.5, size=(20_000, dims))
    lone = generator.standard_normal((10, dims))
    lone *= generator.uniform(30, 60, (10, 1)) / np.linalg.norm(lone, axis=1, keepdims=True)
    x = np.concatenate([lone, clump]).astype(np.float32)

    potential, gradient = field_of(x, most=most)

    expected, slopes = among(x, slice(10))
    np.testing.assert_allclose(potential[:10], expected, atol=0.6)  # of the own charge, on the coarse grid
    assert expected.min() > 5
    assert np.linalg.norm(gradient[:10] - slopes, axis=1).max() < FAR[dims, SPACING[dims]][1] * 1.4


@pytest.mark.parametrize("dims", [2, 3])
def test_a_grid_that_would_have_too_many_points_gets_wider_cells(dims):
    x = np.random.default_rng(0).uniform(-500, 500, (3_000, dims)).astype(np.float32)
    field = GridField(student, n_points=3_000, n_dims=dims, spacing=0.5, most=30_000)

    potential, gradient = field.of(x)

    assert np.prod(field._shape) < 30_000 * (SLACK + 0.15) ** dims
    assert np.isfinite(potential).all()
    assert np.abs(gradient).max() < 0.6  # nobody is near anybody: that of the own charge
    assert field_of(x / 100, spacing=0.5)[0].mean() == pytest.approx(
        potential_reference(x / 100, student)[0].mean(), rel=1e-2
    )


@pytest.mark.parametrize("dims", [2, 3])
def test_one_point_and_points_on_one_spot(dims):
    spot = np.full((1, dims), 0.3, np.float32)
    alone, pull = field_of(spot)
    assert alone[0] == pytest.approx(1, abs=FAR[dims, SPACING[dims]][0])
    assert np.abs(pull).max() < FAR[dims, SPACING[dims]][1]

    potential, gradient = field_of(np.repeat(spot, 3 * ROWS + 1, axis=0))
    np.testing.assert_allclose(potential / (3 * ROWS + 1), alone[0], rtol=1e-4)
    np.testing.assert_allclose(gradient / (3 * ROWS + 1), np.repeat(pull, 3 * ROWS + 1, axis=0), atol=1e-4)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dims", [2, 3])
def test_a_very_long_thin_map(dims, axis):
    x = np.random.default_rng(0).random((500, dims)).astype(np.float32)
    x[:, axis] = np.linspace(-2_000, 2_000, 500) + np.where(np.arange(500) % 2, 0, 7)  # pairs 1 apart, 15 between

    found = field_of(x)

    for part, exact, most in zip(found, potential_reference(x, student), FAR[dims, SPACING[dims]], strict=True):
        assert np.abs(part - exact).max() < 1.5 * most  # of a point that has one beside it


@pytest.mark.parametrize("dims", [2, 3])
def test_one_grid_serves_a_map_that_grows_and_shrinks(dims):
    generator = np.random.default_rng(0)
    x = generator.standard_normal((300, dims)).astype(np.float32)
    field = GridField(student, n_points=300, n_dims=dims, spacing=SPACING[dims])
    shapes = []
    for width in (1, 1.02, 4, 12, 2):
        moved = x * np.float32(width) + generator.random(dims).astype(np.float32)
        potential, gradient = field.of(moved)
        exact, slopes = potential_reference(moved, student)
        np.testing.assert_allclose(potential, exact, rtol=0.04, atol=FAR[dims, SPACING[dims]][0])
        wrong = np.sqrt(((gradient - slopes) ** 2).mean())
        assert wrong < FAR[dims, SPACING[dims]][1] if width == 12 else wrong < 0.15 * np.sqrt((slopes**2).mean())
        shapes.append(field._shape)
    assert shapes[0] == shapes[1]  # kept while it does
    assert shapes[1] < shapes[2] < shapes[3] > shapes[4]


@pytest.mark.parametrize("dims", [2, 3])
def test_the_number_of_threads_changes_no_bit_of_a_field(dims):
    x = np.random.default_rng(0).normal(scale=BAND, size=(5 * ROWS + 3, dims)).astype(np.float32)
    found, threads = [], numba.get_num_threads()
    for n_threads in (1, threads):
        numba.set_num_threads(n_threads)
        found.append([part.tobytes() for part in field_of(x)])
    assert found[0] == found[1]


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([1, 2, PAIR_ROWS, 3 * PAIR_ROWS + 5]),
    dims=st.sampled_from([2, 3]),
    width=st.sampled_from([0.0, 1e-3, 1.0, 300.0]),
)
def test_pair_by_pair_the_field_is_exact(seed, n, dims, width):
    y = np.random.default_rng(seed).normal(scale=width, size=(n, dims)).astype(np.float32)
    potential, gradient = np.full(n, np.nan, np.float32), np.full((n, dims), np.nan, np.float32)

    student_field(y, potential, gradient)

    exact, slopes = student_field_reference(y)
    np.testing.assert_allclose(potential, exact, rtol=1e-5)
    np.testing.assert_allclose(gradient, slopes, atol=3e-6 * max(np.abs(slopes).max(), 1))


def test_a_worked_example() -> None:
    """At 0, 1 and 3 on a line: 1 + 1/2 + 1/10, 1 + 1/2 + 1/5, 1 + 1/10 + 1/5; slopes -2 w^2 (x_i - x_j)."""
    y = np.array([[0, 0], [1, 0], [3, 0]], np.float32)
    potential, gradient = np.empty(3, np.float32), np.empty((3, 2), np.float32)

    student_field(y, potential, gradient)

    np.testing.assert_allclose(potential, [1.6, 1.7, 1.3], rtol=1e-6)
    np.testing.assert_allclose(gradient[:, 0], [0.5 + 0.06, -0.5 + 0.16, -0.06 - 0.16], rtol=1e-5)
    assert not gradient[:, 1].any()


def test_bounds_over_several_tasks_and_without_what_is_no_number() -> None:
    x = np.random.default_rng(0).standard_normal((2 * ROWS + 7, 3)).astype(np.float32)
    low, high = bounds(x)
    np.testing.assert_array_equal(low, x.min(axis=0))
    np.testing.assert_array_equal(high, x.max(axis=0))
    for wrong in (np.nan, np.inf):
        x[ROWS + 3, 1] = wrong
        with pytest.raises(FloatingPointError, match="a position on the map is infinite, or no number"):
            bounds(x)
