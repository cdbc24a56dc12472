"""The layouts of ``umap``, ``tsne`` and ``pacmap`` by torch, on a GPU: the same steps from the same draws.

Classes have the interface of the ``Descent`` that they stand in for. Memory is bounded: pairs are taken ``working`` at
a time, half as many where the device runs out of it, down to ``FEWEST``; then ``torch.cuda.OutOfMemoryError`` is let
through. The same bits every time on the same device: rows sum their own pairs (``segment_reduce``), and what is
scattered onto grids, by atomic additions in any order, are integers.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from scipy.sparse import csr_array

from atlas_assets.kernels import pacmap, tsne, umap
from atlas_assets.kernels.grid_field import covering
from atlas_assets.kernels.torch_rows import walk

WORKING = 1 << 22  # pairs taken at once: about 100 bytes each, 400 MiB
FEWEST = 1 << 16
FIXED = float(1 << 32)  # what one charge on a grid counts as: up to 2^31 of them on one spot
T = TypeVar("T")
Force = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Forces (p, d) on the first ends of pairs, from their differences (p, d), first less second, and weights (p,)."""


@dataclass(frozen=True)
class Pairs:
    """CSR rows: where they begin (host), the columns and weights of their entries (device)."""

    indptr: torch.Tensor
    columns: torch.Tensor
    weights: torch.Tensor

    @classmethod
    def of(cls, indptr: np.ndarray, columns: np.ndarray, weights: np.ndarray, device: str) -> Pairs:
        return cls(
            torch.from_numpy(indptr.astype(np.int64)),
            torch.from_numpy(columns.astype(np.int32)).to(device),
            torch.from_numpy(weights.astype(np.float32)).to(device),
        )


class _Descent:
    """What all have in common: positions on the device, sums over pairs, and making do with less memory."""

    def __init__(self, start: np.ndarray, *, device: str, working: int) -> None:
        self.device, self.working = device, working
        self._y = torch.from_numpy(np.array(start, np.float32)).to(device)

    @property
    def y(self) -> np.ndarray:
        """Positions (n, d) float32, a copy; rows keep their order."""
        return np.array(self._y.cpu().numpy())

    def positions(self) -> np.ndarray:
        """Where the rows of the start are now, (n, d) float32."""
        return self.y

    def reorder(self, order: np.ndarray) -> None:
        """Nothing: what a GPU waits for in one place, it computes in another meanwhile."""

    def _bounded(self, work: Callable[[], T]) -> T:
        """The result of work, which may be begun again, and writes nothing but its result."""
        while True:
            try:
                return work()
            except torch.cuda.OutOfMemoryError:
                if self.working <= FEWEST:
                    raise
                self.working //= 2
                torch.cuda.empty_cache()

    def _along(self, pairs: Pairs, force: Force) -> torch.Tensor:
        """Sums (n, d) of the forces on each row along its pairs."""
        y = self._y
        sums = torch.zeros_like(y)
        for part in walk(pairs.indptr, most=self.working, device=self.device):
            forces = force(y[part.row] - y[pairs.columns[part.entries]], pairs.weights[part.entries])
            sums[part.rows] = part.sums(forces)
        return sums

    def _on_ring(self, ring: torch.Tensor, place: torch.Tensor, offsets: np.ndarray, force: Force) -> torch.Tensor:
        """Sums (n, d) of the forces on each row by those so many places ahead on the ring; weights are 1."""
        placed, n = self._y[ring], len(self._y)
        sums, ahead = torch.zeros_like(placed), torch.from_numpy(offsets).to(self.device)
        width = min(n, self.working)
        at_once = max(self.working // width, 1)
        for first in range(0, n, width):
            last = min(n, first + width)
            places = torch.arange(first, last, device=self.device)
            for begin in range(0, len(ahead), at_once):
                others = (places + ahead[begin : begin + at_once, None]) % n
                differences = placed[first:last] - placed[others]
                ones = torch.ones(others.numel(), device=self.device)
                forces = force(differences.reshape(-1, placed.shape[1]), ones)
                sums[first:last] += forces.reshape(differences.shape).sum(dim=0)
        return sums[place]


class Umap(_Descent):
    """``umap.Descent``. Memory: 8 bytes per entry of the fuzzy graph, about 60 per entity, 100 per working pair."""

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
        device: str = "cuda",
        working: int = WORKING,
    ) -> None:
        super().__init__(start, device=device, working=working)
        n = len(start)
        self._random = np.random.default_rng(seed)
        self._a, self._b, self._strangers = a, b, min(strangers, n - 1)
        self._ring, self._place = _ring(self._random, n, device)
        degree = np.maximum(np.asarray(fuzzy.sum(axis=1)).ravel(), 1e-12)
        pushes, shares = negative_sample_rate * degree / self._strangers, np.minimum(1, umap.STEADY / degree)
        self._pushes, self._shares = (
            torch.from_numpy(each.astype(np.float32)[:, None]).to(device) for each in (pushes, shares)
        )
        self._pairs = Pairs.of(fuzzy.indptr, fuzzy.indices, fuzzy.data, device)

    def epoch(self, rate: float) -> None:
        """Move everything once."""
        offsets = self._random.integers(1, len(self._y), self._strangers)
        self._y = self._bounded(lambda: self._moved(offsets, rate))

    def _moved(self, offsets: np.ndarray, rate: float) -> torch.Tensor:
        pulled = 2 * self._along(self._pairs, self._pull)
        pushed = self._on_ring(self._ring, self._place, offsets, self._push)
        return self._y + rate * self._shares * (pulled + self._pushes * pushed)

    def _pull(self, differences: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        squares = differences.square().sum(dim=1).clamp_min(1e-12)
        grown = self._a * squares**self._b
        strengths = -2 * self._b * grown / (squares * (1 + grown))
        return weights[:, None] * (strengths[:, None] * differences).clamp(-float(umap.CUT), float(umap.CUT))

    def _push(self, differences: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        squares = differences.square().sum(dim=1).clamp_min(1e-12)
        strengths = 2 * self._b / ((float(umap.SMALL) + squares) * (1 + self._a * squares**self._b))
        return (strengths[:, None] * differences).clamp(-float(umap.CUT), float(umap.CUT))


class Tsne(_Descent):
    """``tsne.Descent``. Memory: 8 bytes per affinity, about 100 per entity, 16 per point of the padded grid."""

    def __init__(
        self, start: np.ndarray, affinities: csr_array, *, device: str = "cuda", working: int = WORKING
    ) -> None:
        super().__init__(start, device=device, working=working)
        n, n_dims = start.shape
        self._pairs = Pairs.of(affinities.indptr, affinities.indices, affinities.data, device)
        self._grid = Grid(n_dims, device) if n > tsne.ALL_PAIRS[n_dims] else None
        self.restart()

    def restart(self) -> None:
        """Forget earlier updates and gains."""
        self._update, self._gains = torch.zeros_like(self._y), torch.ones_like(self._y)

    def step(self, *, rate: float, momentum: float, exaggeration: float = 1.0) -> float:
        """One iteration with gains (Jacobs 1988). Returns Z, the sum that normalises the map's similarities."""
        gradient, total = self._bounded(lambda: self._slopes(exaggeration))
        gains = torch.where(gradient.sign() != self._update.sign(), self._gains + 0.2, self._gains * 0.8)
        self._gains = gains.clamp_min(float(tsne.LEAST_GAIN))
        self._update = momentum * self._update - rate * self._gains * gradient
        moved = self._y + self._update
        self._y = moved - moved.mean(dim=0, dtype=torch.float64).to(torch.float32)
        return total

    def _slopes(self, exaggeration: float) -> tuple[torch.Tensor, float]:
        potential, push = self._of_all_pairs() if self._grid is None else self._grid.of(self._y, self.working)
        total = max(float(potential.sum(dtype=torch.float64)) - len(self._y), 1e-12)
        return 4 * exaggeration * self._along(self._pairs, _student_pull) + (2 / total) * push, total

    def _of_all_pairs(self) -> tuple[torch.Tensor, torch.Tensor]:
        n = len(self._y)
        potential, gradient = self._y.new_empty(n), torch.empty_like(self._y)
        rows = max(self.working // n, 1)
        for first in range(0, n, rows):
            differences = self._y[first : first + rows, None] - self._y
            closeness = 1 / (1 + differences.square().sum(dim=2))
            potential[first : first + rows] = closeness.sum(dim=1)
            gradient[first : first + rows] = -2 * (closeness.square()[:, :, None] * differences).sum(dim=1)
        return potential, gradient


def _bounds(x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest coordinates of x (n, d), (d,) each. Raises FloatingPointError where one is not finite."""
    low, high = (one.cpu().numpy() for one in torch.aminmax(x, dim=0))
    if not np.isfinite(high - low).all():
        raise FloatingPointError("a position on the map is infinite, or no number")
    return low, high


def _student_pull(differences: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (weights / (1 + differences.square().sum(dim=1)))[:, None] * differences


class Grid:
    """``grid_field.GridField`` of t-SNE's similarities."""

    def __init__(self, n_dims: int, device: str) -> None:
        self._limits = {"spacing": tsne.SPACING[n_dims], "most": tsne.MOST_GRID[n_dims]}
        self._device = device
        self._fitted: tuple[tuple[int, ...], float] = ((), 0.0)
        self._spectrum = torch.empty(0)

    def of(self, x: torch.Tensor, working: int) -> tuple[torch.Tensor, torch.Tensor]:
        """phi (n,), with each point's own 1, and its gradient (n, d), of x (n, d) float32."""
        low, high = _bounds(x)
        fitted = covering(high - low, self._fitted, **self._limits)
        if fitted != self._fitted:
            self._fitted, self._spectrum = fitted, torch.empty(0)
            self._spectrum = self._transformed_kernel(*fitted)
        shape, step = fitted
        origin = torch.from_numpy(((low + high) / 2 - (np.array(shape) - 1) / 2 * step).astype(np.float32))
        inverse = (1 / np.float32(step)).item()
        scaled = (x - origin.to(self._device)) * inverse
        charges = torch.zeros(math.prod(shape), dtype=torch.int64, device=self._device)
        for block in scaled.split(working):
            splines = _Splines(block, shape)
            for around in splines.around:
                charges.index_add_(0, splines.at(around), (splines.weight(around) * FIXED).to(torch.int64))
        grid = (charges.to(torch.float64) / FIXED).to(torch.float32).reshape(shape)
        field = self._convolved(grid).reshape(-1)
        potential, gradient = x.new_zeros(len(x)), torch.zeros_like(x)
        for first, block in zip(range(0, len(x), working), scaled.split(working), strict=True):
            part, splines = slice(first, first + len(block)), _Splines(block, shape)
            for around in splines.around:
                there = field[splines.at(around)]
                potential[part] += splines.weight(around) * there
                for axis in range(len(shape)):
                    gradient[part, axis] += splines.weight(around, along=axis) * there
        return potential, gradient * inverse

    def _transformed_kernel(self, shape: tuple[int, ...], step: float) -> torch.Tensor:
        padded, squares = [2 * length for length in shape], torch.zeros((), device=self._device)
        for axis, length in enumerate(padded):
            places = torch.arange(length, device=self._device)
            away = torch.minimum(places, length - places) * step
            squares = squares + away.square().reshape([-1 if axis == d else 1 for d in range(len(shape))])
        spectrum = torch.fft.rfftn(1 / (1 + squares)).real.contiguous()
        for axis, length in enumerate(padded):
            frequencies = torch.arange(spectrum.shape[axis], device=self._device) / length
            spline = (2 + torch.cos(2 * math.pi * frequencies)) / 3
            spectrum /= spline.square().reshape([-1 if axis == d else 1 for d in range(len(shape))])
        return spectrum

    def _convolved(self, grid: torch.Tensor) -> torch.Tensor:
        padded = [2 * length for length in grid.shape]
        waves = torch.fft.rfftn(grid, s=padded)
        waves *= self._spectrum
        inside = tuple(slice(length) for length in grid.shape)
        return torch.fft.irfftn(waves, s=padded)[inside].contiguous()


class _Splines:
    """The cubic B-splines of the 4^d grid points around each of ``scaled`` (m, d), which are in steps of the grid."""

    def __init__(self, scaled: torch.Tensor, shape: tuple[int, ...]) -> None:
        self._whole, self._shape = scaled.to(torch.int64), shape
        self.around = list(itertools.product(range(4), repeat=len(shape)))
        t = scaled - self._whole
        s = 1 - t
        self._weights = torch.stack([s**3 / 6, 2 / 3 - t * t * (1 - t / 2), 2 / 3 - s * s * (1 - s / 2), t**3 / 6])
        self._slopes = torch.stack([-s * s / 2, t * (1.5 * t - 2), s * (2 - 1.5 * s), t * t / 2])

    def at(self, around: tuple[int, ...]) -> torch.Tensor:
        """Places (m,) in the flat grid."""
        places = torch.zeros_like(self._whole[:, 0])
        for axis, k in enumerate(around):
            places = places * self._shape[axis] + self._whole[:, axis] + (k - 1)
        return places

    def weight(self, around: tuple[int, ...], along: int | None = None) -> torch.Tensor:
        """Weights (m,) of those places, or their slopes ``along`` an axis."""
        factors = [(self._slopes if axis == along else self._weights)[k, :, axis] for axis, k in enumerate(around)]
        return functools.reduce(torch.mul, factors)


class Pacmap(_Descent):
    """``pacmap.Descent``. Memory: 16 bytes per near pair, 8 per mid-near, 100 per entity, 20 per stranger nearby."""

    def __init__(
        self,
        start: np.ndarray,
        near: pacmap.Matrix,
        middle: pacmap.Matrix | None,
        *,
        farther: int,
        seed: int,
        device: str = "cuda",
        working: int = WORKING,
    ) -> None:
        super().__init__(start, device=device, working=working)
        n = len(start)
        self._near = Pairs.of(*near, device)
        self._middle = Pairs.of(*middle, device) if middle else None
        self._farther, self._seed, self._random = farther, seed, np.random.default_rng(seed)
        self._ring, self._place = _ring(self._random, n, device)
        self._mean, self._square = torch.zeros_like(self._y), torch.zeros_like(self._y)
        self._strangers: tuple[torch.Tensor, Pairs] | None = None
        self._known = torch.empty(0, dtype=torch.int64)
        self._steps = 0

    def draw_nearby(self, reach: float) -> None:
        """From now on, strangers are random entities that lie within ``reach`` on the map now."""
        key = int(np.random.default_rng([self._seed, self._steps]).integers(2**62))
        self._strangers = None  # their memory is of use
        self._strangers = self._bounded(lambda: self._drawn(np.float32(reach), key))

    def step(self, *, near: float, middle: float, rate: float, local: float = 0.0) -> None:
        """One iteration with these weights of near and mid-near pairs; strangers weigh 1. local: as in ``pacmap``."""
        offsets = None if self._strangers else self._random.integers(1, len(self._y), self._farther)
        slopes = self._bounded(lambda: self._slopes(offsets, near, middle, local))
        self._steps += 1
        kept, squared = pacmap.AVERAGED, pacmap.SQUARED
        corrected = rate * math.sqrt(1 - squared**self._steps) / (1 - kept**self._steps)
        self._mean += (1 - kept) * (slopes - self._mean)
        self._square += (1 - squared) * (slopes.square() - self._square)
        self._y = self._y - corrected * self._mean / (self._square.sqrt() + 1e-7)

    def _slopes(self, offsets: np.ndarray | None, near: float, middle: float, local: float) -> torch.Tensor:
        if self._strangers:
            drawn, theirs = self._strangers
            slopes = self._by_list(drawn) + self._along(theirs, _stranger)
        else:
            assert offsets is not None
            both = np.concatenate([offsets, len(self._y) - offsets])
            slopes = self._on_ring(self._ring, self._place, both, _stranger)
        slopes += self._along(self._near, _partner(float(pacmap.NEAR), near, local))
        if middle and self._middle:
            slopes += self._along(self._middle, _partner(float(pacmap.MIDDLE), middle, 0.0))
        return slopes

    def _by_list(self, drawn: torch.Tensor) -> torch.Tensor:
        """Sums (n, d) of the pushes on each row by its own strangers, -1 for none."""
        sums, (n, width) = torch.empty_like(self._y), drawn.shape
        rows = max(self.working // width, 1)
        for first in range(0, n, rows):
            part = drawn[first : first + rows]
            differences = self._y[first : first + rows, None] - self._y[part.clamp_min(0)]
            there = (part >= 0).to(torch.float32).reshape(-1)
            forces = _stranger(differences.reshape(-1, self._y.shape[1]), there)
            sums[first : first + rows] = forces.reshape(differences.shape).sum(dim=1)
        return sums

    def _drawn(self, reach: np.float32, key: int) -> tuple[torch.Tensor, Pairs]:
        """Strangers (n, farther) int32, and whose stranger each entity is: those of ``pacmap.Descent.draw_nearby``."""
        n, n_dims = self._y.shape
        if not len(self._known):  # near pairs as numbers, for looking up
            rows = torch.repeat_interleave(torch.arange(n), self._near.indptr.diff()).to(self.device)
            self._known = (rows * n + self._near.columns).sort().values
        low, high = _bounds(self._y)
        width = np.float32(max(reach, float((high - low).max()) / pacmap.MOST_CELLS ** (1 / n_dims)))
        shape = [int(count) for count in ((high - low) / width).astype(np.int64) + 1]
        # by a tensor: division by a number may be multiplication by its inverse, which rounds otherwise
        corner, side = torch.from_numpy(low).to(self.device), self._y.new_tensor(width)
        at = ((self._y - corner) / side).to(torch.int64)
        cell = at[:, 0]
        for axis in range(1, n_dims):
            cell = cell * shape[axis] + at[:, axis]
        order = torch.argsort(cell, stable=True)
        counts = torch.bincount(cell, minlength=math.prod(shape))
        ends = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        drawn = torch.full((n, self._farther), -1, dtype=torch.int32, device=self.device)
        rows = max(self.working // (self._farther + 3**n_dims), 1)
        for first in range(0, n, rows):
            part = at[first : first + rows]
            cells = _Cells.around(part, shape, ends)
            self._draw(first, part, cells, order, reach, key, drawn)
        sources = torch.arange(n, device=self.device, dtype=torch.int32).repeat_interleave(self._farther)
        flat = drawn.reshape(-1)
        by_entity = torch.argsort(flat, stable=True)[int((flat < 0).sum()) :]
        listed = torch.bincount(flat[by_entity], minlength=n).cpu()
        indptr = torch.cat([listed.new_zeros(1), listed.cumsum(0)])
        return drawn, Pairs(indptr, sources[by_entity], torch.ones(len(by_entity), device=self.device))

    def _draw(
        self,
        first: int,
        part: torch.Tensor,
        cells: _Cells,
        order: torch.Tensor,
        reach: np.float32,
        key: int,
        drawn: torch.Tensor,
    ) -> None:
        """Fill the rows of ``drawn`` from ``first`` on with a stranger for every slot, in at most TRIES rounds."""
        n = len(self._y)
        wanted = torch.arange(len(part) * self._farther, device=self.device)
        for attempt in range(pacmap.TRIES):
            row, slot = wanted // self._farther, wanted % self._farther
            i = first + row
            hashed = _splitmix64(_splitmix64(i ^ key) + _signed(int(pacmap.GOLDEN)) * (slot * pacmap.TRIES + attempt))
            j = order[cells.pick(row, _shifted(hashed, 32))]
            away = torch.zeros(len(i), device=self.device)
            for c in range(self._y.shape[1]):
                away += (self._y[i, c] - self._y[j, c]).square()
            pair = i * n + j
            place = torch.searchsorted(self._known, pair).clamp_max(len(self._known) - 1)
            good = (j != i) & (away <= float(reach * reach)) & (self._known[place] != pair)
            drawn[i[good], slot[good]] = j[good].to(torch.int32)
            wanted = wanted[~good]
            if not len(wanted):
                break


@dataclass(frozen=True)
class _Cells:
    """The cells around each of some entities (m, 3^d): where they begin in the order by cell, and running sums."""

    begins: torch.Tensor
    sums: torch.Tensor

    @classmethod
    def around(cls, at: torch.Tensor, shape: list[int], ends: torch.Tensor) -> _Cells:
        """Of the entities in the cells ``at`` (m, d); cells outside of the grid are empty ones."""
        begins, sizes = [], []
        for aside in itertools.product((-1, 0, 1), repeat=len(shape)):
            inside, cell = torch.ones_like(at[:, 0], dtype=torch.bool), torch.zeros_like(at[:, 0])
            for axis, step in enumerate(aside):
                place = at[:, axis] + step
                inside &= (place >= 0) & (place < shape[axis])
                cell = cell * shape[axis] + place
            cell = torch.where(inside, cell, 0)
            begins.append(ends[cell])
            sizes.append(torch.where(inside, ends[cell + 1] - ends[cell], 0))
        return cls(torch.stack(begins, dim=1), torch.stack(sizes, dim=1).cumsum(dim=1))

    def pick(self, row: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
        """Places in the order by cell of the entity that each number of 32 bits, as a share, means for the row."""
        sums = self.sums[row]
        drawn = (number * sums[:, -1]) >> 32
        cell = (sums <= drawn[:, None]).sum(dim=1, keepdim=True)
        before = torch.where(cell > 0, sums.gather(1, (cell - 1).clamp_min(0)), 0)
        return (self.begins[row].gather(1, cell) - before).squeeze(1) + drawn


def _stranger(differences: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (-2 * weights / (2 + differences.square().sum(dim=1)).square())[:, None] * differences


def _partner(scale: float, weight: float, local: float) -> Force:
    def force(differences: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        squares = 1 + differences.square().sum(dim=1)
        strengths = 2 * scale * weight * counts / (scale + squares).square()
        if local > 0:
            strengths = strengths * local / squares.sqrt()
        return strengths[:, None] * differences

    return force


def _ring(random: np.random.Generator, n: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A random order of n entities, and the place of each in it."""
    ring = random.permutation(n)
    return torch.from_numpy(ring).to(device), torch.from_numpy(np.argsort(ring)).to(device)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _shifted(z: torch.Tensor, bits: int) -> torch.Tensor:
    """z >> bits of int64 taken for uint64."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _splitmix64(value: torch.Tensor) -> torch.Tensor:
    """``splitmix.splitmix64`` of int64, whose products wrap around as those of uint64 do."""
    z = value + _signed(0x9E3779B97F4A7C15)
    z = (z ^ _shifted(z, 30)) * _signed(0xBF58476D1CE4E5B9)
    z = (z ^ _shifted(z, 27)) * _signed(0x94D049BB133111EB)
    return z ^ _shifted(z, 31)
