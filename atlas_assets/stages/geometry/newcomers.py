"""Where entities start that an earlier map did not have: beside those of their neighbours that it had."""

from __future__ import annotations

import numpy as np

ROUNDS = 5  # newcomers that know only newcomers wait for these to be placed
NOISE = 0.1  # of the median length of an edge: nothing starts on top of something else


def place_newcomers(start: np.ndarray, edges: np.ndarray, *, seed: int) -> np.ndarray:
    """A copy of start (n, d) float32 in which rows that are not finite stand near the mean of their neighbours.

    edges (e, 2): undirected. Newcomers without a path of ``ROUNDS`` steps to a known entity stand near the middle;
    where nothing is known, all are drawn from a normal distribution. The same for the same seed.
    """
    generator = np.random.default_rng(seed)
    missing = np.array(~np.isfinite(start).all(axis=1), bool)
    if missing.all():
        return generator.standard_normal(start.shape).astype(np.float32)
    placed = np.where(missing[:, None], 0.0, start.astype(np.float64))
    placed[missing] = placed[~missing].mean(axis=0)
    both = np.concatenate([edges, edges[:, ::-1]])
    known = ~missing
    for _ in range(ROUNDS):
        usable = both[known[both[:, 1]] & ~known[both[:, 0]]]
        if not usable.size:
            break
        counts = np.bincount(usable[:, 0], minlength=len(start))
        new = counts > 0
        for d in range(start.shape[1]):
            sums = np.bincount(usable[:, 0], weights=placed[usable[:, 1], d], minlength=len(start))
            placed[new, d] = sums[new] / counts[new]
        known |= new
    old = edges[~missing[edges].any(axis=1)]
    reach = np.sqrt(((placed[old[:, 0]] - placed[old[:, 1]]) ** 2).sum(axis=1)) if old.size else np.ones(1)
    placed[missing] += NOISE * np.median(reach) * generator.standard_normal((int(missing.sum()), start.shape[1]))
    return placed.astype(np.float32)


def strays(start: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Known entities that stood far from all of their known neighbours, (n,) bool: farther than the map's radius.

    Such is one that had no neighbour before and stood outside: from there, nothing would pull it in.
    """
    known = np.isfinite(start).all(axis=1)
    both_known = edges[np.asarray(known)[edges].all(axis=1)]
    lengths = np.sqrt(((start[both_known[:, 0]] - start[both_known[:, 1]]) ** 2).sum(axis=1))
    nearest = np.full(len(start), -np.inf)
    nearest[both_known.ravel()] = np.inf
    for end in (0, 1):
        np.minimum.at(nearest, both_known[:, end], lengths)
    inside = start[known]
    radius = np.sqrt(((inside - inside.mean(axis=0)) ** 2).sum(axis=1).mean()) if len(inside) else np.inf
    return nearest > radius
