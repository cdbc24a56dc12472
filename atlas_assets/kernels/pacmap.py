"""Forces and steps of PaCMAP (Wang, Huang, Rudin & Shaposhnik 2021) and LocalMAP (Wang et al. 2025).

Pairs of three kinds, with d = 1 + the squared distance on the map: near ones pull by ``d / (10 + d)``, mid-near ones by
``d / (10,000 + d)``, strangers push by ``1 / (1 + d)``. Every entity sums the slopes of its own pairs and moves itself
by Adam (Kingma & Ba 2015). Strangers are drawn on a ring on which entities stand in random order, anew in every step,
as many ahead as behind; LocalMAP's are drawn among those that lie near on the map.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.grid_field import bounds
from atlas_assets.kernels.order import permuted
from atlas_assets.kernels.penalties import ORDERED
from atlas_assets.kernels.splitmix import splitmix64, splitmix64_reference
from atlas_assets.kernels.unions import reversed_lists

ROWS = 128  # per task; fixed, so that sums do not depend on the number of threads
NEAR, MIDDLE = np.float32(10), np.float32(10_000)
TRIES = 20  # to draw one stranger; about one in three in the cells around lies near enough
AVERAGED, SQUARED = 0.9, 0.999  # of Adam's running averages, what stays in each step
MOST_CELLS = 1 << 24
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # steps of the sequence that splitmix64 makes random

Matrix = tuple[np.ndarray, np.ndarray, np.ndarray]  # indptr, columns, counts: symmetric pairs as CSR


class Descent:
    """A map on its way: positions y (n, d) float32, in an order of their own, and Adam's averages.

    near, middle: symmetric CSR of the pairs of these kinds, counts of them float32. farther: strangers that each entity
    has ahead, and as many behind. Memory: 8 bytes per entry of both, twice that while they are reordered, and
    44 n_dims + 12 per entity; LocalMAP's strangers 12 bytes each.
    """

    def __init__(self, start: np.ndarray, near: Matrix, middle: Matrix | None, *, farther: int, seed: int) -> None:
        self.y = np.array(start, np.float32)
        n, n_dims = self.y.shape
        self._near, self._middle, self._farther, self._seed = near, middle, farther, seed
        self._random = np.random.default_rng(seed)
        self._ring = self._random.permutation(n).astype(np.int32)
        self._place = np.argsort(self._ring).astype(np.int32)
        self._rows = np.arange(n)
        self._mean, self._square = np.zeros_like(self.y), np.zeros_like(self.y)
        self._slopes = np.empty_like(self.y)
        self._doubled, self._pushed = np.empty((n_dims, 2 * n), np.float32), np.empty((n_dims, n), np.float32)
        self._strangers: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._steps = 0

    def reorder(self, order: np.ndarray) -> None:
        """Row i becomes what row ``order[i]`` was. Strangers that were drawn nearby have to be drawn anew."""
        self.y, self._mean, self._square = (
            np.ascontiguousarray(array[order]) for array in (self.y, self._mean, self._square)
        )
        self._rows = self._rows[order]
        self._near = permuted(*self._near, order)
        self._middle = permuted(*self._middle, order) if self._middle else None
        self._place = self._place[order]
        self._ring = np.argsort(self._place).astype(np.int32)
        self._strangers = None

    def draw_nearby(self, reach: float) -> None:
        """From now on, strangers are random entities that lie within ``reach`` on the map now."""
        low, high = bounds(self.y)
        width = np.float32(max(reach, float((high - low).max()) / MOST_CELLS ** (1 / self.y.shape[1])))
        cells = ((high - low) / width).astype(np.int64) + 1
        order, ends = _into_cells(self.y, low, width, cells)
        drawn = np.empty((len(self.y), self._farther), np.int32)
        key = np.random.default_rng([self._seed, self._steps]).integers(2**62)
        _draw_nearby(self.y, order, ends, cells, low, width, np.float32(reach), *self._near[:2], key, drawn)
        # pushed by one end only, pairs would not be in balance, and shake the map
        theirs, entries = reversed_lists(drawn, len(drawn))
        self._strangers = drawn, theirs, (entries // self._farther).astype(np.int32)

    def step(self, *, near: float, middle: float, rate: float, local: float = 0.0) -> None:
        """One iteration with these weights of near and mid-near pairs; strangers weigh 1. local: see ``_pull``."""
        if self._strangers is None:
            offsets = self._random.integers(1, len(self.y), self._farther)
            _push_by_ring(self.y, self._place, self._ring, offsets, self._doubled, self._pushed, self._slopes)
        else:
            _push_by_list(self.y, *self._strangers, self._slopes)
        _pull(self.y, *self._near, np.float32(near), NEAR, np.float32(local), self._slopes)
        if middle and self._middle:
            _pull(self.y, *self._middle, np.float32(middle), MIDDLE, np.float32(0), self._slopes)
        self._steps += 1
        corrected = rate * math.sqrt(1 - SQUARED**self._steps) / (1 - AVERAGED**self._steps)
        _adam(self.y, self._slopes, self._mean, self._square, np.float32(corrected))

    def positions(self) -> np.ndarray:
        """Where the rows of the start are now, (n, d) float32."""
        placed = np.empty_like(self.y)
        placed[self._rows] = self.y
        return placed


@njit(cache=True, parallel=True, **ORDERED)
def _push_by_ring(y, place, ring, offsets, doubled, pushed, slopes):
    """slopes (n, d) float32 = those of the pushes of the entities ``offsets`` places ahead and behind.

    ring (n,): entity on each place; place (n,): its inverse; offsets (s,) in 1..n-1. doubled (d, 2n), pushed (d, n)
    float32: working memory.
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
        _push_rows(task * ROWS, n, offsets, doubled, pushed)
    for task in prange(n_tasks):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            for c in range(n_dims):
                slopes[i, c] = pushed[c, place[i]]


@njit(**ORDERED)
def _push_rows(first, n, offsets, doubled, pushed):
    n_dims = doubled.shape[0]
    size = min(ROWS, n - first)
    squares = np.empty(ROWS, np.float32)
    two = np.float32(2)
    for c in range(n_dims):
        for k in range(size):
            pushed[c, first + k] = 0
    for turn in range(2 * offsets.size):
        ahead = turn < offsets.size
        other = first + (offsets[turn] if ahead else n - offsets[turn - offsets.size])
        for k in range(size):
            squares[k] = two
        for c in range(n_dims):
            here, there = doubled[c, first:], doubled[c, other:]
            for k in range(size):
                squares[k] += (here[k] - there[k]) * (here[k] - there[k])
        for k in range(size):
            squares[k] = two / (squares[k] * squares[k])
        for c in range(n_dims):
            here, there, out = doubled[c, first:], doubled[c, other:], pushed[c, first:]
            for k in range(size):
                out[k] -= squares[k] * (here[k] - there[k])


@njit(cache=True, parallel=True, **ORDERED)
def _push_by_list(y, strangers, ends, sources, slopes):
    """slopes (n, d) = those of the pushes of ``strangers`` (n, s) int32, -1 where there is none, on both ends.

    ends (n + 1,), sources: whose stranger each entity is, as CSR.
    """
    n = y.shape[0]
    for task in prange((n + ROWS - 1) // ROWS):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            _push_one(y, i, strangers[i], slopes, False)
            _push_one(y, i, sources[ends[i] : ends[i + 1]], slopes, True)


@njit(**ORDERED)
def _push_one(y, i, others, slopes, further):
    """slopes[i] = those of the pushes of ``others`` (s,) int32, -1 for none; further: added to what is there."""
    one, two = np.float32(1), np.float32(2)
    y0, y1 = y[i, 0], y[i, 1]
    g0 = g1 = g2 = np.float32(0)
    if y.shape[1] == 2:
        for slot in range(others.size):
            there = np.float32(others[slot] >= 0)
            j = np.uint64(max(others[slot], 0))
            d0, d1 = y0 - y[j, np.uint64(0)], y1 - y[j, np.uint64(1)]
            inverse = one / (two + d0 * d0 + d1 * d1)
            strength = there * two * inverse * inverse
            g0 -= strength * d0
            g1 -= strength * d1
    else:
        y2 = y[i, 2]
        for slot in range(others.size):
            there = np.float32(others[slot] >= 0)
            j = np.uint64(max(others[slot], 0))
            d0, d1, d2 = y0 - y[j, np.uint64(0)], y1 - y[j, np.uint64(1)], y2 - y[j, np.uint64(2)]
            inverse = one / (two + d0 * d0 + d1 * d1 + d2 * d2)
            strength = there * two * inverse * inverse
            g0 -= strength * d0
            g1 -= strength * d1
            g2 -= strength * d2
        slopes[i, 2] = slopes[i, 2] + g2 if further else g2
    slopes[i, 0] = slopes[i, 0] + g0 if further else g0
    slopes[i, 1] = slopes[i, 1] + g1 if further else g1


@njit(cache=True, parallel=True, **ORDERED)
def _pull(y, indptr, columns, counts, weight, scale, local, slopes):
    """Add to slopes (n, d) those of the pulls along symmetric CSR pairs, counts of them float32, times weight.

    scale: ``NEAR`` or ``MIDDLE``. local: where above 0, LocalMAP's: pulls are multiplied by local / sqrt(d).
    """
    n, n_dims = y.shape
    twice = np.float32(2) * scale * weight
    for task in prange((n + ROWS - 1) // ROWS):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            if n_dims == 2:
                y0, y1 = y[i, 0], y[i, 1]
                g0 = g1 = np.float32(0)
                for slot in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
                    j = np.uint64(columns[slot])
                    d0, d1 = y0 - y[j, np.uint64(0)], y1 - y[j, np.uint64(1)]
                    square = np.float32(1) + d0 * d0 + d1 * d1
                    w = counts[slot] * twice / ((scale + square) * (scale + square))
                    if local > 0:
                        w *= local / np.sqrt(square)
                    g0 += w * d0
                    g1 += w * d1
                slopes[i, 0] += g0
                slopes[i, 1] += g1
            else:
                y0, y1, y2 = y[i, 0], y[i, 1], y[i, 2]
                g0 = g1 = g2 = np.float32(0)
                for slot in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
                    j = np.uint64(columns[slot])
                    d0, d1, d2 = y0 - y[j, np.uint64(0)], y1 - y[j, np.uint64(1)], y2 - y[j, np.uint64(2)]
                    square = np.float32(1) + d0 * d0 + d1 * d1 + d2 * d2
                    w = counts[slot] * twice / ((scale + square) * (scale + square))
                    if local > 0:
                        w *= local / np.sqrt(square)
                    g0 += w * d0
                    g1 += w * d1
                    g2 += w * d2
                slopes[i, 0] += g0
                slopes[i, 1] += g1
                slopes[i, 2] += g2


def loss_reference(y: np.ndarray, pairs: np.ndarray, scale: float | None) -> float:
    """What pairs (e, 2) contribute to the objective: ``d / (scale + d)`` each, or as strangers ``1 / (1 + d)``."""
    d = 1 + ((y[pairs[:, 0]] - y[pairs[:, 1]]) ** 2).sum(axis=1)
    return float((1 / (1 + d) if scale is None else d / (scale + d)).sum())


def slopes_reference(y: np.ndarray, pairs: np.ndarray, scale: float | None, *, local: float = 0.0) -> np.ndarray:
    """Its slopes by y (n, d), pair by pair in float64; local: as in ``_pull``."""
    y = y.astype(np.float64)
    slopes = np.zeros(y.shape)
    for i, j in pairs:
        away = y[i] - y[j]
        d = 1 + away @ away
        strength = -2 / (1 + d) ** 2 if scale is None else 2 * scale / (scale + d) ** 2
        if local > 0:
            strength *= local / np.sqrt(d)
        slopes[i] += strength * away
        slopes[j] -= strength * away
    return slopes


@njit(cache=True, parallel=True, **ORDERED)
def _adam(y, slopes, mean, square, rate):
    """One step of y (n, d) against its slopes; mean, square: their running averages. rate: with the corrections."""
    n, n_dims = y.shape
    for task in prange((n + ROWS - 1) // ROWS):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            for c in range(n_dims):
                g = slopes[i, c]
                mean[i, c] += np.float32(1 - AVERAGED) * (g - mean[i, c])
                square[i, c] += np.float32(1 - SQUARED) * (g * g - square[i, c])
                y[i, c] -= rate * mean[i, c] / (np.sqrt(square[i, c]) + np.float32(1e-7))


@njit(cache=True, parallel=True)
def _draw_nearby(y, order, ends, cells, low, width, reach, indptr, columns, seed, strangers):
    """Fill ``strangers`` (n, s) int32 with random entities within ``reach`` of each on the map that are not near pairs.

    order, ends: entities by cell as ``_into_cells`` gives them. -1 where TRIES draws have found none. A draw depends on
    the seed, the entity and its slot alone.
    """
    n, n_dims = y.shape
    depth, square = cells[2] if n_dims == 3 else 1, reach * reach
    for task in prange((n + ROWS - 1) // ROWS):
        begins, sizes = np.empty(27, np.int64), np.empty(27, np.int64)
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            at0, at1 = int((y[i, 0] - low[0]) / width), int((y[i, 1] - low[1]) / width)
            at2 = int((y[i, 2] - low[2]) / width) if n_dims == 3 else 0
            n_cells, total = 0, 0
            for a in range(max(at0 - 1, 0), min(at0 + 2, cells[0])):
                for b in range(max(at1 - 1, 0), min(at1 + 2, cells[1])):
                    for c in range(max(at2 - 1, 0), min(at2 + 2, depth)):
                        cell = (a * cells[1] + b) * depth + c
                        begins[n_cells], sizes[n_cells] = ends[cell], ends[cell + 1] - ends[cell]
                        total += sizes[n_cells]
                        n_cells += 1
            base, x0, x1 = splitmix64(np.uint64(seed) ^ np.uint64(i)), y[i, 0], y[i, 1]
            for slot in range(strangers.shape[1]):
                strangers[i, slot] = -1
                for attempt in range(TRIES):
                    hashed = splitmix64(base + GOLDEN * np.uint64(slot * TRIES + attempt))
                    drawn = np.int64(((hashed >> np.uint64(32)) * np.uint64(total)) >> np.uint64(32))
                    cell = 0
                    while drawn >= sizes[cell]:
                        drawn -= sizes[cell]
                        cell += 1
                    j = order[begins[cell] + drawn]
                    away = (x0 - y[j, 0]) * (x0 - y[j, 0]) + (x1 - y[j, 1]) * (x1 - y[j, 1])
                    if n_dims == 3:
                        away += (y[i, 2] - y[j, 2]) * (y[i, 2] - y[j, 2])
                    if j == i or away > square:
                        continue
                    near = False
                    for edge in range(indptr[i], indptr[i + 1]):
                        near = near or columns[edge] == j
                    if not near:
                        strangers[i, slot] = j
                        break


@njit(cache=True)
def _into_cells(y, low, width, cells):
    """Entities by cell of a grid ``width`` wide: their order (n,) int32, and where each cell's begin (n_cells + 1,)."""
    n, n_dims = y.shape
    depth = cells[2] if n_dims == 3 else 1
    cell_of = np.empty(n, np.int64)
    ends = np.zeros(cells[0] * cells[1] * depth + 1, np.int64)
    for i in range(n):
        cell = int((y[i, 0] - low[0]) / width) * cells[1] + int((y[i, 1] - low[1]) / width)
        if n_dims == 3:
            cell = cell * depth + int((y[i, 2] - low[2]) / width)
        cell_of[i] = cell
        ends[cell + 1] += 1
    for cell in range(ends.size - 1):
        ends[cell + 1] += ends[cell]
    order, following = np.empty(n, np.int32), ends[:-1].copy()
    for i in range(n):
        order[following[cell_of[i]]] = i
        following[cell_of[i]] += 1
    return order, ends


@njit(cache=True, parallel=True)
def draw_mid_near(x, n_pairs, seed):
    """Mid-near partners (n, n_pairs) int32: of six random others each, the second nearest among positions x (n, d)."""
    n, n_dims = x.shape
    drawn = np.empty((n, n_pairs), np.int32)
    for task in prange((n + ROWS - 1) // ROWS):
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            for slot in range(n_pairs):
                first, second = np.float32(np.inf), np.float32(np.inf)
                nearest, partner = -1, -1
                for attempt in range(6):
                    key = np.uint64(seed) ^ (np.uint64(i) << np.uint64(20)) ^ np.uint64(slot * 6 + attempt)
                    j = np.int64(splitmix64(splitmix64(key)) >> np.uint64(1)) % (n - 1)
                    j += j >= i
                    away = np.float32(0)
                    for c in range(n_dims):
                        away += (x[i, c] - x[j, c]) * (x[i, c] - x[j, c])
                    if away < first:
                        second, partner = first, nearest
                        first, nearest = away, j
                    elif away < second and j != nearest:
                        second, partner = away, j
                drawn[i, slot] = partner if partner >= 0 else nearest
    return drawn


def draw_mid_near_reference(x: np.ndarray, n_pairs: int, seed: int) -> np.ndarray:
    """The same by sorting the six; equally near ones in the order in which they are drawn."""
    n = len(x)
    drawn = np.empty((n, n_pairs), np.int32)
    for i in range(n):
        for slot in range(n_pairs):
            keys = [seed ^ (i << 20) ^ (slot * 6 + attempt) for attempt in range(6)]
            others = [(splitmix64_reference(splitmix64_reference(key)) >> 1) % (n - 1) for key in keys]
            distinct = list(dict.fromkeys(j + (j >= i) for j in others))
            ranked = sorted(distinct, key=lambda j: float(((x[i] - x[j]) ** 2).sum()))
            drawn[i, slot] = ranked[min(1, len(ranked) - 1)]
    return drawn
