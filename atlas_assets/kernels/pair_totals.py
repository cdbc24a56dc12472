"""Sums of weights that need no pair counts: of all pairs, what the counted ones are held against; of each entity."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.pair_weight import FORMS, NO_TIME, time_closeness, value_closeness


@njit(cache=True)
def _total_of_classes(values, times, sums, within, form, width, half_life, has_values, has_times):
    """Sum over i < j of w_i w_j f g, from the classes of one collection: pairs inside each, then between every two."""
    result = 0.0
    for a in range(sums.size):
        inside = within[a]
        if has_values:
            inside *= value_closeness(form, width, values[a], values[a])
        result += inside
        for b in range(a):
            amount = sums[a] * sums[b]
            if has_values:
                amount *= value_closeness(form, width, values[a], values[b])
            if has_times:
                amount *= time_closeness(half_life, times[a], times[b])
            result += amount
    return result


@njit(cache=True, parallel=True)  # a collection writes only its own slot
def _totals_of_collections(indptr, values, times, sums, within, form, width, half_life, has_values, has_times, out):
    for c in prange(indptr.size - 1):
        mine = slice(indptr[c], indptr[c + 1])
        out[c] = _total_of_classes(
            values[mine], times[mine], sums[mine], within[mine], form, width, half_life, has_values, has_times
        )


@njit(cache=True)
def _sums_of_classes(first, rows, sums, within):
    """Per class: sum of w, and sum over i < j of w_i w_j. Not as (sum^2 - squares) / 2, which cancels."""
    for a in range(sums.size):
        running = 0.0
        for row in range(first[a], first[a + 1]):
            within[a] += running * rows[row]
            running += rows[row]
        sums[a] = running


def pair_totals(
    indptr: np.ndarray,
    *,
    rows: np.ndarray | None,
    collections: np.ndarray | None,
    values: np.ndarray | None,
    form: str | None,
    width: float,
    times: np.ndarray | None,
    half_life: float,
) -> float:
    """Sum over collections and ordered pairs of W_c w_i w_j f(v_i, v_j) g(t_i, t_j); arguments as in ``PairWeights``.

    Rows of a collection with the same value and the same time form a class, and a class meets another as a whole; ten
    different ratings are 55 pairs of classes however many books were rated. At worst all rows differ: half of sum s^2
    evaluations, on all cores. Sums are in float64, those over collections exact.
    """
    sizes = np.diff(indptr)
    m = int(indptr[-1])
    collection = np.repeat(np.arange(sizes.size), sizes)
    keys = [k for k in (times, values) if k is not None]
    order = np.lexsort((*keys, collection)) if keys else np.arange(m)
    starts = np.ones(m, dtype=bool)
    if m:
        same = collection[order][1:] == collection[order][:-1]
        for key in keys:
            one, other = key[order][1:], key[order][:-1]
            same &= (one == other) | ((one != one) & (other != other))  # unknown values, NaN, are one class
        starts[1:] = ~same
    first = np.append(np.flatnonzero(starts), m)
    n_classes = first.size - 1
    sums, within = np.zeros(n_classes), np.zeros(n_classes)
    _sums_of_classes(first, np.ones(m) if rows is None else np.asarray(rows, dtype=np.float64)[order], sums, within)
    of_class = order[first[:-1]]
    out = np.zeros(sizes.size)
    _totals_of_collections(
        np.searchsorted(first, indptr).astype(np.int64),
        np.full(n_classes, np.nan) if values is None else np.asarray(values, dtype=np.float64)[of_class],
        np.full(n_classes, NO_TIME) if times is None else np.asarray(times, dtype=np.int64)[of_class],
        sums,
        within,
        FORMS[form],
        float(width),
        float(half_life),
        values is not None,
        times is not None,
        out,
    )
    return 2 * math.fsum(out if collections is None else out * collections)


_FINE = 2.0**36  # with up to 2^26 rows of an entity, sums of the finer part stay below 2^62


@njit(cache=True)
def sums_by_entity(entities, weights, n_entities):
    """(n_entities,) float64: the sum of the weights (>= 0) of each entity's rows; the same bits in any order of rows.

    Weights are added up as integers: in units of 2^-60 of a bound of the entity's sum, and what is left in finer ones.
    """
    unit, count = np.zeros(n_entities), np.zeros(n_entities, np.int64)
    for row in range(entities.size):
        unit[entities[row]] = max(unit[entities[row]], weights[row])
        count[entities[row]] += 1
    for entity in range(n_entities):
        unit[entity] = math.ldexp(1.0, math.frexp(unit[entity] * count[entity])[1] - 60)
    coarse, fine = np.zeros(n_entities, np.int64), np.zeros(n_entities, np.int64)
    for row in range(entities.size):
        share = weights[row] / unit[entities[row]]  # exact: the unit is a power of two
        whole = np.floor(share)
        coarse[entities[row]] += np.int64(whole)
        fine[entities[row]] += np.int64((share - whole) * _FINE)
    return (coarse + fine / _FINE) * unit
