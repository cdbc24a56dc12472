"""Which collections each entity visits, laid out for counting pairs row by row (Gustavson 1978).

Row i of the pair counts is the sum, over the collections that hold i, of their other members. Two layouts:

``prefixes``: entities are renamed by popularity, and a visit covers only the members that are more popular. Every pair
is met once, in the row of its rarer entity, and the additions go to few, often used places: the popular ones.
``whole``: names stay, and a visit covers the whole collection, the entity itself included; for single rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numba import njit, prange

from atlas_assets.kernels.memberships import count_entities

SMALL = 48  # collections up to this size are sorted by insertion, which beats a general sort


class Incidence(NamedTuple):
    """Visits of entity i are ``starts[i]`` to ``starts[i + 1]``; visit t covers ``members[first[t]:last[t]]``.

    starts (n+1,) int64; first, last, own (visits,) uint32 or uint64; members (m,) uint16 or uint32. own: where the
    visiting entity itself stands. Unsigned, since numba checks signed indices for being negative at every access.
    Collections are visited in their order. source: position in the input of each of ``members``, of size 0 where they
    stand as they came. collection: of each visit, of size 0 unless asked for.
    """

    starts: np.ndarray
    first: np.ndarray
    last: np.ndarray
    own: np.ndarray
    members: np.ndarray
    source: np.ndarray
    collection: np.ndarray


def by_popularity(counts: np.ndarray) -> np.ndarray:
    """(n,) int32: entities from the most to the least popular, ties to the lower."""
    return np.argsort(-counts, kind="stable").astype(np.int32)


def prefixes(
    indptr: np.ndarray, entities: np.ndarray, order: np.ndarray, counts: np.ndarray, *, weighted: bool
) -> Incidence:
    """Entities renamed to their place in ``order``; each visit covers the members that come before it.

    indptr (C+1,) int64; entities (m,) int32, unique in a collection; order (n,) as ``by_popularity`` and counts (n,) as
    ``memberships.count_entities`` give them. ``weighted`` asks for ``source`` and ``collection``. Memory: 12 bytes per
    membership, 10 with up to 65,536 entities; 8 more for ``weighted``.
    """
    n = order.size
    rank = np.empty(n, np.uint32)
    rank[order] = np.arange(n, dtype=np.uint32)
    place, label = _unsigned(entities.size), np.uint16 if n <= 2**16 else np.uint32
    members, source = np.empty(entities.size, label), np.empty(entities.size if weighted else 0, place)
    _rename(indptr, entities, rank, members, source)
    starts = np.concatenate([[0], np.cumsum(counts[order])]).astype(np.int64)
    first, last = np.empty((members.size, 2), place).T  # side by side, so that a visit is written to one cache line
    collection = np.empty(members.size if weighted else 0, np.uint32)
    _fill_prefixes(indptr, members, starts, _ranges(starts), first, last, collection)
    return Incidence(starts, first, last, last, members, source, collection)


def whole(
    indptr: np.ndarray, entities: np.ndarray, n_entities: int, *, rows: np.ndarray | None = None, weighted: bool
) -> Incidence:
    """Visits that cover their whole collection; of the ascending ``rows`` only (numbered as listed), or of all."""
    place = _unsigned(entities.size)
    members = entities.view(np.uint32)
    none = np.empty(0, place)
    slot = np.full(n_entities, -1, np.int64)
    chosen = np.arange(n_entities) if rows is None else rows
    slot[chosen] = np.arange(chosen.size)
    counts = count_entities(entities, n_entities)[chosen]
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    first, last, own = np.empty((starts[-1], 3), place).T
    collection = np.empty(starts[-1] if weighted else 0, np.uint32)
    _fill_whole(indptr, members, slot, starts, _ranges(starts), first, last, own, collection)
    return Incidence(starts, first, last, own, members, none, collection)


def _unsigned(n_memberships: int) -> type:
    return np.uint32 if n_memberships < 2**32 else np.uint64


def _ranges(starts: np.ndarray) -> np.ndarray:
    """Borders that split the rows into as many ranges of like numbers of visits as there are threads."""
    shares = np.linspace(0, starts[-1], numba.get_num_threads() + 1)
    borders = np.searchsorted(starts, shares)
    borders[0], borders[-1] = 0, starts.size - 1
    return borders


def companions(indptr: np.ndarray, entities: np.ndarray, n_entities: int) -> np.ndarray:
    """(n,) int64: other members of each entity's collections, added up; no row of the pair counts is longer."""
    return _companions(indptr, entities, n_entities)


@njit(cache=True)
def _companions(indptr, entities, n_entities):
    total = np.zeros(n_entities, np.int64)
    for c in range(indptr.size - 1):
        for at in range(indptr[c], indptr[c + 1]):
            total[entities[at]] += indptr[c + 1] - indptr[c] - 1
    return total


def pairs_within(indptr: np.ndarray) -> int:
    """Sum of s (s - 1) over collections of size s, exact."""
    high, low = _pairs_within(indptr)
    return int(high) * 2**32 + int(low)


@njit(cache=True)
def _pairs_within(indptr):
    high, low = 0, 0  # in two halves of 32 bits, because the whole sum may exceed 2^63
    for c in range(indptr.size - 1):
        size = indptr[c + 1] - indptr[c]
        pairs = size * (size - 1)
        high += pairs >> 32
        low += pairs & 0xFFFFFFFF
    return high, low


@njit(cache=True, parallel=True)
def _rename(indptr, entities, rank, members, source):
    """Each collection's entities by their new names, ascending, and where each stood before."""
    for c in prange(indptr.size - 1):
        begin, end = indptr[c], indptr[c + 1]
        if end - begin <= SMALL:
            for at in range(begin, end):
                name = rank[entities[at]]
                slot = at
                while slot > begin and members[slot - 1] > name:
                    members[slot] = members[slot - 1]
                    if source.size:
                        source[slot] = source[slot - 1]
                    slot -= 1
                members[slot] = name
                if source.size:
                    source[slot] = at
        else:
            keys = np.empty(end - begin, np.uint64)  # name and place in one number, so that one sort moves both
            for at in range(begin, end):
                keys[at - begin] = (np.uint64(rank[entities[at]]) << np.uint64(32)) | np.uint64(at - begin)
            keys.sort()
            for slot in range(begin, end):
                members[slot] = keys[slot - begin] >> np.uint64(32)
                if source.size:
                    source[slot] = np.uint64(begin) + (keys[slot - begin] & np.uint64(0xFFFFFFFF))


@njit(cache=True, parallel=True)
def _fill_prefixes(indptr, members, starts, borders, first, last, collection):
    """Each thread looks through all collections and writes the visits of its own range of entities, in order."""
    for b in prange(borders.size - 1):
        low, high = borders[b], borders[b + 1]
        cursor = starts[low:high].copy()
        for c in range(indptr.size - 1):
            for at in range(indptr[c], indptr[c + 1]):
                name = np.int64(members[at])
                if name >= high:
                    break  # members ascend
                if name >= low:
                    visit = cursor[name - low]
                    cursor[name - low] = visit + 1
                    first[visit] = indptr[c]
                    last[visit] = at
                    if collection.size:
                        collection[visit] = c


@njit(cache=True, parallel=True)
def _fill_whole(indptr, members, slot, starts, borders, first, last, own, collection):
    for b in prange(borders.size - 1):
        low, high = borders[b], borders[b + 1]
        cursor = starts[low:high].copy()
        for c in range(indptr.size - 1):
            for at in range(indptr[c], indptr[c + 1]):
                row = slot[members[at]]
                if row >= low and row < high:
                    visit = cursor[row - low]
                    cursor[row - low] = visit + 1
                    first[visit] = indptr[c]
                    last[visit] = indptr[c + 1]
                    own[visit] = at
                    if collection.size:
                        collection[visit] = c
