"""Where something new belongs on a map that stays as it is: where most of what it is similar to stands together.

The mean of all its neighbours would put it between the places that they stand in, beside none of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# So many of the nearest say where a newcomer stands. Of 1,000 new digits on a map of 9,000 (mnist-test-10k), recall
# of their ten nearest by UMAP: 0.251, by three 0.256, by ten 0.230, and by t-SNE 0.326, 0.334, 0.269.
NEAREST = 5
ROUNDS = 5  # what knows only other newcomers waits for these to be placed
TOGETHER = 3.0  # median distances of neighbours on the map: those within that of the best of them count
AT_ONCE = 20_000  # newcomers whose neighbours' distances are in memory together


def beside(positions: np.ndarray, indices: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """Places (m, d) float32 of m newcomers beside their neighbours; nan where no neighbour has a place.

    positions (n, d), nan for rows without a place; indices (m, k) rows of them, -1 for none; similarity (m, k), at
    least 0. Of the neighbours of each, the one that is nearest to all others by their similarities is looked for, and
    the newcomer stands at the mean of those around it, weighed alike. Nothing is drawn: the same input, the same place.
    """
    places = np.asarray(positions, np.float64)
    found = np.full((len(indices), places.shape[1]), np.nan)
    for part in _parts(len(indices)):
        listed = np.asarray(indices[part], np.int64)
        at = places[np.where(listed < 0, 0, listed)]
        usable = (listed >= 0) & np.isfinite(at).all(axis=2)
        weight = np.where(usable, np.maximum(np.asarray(similarity[part], np.float64), 1e-12), 0.0)
        at = np.where(usable[:, :, None], at, 0.0)
        apart = np.linalg.norm(at[:, :, None] - at[:, None], axis=3)
        cost = np.where(usable, (apart * weight[:, None]).sum(axis=2), np.inf)
        best = cost.argmin(axis=1)
        from_best = np.take_along_axis(apart, best[:, None, None], axis=1)[:, 0]
        usual = np.ma.median(np.ma.masked_array(from_best, ~usable), axis=1).filled(0.0)
        counts = weight * (from_best <= TOGETHER * usual[:, None])
        total = counts.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[part] = (at * counts[:, :, None]).sum(axis=1) / total[:, None]
    return found.astype(np.float32)


def place_all(positions: np.ndarray, indices: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """A copy of positions (n, d) float32 in which rows that are nan stand beside their neighbours, in some rounds.

    indices, similarity (n, k): of every row, as above. Rows that no path of ROUNDS steps leads to from one with a place
    stay nan.
    """
    placed = np.array(positions, np.float32)
    for _ in range(ROUNDS):
        missing = np.flatnonzero(~np.isfinite(placed).all(axis=1))
        if not missing.size:
            break
        new = beside(placed, indices[missing], similarity[missing])
        if not np.isfinite(new).any():
            break
        placed[missing] = new
    return placed


def _parts(count: int) -> Iterator[slice]:
    yield from (slice(begin, begin + AT_ONCE) for begin in range(0, count, AT_ONCE))
