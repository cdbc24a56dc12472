"""Other ways to divide a map: density on the layout, density of vectors, communities of the graph.

Each returns a division into about so many groups, (n,), -1 for none; the number is what their parameter is chosen by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.peers import practice
from benchmarks.region_data import Mapped

SEED = 0
FACTORS = 64


def on_the_layout(place: Mapped, about: int) -> np.ndarray:
    """HDBSCAN on the positions of the map."""
    from fast_hdbscan import HDBSCAN  # pyright: ignore[reportMissingImports]

    sizes = sorted({max(5, round(place.n / about * share)) for share in (0.05, 0.1, 0.2, 0.35, 0.6)})
    points = place.positions.astype(np.float64)
    found = (HDBSCAN(min_cluster_size=size, min_samples=5).fit(points).labels_ for size in sizes)
    return _nearest(about, (np.asarray(labels) for labels in found))


def on_vectors(place: Mapped, about: int) -> np.ndarray | None:
    """EVoC on the vectors, of collections on leading factors; None for edges, which have none."""
    from evoc import EVoC  # pyright: ignore[reportMissingImports]

    if place.vectors is not None:
        vectors = np.asarray(place.vectors)
    elif place.memberships is not None:
        vectors = practice.ppmi_svd(place.memberships, factors=FACTORS)
    else:
        return None
    return np.asarray(EVoC(approx_n_clusters=about, random_state=SEED).fit_predict(vectors.astype(np.float32)))


def on_the_graph(place: Mapped, about: int) -> np.ndarray:
    """Leiden on the graph of neighbours."""
    from sknetwork.clustering import Leiden

    row, column = np.nonzero(place.neighbours >= 0)
    listed = place.neighbours[row, column]
    graph = csr_matrix((np.ones(row.size), (row, listed)), shape=(place.n, place.n))
    graph = csr_matrix(graph + graph.T)
    resolutions = (about / 30, about / 15, about / 8, about / 4, about / 2, about)
    return _nearest(about, (Leiden(resolution, random_state=SEED).fit_predict(graph) for resolution in resolutions))


def _nearest(about: int, found: Iterable[np.ndarray]) -> np.ndarray:
    """Of several divisions that whose number of groups is nearest."""
    return np.asarray(min(found, key=lambda groups: abs(np.log(max(int(groups.max()) + 1, 1) / about))))


PEERS: dict[str, Callable[[Mapped, int], np.ndarray | None]] = {
    "hdbscan": on_the_layout,
    "evoc": on_vectors,
    "leiden": on_the_graph,
}
PACKAGES = ("atlas-assets", "fast-hdbscan", "evoc", "scikit-network", "scikit-learn")
