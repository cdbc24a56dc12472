"""Layouts by torch against the compiled kernels: on the CPU, where both are to hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_assets.kernels import pacmap, torch_layouts, tsne, umap
from atlas_assets.kernels.grid_field import GridField
from atlas_assets.kernels.splitmix import splitmix64_reference
from atlas_tests.kernels.test_layout_steps import (
    DIMS,
    SEEDS,
    UMAP_CURVE,
    affinities_of,
    counted,
    parts,
    positions,
    symmetric,
)

WORKING = [300, 1 << 22]  # pairs at once: of a few rows, of all


@pytest.fixture(autouse=True)
def _one_thread():
    """Of torch: small tensors are quicker so, beside other work ten times."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def follow(pair: tuple[Any, Any], step: Callable[[Any], object], *, steps: int, most: float) -> None:
    """Both make the same steps; ``most``: how far apart entities may be after them, of the width of the map."""
    kernel, by_torch = pair
    for _ in range(steps):
        step(kernel)
        step(by_torch)
    width = np.ptp(kernel.positions())
    np.testing.assert_allclose(by_torch.positions(), kernel.positions(), atol=most * width)


@settings(max_examples=12)
@given(seed=SEEDS, dims=DIMS, working=st.sampled_from(WORKING), width=st.sampled_from([0.01, 1.0, 10.0]))
def test_umap_by_torch_goes_where_the_kernel_goes(seed, dims, working, width):
    start, fuzzy = positions(140, dims, seed, width), symmetric(140, seed, share=0.05)
    how: dict[str, Any] = UMAP_CURVE | {"negative_sample_rate": 5, "strangers": 8, "seed": seed}
    pair = umap.Descent(start, fuzzy, **how), torch_layouts.Umap(start, fuzzy, **how, device="cpu", working=working)
    follow(pair, lambda one: one.epoch(0.05), steps=3, most=2e-4)


@settings(max_examples=12)
@given(seed=SEEDS, dims=DIMS, working=st.sampled_from(WORKING), width=st.sampled_from([0.1, 1.0, 10.0]))
def test_t_sne_by_torch_goes_where_the_kernel_goes(seed, dims, working, width):
    start, affinities = positions(140, dims, seed, width), affinities_of(140, seed)
    pair = tsne.Descent(start, affinities), torch_layouts.Tsne(start, affinities, device="cpu", working=working)
    follow(pair, lambda one: one.step(rate=1, momentum=0.8, exaggeration=4.0), steps=3, most=1e-5)
    assert pair[0].step(rate=1, momentum=0.8) == pytest.approx(pair[1].step(rate=1, momentum=0.8), rel=1e-5)
    for one in pair:
        one.restart()
    follow(pair, lambda one: one.step(rate=1, momentum=0.5), steps=2, most=1e-5)


@pytest.mark.parametrize("working", [700, 1 << 22])
@pytest.mark.parametrize("dims", [2, 3])
def test_t_sne_by_torch_goes_through_the_same_grid(dims, working, monkeypatch):
    monkeypatch.setitem(tsne.ALL_PAIRS, dims, 500)
    monkeypatch.setitem(tsne.MOST_GRID, dims, 20_000)
    start = positions(1_500, dims, 0, 6.0)
    affinities = affinities_of(1_500, 0, share=0.0)
    pair = tsne.Descent(start, affinities), torch_layouts.Tsne(start, affinities, device="cpu", working=working)
    assert pair[1]._grid is not None
    follow(pair, lambda one: one.step(rate=1_500, momentum=0.8), steps=6, most=1e-5)
    field = GridField(
        lambda squares: 1 / (1 + squares), n_points=1_500, n_dims=dims, spacing=tsne.SPACING[dims], most=20_000
    )
    for width in (1.0, 30.0, 0.1):
        x = positions(1_500, dims, 1, width)
        exact, slopes = field.of(x)
        potential, gradient = pair[1]._grid.of(torch.from_numpy(x), working)
        np.testing.assert_allclose(potential, exact, rtol=1e-4)
        np.testing.assert_allclose(gradient, slopes, atol=1e-4 * np.abs(slopes).max())


@settings(max_examples=12)
@given(
    seed=SEEDS,
    dims=DIMS,
    working=st.sampled_from(WORKING),
    width=st.sampled_from([0.1, 3.0, 50.0]),
    middle=st.sampled_from([None, 0.0, 100.0]),
    local=st.sampled_from([0.0, 3.0]),
)
def test_pacmap_by_torch_goes_where_the_kernel_goes(seed, dims, working, width, middle, local):
    start, near = positions(140, dims, seed, width), parts(counted(140, seed, 0.05))
    between = None if middle is None else parts(counted(140, seed + 1, 0.05))
    pair = (
        pacmap.Descent(start, near, between, farther=6, seed=7),
        torch_layouts.Pacmap(start, near, between, farther=6, seed=7, device="cpu", working=working),
    )
    follow(pair, lambda one: one.step(near=2.0, middle=middle or 0.0, rate=0.0, local=local), steps=2, most=0)
    np.testing.assert_allclose(pair[1]._mean, pair[0]._mean, atol=1e-5 * np.abs(pair[0]._mean).max())
    np.testing.assert_allclose(pair[1]._square, pair[0]._square, atol=1e-5 * np.abs(pair[0]._square).max())
    # where a slope is all but 0, Adam's step goes by its sign
    follow(pair, lambda one: one.step(near=2.0, middle=middle or 0.0, rate=0.01, local=local), steps=2, most=1e-3)


@settings(max_examples=25)
@given(
    seed=SEEDS,
    dims=DIMS,
    n=st.sampled_from([2, 30, 300]),
    width=st.sampled_from([0.0, 1.0, 100.0]),
    reach=st.sampled_from([0.5, 3.0, 1e4]),
    working=st.sampled_from(WORKING),
)
def test_torch_draws_the_same_strangers_nearby(seed, dims, n, width, reach, working):
    start, near = positions(n, dims, seed, width), parts(counted(n, seed, 0.1))
    kernel = pacmap.Descent(start, near, None, farther=6, seed=seed)
    by_torch = torch_layouts.Pacmap(start, near, None, farther=6, seed=seed, device="cpu", working=working)
    for _ in range(2):
        kernel.draw_nearby(reach)
        by_torch.draw_nearby(reach)
        assert kernel._strangers is not None
        assert by_torch._strangers is not None
        drawn, theirs = by_torch._strangers
        np.testing.assert_array_equal(drawn, kernel._strangers[0])
        np.testing.assert_array_equal(theirs.indptr, kernel._strangers[1])
        np.testing.assert_array_equal(theirs.columns, kernel._strangers[2])
        for one in (kernel, by_torch):
            one.step(near=0.0, middle=0.0, rate=0.0)
        np.testing.assert_allclose(by_torch._mean, kernel._mean, atol=1e-5 * np.abs(kernel._slopes).max() + 1e-12)


@given(values=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20))
def test_torch_hashes_signed_numbers_as_kernels_hash_unsigned_ones(values):
    array = np.array(values, np.uint64).view(np.int64)
    found = torch_layouts._splitmix64(torch.from_numpy(array)).numpy().view(np.uint64)
    assert found.tolist() == [splitmix64_reference(value) for value in values]


def test_a_position_that_is_no_number_is_an_error_and_no_place_in_memory():
    start = positions(1_200, 2, 0)
    start[7, 1] = np.nan
    descent = torch_layouts.Tsne(start, affinities_of(1_200, 0), device="cpu")
    with pytest.raises(FloatingPointError, match="a position on the map is infinite, or no number"):
        descent.step(rate=1, momentum=0)
    strangers = torch_layouts.Pacmap(start, parts(counted(1_200, 0, 0.001)), None, farther=3, seed=0, device="cpu")
    with pytest.raises(FloatingPointError, match="a position on the map is infinite, or no number"):
        strangers.draw_nearby(1.0)


def test_memory_that_runs_out_takes_fewer_pairs_and_gives_the_same_map(monkeypatch):
    start, affinities = positions(140, 2, 0), affinities_of(140, 0)
    along = torch_layouts._Descent._along

    def at_most(self, *arguments):
        if self.working > torch_layouts.WORKING // 4:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return along(self, *arguments)

    plain, short = (torch_layouts.Tsne(start, affinities, device="cpu") for _ in range(2))
    plain.step(rate=100, momentum=0.8)
    monkeypatch.setattr(torch_layouts._Descent, "_along", at_most)
    short.step(rate=100, momentum=0.8)
    assert short.working == torch_layouts.WORKING // 4
    np.testing.assert_array_equal(short.positions(), plain.positions())


def test_memory_that_never_does_is_an_error(monkeypatch):
    taken = []

    def never(self, *_):
        taken.append(self.working)
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch_layouts._Descent, "_on_ring", never)
    how: dict[str, Any] = UMAP_CURVE | {"negative_sample_rate": 5, "strangers": 4, "seed": 0}
    descent = torch_layouts.Umap(positions(30, 2, 0), symmetric(30, 0), **how, device="cpu")
    with pytest.raises(torch.cuda.OutOfMemoryError):
        descent.epoch(0.1)
    assert taken == [torch_layouts.WORKING >> shift for shift in range(7)]
    assert taken[-1] == torch_layouts.FEWEST
    np.testing.assert_array_equal(descent.positions(), positions(30, 2, 0))  # nothing was done by halves
