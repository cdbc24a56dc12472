"""Start positions from the slowest modes of a graph, by a fixed number of matrix products: never hangs, never fails.

An eigensolver may not converge on graphs with many components or near-equal eigenvalues, and a start position does
not need converged eigenvectors, only the large-scale shape.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from atlas_assets.kernels.walk import in_lanes, step

ROUNDS, DEGREE = 4, 10
Matrix = tuple[np.ndarray, np.ndarray, np.ndarray]  # indptr, columns, values
SPARE_MODES = 4  # modes computed beyond the ones used: they absorb what has not converged


def spectral_positions(
    edges: np.ndarray, weights: np.ndarray, *, n_entities: int, n_dims: int, seed: int
) -> np.ndarray:
    """(n, n_dims) float32 with the large components spread inside the unit ball, at most 1 from the centre.

    Each component is laid out by the leading non-trivial eigenvectors of its normalised adjacency
    D^-1/2 A D^-1/2 (Belkin & Niyogi 2003), scaled to a radius that grows with the root of its size; components are put
    side by side on a spiral, largest in the middle. edges (m, 2) int32, weights (m,) positive.
    """
    generator = np.random.default_rng(seed)
    matrix = csr_array((weights, (edges[:, 0], edges[:, 1])), shape=(n_entities, n_entities), dtype=np.float64)
    matrix = (matrix + matrix.T).tocsr()
    n_components, component = connected_components(matrix, directed=False)
    sizes = np.bincount(component, minlength=n_components)
    positions = np.zeros((n_entities, n_dims))
    members = np.split(np.argsort(component, kind="stable"), np.cumsum(sizes)[:-1])
    radii = (sizes / sizes.max()) ** (1 / n_dims)
    for c in np.argsort(-sizes, kind="stable"):
        rows = members[c]
        if rows.size > n_dims + SPARE_MODES + 1:
            whole = n_components == 1
            shape = _modes(matrix if whole else matrix[rows][:, rows].tocsr(), n_dims, generator)
        else:
            shape = generator.standard_normal((rows.size, n_dims)) * 0.3
        positions[rows] = shape * radii[c]
    order = np.argsort(-sizes, kind="stable")
    positions += component_centres(radii, order, n_dims, generator)[component]
    return (positions / max(np.abs(positions).max(), 1e-12)).astype(np.float32)


def _modes(adjacency: csr_array, n_dims: int, generator: np.random.Generator) -> np.ndarray:
    """Leading non-trivial modes of one connected component, each scaled to a standard deviation of 1/2."""
    degree = adjacency.sum(axis=1)
    root = np.sqrt(degree)
    rows = np.repeat(np.arange(root.size), np.diff(adjacency.indptr))
    walk = adjacency.data / (root[rows] * root[adjacency.indices])
    matrix = adjacency.indptr.astype(np.int64), adjacency.indices.astype(np.uint32), walk.astype(np.float32)
    trivial = root / np.linalg.norm(root)  # eigenvalue 1: it says nothing, so it is projected out
    block = generator.standard_normal((root.size, n_dims + SPARE_MODES)).astype(np.float32)
    values = np.linspace(0.5, 1.0, block.shape[1])
    for _ in range(ROUNDS):
        block = _filtered(matrix, block, damped_to=float(values[0]))
        block, values = _ritz(matrix, block, trivial)
    leading = block[:, ::-1][:, :n_dims] / root[:, None]
    leading -= leading.mean(axis=0)
    spread = leading.std(axis=0)
    # a few nodes on a thin branch can dominate a mode; the rest would start on one spot
    shape = np.tanh(leading / np.where(spread > 0, spread, 1) / 2)
    return shape + 1e-3 * generator.standard_normal(shape.shape)


def _filtered(matrix: Matrix, block: np.ndarray, *, damped_to: float) -> np.ndarray:
    """The block with its modes of eigenvalue above ``damped_to`` raised over all others, which keep below 1.

    By the Chebyshev polynomial of ``DEGREE`` on [-1, damped_to], scaled to 1 at the eigenvalue 1 (Zhou & Saad 2007).
    """
    centre, half = (damped_to - 1) / 2, (damped_to + 1) / 2
    first = ratio = half / (1 - centre)
    one, width = np.float32, block.shape[1]
    block = in_lanes(block)
    before, now, spare = block, np.empty_like(block), np.empty_like(block)
    step(*matrix, block, block, one(ratio / half), one(-centre * ratio / half), one(0), now)
    for _ in range(DEGREE - 1):
        following = 1 / (2 / first - ratio)
        along = 2 * following / half
        step(*matrix, now, before, one(along), one(-centre * along), one(-ratio * following), spare)
        before, now, spare = now, spare, np.empty_like(block) if before is block else before
        ratio = following
    return now[:, :width]


def _ritz(matrix: Matrix, block: np.ndarray, trivial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best approximations of modes inside the span of a block, (n, k) float32, and their eigenvalues, rising.

    Products are summed by einsum in a fixed order; BLAS would sum by the number of threads.
    """
    block = block - np.outer(trivial, np.einsum("n,nk->k", trivial, block)).astype(np.float32)
    values, vectors = np.linalg.eigh(np.einsum("na,nb->ab", block, block, dtype=np.float64))
    block = np.einsum("na,ab->nb", block, (vectors / np.sqrt(np.maximum(values, 1e-30))).astype(np.float32))
    walked = np.empty_like(wide := in_lanes(block))
    step(*matrix, wide, wide, np.float32(1), np.float32(0), np.float32(0), walked)
    inner = np.einsum("na,nb->ab", block, walked[:, : block.shape[1]], dtype=np.float64)
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    return np.einsum("na,ab->nb", block, vectors.astype(np.float32)), values


def component_centres(radii: np.ndarray, order: np.ndarray, n_dims: int, generator: np.random.Generator) -> np.ndarray:
    """Centres in order of size: each at the radius at which all volumes so far would fill a ball."""
    directions = generator.standard_normal((radii.size, n_dims))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    filled = np.cumsum(radii[order] ** n_dims)
    distance = np.zeros(radii.size)
    distance[order[1:]] = filled[1:] ** (1 / n_dims) + radii[order[1:]]
    return directions * distance[:, None]
