"""Start positions by distances along the graph: what is many steps apart starts far apart.

Layouts such as t-SNE and UMAP arrange neighbourhoods; how these lie to each other is decided by where they start
(Kobak & Linderman 2021). From here, random-triplet accuracy of both is higher than from the graph's slowest modes, and
about the same for every seed.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from threadpoolctl import threadpool_limits

from atlas_assets.kernels.graph_distances import shortest_paths
from atlas_assets.stages.geometry.alignment import canonical
from atlas_assets.stages.geometry.spectral import component_centres

PIVOTS = 200
NOISE = 1e-3  # of a component's radius: entities with the same distances must not start on one spot


def pivot_positions(lengths: csr_array, *, n_dims: int, seed: int) -> np.ndarray:
    """(n, n_dims) float32: every component by pivot MDS (Brandes & Pich 2007), side by side on a spiral.

    lengths (n, n): symmetric, the positive lengths of the edges. Distances to ``PIVOTS`` random entities of a component
    are double-centred, and projected to their leading axes; its radius grows with the root of its size. The same for
    any number of threads.
    """
    generator = np.random.default_rng(seed)
    n_components, component = connected_components(lengths, directed=False)
    sizes = np.bincount(component, minlength=n_components)
    members = np.split(np.argsort(component, kind="stable"), np.cumsum(sizes)[:-1])
    radii = (sizes / sizes.max()) ** (1 / n_dims)
    order = np.argsort(-sizes, kind="stable")
    positions = np.zeros((len(component), n_dims))
    with threadpool_limits(1, "blas"):  # products over several threads differ in their last bits
        for c in order:
            rows = members[c]
            shape = _shape(lengths if n_components == 1 else csr_array(lengths[rows][:, rows]), n_dims, generator)
            positions[rows] = (shape + NOISE * generator.standard_normal(shape.shape)) * radii[c]
    positions += component_centres(radii, order, n_dims, generator)[component]
    return positions.astype(np.float32)


def _shape(lengths: csr_array, n_dims: int, generator: np.random.Generator) -> np.ndarray:
    """One connected component, (n, n_dims), at root mean square radius 1/2 around the origin."""
    n = len(lengths.indptr) - 1
    if n <= n_dims + 1:
        return generator.standard_normal((n, n_dims)) * 0.3
    pivots = np.sort(generator.permutation(n)[:PIVOTS])
    squared = shortest_paths(pivots, lengths.indptr, lengths.indices, lengths.data).T.astype(np.float64) ** 2
    centred = -0.5 * (squared - squared.mean(axis=0) - squared.mean(axis=1, keepdims=True) + squared.mean())
    _, axes = np.linalg.eigh(centred.T @ centred)
    return 0.5 * canonical(centred @ axes[:, ::-1][:, :n_dims])
