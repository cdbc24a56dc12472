"""Nearest neighbours of vectors: of all pairs, or above ``EXACT_LIMIT`` rows by trees and asking around.

Either way finds candidates in float32, more than are wanted, which are then compared in float64. So neither the
rounding of a product of matrices nor the number of threads decides who is listed. Of all pairs, a row whose candidates
float32 cannot vouch for (nearly parallel vectors, features far from zero) is compared with all others in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numba
import numpy as np
from threadpoolctl import threadpool_limits

from atlas_assets.errors import DataError
from atlas_assets.kernels import neighbour_descent, vector_blocks, vector_forest
from atlas_assets.kernels.vector_forest import NOBODY
from atlas_assets.stages.artifact import Progress, no_progress

EXACT_LIMIT = 60_000  # half of n^2 d multiplications and additions: 20 s at 60,000 x 784 on two cores
BLOCK = 1024  # rows that are multiplied with as many others at a time: 4 MiB of products
SPARE = 8  # candidates beyond k, because float32 may put equally near ones in another order
# Of the approximate search. Share of the true 15 that are found, and core seconds beside pynndescent's on two cores:
# mnist-test-10k 0.999 (2.2; 0.999, 2.3), notmnist-10k 0.999 (1.4; 0.999, 1.5), 200,000 vectors of 64 numbers that come
# from 10 latent ones 0.9996 (16; 0.9991, 16), or lie in 2,000 clusters of 12 dimensions 0.9999 (18; 1.0000, 20).
TREES, LEAF = 12, 120
EXTRA = 11  # entries of a list beyond k while searching
REVERSED = 12  # of those that list a vector, so many are asked as well
FEW = 0.001  # new entries among all, at which asking ends
MOST_ROUNDS = 12
ROWS_AT_ONCE = 65_536  # of what is prepared: some copies of them are made
HALF_ULP = 2.0**-24  # what float32 rounds by, of the number itself

Lists = tuple[np.ndarray, np.ndarray]
T = TypeVar("T")


def nearest(
    vectors: np.ndarray, *, k: int, metric: str, exact_limit: int = EXACT_LIMIT, progress: Progress = no_progress
) -> tuple[np.ndarray, np.ndarray]:
    """indices (n, k) int32 and similarity (n, k) float64 as ``neighbours.from_vectors`` documents them.

    Of equally near ones those that follow in the order of rows come first, and after the last row the first. The same
    for any number of threads. By ``dot`` all pairs are compared, however many. Memory: a float32 copy of the vectors,
    above ``exact_limit`` rows two for a moment and 450 bytes per vector.
    """
    space = _Space.of(vectors, metric)
    m = len(space.points)
    indices, values = np.full((len(vectors), k), NOBODY, np.int32), np.zeros((len(vectors), k))
    if m < 2:
        return indices, values
    if m <= exact_limit or metric == "dot":
        listed, apart = _among_all(space, k, progress)
    else:
        candidates = _among_acquaintances(space.points, k, progress)
        progress(0.9, f"comparing {candidates.shape[1]} candidates of each")
        listed, apart = _first(space, np.arange(m), candidates, k)
    known = listed >= 0
    if metric == "dot":
        known &= apart < 0
        largest = float(-apart.min(initial=0.0))
        similarity = -np.where(known, apart, 0.0) / (largest or 1.0)
        order = np.argsort(~known, axis=1, kind="stable")  # who is left out was last already
        listed, known = np.take_along_axis(listed, order, axis=1), np.take_along_axis(known, order, axis=1)
        similarity = np.take_along_axis(similarity, order, axis=1)
    elif metric == "cosine":
        similarity = 1.0 - np.where(known, apart, 0.0) / 2.0  # of unit vectors, half the squared distance is 1 - cosine
    else:
        distances = np.sqrt(np.where(known, apart, 0.0))
        ends = distances[known[:, -1], -1]
        scale = float(np.median(ends)) if ends.size and np.median(ends) > 0 else 1.0
        similarity = 1.0 / (1.0 + distances / scale)
    width = listed.shape[1]
    indices[space.rows, :width] = np.where(known, space.rows[listed], NOBODY)
    values[space.rows, :width] = np.where(known, similarity, 0.0)
    return indices, values


@dataclass(frozen=True)
class _Space:
    """The m vectors that have neighbours, in a form in which the nearest are those of the smallest keys.

    rows (m,): which of all they are; vectors (m, d): as given; factors (m,) float64: what makes them unit vectors
    (``cosine``), else 1; centre (d,) float64; points (m, d) float32: factor * vector - centre: distances do not
    change, and float32 loses less there. scale: what points were multiplied by, so that their squares fit.
    """

    metric: str
    rows: np.ndarray
    vectors: np.ndarray
    factors: np.ndarray
    centre: np.ndarray
    scale: float
    points: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, metric: str) -> _Space:
        """Vectors of no length have no cosine, and no part in it."""
        n, lengths = len(vectors), np.empty(len(vectors))
        for rows in _slices(n):
            lengths[rows] = _lengths(vectors[rows])
        usable = np.flatnonzero(lengths > 0) if metric == "cosine" else np.arange(n)
        if usable.size < n:
            vectors, lengths = vectors[usable], lengths[usable]
        factors = 1 / lengths if metric == "cosine" else np.ones(len(vectors))
        centre = np.zeros(vectors.shape[1])
        if metric != "dot":
            for rows in _slices(len(vectors)):
                centre += (factors[rows, None] * vectors[rows]).sum(axis=0) / max(len(vectors), 1)
        space = cls(metric, usable, vectors, factors, centre, 1.0, np.empty(vectors.shape, np.float32))
        largest = max(
            (float(np.abs(space.precise(rows)).max(initial=0.0)) for rows in _slices(len(vectors))), default=0
        )
        scale = 2.0 ** -np.ceil(np.log2(largest)) if largest > 0 else 1.0
        for rows in _slices(len(vectors)):
            space.points[rows] = space.precise(rows) * scale
        return cls(metric, usable, vectors, factors, centre, scale, space.points)

    def precise(self, rows: slice | np.ndarray) -> np.ndarray:
        """Points in float64, times ``scale``."""
        return (self.factors[rows, None] * self.vectors[rows] - self.centre) * self.scale

    def halves(self, squares: np.ndarray) -> np.ndarray:
        """What is added to minus the inner product of points, for keys: half the squared lengths, or nothing."""
        return np.zeros_like(squares) if self.metric == "dot" else squares / 2

    def apart(self, rows: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Exactly how far candidates (r, c) are from rows (r,): the squared distance, or minus the inner product."""
        if self.metric == "dot":
            return -vector_blocks.products_with(self.vectors, candidates, rows=rows)
        return vector_blocks.squares_to(self.vectors, candidates, factors=self.factors, rows=rows)

    def key_of(self, apart: np.ndarray, squares: np.ndarray) -> np.ndarray:
        """The key that such a distance (r,) from points of these squared lengths (r,) has."""
        return apart * self.scale**2 if self.metric == "dot" else (apart * self.scale**2 - squares) / 2


def _slices(n: int) -> Iterable[slice]:
    return (slice(begin, begin + ROWS_AT_ONCE) for begin in range(0, n, ROWS_AT_ONCE))


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """Euclidean lengths in float64, of numbers of any size."""
    wide = vectors.astype(np.float64)
    largest = np.abs(wide).max(axis=1, initial=0.0)
    return largest * np.linalg.norm(wide / np.where(largest > 0, largest, 1.0)[:, None], axis=1)


def require_finite(vectors: np.ndarray) -> None:
    """Raise DataError with the row of a vector that is not finite."""
    for rows in _slices(len(vectors)):
        unusable = np.flatnonzero(~np.isfinite(vectors[rows]).all(axis=1))
        if unusable.size:
            row = rows.start + int(unusable[0])
            raise DataError(
                file="entity_index",
                where=f"vector of row {row}",
                found=f"{vectors[row][~np.isfinite(vectors[row])][0]}",
                expected="finite numbers only",
                remedy="Drop or mend this vector.",
            )


def _empty_lists(n: int, length: int, dtype: type = np.float32) -> Lists:
    return np.full((n, length), NOBODY, np.int32), np.full((n, length), np.inf, dtype)


def _first(space: _Space, rows: np.ndarray, candidates: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Of candidates (r, c) of rows (r,), the k nearest and how far they are, (r, k); -1 and inf for none."""
    m, apart = len(space.points), space.apart(rows, candidates)
    apart[candidates < 0] = np.inf
    order = np.lexsort(((candidates - rows[:, None]) % m, apart), axis=1)[:, :k]
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(apart, order, axis=1)


def _among_all(space: _Space, k: int, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of each by comparing all pairs, and how far they are, (m, k) or as many as there are."""
    m, every = len(space.points), np.arange(len(space.points))
    squares = np.concatenate([(space.precise(rows) ** 2).sum(axis=1) for rows in _slices(m)])
    candidates, bars = _by_blocks(space, squares, min(k + SPARE, m - 1), progress)
    progress(0.9, f"comparing {candidates.shape[1]} candidates of each")
    listed, apart = _first(space, every, candidates, min(k, m - 1))
    lengths = np.sqrt(squares)
    longest = lengths.max()
    # how far a key may be off: by the sum of its products (Higham 2002, 3.1), and by the rounding of points and halves
    rounding = HALF_ULP * longest * ((space.points.shape[1] + 8) * lengths + 4 * longest)
    unsure = np.flatnonzero(space.key_of(apart[:, -1], squares) + rounding >= bars)
    if unsure.size:
        progress(
            0.9, f"comparing {unsure.size:,} vectors that are very much like others once more, in double precision"
        )
        listed[unsure], apart[unsure] = _precisely(space, squares, unsure, k)
    return listed, apart


def _by_blocks(space: _Space, squares: np.ndarray, length: int, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Candidates (m, 2 length), -1 for none, and the least key of any that is missing, (m,): inf if none is.

    Blocks of products, each by one thread, so that their bits do not depend on how many there are. A product serves
    both of its ends, which have a list for each role: in one round every block of rows meets one other, and nobody
    else writes its lists of that role.
    """
    points, m = space.points, len(space.points)
    halves, every = space.halves(squares).astype(np.float32), np.arange(m)
    as_row, as_column = _empty_lists(m, length), _empty_lists(m, length)
    n_blocks = -(-m // BLOCK)

    def meet(apart: int, block: int) -> None:
        row, column = block * BLOCK, (block + apart) % n_blocks * BLOCK
        rows = slice(row, row + BLOCK)
        products = points[rows] @ points[column : column + BLOCK].T
        vector_blocks.offer_block(products, every[rows], column, halves, as_row[0][rows], as_row[1][rows])
        if apart:
            vector_blocks.offer_block_to_columns(products, row, column, halves, *as_column)

    n_rounds = n_blocks // 2 + 1
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(numba.get_num_threads()) as pool:
        for apart in range(n_rounds):
            opposite = apart > 0 and 2 * apart == n_blocks  # half of them meet the other half
            _wait(pool.map(partial(meet, apart), range(n_blocks // 2 if opposite else n_blocks)))
            progress(0.9 * (apart + 1) / n_rounds, f"comparing {m:,} vectors")
    following = np.concatenate([as_row[0], as_column[0]], axis=1)
    bars = np.minimum(as_row[1][:, -1], as_column[1][:, -1])
    return np.where(following >= 0, (every[:, None] + following) % m, NOBODY).astype(np.int32), bars


def _precisely(space: _Space, squares: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """As ``_among_all`` for some rows (r,), by products in float64."""
    m = len(space.points)
    length = min(k + SPARE, m - 1)
    halves, (following, keys) = space.halves(squares), _empty_lists(rows.size, length, np.float64)

    def meet(begin: int) -> None:
        part = slice(begin, begin + BLOCK)
        mine = space.precise(rows[part])
        for column in range(0, m, BLOCK):
            products = mine @ space.precise(slice(column, column + BLOCK)).T
            vector_blocks.offer_block(products, rows[part], column, halves, following[part], keys[part])

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(numba.get_num_threads()) as pool:
        _wait(pool.map(meet, range(0, rows.size, BLOCK)))
    candidates = np.where(following >= 0, (rows[:, None] + following) % m, NOBODY).astype(np.int32)
    return _first(space, rows, candidates, min(k, m - 1))


def _wait(results: Iterable[T]) -> None:
    """Until all are there; raises what one of them raised."""
    for _ in results:
        pass


def _among_acquaintances(points: np.ndarray, k: int, progress: Progress) -> np.ndarray:
    """Candidates (n, k + ``EXTRA``): those in a leaf of any random tree, then neighbours of neighbours; -1 for none.

    Searched are the vectors in the order of the first tree, in which near ones are near in memory.
    """
    n, generator = len(points), np.random.default_rng(0)
    length = min(k + EXTRA, n - 1)
    indices, squares = lists = _empty_lists(n, length)
    first, starts = vector_forest.tree(points, leaf=LEAF, generator=generator)
    points, order = points[first], np.arange(n, dtype=np.int32)
    for tree in range(TREES):
        if tree:
            order, starts = vector_forest.tree(points, leaf=LEAF, generator=generator)
        vector_forest.compare_leaves(points, order, starts, *lists)
        progress(0.4 * (tree + 1) / TREES, f"sorting {n:,} vectors into trees")
    _ask_around(points, indices, squares, lambda share: progress(0.4 + 0.5 * share, "asking neighbours of neighbours"))
    candidates = np.empty_like(indices)
    candidates[first] = np.where(indices >= 0, first[indices], NOBODY)
    return candidates


def _ask_around(points: np.ndarray, indices: np.ndarray, squares: np.ndarray, told: Callable[[float], None]) -> None:
    """Rounds of ``neighbour_descent`` on lists (n, k), changed in place, until next to nothing is new."""
    n, k = indices.shape
    fresh = indices >= 0
    found, is_fresh, any_fresh = (
        np.empty((n, k + REVERSED), np.int32),
        np.empty((n, k + REVERSED), bool),
        np.empty(n, bool),
    )
    for _ in range(MOST_ROUNDS):
        neighbour_descent.acquainted(indices, fresh, found, is_fresh, any_fresh)
        neighbour_descent.ask_all(points, found, is_fresh, any_fresh, indices, squares, fresh)
        share = float(fresh.mean())
        told(min(1.0, np.log(max(share, FEW)) / np.log(FEW)))
        if share <= FEW:
            return
