"""Entities with the same vector: one place for all of them in neighbours, graph and layouts, and a disc on the map.

A list of neighbours that holds nothing but copies says nothing of what else is near, and layouts would scatter what no
distance tells apart. So whatever is between the index and the map knows *places*: each is the vector of one entity, or
of many. ``places`` (n,) int32 says where every entity is, 0...m - 1 in the order of the first entity of each.
"""

from __future__ import annotations

import numpy as np

ROWS_AT_ONCE = 65_536
DIGITS = 14  # of unit vectors: parallel ones differ by rounding only
APART = 0.24  # a disc's radius, of the distance to the next place: all copies are nearer to each other than to others
LEAST = 2e-5  # of the map's width between two copies: enough for coordinates of 16 bits, and to be picked one by one
GOLDEN_ANGLE = np.pi * (3 - 5**0.5)


def places_of(vectors: np.ndarray, metric: str) -> np.ndarray | None:
    """Where each of vectors (n, d) is, (n,) int32; None where no two are the same. By ``cosine``, parallel ones are."""
    n = len(vectors)
    keys, factors = np.empty(n, np.uint64), np.random.default_rng(0).integers(0, 2**64, vectors.shape[1], np.uint64)
    for begin in range(0, n, ROWS_AT_ONCE):
        rows = slice(begin, begin + ROWS_AT_ONCE)
        bits = _comparable(vectors[rows], metric).view(np.uint64)
        keys[rows] = ((bits ^ (bits >> np.uint64(32))) * (factors | np.uint64(1))).sum(axis=1)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if first.size == n:
        return None
    stands_for = first[inverse]
    for begin in range(0, n, ROWS_AT_ONCE):  # keys of different vectors might be equal
        rows = np.arange(begin, min(begin + ROWS_AT_ONCE, n))
        rows = rows[stands_for[rows] != rows]
        mine, theirs = (_comparable(vectors[of], metric) for of in (rows, stands_for[rows]))
        other = rows[(mine != theirs).any(axis=1)]
        stands_for[other] = other
    places = np.unique(stands_for, return_inverse=True)[1].astype(np.int32)
    return places if int(places.max()) + 1 < n else None


def _comparable(vectors: np.ndarray, metric: str) -> np.ndarray:
    """Rows that are equal where vectors are the same; float64."""
    wide = np.ascontiguousarray(vectors, np.float64)
    if metric == "cosine":
        largest = np.abs(wide).max(axis=1, initial=0.0)
        wide = wide / np.where(largest > 0, largest, 1.0)[:, None]
        lengths = np.linalg.norm(wide, axis=1)
        wide = np.round(wide / np.where(lengths > 0, lengths, 1.0)[:, None], DIGITS)
    return wide + 0.0  # one zero, not two


def first_of(places: np.ndarray) -> np.ndarray:
    """The first entity of each place, (m,)."""
    return np.unique(places, return_index=True)[1]


def sizes_of(places: np.ndarray) -> tuple[int, int, int]:
    """How many entities share a place with others, at how many places, and how many are at the fullest."""
    sizes = np.bincount(places)
    shared = sizes[sizes > 1]
    return int(shared.sum()), shared.size, int(sizes.max())


def spread_out(positions: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Where entities lie, (n, 2 or 3) float32, from where their places do, (m, 2 or 3).

    The first of a place lies on it, the others in a small disc (ball) around it, evenly, in the order of their rows:
    within reach of each other, further from everybody else, and no two on one point.
    """
    from atlas_assets.kernels.kd_tree import nearest_others

    m, dims = positions.shape
    sizes = np.bincount(places, minlength=m)
    order = np.argsort(places, kind="stable")
    number = np.empty(places.size, np.int64)
    number[order] = np.arange(places.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    width = float(np.ptp(positions, axis=0).max(initial=0.0)) or 1.0
    gaps = nearest_others(np.asarray(positions, np.float64), 1)[1][:, 0] if m > 1 else np.ones(1)
    grown = sizes ** (1 / dims)
    radius = np.minimum(APART * gaps, 0.5 * np.median(gaps) * grown)
    radius = np.maximum(radius, LEAST * width * grown)
    share = number / np.maximum(sizes[places] - 1, 1)
    turn = number * GOLDEN_ANGLE
    if dims == 2:
        directions = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    else:
        height = 1 - 2 * (number + 0.5) / sizes[places]
        across = np.sqrt(1 - height**2)
        directions = np.stack([np.cos(turn) * across, np.sin(turn) * across, height], axis=1)
    away = radius[places] * share ** (1 / dims)
    return (positions[places] + away[:, None] * directions).astype(np.float32)
