"""Gradient descent of t-SNE: attraction along the affinities, repulsion of all pairs through a grid.

The objective is van der Maaten & Hinton's (2008). Its gradient is ``4 sum_j p_ij w_ij (y_i - y_j) + 2 grad phi_i / Z``
with ``w_ij = 1 / (1 + |y_i - y_j|^2)``, ``phi_i = sum_j w_ij`` and ``Z = sum phi_i``, both without own terms: phi is
the potential of ``grid_field``, or for few entities that of ``all_pairs``.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from scipy.sparse import csr_array

from atlas_assets.kernels.all_pairs import student_field
from atlas_assets.kernels.grid_field import GridField
from atlas_assets.kernels.order import permuted
from atlas_assets.kernels.penalties import ORDERED

ROWS = 256  # per task; fixed, so that sums do not depend on the number of threads
LEAST_GAIN = np.float32(0.01)
ALL_PAIRS = {2: 1_000, 3: 8_000}  # entities up to which all pairs cost less than a grid of so many dimensions
# Width of a cell of the grid. With 0.5, 0.7 and 1, held-out recall of mtg-decks in two dimensions is 0.172, 0.172 and
# 0.169, in 3.0, 1.7 and 0.9 seconds.
SPACING = {2: 0.7, 3: 1.0}
MOST_GRID = {2: 4_000_000, 3: 2_000_000}  # points; wider maps, of a million entities, get wider cells


class Descent:
    """A map on its way: positions y (n, d) float32, in an order of their own, and what the optimiser remembers.

    Memory: 8 bytes per affinity, twice that while they are reordered, and 36 n_dims per entity, beside the grid's.
    """

    def __init__(self, start: np.ndarray, affinities: csr_array) -> None:
        """From start (n, 2 or 3), with symmetric affinities (n, n) float32 that sum to 1. Neither is modified."""
        self.y = np.array(start, np.float32)
        n, n_dims = self.y.shape
        self._matrix = affinities.indptr, affinities.indices, affinities.data
        self._rows = np.arange(n)
        self._gradient = np.empty_like(self.y)
        self._field: GridField | None = None
        self._potential, self._push = np.empty(0, np.float32), np.empty((0, n_dims), np.float32)
        if n > ALL_PAIRS[n_dims]:
            self._field = GridField(
                lambda squares: 1 / (1 + squares),
                n_points=n,
                n_dims=n_dims,
                spacing=SPACING[n_dims],
                most=MOST_GRID[n_dims],
            )
        else:
            self._potential, self._push = np.empty(n, np.float32), np.empty_like(self.y)
        self.restart()

    def restart(self) -> None:
        """Forget earlier updates and gains."""
        self._update, self._gains = np.zeros_like(self.y), np.ones_like(self.y)

    def reorder(self, order: np.ndarray) -> None:
        """Row i becomes what row ``order[i]`` was."""
        self.y, self._update, self._gains = (
            np.ascontiguousarray(a[order]) for a in (self.y, self._update, self._gains)
        )
        self._matrix = permuted(*self._matrix, order)
        self._rows = self._rows[order]

    def positions(self) -> np.ndarray:
        """Where the rows of the start are now, (n, d) float32."""
        placed = np.empty_like(self.y)
        placed[self._rows] = self.y
        return placed

    def step(self, *, rate: float, momentum: float, exaggeration: float = 1.0) -> float:
        """One iteration with gains (Jacobs 1988). Returns Z, the sum that normalises the map's similarities."""
        n = len(self.y)
        if self._field is None:
            student_field(self.y, self._potential, self._push)
            potential, push = self._potential, self._push
        else:
            potential, push = self._field.of(self.y)
        total = max(_total(potential) - n, 1e-12)
        _pull(self.y, *self._matrix, np.float32(4 * exaggeration), push, np.float32(2 / total), self._gradient)
        _move(self.y, self._gradient, self._update, self._gains, np.float32(rate), np.float32(momentum))
        return total


@njit(cache=True, parallel=True)
def _total(values):
    n_tasks = (values.size + ROWS - 1) // ROWS
    parts = np.empty(n_tasks)
    for task in prange(n_tasks):
        part = 0.0
        for i in range(task * ROWS, min(values.size, (task + 1) * ROWS)):
            part += values[i]
        parts[task] = part
    total = 0.0
    for task in range(n_tasks):
        total += parts[task]
    return total


@njit(cache=True, parallel=True, **ORDERED)
def _pull(y, indptr, columns, affinities, factor, push, push_factor, gradient):
    n, n_dims = y.shape
    one = np.float32(1)
    for task in prange((n + ROWS - 1) // ROWS):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            if n_dims == 2:
                y0, y1 = y[i, 0], y[i, 1]
                g0 = g1 = np.float32(0)
                for slot in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
                    j = np.uint64(columns[slot])
                    d0, d1 = y0 - y[j, np.uint64(0)], y1 - y[j, np.uint64(1)]
                    w = affinities[slot] / (one + d0 * d0 + d1 * d1)
                    g0 += w * d0
                    g1 += w * d1
                gradient[i, 0] = factor * g0 + push_factor * push[i, 0]
                gradient[i, 1] = factor * g1 + push_factor * push[i, 1]
            else:
                y0, y1, y2 = y[i, 0], y[i, 1], y[i, 2]
                g0 = g1 = g2 = np.float32(0)
                for slot in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
                    j = np.uint64(columns[slot])
                    d0, d1, d2 = y0 - y[j, np.uint64(0)], y1 - y[j, np.uint64(1)], y2 - y[j, np.uint64(2)]
                    w = affinities[slot] / (one + d0 * d0 + d1 * d1 + d2 * d2)
                    g0 += w * d0
                    g1 += w * d1
                    g2 += w * d2
                gradient[i, 0] = factor * g0 + push_factor * push[i, 0]
                gradient[i, 1] = factor * g1 + push_factor * push[i, 1]
                gradient[i, 2] = factor * g2 + push_factor * push[i, 2]


@njit(cache=True, parallel=True, **ORDERED)
def _move(y, gradient, update, gains, rate, momentum):
    n, n_dims = y.shape
    n_tasks = (n + ROWS - 1) // ROWS
    sums = np.zeros((n_tasks, n_dims))
    for task in prange(n_tasks):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            for c in range(n_dims):
                g, u = gradient[i, c], update[i, c]
                gain = gains[i, c]
                gain = gain + np.float32(0.2) if np.sign(g) != np.sign(u) else gain * np.float32(0.8)
                gain = max(gain, LEAST_GAIN)
                gains[i, c] = gain
                u = momentum * u - rate * gain * g
                update[i, c] = u
                y[i, c] += u
                sums[task, c] += y[i, c]
    for c in range(n_dims):
        total = 0.0
        for task in range(n_tasks):
            total += sums[task, c]
        mean = np.float32(total / n)
        for i in range(n):
            y[i, c] -= mean


def divergence_reference(y: np.ndarray, affinities: np.ndarray) -> float:
    """The objective: Kullback & Leibler's divergence of the map's similarities from dense affinities (n, n)."""
    closeness = _closeness_reference(y)
    listed = affinities > 0
    return float((affinities[listed] * np.log(affinities[listed] * closeness.sum() / closeness[listed])).sum())


def gradient_reference(y: np.ndarray, affinities: np.ndarray, exaggeration: float = 1.0) -> np.ndarray:
    """Its gradient by y (n, d), of affinities times the exaggeration, over all pairs in float64."""
    closeness = _closeness_reference(y)
    forces = (exaggeration * affinities - closeness / closeness.sum()) * closeness
    return 4 * (forces[:, :, None] * (y[:, None].astype(np.float64) - y[None])).sum(axis=1)


def _closeness_reference(y: np.ndarray) -> np.ndarray:
    closeness = 1 / (1 + ((y[:, None].astype(np.float64) - y[None]) ** 2).sum(axis=2))
    np.fill_diagonal(closeness, 0)
    return closeness


def move_reference(
    y: np.ndarray, gradient: np.ndarray, update: np.ndarray, gains: np.ndarray, *, rate: float, momentum: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """New y, update and gains, as van der Maaten's own code has them."""
    gains = np.where(np.sign(gradient) != np.sign(update), gains + 0.2, gains * 0.8)
    gains = np.maximum(gains, LEAST_GAIN)
    update = momentum * update - rate * gains * gradient
    y = y + update
    return y - y.mean(axis=0), update, gains
