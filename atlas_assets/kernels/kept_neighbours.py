"""What a map keeps of neighbour lists: common entries, how near listed neighbours lie, how long edges are.

Every row is its own task and is summed in order, so nothing depends on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

ROWS = 1024  # per task


@njit(cache=True, parallel=True)
def _common(wanted, found, out):
    n = len(wanted)
    for task in prange((n + ROWS - 1) // ROWS):
        for row in range(task * ROWS, min(n, (task + 1) * ROWS)):
            hits = 0
            for entry in wanted[row]:
                if entry >= 0:
                    for other in found[row]:
                        if other == entry:
                            hits += 1
                            break
            out[row] = hits


def common_entries(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Of each row, how many entries of wanted (n, k) are in found (n, l) as well, (n,) int64; -1 is no entry."""
    out = np.empty(len(wanted), np.int64)
    _common(wanted, found, out)
    return out


def common_entries_reference(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The same by sets."""
    return np.array(
        [
            sum(entry in set(others.tolist()) for entry in row.tolist() if entry >= 0)
            for row, others in zip(wanted, found, strict=True)
        ],
        np.int64,
    )


@njit(cache=True)
def _length(points, one, other):
    total = 0.0
    for dim in range(points.shape[1]):
        total += (points[other, dim] - points[one, dim]) * (points[other, dim] - points[one, dim])
    return np.sqrt(total)


@njit(cache=True, parallel=True)
def _share_kept(points, indices, reach, out):
    n, k = indices.shape
    for task in prange((n + ROWS - 1) // ROWS):
        for row in range(task * ROWS, min(n, (task + 1) * ROWS)):
            kept, count = 0.0, 0
            for slot in range(k):
                other = indices[row, slot]
                if other < 0:
                    continue
                away, count = _length(points, row, other), count + 1
                if away <= reach[row]:
                    kept += 1.0
                else:
                    kept += min(np.sqrt(reach[row] * reach[other]) / away, 1.0)
            out[row] = kept / max(count, 1)


def share_kept(points: np.ndarray, indices: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Of each row, the mean over its listed others of 1 where they lie within its reach, else less; (n,) float64.

    points (n, d) float64; indices (n, k), -1 for none; reach (n,). Beyond the reach it is the geometric mean of both
    reaches over the distance, at most 1. 0 for rows that list nobody.
    """
    out = np.empty(len(points))
    _share_kept(np.ascontiguousarray(points, np.float64), indices, reach, out)
    return out


def share_kept_reference(points: np.ndarray, indices: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """The same pair by pair."""
    out = np.zeros(len(points))
    for row, listed in enumerate(indices):
        kept = []
        for other in listed[listed >= 0]:
            away = float(np.linalg.norm(points[other] - points[row]))
            kept.append(1.0 if away <= reach[row] else min(np.sqrt(reach[row] * reach[other]) / away, 1.0))
        out[row] = np.mean(kept) if kept else 0.0
    return out


@njit(cache=True, parallel=True)
def _edge_lengths(points, edges, out):
    m = len(edges)
    for task in prange((m + ROWS - 1) // ROWS):
        for edge in range(task * ROWS, min(m, (task + 1) * ROWS)):
            out[edge] = _length(points, edges[edge, 0], edges[edge, 1])


def edge_lengths(points: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Distance of the two ends of each of edges (m, 2) in points (n, d), (m,) float64."""
    out = np.empty(len(edges))
    _edge_lengths(np.ascontiguousarray(points, np.float64), edges, out)
    return out
