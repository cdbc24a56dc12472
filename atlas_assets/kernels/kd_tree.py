"""Exact nearest neighbours of points in a few dimensions, by a k-d tree (Bentley 1975) built and asked on all cores.

The tree is balanced and implicit: node i splits into 2 i + 1 and 2 i + 2, and its points are a run of the reordered
points, halved at every level. Each node keeps the box around its points, so one that is flat or far is passed over at
once. Points are asked in the order of the tree: those of a leaf search the same part of memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange

LEAF = 12  # points at most: of 8 to 32, about the fastest for 2 and 3 dimensions and 16 neighbours
DEEPEST = 64  # of the stack of nodes still to be visited


class Tree(NamedTuple):
    """points (n, d) float64, reordered; order (n,) int32: the row of each as it was given; depth: of the leaves.

    starts (2^depth + 1,): where the points of each leaf begin, and n. boxes (2^(depth + 1) - 1, 2, d): least and
    greatest coordinates of every node's points.
    """

    points: np.ndarray
    order: np.ndarray
    starts: np.ndarray
    boxes: np.ndarray
    depth: int


def grow(points: np.ndarray) -> Tree:
    """The tree of points (n, d), n > 0, all finite. O(n log n); memory: 8 d + 4 bytes per point, and boxes."""
    sorted_points = _padded(points)
    n, d = sorted_points.shape
    depth = max(0, int(np.ceil(np.log2(n / LEAF))))
    starts = np.array([0, n])
    order, boxes = np.arange(n, dtype=np.int32), np.empty(((2 << depth) - 1, 2, d))
    for level in range(depth + 1):
        _settle_level(level, level < depth, sorted_points, order, starts, boxes)
        if level < depth:
            middles = (starts[:-1] + starts[1:]) // 2
            starts = np.append(np.stack([starts[:-1], middles], axis=1).ravel(), n)
    return Tree(sorted_points, order, starts, boxes, depth)


def nearest_others(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest other rows of each of points (n, d), k < n: indices (n, k) int32, distances (n, k) float64.

    Nearest first, equally near ones by row; squares of distances are compared, summed in float64 in the order of the
    dimensions. The result does not depend on the number of threads, nor, as it is exact, on the tree.
    """
    tree = grow(points)
    return _answered(tree, tree.points, tree.order, tree.order, k)  # as they lie in the tree: see above


def nearest(points: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k <= n nearest of points (n, d) to each of queries (m, d), as ``nearest_others`` gives them, (m, k)."""
    m = len(queries)
    return _answered(grow(points), _padded(queries), np.full(m, -1, np.int32), np.arange(m, dtype=np.int32), k)


def _answered(
    tree: Tree, queries: np.ndarray, own: np.ndarray, place: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    indices, distances = np.empty((len(queries), k), np.int32), np.empty((len(queries), k))
    axes = tuple(range(queries.shape[1]))  # its length is part of its type, so compiled loops over it are unrolled
    _ask(queries, own, place, tree, indices, distances, axes)
    return indices, distances


def _padded(points: np.ndarray) -> np.ndarray:
    """A copy (n, at least 3) float64: one compiled search for the plane and for space, which costs little more."""
    wide = np.zeros((len(points), max(3, points.shape[1])))
    wide[:, : points.shape[1]] = points
    return wide


def nearest_reference(points: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The same by comparing every query with every point."""
    squares = np.zeros((len(queries), len(points)))
    for dim in range(points.shape[1]):
        squares += (queries[:, None, dim] - points[None, :, dim]) ** 2
    indices = np.lexsort((np.broadcast_to(np.arange(len(points)), squares.shape), squares), axis=1)[:, :k]
    return indices, np.sqrt(np.take_along_axis(squares, indices, axis=1))


@njit(cache=True)
def _settle(node, split, points, order, begin, end, boxes):
    """The box of a node, and its points split in the middle of the longest side for the next level."""
    low, high = boxes[node, 0], boxes[node, 1]
    longest, length = 0, -1.0
    for dim in range(points.shape[1]):
        low[dim], high[dim] = np.inf, -np.inf
        for p in range(begin, end):
            low[dim], high[dim] = min(low[dim], points[p, dim]), max(high[dim], points[p, dim])
        if high[dim] - low[dim] > length:
            longest, length = dim, high[dim] - low[dim]
    if split:
        _halve(points, order, begin, end, longest)


@njit(cache=True, parallel=True)
def _settle_level(level, split, points, order, starts, boxes):
    for path in prange(1 << level):
        _settle((1 << level) - 1 + path, split, points, order, starts[path], starts[path + 1], boxes)


@njit(cache=True)
def _halve(points, order, begin, end, dim):
    """Rearrange a run so that no point before its middle has a greater coordinate than one behind (Hoare 1961)."""
    middle, low, high = (begin + end) // 2, begin, end - 1
    while low < high:
        pivot = points[(low + high) // 2, dim]
        left, right = low, high
        while left <= right:
            while points[left, dim] < pivot:
                left += 1
            while points[right, dim] > pivot:
                right -= 1
            if left <= right:
                order[left], order[right] = order[right], order[left]
                for axis in range(points.shape[1]):
                    swapped = points[left, axis]
                    points[left, axis] = points[right, axis]
                    points[right, axis] = swapped
                left, right = left + 1, right - 1
        if middle <= right:
            high = right
        elif middle >= left:
            low = left
        else:
            return


@njit(cache=True)
def _square_to_box(query, boxes, node, axes):
    """Of the distance to the nearest place in a box. As rounding is monotone, no point in it is nearer than that."""
    total = 0.0
    for dim in range(len(axes)):
        outside = max(boxes[node, 0, dim] - query[dim], query[dim] - boxes[node, 1, dim], 0.0)
        total += outside * outside
    return total


@njit(cache=True)
def _insert(row, square, count, rows, squares):
    """Into the lists in order of square, then row; the last falls off when they are full. Returns the new count."""
    at = min(count, rows.size - 1)
    while at > 0 and (squares[at - 1] > square or (squares[at - 1] == square and rows[at - 1] > row)):
        squares[at], rows[at] = squares[at - 1], rows[at - 1]
        at -= 1
    squares[at], rows[at] = square, row
    return min(count + 1, rows.size)


@njit(cache=True)
def _search_leaf(query, own, begin, end, points, order, count, rows, squares, axes):
    """Offer the points of a run, but not row ``own``. Returns how many are listed then."""
    k = rows.size
    for p in range(begin, end):
        square = 0.0
        for dim in range(len(axes)):
            square += (query[dim] - points[p, dim]) * (query[dim] - points[p, dim])
        if count == k and (square > squares[k - 1] or (square == squares[k - 1] and order[p] > rows[k - 1])):
            continue
        if order[p] != own:
            count = _insert(order[p], square, count, rows, squares)
    return count


@njit(cache=True)
def _ask_one(query, own, tree, rows, squares, axes):
    """Fill the lists (k,) of one query, the nearer half of every node first."""
    points, order, starts, boxes, depth = tree
    k, first_leaf, count = rows.size, (1 << depth) - 1, 0
    nodes, bounds = np.empty(DEEPEST, np.int64), np.empty(DEEPEST)
    nodes[0], bounds[0], pending = 0, 0.0, 1
    while pending > 0:
        pending -= 1
        node = nodes[pending]
        if count == k and bounds[pending] > squares[k - 1]:
            continue
        if node >= first_leaf:
            begin, end = starts[node - first_leaf], starts[node - first_leaf + 1]
            count = _search_leaf(query, own, begin, end, points, order, count, rows, squares, axes)
            continue
        left, right = 2 * node + 1, 2 * node + 2
        to_left, to_right = _square_to_box(query, boxes, left, axes), _square_to_box(query, boxes, right, axes)
        if to_left > to_right:
            nodes[pending], bounds[pending], nodes[pending + 1], bounds[pending + 1] = left, to_left, right, to_right
        else:
            nodes[pending], bounds[pending], nodes[pending + 1], bounds[pending + 1] = right, to_right, left, to_left
        pending += 2
    for slot in range(k):
        squares[slot] = np.sqrt(squares[slot])


@njit(cache=True, parallel=True)
def _ask(queries, own, place, tree, indices, distances, axes):
    """Each of queries (m, d) without row own (m,) (-1: with all), into the rows place (m,) of the results."""
    for q in prange(len(queries)):
        _ask_one(queries[q], own[q], tree, indices[place[q]], distances[place[q]], axes)
