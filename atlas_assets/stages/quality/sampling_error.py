"""How far a figure taken from a sample may be from what all would give: standard errors of shares, and of differences.

What is sampled are *clusters*: an entity with all its triplets, a held-out collection with all its pairs. Members of
one cluster are alike, so clusters are counted and not members. Every estimate keeps its ``parts``: how much each
cluster moves it. Two figures over the same clusters rise and fall together, and only the parts know by how much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SURELY = 2.0  # standard errors beyond which a difference counts: 95 % of samples fall within
GROUPS = 256  # of clusters, in parts that are stored; the error taken from so many is itself within 5 %


@dataclass(frozen=True)
class Estimate:
    """A share and its standard error (None with fewer than two clusters); parts (clusters,): see ``error_of_parts``."""

    value: float
    error: float | None
    parts: np.ndarray


def share(hits: np.ndarray, counts: np.ndarray, *, population: int | None = None) -> Estimate | None:
    """sum(hits) / sum(counts) over clusters (c,), with the error of having seen these clusters and no others.

    Jackknife of the ratio (Quenouille 1956; Cochran 1977, 6.15): leaving cluster i out moves R = H / C by
    ``(h_i - R c_i) / (C - c_i)``, and the squared error is (c - 1) / c times the sum of the squares of those. It is
    right for clusters of very different sizes. population: how many clusters there are to sample from, where the
    sample is a large part of them and each is known completely (finite population correction, Cochran 1977, 2.6).
    None when nothing was counted.
    """
    hits, counts = np.asarray(hits, np.float64), np.asarray(counts, np.float64)
    total = counts.sum()
    if total == 0:
        return None
    value = float(hits.sum() / total)
    n = int((counts > 0).sum())  # clusters without a count say nothing
    if n < 2:
        return Estimate(value, None, np.zeros(counts.size))
    moved = (hits - value * counts) / (total - counts) * np.sqrt((n - 1) / n)
    parts = moved if population is None else moved * np.sqrt(max(0.0, 1 - n / population))
    return Estimate(value, error_of_parts(parts), parts)


def error_of_parts(parts: np.ndarray) -> float:
    """The square root of the sum of squares: clusters are independent of each other."""
    return float(np.sqrt((np.asarray(parts, np.float64) ** 2).sum()))


def grouped(parts: np.ndarray, *, seed: int, groups: int = GROUPS) -> np.ndarray:
    """Parts of at most ``groups`` random groups of clusters, the same ones for the same number of clusters and seed.

    A group moves the estimate by the sum of what its clusters do (random groups: Wolter 2007, 2).
    """
    if parts.size <= groups:
        return parts
    group = np.random.default_rng(seed).permutation(parts.size) % groups
    return np.bincount(group, weights=parts, minlength=groups)


def tells_apart(difference: float, error: float | None) -> bool:
    """Whether a difference is more than the sample that it was taken from explains; an exact one always is."""
    return abs(difference) > SURELY * (error or 0.0)
