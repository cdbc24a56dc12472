"""Where an embedding starts from: the slowest modes of the graph, chance, or where its entities were before."""

from __future__ import annotations

from typing import Literal

import numpy as np

from atlas_assets.errors import AtlasError
from atlas_assets.stages.geometry.spectral import spectral_positions

SPREAD = 1.0  # standard deviation of a start; a few iterations find the map's own size


def start_positions(
    init: Literal["spectral", "random"] | str,
    edges: np.ndarray,
    edge_weights: np.ndarray,
    *,
    n_entities: int,
    n_dims: int,
    seed: int,
) -> np.ndarray:
    """(n, n_dims) float32 around the origin. Raises AtlasError for an ``init`` that does not exist."""
    if init == "random":
        return np.random.default_rng(seed).standard_normal((n_entities, n_dims)).astype(np.float32) * SPREAD
    if init != "spectral":
        raise AtlasError(f"embedding.init is {init!r}; expected 'spectral', 'random' or start positions.")
    start = spectral_positions(edges, edge_weights, n_entities=n_entities, n_dims=n_dims, seed=seed)
    return start * np.float32(SPREAD / max(float(start.std()), 1e-12))


def complete(start: np.ndarray, edges: np.ndarray, *, seed: int) -> np.ndarray:
    """Give rows without a position the mean of their neighbours' (a few rounds), with a little seeded noise."""
    known = np.array(np.isfinite(start).all(axis=1), dtype=bool)
    generator = np.random.default_rng(seed)
    if not known.any():
        return generator.standard_normal(start.shape).astype(np.float32)
    missing = ~known
    scale = start[known].std()
    start = np.where(known[:, None], start, 0).astype(np.float64)
    both = np.concatenate([edges, edges[:, ::-1]])
    for _ in range(5):
        if known.all():
            break
        usable = both[known[both[:, 1]] & ~known[both[:, 0]]]
        counts = np.bincount(usable[:, 0], minlength=len(start))
        new = counts > 0
        for d in range(start.shape[1]):
            sums = np.bincount(usable[:, 0], weights=start[usable[:, 1], d], minlength=len(start))
            start[new, d] = sums[new] / counts[new]
        known = known | new
    start[missing] += 0.05 * scale * generator.standard_normal((int(missing.sum()), start.shape[1]))
    return start.astype(np.float32)
