"""Sums of a smooth kernel over all pairs of points, and their gradients, through a grid and FFT.

``phi_i = sum_j K(|x_i - x_j|)`` for all points at once: charges are spread onto a regular grid by cubic B-splines,
convolved with the kernel, and read off at the points by the same splines, whose slopes give the gradient as well. So
one convolution yields potential and force, where FIt-SNE (Linderman et al. 2019) needs three or four. The splines' own
smoothing is divided out in Fourier space, as in smooth particle-mesh Ewald (Essmann et al. 1995).

A grid row is written by one thread at a time, in the order of the points, and transforms run over blocks of fixed size:
every bit is the same for any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import scipy.fft
from numba import njit, prange

from atlas_assets.kernels.penalties import ORDERED

BAND = 8  # grid rows that are spread onto as one task; at least the 4 that a spline covers
MARGIN = 2  # grid points beyond the outermost point that its spline covers
ROWS = 1024  # points per task
BLOCK = 64  # transforms per task
SLACK, WASTE = 1.1, 0.6  # how much larger than needed a new grid is, and how much of one must be needed to keep it

Kernel = Callable[[np.ndarray], np.ndarray]


class GridField:
    """Potentials and gradients of points in 2 or 3 dimensions, over grids that follow their extent.

    kernel: K as a function of squared distances, smooth on the scale of ``spacing``. Where the points extend over more
    than ``most`` grid points in all (before padding), the spacing grows: the far field stays right, the near field gets
    coarser. Memory: about 16 bytes per padded grid point (4 or 8 times the grid) and 12 + 4 n_dims per point.
    """

    def __init__(self, kernel: Kernel, *, n_points: int, n_dims: int, spacing: float, most: int = 1 << 24) -> None:
        self._kernel, self._spacing, self._most = kernel, spacing, most
        self.potential = np.empty(n_points, np.float32)
        self.gradient = np.empty((n_points, n_dims), np.float32)
        self._order = np.empty(n_points, np.int32)
        self._shape: tuple[int, ...] = ()
        self._step = spacing
        self._spectrum = np.empty(0, np.float32)

    def of(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """phi (n,), with each point's own K(0), and its gradient (n, d), of x (n, d) float32; valid till the next."""
        low, high = bounds(x)
        self._fit(high - low)
        shape, step = np.array(self._shape), np.float32(self._step)
        origin = (low + high) / 2 - (shape - 1) / 2 * self._step
        origin = origin.astype(np.float32)
        ends = _sorted_into_bands(x, origin[0], step, (shape[0] + BAND - 1) // BAND, self._order)
        grid = np.zeros(self._shape, np.float32)
        flat = grid if grid.ndim == 3 else grid[:, :, None]
        spread = _spread_flat if x.shape[1] == 2 else _spread_solid
        for colour in (0, 1):  # neighbouring bands share grid rows
            spread(x, origin, step, self._order, ends, colour, flat)
        field = self._convolved(grid)
        read = _read_flat if x.shape[1] == 2 else _read_solid
        read(
            x, origin, step, self._order, field if field.ndim == 3 else field[:, :, None], self.potential, self.gradient
        )
        return self.potential, self.gradient

    def _fit(self, extent: np.ndarray) -> None:
        """A grid that covers the extent, the present one where that does."""
        fitted = covering(extent, (self._shape, self._step), spacing=self._spacing, most=self._most)
        if fitted != (self._shape, self._step):
            self._shape, self._step = fitted
            self._spectrum = self._transformed_kernel()

    @property
    def _padded(self) -> tuple[int, ...]:
        return tuple(2 * m for m in self._shape)

    def _transformed_kernel(self) -> np.ndarray:
        """Of the kernel on the padded torus, real because it is even, over the squares of the splines' own."""
        squares = np.zeros((), np.float32)
        for axis, length in enumerate(self._padded):
            away = np.minimum(np.arange(length), length - np.arange(length)) * self._step
            squares = squares + (away**2).astype(np.float32).reshape(
                [-1 if d == axis else 1 for d in range(len(self._padded))]
            )
        spectrum: np.ndarray = np.real(np.asarray(scipy.fft.rfftn(self._kernel(squares))))
        for axis, length in enumerate(self._padded):
            frequencies = np.arange(spectrum.shape[axis]) / length
            spline = (2 + np.cos(2 * np.pi * frequencies)) / 3
            spectrum /= (
                (spline**2).astype(np.float32).reshape([-1 if d == axis else 1 for d in range(len(self._padded))])
            )
        return np.ascontiguousarray(spectrum, dtype=np.float32)

    def _convolved(self, grid: np.ndarray) -> np.ndarray:
        """The grid convolved with the kernel. Rows of padding are neither transformed nor transformed back."""
        *leading, last = self._padded
        half = last // 2 + 1
        rows = grid.reshape(-1, grid.shape[-1])
        waves = np.empty((len(rows), half), np.complex64)

        def along_rows(block: slice) -> None:
            waves[block] = np.asarray(scipy.fft.rfft(rows[block], n=last, axis=1))

        def back(block: slice) -> None:
            rows[block] = np.asarray(scipy.fft.irfft(waves[block], n=last, axis=1))[:, : grid.shape[-1]]

        def across(block: slice) -> None:
            part = waves.reshape(*grid.shape[:-1], half)[..., block]
            for axis in reversed(range(len(leading))):
                part = np.asarray(scipy.fft.fft(part, n=leading[axis], axis=axis))
            part *= self._spectrum[..., block]
            for axis in range(len(leading)):
                part = np.asarray(scipy.fft.ifft(part, axis=axis, overwrite_x=True))
                part = part[(slice(None),) * axis + (slice(grid.shape[axis]),)]
            waves.reshape(*grid.shape[:-1], half)[..., block] = part

        columns = max(1, BLOCK // 4) if grid.ndim == 2 else 4
        _in_parallel(along_rows, _blocks(len(rows), BLOCK if grid.ndim == 2 else BLOCK * 8))
        _in_parallel(across, _blocks(half, columns))
        _in_parallel(back, _blocks(len(rows), BLOCK if grid.ndim == 2 else BLOCK * 8))
        return grid


def potential_reference(x: np.ndarray, kernel: Kernel) -> tuple[np.ndarray, np.ndarray]:
    """What ``GridField.of`` approximates, by all pairs; the gradient by central differences of the kernel."""
    difference = x[:, None].astype(np.float64) - x[None].astype(np.float64)
    squares = (difference**2).sum(axis=2)
    small = 1e-4
    slope = (kernel(squares + small) - kernel(np.maximum(squares - small, 0))) / (small + np.minimum(squares, small))
    return kernel(squares).sum(axis=1), 2 * (slope[:, :, None] * difference).sum(axis=1)


def covering(
    extent: np.ndarray, present: tuple[tuple[int, ...], float], *, spacing: float, most: int
) -> tuple[tuple[int, ...], float]:
    """Shape and step of a grid that covers the extent (d,), the present ones (or an empty shape) where those do.

    The step is the spacing, or as much more as it takes for at most ``most`` points, before the slack of a new grid.
    """

    def needed(step: float) -> np.ndarray:
        return np.ceil(extent.astype(np.float64) / step).astype(np.int64) + 2 * MARGIN + 2

    step = spacing
    while np.prod(needed(step).astype(np.float64)) > most:
        step *= 1.05
    least, shape = needed(step), np.array(present[0])
    if shape.size and step == present[1] and (least <= shape).all() and np.prod(least / shape) > WASTE**shape.size:
        return present
    return tuple(_half_of_good_length(int(np.ceil(m * SLACK))) for m in least), step


def _half_of_good_length(least: int) -> int:
    """So many grid points or a few more, twice as many being quick to transform."""
    half = least
    while scipy.fft.next_fast_len(2 * half, real=True) != 2 * half:
        half += 1
    return half


def _blocks(n: int, size: int) -> list[slice]:
    return [slice(begin, min(n, begin + size)) for begin in range(0, n, size)]


_pools: dict[int, ThreadPoolExecutor] = {}


def _in_parallel(work: Callable[[slice], None], blocks: Iterable[slice]) -> None:
    """On as many threads as numba uses; SciPy's transforms release the interpreter's lock."""
    threads = numba.get_num_threads()
    blocks = list(blocks)
    if threads == 1 or len(blocks) == 1:
        for block in blocks:
            work(block)
        return
    if threads not in _pools:
        _pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="grid-field")
    for _ in _pools[threads].map(work, blocks):
        pass


@njit(cache=True, parallel=True)
def bounds(x):
    """Smallest and largest coordinates of x (n, d), (d,) each. Raises FloatingPointError where one is not finite."""
    n, n_dims = x.shape
    n_tasks = (n + ROWS - 1) // ROWS
    lows, highs = np.empty((n_tasks, n_dims), np.float32), np.empty((n_tasks, n_dims), np.float32)
    nothing = np.zeros(n_tasks, np.float32)
    for task in prange(n_tasks):
        for c in range(n_dims):  # element by element: assigned as rows, they take seconds longer to compile
            lows[task, c] = highs[task, c] = x[task * ROWS, c]
        for i in range(task * ROWS, min(n, (task + 1) * ROWS)):
            for c in range(n_dims):
                nothing[task] += np.float32(0) * x[i, c]  # but of infinity, and of what is no number
                lows[task, c] = min(lows[task, c], x[i, c])
                highs[task, c] = max(highs[task, c], x[i, c])
    low, high = np.empty(n_dims, np.float32), np.empty(n_dims, np.float32)
    for c in range(n_dims):
        low[c], high[c] = lows[0, c], highs[0, c]
    for task in range(n_tasks):
        for c in range(n_dims):
            low[c] = min(low[c], lows[task, c])
            high[c] = max(high[c], highs[task, c])
        if nothing[task] != 0:  # a cell of a grid would be sought for it, out of all bounds
            raise FloatingPointError("a position on the map is infinite, or no number")
    return low, high


@njit(cache=True)
def _sorted_into_bands(x, origin, step, n_bands, order):
    """Points by band of grid rows, in their own order within it, into ``order``; returns where each band ends."""
    n = x.shape[0]
    ends = np.zeros(n_bands + 1, np.int64)
    band_of = np.empty(n, np.int32)
    for i in range(n):
        band = np.int32((x[i, 0] - origin) / step) // BAND
        band_of[i] = band
        ends[band + 1] += 1
    for band in range(n_bands):
        ends[band + 1] += ends[band]
    place = ends[:-1].copy()
    for i in range(n):
        band = band_of[i]
        order[place[band]] = i
        place[band] += 1
    return ends


@njit(inline="always", **ORDERED)
def _spline(t, w):
    """The four cubic B-splines around a point t in [0, 1) of the way from one grid point to the next."""
    s = np.float32(1) - t
    sixth = np.float32(1 / 6)
    w[0] = s * s * s * sixth
    w[3] = t * t * t * sixth
    w[1] = np.float32(2 / 3) - t * t * (np.float32(1) - np.float32(0.5) * t)
    w[2] = np.float32(2 / 3) - s * s * (np.float32(1) - np.float32(0.5) * s)


@njit(inline="always", **ORDERED)
def _slopes(t, w):
    """Their derivatives by t."""
    s = np.float32(1) - t
    half = np.float32(0.5)
    w[0] = -half * s * s
    w[3] = half * t * t
    w[1] = t * (np.float32(1.5) * t - np.float32(2))
    w[2] = s * (np.float32(2) - np.float32(1.5) * s)


@njit(cache=True, parallel=True, **ORDERED)
def _spread_flat(x, origin, step, order, ends, colour, grid):
    n_bands = ends.size - 1
    inverse = np.float32(1) / step
    for half in prange((n_bands + 1 - colour) // 2):
        band = 2 * half + colour
        u, v = np.empty(4, np.float32), np.empty(4, np.float32)
        for slot in range(ends[band], ends[band + 1]):
            i = order[slot]
            p, q = (x[i, 0] - origin[0]) * inverse, (x[i, 1] - origin[1]) * inverse
            row, column = np.int64(p), np.int64(q)
            _spline(p - np.float32(row), u)
            _spline(q - np.float32(column), v)
            for a in range(4):
                for b in range(4):
                    grid[row + a - 1, column + b - 1, 0] += u[a] * v[b]


@njit(cache=True, parallel=True, **ORDERED)
def _spread_solid(x, origin, step, order, ends, colour, grid):
    n_bands = ends.size - 1
    inverse = np.float32(1) / step
    for half in prange((n_bands + 1 - colour) // 2):
        band = 2 * half + colour
        u, v, w = np.empty(4, np.float32), np.empty(4, np.float32), np.empty(4, np.float32)
        for slot in range(ends[band], ends[band + 1]):
            i = order[slot]
            p, q = (x[i, 0] - origin[0]) * inverse, (x[i, 1] - origin[1]) * inverse
            r = (x[i, 2] - origin[2]) * inverse
            row, column, deep = np.int64(p), np.int64(q), np.int64(r)
            _spline(p - np.float32(row), u)
            _spline(q - np.float32(column), v)
            _spline(r - np.float32(deep), w)
            for a in range(4):
                for b in range(4):
                    part = u[a] * v[b]
                    for c in range(4):
                        grid[row + a - 1, column + b - 1, deep + c - 1] += part * w[c]


@njit(cache=True, parallel=True, **ORDERED)
def _read_flat(x, origin, step, order, field, potential, gradient):
    n = x.shape[0]
    inverse = np.float32(1) / step
    for task in prange((n + ROWS - 1) // ROWS):
        u, v = np.empty(4, np.float32), np.empty(4, np.float32)
        du, dv = np.empty(4, np.float32), np.empty(4, np.float32)
        for slot in range(task * ROWS, min(n, (task + 1) * ROWS)):
            i = order[slot]
            p, q = (x[i, 0] - origin[0]) * inverse, (x[i, 1] - origin[1]) * inverse
            row, column = np.int64(p), np.int64(q)
            _spline(p - np.float32(row), u)
            _spline(q - np.float32(column), v)
            _slopes(p - np.float32(row), du)
            _slopes(q - np.float32(column), dv)
            value, along, across = np.float32(0), np.float32(0), np.float32(0)
            for a in range(4):
                here, slope = np.float32(0), np.float32(0)
                for b in range(4):
                    at = field[row + a - 1, column + b - 1, 0]
                    here += v[b] * at
                    slope += dv[b] * at
                value += u[a] * here
                along += du[a] * here
                across += u[a] * slope
            potential[i] = value
            gradient[i, 0] = along * inverse
            gradient[i, 1] = across * inverse


@njit(cache=True, parallel=True, **ORDERED)
def _read_solid(x, origin, step, order, field, potential, gradient):
    n = x.shape[0]
    inverse = np.float32(1) / step
    for task in prange((n + ROWS - 1) // ROWS):
        u, v, w = np.empty(4, np.float32), np.empty(4, np.float32), np.empty(4, np.float32)
        du, dv, dw = np.empty(4, np.float32), np.empty(4, np.float32), np.empty(4, np.float32)
        for slot in range(task * ROWS, min(n, (task + 1) * ROWS)):
            i = order[slot]
            p, q = (x[i, 0] - origin[0]) * inverse, (x[i, 1] - origin[1]) * inverse
            r = (x[i, 2] - origin[2]) * inverse
            row, column, deep = np.int64(p), np.int64(q), np.int64(r)
            _spline(p - np.float32(row), u)
            _spline(q - np.float32(column), v)
            _spline(r - np.float32(deep), w)
            _slopes(p - np.float32(row), du)
            _slopes(q - np.float32(column), dv)
            _slopes(r - np.float32(deep), dw)
            value, first, second, third = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for a in range(4):
                for b in range(4):
                    here, slope = np.float32(0), np.float32(0)
                    for c in range(4):
                        at = field[row + a - 1, column + b - 1, deep + c - 1]
                        here += w[c] * at
                        slope += dw[c] * at
                    value += u[a] * v[b] * here
                    first += du[a] * v[b] * here
                    second += u[a] * dv[b] * here
                    third += u[a] * v[b] * slope
            potential[i] = value
            gradient[i, 0] = first * inverse
            gradient[i, 1] = second * inverse
            gradient[i, 2] = third * inverse
