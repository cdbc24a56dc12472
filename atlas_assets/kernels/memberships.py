"""Collections as CSR rows over entities: sorted, freed of repetitions, filtered, in one pass over the memberships each.

Wherever a function takes ``places``, (m,) positions of the memberships in the table they came from, it moves them, too;
an empty array means that nobody needs them. Arrays are changed in place where that is said, and what is returned may
be a view of them: at 100 million memberships a copy is what costs. ``*_reference`` are the naive versions for tests.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from atlas_assets.kernels.splitmix import splitmix64

SHORT = 24  # entities in a collection up to which insertion beats a library sort, which has to pack keys


def group(
    collection: np.ndarray, entity: np.ndarray, n_collections: int, *, with_places: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """indptr (C+1,) int64, entities and places (m,) by collection, then entity; repeated pairs keep their order.

    collection, entity: (m,) int32. Where collections ascend already, ``entity`` itself is sorted and returned. Counting
    sort by collection, then a sort inside each: O(m log of the largest collection).
    """
    dtype = np.int32 if entity.size < 2**31 else np.int64
    indptr, grouped, ordered = _sizes(collection, entity, n_collections)
    if grouped:
        entities, places = entity, np.arange(entity.size if with_places else 0, dtype=dtype)
    else:
        entities, places = np.empty_like(entity), np.empty(entity.size if with_places else 0, dtype)
        _scatter(collection, entity, indptr[:-1].copy(), entities, places)
    if not ordered:
        sort_inside(indptr, entities, places)
    return indptr, entities, places


def group_reference(collection: list[int], entity: list[int]) -> list[tuple[int, int, int]]:
    """(collection, entity, place) in order."""
    return sorted((c, e, i) for i, (c, e) in enumerate(zip(collection, entity, strict=True)))


@njit(cache=True)
def _sizes(collection, entity, n_collections):
    """indptr, whether collections ascend from row to row, and whether entities do so inside them, too."""
    indptr = np.zeros(n_collections + 1, np.int64)
    grouped = ordered = True
    for i in range(collection.size):
        indptr[collection[i] + 1] += 1
        if i > 0:
            grouped &= collection[i] >= collection[i - 1]
            ordered &= collection[i] != collection[i - 1] or entity[i] >= entity[i - 1]
    for c in range(n_collections):
        indptr[c + 1] += indptr[c]
    return indptr, grouped, grouped and ordered


@njit(cache=True)
def _scatter(collection, entity, cursor, entities, places):
    for i in range(collection.size):
        slot = cursor[collection[i]]
        cursor[collection[i]] += 1
        entities[slot] = entity[i]
        if places.size:
            places[slot] = i


@njit(cache=True)
def sort_inside(indptr, entities, places):
    """Sort the entities of every collection in place, stably, and their places along."""
    for c in range(indptr.size - 1):
        begin, end = indptr[c], indptr[c + 1]
        if end - begin <= SHORT:
            _insert(begin, end, entities, places)
        else:
            _sort_packed(begin, end, entities, places)


@njit(cache=True)
def _insert(begin, end, entities, places):
    for i in range(begin + 1, end):
        entity, at = entities[i], i
        while at > begin and entities[at - 1] > entity:
            entities[at] = entities[at - 1]
            at -= 1
        entities[at] = entity
        if places.size and at < i:
            place = places[i]
            for k in range(i, at, -1):
                places[k] = places[k - 1]
            places[at] = place


@njit(cache=True)
def _sort_packed(begin, end, entities, places):
    """By keys of entity and position: unique, so any sort is stable. Both are below 2^31, so keys are below 2^63."""
    keys = np.empty(end - begin, np.int64)
    ordered = True
    for i in range(end - begin):
        keys[i] = (np.int64(entities[begin + i]) << 32) | i
        ordered &= i == 0 or entities[begin + i] >= entities[begin + i - 1]
    if ordered:
        return
    keys.sort()
    if places.size:
        moved = places[begin:end].copy()
        for i in range(end - begin):
            places[begin + i] = moved[keys[i] & 0xFFFFFFFF]
    for i in range(end - begin):
        entities[begin + i] = keys[i] >> 32


@njit(cache=True)
def count_entities(entities, n_entities):
    """(n,) int64: memberships of each entity."""
    counts = np.zeros(n_entities, np.int64)  # numpy's bincount copies int32 to int64 first
    for i in range(entities.size):
        counts[entities[i]] += 1
    return counts


@njit(cache=True)
def count_repeated(indptr, entities):
    """How many memberships repeat the one before them."""
    n = 0
    for c in range(indptr.size - 1):
        for i in range(indptr[c] + 1, indptr[c + 1]):
            n += entities[i] == entities[i - 1]
    return n


@njit(cache=True)
def select(indptr, entities, places, collections, of_entities, kept_entities, kept_places):
    """Keep the memberships of the chosen collections and entities (two masks); returns the new indptr.

    kept_entities and kept_places receive them: they may be ``entities`` and ``places`` themselves. Collections keep
    their numbers; those that lose everything are empty.
    """
    kept = np.zeros(indptr.size, np.int64)
    slot = 0
    for c in range(indptr.size - 1):
        if collections[c]:
            for i in range(indptr[c], indptr[c + 1]):
                if of_entities[entities[i]]:
                    kept_entities[slot] = entities[i]
                    if places.size:
                        kept_places[slot] = places[i]
                    slot += 1
        kept[c + 1] = slot
    return kept


@njit(cache=True)
def select_at_least(indptr, entities, places, values, limit):
    """Keep, in place, memberships whose ``values[places[i]]`` is at least ``limit`` (NaN never is); the new indptr."""
    kept = np.zeros(indptr.size, np.int64)
    slot = 0
    for c in range(indptr.size - 1):
        for i in range(indptr[c], indptr[c + 1]):
            if values[places[i]] >= limit:
                entities[slot] = entities[i]
                places[slot] = places[i]
                slot += 1
        kept[c + 1] = slot
    return kept


@njit(cache=True)
def _precedes(one, other, values, times, weights):
    """Whether place ``one`` beats ``other``: larger value, then later, then heavier; unknown (NaN) loses."""
    if values.size:
        a, b = values[one], values[other]
        if a > b or (b != b and a == a):
            return True
        if a < b or (a != a and b == b):
            return False
    if times.size and times[one] != times[other]:
        return times[one] > times[other]
    return weights.size > 0 and weights[one] > weights[other]


@njit(cache=True)
def best_of_repeated(indptr, entities, places, values, times, weights):
    """Keep, in place, one of the memberships of each pair, the first of the best; returns the new indptr.

    values, times, weights: columns that ``places`` points into, or empty arrays.
    """
    kept = np.zeros(indptr.size, np.int64)
    slot = 0
    for c in range(indptr.size - 1):
        start = slot
        for i in range(indptr[c], indptr[c + 1]):
            if slot == start or entities[slot - 1] != entities[i]:
                entities[slot] = entities[i]
                if places.size:
                    places[slot] = places[i]
                slot += 1
            elif places.size and _precedes(places[i], places[slot - 1], values, times, weights):
                places[slot - 1] = places[i]
        kept[c + 1] = slot
    return kept


def best_of_repeated_reference(
    pairs: list[tuple[int, int]], columns: list[tuple[float, ...]]
) -> dict[tuple[int, int], int]:
    """{(collection, entity): place of its best row}, by (value, time, weight) of each row, -inf where unknown."""
    best: dict[tuple[int, int], int] = {}
    for place, pair in enumerate(pairs):
        if pair not in best or columns[place] > columns[best[pair]]:
            best[pair] = place
    return best


@njit(cache=True)
def _sum_repeated(indptr, entities, places, values, times, weights, sums):
    kept = np.zeros(indptr.size, np.int64)
    total, latest, heavy = sums
    slot = 0
    for c in range(indptr.size - 1):
        start, value, weight = slot, np.nan, 0.0
        for i in range(indptr[c], indptr[c + 1]):
            if slot == start or entities[slot - 1] != entities[i]:
                entities[slot] = entities[i]
                slot += 1
                value, weight = np.nan, 0.0
                if times.size:
                    latest[slot - 1] = times[places[i]]
            if values.size:
                one = values[places[i]]
                if one == one:
                    value = one if value != value else value + one
                total[slot - 1] = value
            if times.size:
                latest[slot - 1] = max(latest[slot - 1], times[places[i]])
            weight += weights[places[i]] if weights.size else 1.0
            heavy[slot - 1] = weight
        kept[c + 1] = slot
    return kept


def sum_repeated(
    indptr: np.ndarray,
    entities: np.ndarray,
    places: np.ndarray,
    values: np.ndarray,
    times: np.ndarray,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Make the memberships of each pair one, in place: the new indptr, and value, time and weight of each that is left.

    Values (float32, NaN is left out) and weights (float32, 1 where there is no column) are added in float64; the
    latest of the times (int64) stays. Columns as in ``best_of_repeated``; what has none stays empty.
    """
    n = entities.size - count_repeated(indptr, entities)
    sums = (
        np.empty(n if values.size else 0, np.float32),
        np.empty(n if times.size else 0, np.int64),
        np.empty(n, np.float32),
    )
    return _sum_repeated(indptr, entities, places, values, times, weights, sums), *sums


@njit(cache=True)
def sample(indptr, entities, places, limit, large, of_large, of_entity):
    """Keep, in place, of each collection in ``large`` (ascending) the ``limit`` that hash lowest; the new indptr.

    A membership's hash is ``stable_hash.mix`` of that of its collection, of_large (parallel to large), and that of its
    entity, of_entity (n,), all uint64; of equal hashes the first stay. O(m): the limit-th smallest hash is selected,
    nothing is sorted.
    """
    kept = np.zeros(indptr.size, np.int64)
    slot, at = 0, 0
    for c in range(indptr.size - 1):
        begin, end = indptr[c], indptr[c + 1]
        if at < large.size and large[at] == c:
            draws = np.empty(end - begin, np.uint64)
            for i in range(end - begin):
                draws[i] = splitmix64(of_large[at] + splitmix64(of_entity[entities[begin + i]]))
            border = np.partition(draws, limit - 1)[limit - 1]
            below = 0
            for draw in draws:
                below += draw < border
            ties = limit - below
            for i in range(end - begin):
                tied = draws[i] == border and ties > 0
                if draws[i] < border or tied:
                    ties -= tied
                    entities[slot] = entities[begin + i]
                    if places.size:
                        places[slot] = places[begin + i]
                    slot += 1
            at += 1
        else:
            for i in range(begin, end):
                entities[slot] = entities[i]
                if places.size:
                    places[slot] = places[i]
                slot += 1
        kept[c + 1] = slot
    return kept


@njit(cache=True)
def renumber(entities, numbers, out):
    """out[i] = numbers[entities[i]]; ``out`` may be ``entities`` itself."""
    for i in range(entities.size):
        out[i] = numbers[entities[i]]


@njit(cache=True)
def ascending(indptr, entities):
    """Whether entities strictly ascend inside every collection."""
    for c in range(indptr.size - 1):
        for i in range(indptr[c] + 1, indptr[c + 1]):
            if entities[i] <= entities[i - 1]:
                return False
    return True
