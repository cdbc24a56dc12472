"""Slow modes of a graph: as good as a dense eigensolver's, the product behind them that of scipy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from atlas_assets.kernels.walk import in_lanes, step, step_reference
from atlas_assets.stages.geometry.spectral import spectral_positions


def random_graph(n: int, seed: int) -> tuple[np.ndarray, csr_array]:
    """Points on a long strip, joined where they are close: its slowest modes run along it."""
    generator = np.random.default_rng(seed)
    points = generator.random((n, 2)) * [6, 1]
    near = np.triu(np.linalg.norm(points[:, None] - points[None], axis=2) < 0.5, 1)
    edges = np.argwhere(near)
    ends = np.r_[edges[:, 0], edges[:, 1]], np.r_[edges[:, 1], edges[:, 0]]
    return edges, csr_array((np.ones(2 * len(edges), np.float32), ends), shape=(n, n))


@given(seed=st.integers(0, 2**32 - 1), n=st.sampled_from([30, 256, 300]), width=st.integers(1, 9))
def test_a_step_is_the_product_and_the_sum(seed, n, width):
    generator = np.random.default_rng(seed)
    _, matrix = random_graph(n, seed)
    block, previous = generator.standard_normal((2, n, width)).astype(np.float32)
    along, own, back = generator.standard_normal(3).astype(np.float32)
    out = np.full_like(in_lanes(block), np.nan)
    step(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.uint32),
        matrix.data,
        in_lanes(block),
        in_lanes(previous),
        along,
        own,
        back,
        out,
    )
    expected = step_reference(matrix.astype(np.float64), block, previous, along, own, back)
    np.testing.assert_allclose(out[:, :width], expected, atol=1e-5 * np.abs(expected).max())
    assert not out[:, width:].any()


def test_the_axes_are_the_slowest_modes():
    edges, matrix = random_graph(900, 1)
    assert connected_components(matrix, directed=False)[0] == 1
    found = spectral_positions(edges, np.ones(len(edges), np.float32), n_entities=900, n_dims=3, seed=0)
    dense = matrix.toarray().astype(np.float64)
    root = np.sqrt(dense.sum(axis=1))
    values, vectors = np.linalg.eigh(dense / np.outer(root, root))
    modes = vectors[:, ::-1][:, 1:4] / root[:, None]
    for axis in range(3):  # positions are squashed at the ends, hence not exactly 1
        assert abs(np.corrcoef(found[:, axis], modes[:, axis])[0, 1]) > 0.97, values[-4:]
        fourth = vectors[:, -6] / root
        assert abs(np.corrcoef(found[:, axis], fourth)[0, 1]) < 0.2
