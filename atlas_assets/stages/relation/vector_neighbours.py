"""Nearest neighbours of vectors: of all pairs, or above ``EXACT_LIMIT`` rows by trees and asking around.

Either way finds candidates in float32, more than are wanted, which are then compared in float64. So neither the
rounding of a product of matrices nor the number of threads decides who is listed.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numba
import numpy as np
from threadpoolctl import threadpool_limits

from atlas_assets.errors import DataError
from atlas_assets.kernels import neighbour_descent, vector_blocks, vector_forest
from atlas_assets.kernels.top_k import top_k
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

Lists = tuple[np.ndarray, np.ndarray]


def nearest(
    vectors: np.ndarray, *, k: int, metric: str, exact_limit: int = EXACT_LIMIT, progress: Progress = no_progress
) -> tuple[np.ndarray, np.ndarray]:
    """indices (n, k) int32 and similarity (n, k) float64 as ``neighbours.from_vectors`` documents them.

    Equal similarities go to the lower index. The same for any number of threads. Memory: a float32 copy of the vectors,
    above ``exact_limit`` rows two for a moment and 450 bytes per vector.
    """
    points, usable = _prepared(vectors, metric)
    if len(points) < 2:
        return np.full((len(vectors), k), NOBODY, np.int32), np.zeros((len(vectors), k))
    find = _among_all if len(points) <= exact_limit else _among_acquaintances
    candidates = find(points, k, progress)
    progress(0.9, f"comparing {candidates.shape[1]} candidates of each")
    distances = vector_blocks.squares_to(points, candidates)
    # top_k takes the largest positive score: turn distances (0...) into scores in (0, 1] that keep their order
    indptr = np.arange(0, candidates.size + 1, candidates.shape[1])
    listed, chosen = top_k(indptr, candidates.ravel(), 1.0 / (1.0 + distances.ravel()), k=k)
    distances = np.where(listed >= 0, 1.0 / np.where(listed >= 0, chosen, 1.0) - 1.0, 0.0)
    if metric == "cosine":
        similarity = 1.0 - distances / 2.0  # of unit vectors, half the squared distance is 1 - cosine
    else:
        distances = np.sqrt(np.maximum(distances, 0))
        ends = distances[listed[:, -1] >= 0, -1]
        scale = float(np.median(ends)) if ends.size and np.median(ends) > 0 else 1.0
        similarity = 1.0 / (1.0 + distances / scale)
    indices, values = np.full((len(vectors), k), NOBODY, np.int32), np.zeros((len(vectors), k))
    indices[usable] = np.where(listed >= 0, usable[listed], NOBODY)
    values[usable] = np.where(listed >= 0, similarity, 0.0)
    return indices, values


def _prepared(vectors: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """The vectors that have neighbours, (m, d) float32, and their rows (m,).

    For ``cosine`` at length one, without those of no length; else around the origin: distances do not change, and
    float32 loses less there. Raises DataError for numbers that are not finite.
    """
    n, points = len(vectors), np.empty(vectors.shape, np.float32)
    usable = np.ones(n, bool)
    for begin in range(0, n, ROWS_AT_ONCE):
        rows = slice(begin, begin + ROWS_AT_ONCE)
        _require_finite(vectors[rows], begin)
        points[rows] = vectors[rows]
        if metric == "cosine":
            lengths = np.linalg.norm(vectors[rows].astype(np.float64), axis=1)
            usable[rows] = lengths > 0
            points[rows] = vectors[rows] / np.where(lengths > 0, lengths, 1)[:, None]
    if metric != "cosine":
        points -= points.mean(axis=0)
    return points if usable.all() else points[usable], np.flatnonzero(usable)


def _require_finite(vectors: np.ndarray, first: int) -> None:
    unusable = ~np.isfinite(vectors).all(axis=1)
    if unusable.any():
        row = int(np.flatnonzero(unusable)[0])
        raise DataError(
            file="entity_index",
            where=f"vector of row {first + row}",
            found=f"{vectors[row][~np.isfinite(vectors[row])][0]}",
            expected="finite numbers only",
            remedy="Drop or mend this vector.",
        )


def _empty_lists(n: int, length: int) -> Lists:
    return np.full((n, length), NOBODY, np.int32), np.full((n, length), np.inf, np.float32)


def _among_all(points: np.ndarray, k: int, progress: Progress) -> np.ndarray:
    """Candidates (n, 2 (k + ``SPARE``)) by comparing all pairs; -1 for none. Among them are the k nearest.

    Blocks of products, each by one thread, so that their bits do not depend on how many there are. A product serves
    both of its ends, which have a list for each role: in one round every block of rows meets one other, and nobody
    else writes its lists of that role.
    """
    n = len(points)
    halves = np.einsum("ij,ij->i", points, points) / 2
    length = min(k + SPARE, n - 1)
    as_row, as_column = _empty_lists(n, length), _empty_lists(n, length)
    n_blocks = -(-n // BLOCK)

    def meet(apart: int, block: int) -> None:
        row, column = block * BLOCK, (block + apart) % n_blocks * BLOCK
        products = points[row : row + BLOCK] @ points[column : column + BLOCK].T
        vector_blocks.offer_block(products, row, column, halves, *as_row)
        if apart:
            vector_blocks.offer_block_to_columns(products, row, column, halves, *as_column)

    _side_by_side(n_blocks, meet, lambda share: progress(0.9 * share, f"comparing {n:,} vectors"))
    return np.concatenate([as_row[0], as_column[0]], axis=1)


def _side_by_side(n_blocks: int, meet: Callable[[int, int], None], told: Callable[[float], None]) -> None:
    """``meet(apart, block)`` for every two blocks once, and each with itself, on all cores."""
    n_rounds = n_blocks // 2 + 1
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(numba.get_num_threads()) as pool:
        for apart in range(n_rounds):
            opposite = apart > 0 and 2 * apart == n_blocks  # half of them meet the other half
            for _ in pool.map(partial(meet, apart), range(n_blocks // 2 if opposite else n_blocks)):
                pass
            told((apart + 1) / n_rounds)


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
