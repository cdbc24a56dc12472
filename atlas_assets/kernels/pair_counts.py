"""Pair counts, row by row: how much the collections that hold an entity say about each other entity.

``count_row`` adds up one row in a dense accumulator; ``matrix_rows`` makes blocks of the symmetric matrix with it, and
``nearest_pairs`` takes the best of each row without keeping any. ``count_pairs_reference`` is the obvious version.

Unit weights are counted in uint32, others in fixed point as int64 (``pair_weight.contribution``): exact integers, so
that no result depends on the order of collections, on blocks or on the number of threads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numba
import numpy as np
from numba import njit, prange

from atlas_assets.kernels.incidence import Incidence
from atlas_assets.kernels.pair_weight import Weighting, contribution, only_rows
from atlas_assets.kernels.prefetch import prefetch

AHEAD = 12  # visits between the hint that a collection will be needed and its use


@njit(cache=True)
def count_row(row, incidence, weighting, reach, sums, found):
    """Row ``row`` into ``sums`` (n,), zero before; the names with a sum above zero into ``found``. Returns how many.

    ``weighting`` is None for unit weights (``sums`` uint32) or a Weighting (int64). reach: no name is larger. The
    caller sets the sums of what was found back to zero.
    """
    first, last, members = incidence.first, incidence.last, incidence.members
    begin, end = incidence.starts[row], incidence.starts[row + 1]
    additions = 0
    for visit in range(begin, end):
        additions += np.int64(last[visit]) - np.int64(first[visit])
    # Looking through all sums afterwards costs a quarter of noting each name when it is first met.
    listing = additions * 4 < reach
    count = 0
    for visit in range(begin, end):
        prefetch(members, np.int64(first[min(visit + AHEAD, first.size - 1)]))  # pyright: ignore[reportCallIssue]
        if weighting is None:
            if listing:
                for slot in range(first[visit], last[visit]):
                    name = members[slot]
                    before = sums[name]
                    found[count] = name
                    count += before == 0
                    sums[name] = before + np.uint32(1)
            else:
                for slot in range(first[visit], last[visit]):
                    sums[members[slot]] += np.uint32(1)
        elif only_rows(weighting) and not incidence.source.size:
            # contribution() of two rows: the scale is a power of two, so where it is multiplied in changes no bit.
            own = weighting.rows[incidence.own[visit]] * weighting.scale
            for slot in range(first[visit], last[visit]):
                amount = np.int64(np.rint(own * weighting.rows[slot]))
                name = members[slot]
                before = sums[name]
                if listing:
                    found[count] = name
                    count += (before == 0) & (amount > 0)
                sums[name] = before + amount
        else:
            own = incidence.own[visit]
            a = incidence.source[own] if incidence.source.size else own
            for slot in range(first[visit], last[visit]):
                b = incidence.source[slot] if incidence.source.size else slot
                amount = contribution(weighting, incidence.collection[visit], a, b)
                if amount > 0:  # zero means not met before
                    name = members[slot]
                    if listing and sums[name] == 0:
                        found[count] = name
                        count += 1
                    sums[name] += amount
    if not listing:
        for name in range(np.uint64(reach)):
            if sums[name] != 0:
                found[count] = name
                count += 1
    return count


def accumulators(n_threads: int, n: int, *, weighted: bool) -> tuple[np.ndarray, np.ndarray]:
    """``sums`` and ``found`` of ``count_row`` for each thread: zeros (threads, n), and room (threads, n + 1)."""
    sums = np.zeros((n_threads, n), np.int64 if weighted else np.uint32)
    return sums, np.empty((n_threads, n + 1), np.uint32)


@njit(cache=True, parallel=True)
def _whole_rows(rows, n_bins, n, incidence, weighting, sums_of, found_of, offsets, columns, sums_out, lengths):
    """Rows ``rows[b::n_bins]`` of every bin b, sorted, without the diagonal; each writes only its own slots."""
    for b in prange(n_bins):
        thread = numba.get_thread_id()  # pyright: ignore[reportPrivateImportUsage]
        sums, found = sums_of[thread], found_of[thread]
        for at in range(b, rows.size, n_bins):
            count = count_row(at, incidence, weighting, n, sums, found)
            names = found[:count]
            names.sort()
            slot = offsets[at]
            for name in names:
                if name != rows[at]:
                    columns[slot] = name
                    sums_out[slot] = sums[name]
                    slot += 1
                sums[name] = 0
            lengths[at] = slot - offsets[at]


def row_bounds(incidence: Incidence, n_entities: int) -> np.ndarray:
    """(rows,) int64: no row of the incidence has more pairs than this."""
    bounds = np.empty(incidence.starts.size - 1, np.int64)
    _additions(incidence, bounds)
    return np.minimum(bounds, n_entities)


@njit(cache=True, parallel=True)
def _additions(incidence, out):
    for row in prange(out.size):
        total = 0
        for visit in range(incidence.starts[row], incidence.starts[row + 1]):
            total += np.int64(incidence.last[visit]) - np.int64(incidence.first[visit])
        out[row] = total


def bins(n_rows: int) -> int:
    """Parts in which rows are dealt out; several per thread even out the work."""
    return max(1, min(4 * numba.get_num_threads(), n_rows))


def row_ranges(sizes: np.ndarray, limit: int) -> list[tuple[int, int]]:
    """Consecutive ranges of rows whose sizes sum to at most ``limit``; a larger row is a range of its own."""
    ends = np.cumsum(sizes)
    ranges, begin = [], 0
    while begin < sizes.size:
        used = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, used + limit, side="right")), begin + 1)
        ranges.append((begin, end))
        begin = end
    return ranges


def matrix_rows(
    rows: np.ndarray, incidence: Incidence, n_entities: int, weighting: Weighting | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows of the symmetric matrix that ``incidence`` (``whole``) was made for, end to end.

    Returns lengths (rows,) int64, columns int32, ascending in each row, and sums float64 without the diagonal, in
    units of the weighting's 1/scale.
    """
    bounds = row_bounds(incidence, n_entities)
    offsets = np.concatenate([[0], np.cumsum(bounds)])
    columns = np.empty(offsets[-1], np.int32)
    sums = np.empty(offsets[-1], np.uint32 if weighting is None else np.int64)
    lengths = np.zeros(rows.size, np.int64)
    work = accumulators(numba.get_num_threads(), n_entities, weighted=weighting is not None)
    _whole_rows(rows, bins(rows.size), n_entities, incidence, weighting, *work, offsets, columns, sums, lengths)
    used = _used(offsets, lengths)
    return lengths, columns[used], sums[used].astype(np.float64)


@njit(cache=True)
def _used(offsets, lengths):
    used = np.zeros(offsets[-1], np.bool_)
    for row in range(lengths.size):
        used[offsets[row] : offsets[row] + lengths[row]] = True
    return used


def count_pairs_reference(
    indptr: np.ndarray, entities: np.ndarray, amount: Callable[[int, int, int], float] = lambda c, a, b: 1.0
) -> dict[tuple[int, int], float]:
    """The same by a double loop over each collection; ``amount(c, a, b)`` is what memberships a and b add."""
    sums: dict[tuple[int, int], float] = defaultdict(float)
    for c in range(len(indptr) - 1):
        for a in range(indptr[c], indptr[c + 1]):
            for b in range(indptr[c], indptr[c + 1]):
                if a != b and amount(c, a, b):
                    sums[int(entities[a]), int(entities[b])] += amount(c, a, b)
    return dict(sums)
