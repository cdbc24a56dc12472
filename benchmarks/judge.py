"""How good a map is, by one code for everybody's, independent of the one that Atlas measures its own maps with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from benchmarks.peers import Memberships

NEIGHBOURS = 15
ROWS, PER_ROW = 1_000, 2_000  # of the triplets
LARGE, ROWS_OF_LARGE = 20_000, 300  # above so many entities, as a tree of shortest paths takes long


def held_out_recall(positions: np.ndarray, held_out: Memberships) -> float:
    """Share of the ordered pairs in held-out collections whose second is among the 15 nearest of the first.

    Exact: every pair of every collection counts. Chance is 15 / (n - 1).
    """
    found, pairs = held_out_pairs(positions, held_out)
    return float(found.sum() / pairs.sum())


def held_out_pairs(positions: np.ndarray, held_out: Memberships) -> tuple[np.ndarray, np.ndarray]:
    """For each held-out collection, how many of its ordered pairs are found so, and how many it has."""
    near = nearest(positions, NEIGHBOURS)
    ones = np.ones(held_out.entities.size)
    shape = (held_out.n_collections, held_out.n_entities)
    matrix = csr_array((ones, held_out.entities, held_out.indptr), shape=shape)
    rows = np.repeat(np.arange(len(near)), near.shape[1])
    listed = csr_array((np.ones(near.size), (rows, near.ravel())), shape=(len(near), len(near)))
    sizes = np.diff(held_out.indptr).astype(np.float64)
    # the entries of M^T M where `listed` has one, without making all of it: per collection, its pairs that are listed
    found = csr_array(matrix @ listed).multiply(matrix).sum(axis=1)
    return np.asarray(found).ravel(), sizes * (sizes - 1)


def nearest(positions: np.ndarray, k: int) -> np.ndarray:
    """(n, k): the nearest other rows. Of coincident ones any may be listed, never the row itself."""
    n = len(positions)
    found = np.asarray(KDTree(positions).query(positions, k=k + 1, workers=-1)[1])
    own = found == np.arange(n)[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(n, k)


def path_lengths(indices: np.ndarray, similarity: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(len(rows), n): shortest paths along neighbour lists, either way; a step costs 1 - similarity, at least 1e-6."""
    n, k = indices.shape
    listed = indices >= 0
    lengths = np.maximum(1.0 - similarity.astype(np.float64), 1e-6)
    sources = np.repeat(np.arange(n), k)[listed.ravel()]
    graph = csr_array((lengths[listed], (sources, indices[listed])), shape=(n, n))
    return dijkstra(graph, directed=False, indices=rows)


@dataclass(frozen=True)
class Triplets:
    """Random a (r,), for each of them random pairs b and c (r, p), and whether the graph has b farther than c: 1, -1.

    0 where the graph does not order them, or one of them is a.
    """

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    order: np.ndarray


def triplets(indices: np.ndarray, similarity: np.ndarray, *, seed: int = 0) -> Triplets:
    """``ROWS`` random a with ``PER_ROW`` pairs each: the same ones for every map of a graph."""
    random = np.random.default_rng(seed)
    connected = np.flatnonzero((indices >= 0).any(axis=1))
    rows = np.sort(random.permutation(connected)[: ROWS if len(indices) <= LARGE else ROWS_OF_LARGE])
    pairs, order = np.empty((rows.size, 2, PER_ROW), np.int32), np.empty((rows.size, PER_ROW), np.int8)
    for at, (row, along) in enumerate(zip(rows, path_lengths(indices, similarity, rows), strict=True)):
        b, c = pairs[at] = random.choice(connected, (2, PER_ROW))
        of_graph = np.where(np.isfinite(along), along, np.nan)[[b, c]]
        gap = of_graph[0] - of_graph[1]
        order[at] = np.where((b != row) & (c != row) & np.isfinite(gap), np.sign(np.nan_to_num(gap)), 0)
    return Triplets(rows, pairs[:, 0], pairs[:, 1], order)


def triplet_accuracy(positions: np.ndarray, given: Triplets) -> np.ndarray:
    """The share of triplets in which map and graph agree whether b or c is closer to a, for each a that has any.

    So two maps can be compared a by a. Pairs that the graph does not order count for nothing.
    """
    shares = []
    for a, b, c, order in zip(given.a, given.b, given.c, given.order, strict=True):
        away = np.linalg.norm(positions[[b, c]].astype(np.float64) - positions[a], axis=2)
        counted = order != 0
        if counted.any():
            shares.append(float((order == np.sign(away[0] - away[1]))[counted].mean()))
    return np.array(shares)


def with_error(shares: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(shares.mean()), float(shares.std() / np.sqrt(shares.size))


def ratio_with_error(found: np.ndarray, pairs: np.ndarray) -> tuple[float, float]:
    """The sum of ``found`` over that of ``pairs``, and its standard error, collections having been drawn at random.

    Give the difference of two maps' ``found`` for by how much they differ: both are judged by the same collections.
    """
    total, n = pairs.sum(), int((pairs > 0).sum())
    ratio = found.sum() / total
    moved = (found - ratio * pairs) / (total - pairs)  # by leaving a collection out (the jackknife of a ratio)
    return float(ratio), float(np.sqrt((moved**2).sum() * (n - 1) / n))


def average_distortion(positions: np.ndarray, pairs: np.ndarray, weights: np.ndarray) -> float:
    """What push-and-pull MDE minimises with PyMDE's penalties Log1p and Log, in float64.

    The mean over pairs of w log(1 + d^1.5) where w > 0 and of w log(1 - exp(-d)) where w < 0.
    """
    ends = positions.astype(np.float64)
    distance = np.linalg.norm(ends[pairs[:, 0]] - ends[pairs[:, 1]], axis=1)
    with np.errstate(divide="ignore"):
        terms = weights * np.where(weights > 0, np.log1p(distance**1.5), np.log(-np.expm1(-distance)))
    return float(terms.mean())
