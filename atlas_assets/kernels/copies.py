"""Lists of entities that share a place with others, from the lists of the places."""

from __future__ import annotations

import numpy as np
from numba import njit, prange


@njit(cache=True, parallel=True)
def _spread(places, indices, members, starts, position, out, slots):
    k = out.shape[1]
    for i in prange(places.size):
        place, count = places[i], 0
        begin, size = starts[place], starts[place + 1] - starts[place]
        for step in range(1, size):
            if count == k:
                break
            out[i, count] = members[begin + (position[i] + step) % size]
            count += 1
        for slot in range(indices.shape[1]):
            other = indices[place, slot]
            if other < 0 or count == k:
                break
            begin, size = starts[other], starts[other + 1] - starts[other]
            for step in range(size):
                if count == k:
                    break
                out[i, count] = members[begin + (position[i] + step) % size]
                slots[i, count] = slot
                count += 1


def spread_lists(places: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lists (n, k) of all entities, from those of their places (m, k), and which entry of those each comes from.

    places (n,) int32: the place of each entity, 0...m - 1. First come the others of the same place, marked -1 in the
    second array, then everybody at the first place listed, and so on; -1 at the end of both where there are no more.
    Of many at one place, those that follow in a circle come first, so that none is on everybody's list.
    """
    members = np.argsort(places, kind="stable").astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(places, minlength=len(indices)))])
    position = np.empty(places.size, np.int64)
    position[members] = np.arange(places.size) - starts[places[members]]
    out = np.full((places.size, indices.shape[1]), -1, np.int32)
    slots = np.full(out.shape, -1, np.int32)
    _spread(np.asarray(places), np.asarray(indices), members, starts, position, out, slots)
    return out, slots


def spread_lists_reference(places: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same by lists."""
    k = indices.shape[1]
    out, slots = np.full((len(places), k), -1, np.int32), np.full((len(places), k), -1, np.int32)
    at = [np.flatnonzero(places == place).tolist() for place in range(len(indices))]
    for i, place in enumerate(places):
        turn = at[place].index(i)
        found = [(j, -1) for j in (at[place] * 2)[turn + 1 : turn + len(at[place])]]
        for slot, other in enumerate(indices[place]):
            if other < 0:
                break
            turned = turn % len(at[other])
            found += [(j, slot) for j in at[other][turned:] + at[other][:turned]]
        for column, (j, slot) in enumerate(found[:k]):
            out[i, column], slots[i, column] = j, slot
    return out, slots
