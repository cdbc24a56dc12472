"""UMAP's forces between entities (McInnes, Healy & Melville 2018), a whole epoch at once.

umap-learn draws edges and strangers one by one and moves both ends at once, so that its result depends on the order
of threads. Here every entity reads the positions of the epoch before and writes only its own: attraction is the mean of
what would be drawn, ``2 sum_j w_ij f(|y_i - y_j|)`` over its edges, and strangers are a handful of places on a ring on
which entities stand in random order (as in ``kernels.distortion``), weighted to ``negative_sample_rate`` for each drawn
edge. Every component of every force is cut to ``CUT`` as umap-learn's is.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from scipy.sparse import csr_array

from atlas_assets.kernels.order import permuted
from atlas_assets.kernels.penalties import ORDERED, expm1, log

ROWS = 128  # per task; fixed, so that sums do not depend on the number of threads
CUT = np.float32(4)
SMALL = np.float32(0.001)  # umap-learn's, keeps the repulsion of coincident entities finite
# Sum of memberships from which on an entity takes a smaller step: what pulls a hub from all sides would throw it across
# the map and back. About what 8 of 10 entities have at 15 neighbours.
STEADY = 8.0


class Descent:
    """A map on its way: positions y (n, d) float32, in an order of their own.

    a, b: of the curve 1 / (1 + a d^2b) of closeness on the map. strangers: pushing entities that each is shown per
    epoch; more make less noise. Memory: 8 bytes per entry of the fuzzy graph, twice that while it is reordered, and
    32 n_dims + 16 per entity.
    """

    def __init__(
        self,
        start: np.ndarray,
        fuzzy: csr_array,
        *,
        a: float,
        b: float,
        negative_sample_rate: float,
        strangers: int,
        seed: int,
    ) -> None:
        self.y = np.array(start, np.float32)
        n, n_dims = self.y.shape
        self._random = np.random.default_rng(seed)
        self._curve, self._strangers = (np.float32(a), np.float32(b)), min(strangers, n - 1)
        self._ring = self._random.permutation(n).astype(np.int32)
        self._rows = np.arange(n)
        degree = np.maximum(np.asarray(fuzzy.sum(axis=1)).ravel(), 1e-12)
        self._pushes = (negative_sample_rate * degree / self._strangers).astype(np.float32)
        self._shares = np.minimum(1, STEADY / degree).astype(np.float32)
        self._doubled, self._pushed = np.empty((n_dims, 2 * n), np.float32), np.empty((n_dims, n), np.float32)
        self._moves = np.empty_like(self.y)
        self._take(fuzzy.indptr, fuzzy.indices, np.asarray(fuzzy.data, np.float32))

    def _take(self, indptr: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> None:
        begins = indptr[:-1][::ROWS]
        widest = int(np.diff(np.append(begins, indptr[-1])).max())
        self._matrix = indptr, columns, weights, widest
        self._place = np.empty_like(self._ring)
        self._place[self._ring] = np.arange(self._ring.size, dtype=self._ring.dtype)

    def reorder(self, order: np.ndarray) -> None:
        """Row i becomes what row ``order[i]`` was; who pushes whom stays as it is."""
        self.y, self._rows = np.ascontiguousarray(self.y[order]), self._rows[order]
        self._pushes, self._shares = self._pushes[order], self._shares[order]
        rank = np.empty_like(self._ring)
        rank[order] = np.arange(order.size, dtype=rank.dtype)
        self._ring = rank[self._ring]
        self._take(*permuted(*self._matrix[:3], order))

    def epoch(self, rate: float) -> None:
        """Move everything once."""
        offsets = self._random.integers(1, len(self.y), self._strangers)
        _epoch(
            self.y,
            *self._matrix,
            self._pushes,
            self._shares,
            self._place,
            self._ring,
            offsets,
            *self._curve,
            np.float32(rate),
            self._moves,
            self._doubled,
            self._pushed,
        )

    def positions(self) -> np.ndarray:
        """Where the rows of the start are now, (n, d) float32."""
        placed = np.empty_like(self.y)
        placed[self._rows] = self.y
        return placed


@njit(inline="always", **ORDERED)
def _power(squares, exponent):
    """squares ** exponent for positive float32."""
    return expm1(exponent * log(squares)) + np.float32(1)


@njit(cache=True, parallel=True, **ORDERED)
def _epoch(
    y, indptr, columns, weights, widest, pushes, shares, place, ring, offsets, a, b, rate, moves, doubled, pushed
):
    """Move y (n, d) float32 by one epoch.

    indptr, columns, weights: symmetric CSR of the fuzzy graph; widest: most entries in ROWS rows that begin at a
    multiple of ROWS. pushes (n,): weight of each pushing pair of an entity; shares (n,): of the rate. ring (n,): entity
    on each place; place (n,): its inverse; offsets (s,) in 1..n-1: how many places ahead the strangers of this epoch
    stand. moves (n, d), doubled (d, 2n), pushed (d, n) float32: working memory.
    """
    n, n_dims = y.shape
    n_tasks = (n + ROWS - 1) // ROWS
    for task in prange(n_tasks):
        for p in range(task * ROWS, min(n, (task + 1) * ROWS)):
            i = ring[p]
            for c in range(n_dims):
                doubled[c, p] = y[i, c]
                doubled[c, p + n] = y[i, c]
    for task in prange(n_tasks):
        _push_rows(task * ROWS, n, offsets, a, b, doubled, pushed)
    for task in prange(n_tasks):
        first, last = task * ROWS, min(n, (task + 1) * ROWS)
        _pull_rows(first, last, y, indptr, columns, weights, widest, a, b, moves)
        for i in range(first, last):
            for c in range(n_dims):
                moves[i, c] = rate * shares[i] * (moves[i, c] + pushes[i] * pushed[c, place[i]])
    for task in prange(n_tasks):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            for c in range(n_dims):
                y[i, c] += moves[i, c]


def epoch_reference(
    y: np.ndarray,
    fuzzy: csr_array,
    ring: np.ndarray,
    offsets: np.ndarray,
    *,
    a: float,
    b: float,
    negative_sample_rate: float,
    rate: float,
) -> np.ndarray:
    """Where one epoch moves y (n, d), entity by entity in float64; ring and offsets as in ``_epoch``."""
    y, degrees = y.astype(np.float64), fuzzy.sum(axis=1)
    moved, place = y.copy(), np.argsort(ring)
    for i in range(len(y)):
        move = np.zeros(y.shape[1])
        for slot in range(fuzzy.indptr[i], fuzzy.indptr[i + 1]):
            away = y[fuzzy.indices[slot]] - y[i]
            square = max(away @ away, 1e-12)
            pull = 2 * a * b * square ** (b - 1) / (1 + a * square**b)
            move += 2 * fuzzy.data[slot] * np.clip(pull * away, -CUT, CUT)
        for offset in offsets:
            away = y[i] - y[ring[(place[i] + offset) % len(y)]]
            square = max(away @ away, 1e-12)
            push = 2 * b / ((SMALL + square) * (1 + a * square**b))
            move += negative_sample_rate * degrees[i] / len(offsets) * np.clip(push * away, -CUT, CUT)
        moved[i] += rate * min(1, STEADY / degrees[i]) * move
    return moved


@njit(**ORDERED)
def _push_rows(first, n, offsets, a, b, doubled, pushed):
    """Sums of the pushes on places first.. (ROWS of them) by the strangers so many places ahead, into pushed."""
    n_dims = doubled.shape[0]
    size = min(ROWS, n - first)
    squares, strength = np.empty(ROWS, np.float32), np.empty(ROWS, np.float32)
    one, twice = np.float32(1), np.float32(2) * b
    for c in range(n_dims):
        for k in range(size):
            pushed[c, first + k] = 0
    for turn in range(offsets.size):
        other = first + offsets[turn]
        for k in range(size):
            squares[k] = 0
        for c in range(n_dims):
            here, there = doubled[c, first:], doubled[c, other:]
            for k in range(size):
                squares[k] += (here[k] - there[k]) * (here[k] - there[k])
        for k in range(size):
            s = max(squares[k], np.float32(1e-12))
            strength[k] = twice / ((SMALL + s) * (one + a * _power(s, b)))
        for c in range(n_dims):
            here, there, out = doubled[c, first:], doubled[c, other:], pushed[c, first:]
            for k in range(size):
                out[k] += min(max(strength[k] * (here[k] - there[k]), -CUT), CUT)


@njit(**ORDERED)
def _pull_rows(first, last, y, indptr, columns, weights, widest, a, b, gradient):
    """Twice the weighted sums of the pulls on entities first..last-1 along their edges, into gradient."""
    n_dims = y.shape[1]
    differences = np.empty((n_dims, widest), np.float32)
    squares = np.empty(widest, np.float32)
    begin, size = indptr[first], indptr[last] - indptr[first]
    columns, weights = columns[begin:], weights[begin:]
    one = np.float32(1)
    for i in range(first, last):
        for slot in range(np.uint64(indptr[i] - begin), np.uint64(indptr[i + 1] - begin)):
            j = np.uint64(columns[slot])
            for c in range(np.uint64(n_dims)):
                differences[c, slot] = y[j, c] - y[i, c]
    for k in range(size):
        squares[k] = 0
    for c in range(n_dims):
        e = differences[c]
        for k in range(size):
            squares[k] += e[k] * e[k]
    for k in range(size):
        s = max(squares[k], np.float32(1e-12))
        grown = a * _power(s, b)
        squares[k] = np.float32(2) * b * grown / (s * (one + grown))
    for c in range(n_dims):
        e = differences[c]
        for k in range(size):
            e[k] = weights[k] * min(max(squares[k] * e[k], -CUT), CUT)
    for i in range(first, last):
        for c in range(n_dims):
            e, total = differences[c], np.float32(0)
            for slot in range(np.uint64(indptr[i] - begin), np.uint64(indptr[i + 1] - begin)):
                total += e[slot]
            gradient[i, c] = np.float32(2) * total
