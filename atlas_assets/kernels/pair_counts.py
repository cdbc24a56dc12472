"""Weighted pair counts of entities that share collections, row by row (Gustavson 1978), as a symmetric CSR matrix.

``count_pairs`` is the entry; ``count_pairs_reference`` is the obvious version it is tested against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction

import numba
import numpy as np
from numba import njit, prange

# Largest number of pair slots that one panel of rows may reserve: 12 bytes each, so 96 MB beside the result.
PANEL_SLOTS = 8_000_000
# Rows are split for the mirror into this many column blocks; fixed, so that nothing depends on the thread count.
MIRROR_BLOCKS = 16


@njit(cache=True)
def _rows_by_entity(indptr, entities, n_entities):
    """For each entity, the positions of its rows and the end of the collection each lies in, in row order."""
    starts = np.zeros(n_entities + 1, np.int64)
    for entity in entities:
        starts[entity + 1] += 1
    for i in range(n_entities):
        starts[i + 1] += starts[i]
    cursor = starts[:-1].copy()
    collection_of = np.empty(entities.size, np.int32)
    position = np.empty(entities.size, np.int64)
    for collection in range(indptr.size - 1):
        for at in range(indptr[collection], indptr[collection + 1]):
            slot = cursor[entities[at]]
            collection_of[slot] = collection
            position[slot] = at
            cursor[entities[at]] += 1
    return starts, collection_of, position


@njit(cache=True)
def _row_bounds(indptr, starts, collection_of, position, n_entities):
    """For each row of the upper triangle: additions it costs, and an upper bound of its length."""
    additions = np.zeros(n_entities, np.int64)
    for i in range(n_entities):
        for slot in range(starts[i], starts[i + 1]):
            additions[i] += indptr[collection_of[slot] + 1] - position[slot] - 1
    bounds = np.empty(n_entities, np.int64)
    for i in range(n_entities):
        bounds[i] = min(additions[i], n_entities - 1 - i)
    return additions, bounds


@njit(cache=True)
def _count_row(i, indptr, entities, row_weights, collection_weights, incidence, sums, columns, values):
    """Row i of the upper triangle into ``columns`` and ``values`` (sorted); returns its length, leaves ``sums`` zero.

    ``sums`` (n,) float64 is the dense accumulator: counts stay exact to 2^53, and float32 comes only at the end.
    """
    starts, collection_of, position = incidence
    found = 0
    for slot in range(starts[i], starts[i + 1]):
        collection, at = collection_of[slot], position[slot]
        weight = row_weights[at] * collection_weights[collection]
        for other in range(at + 1, indptr[collection + 1]):  # entities are sorted, so these are the larger ones
            j = entities[other]
            if sums[j] == 0.0:  # all weights are positive, so zero means not met before
                columns[found] = j
                found += 1
            sums[j] += weight * row_weights[other]
    if found * 16 > sums.size - i:  # long rows: walking the accumulator in order beats sorting
        found = 0
        for j in range(i + 1, sums.size):
            if sums[j] != 0.0:
                columns[found] = j
                found += 1
    else:
        columns[:found].sort()
    for slot in range(found):
        values[slot] = sums[columns[slot]]
        sums[columns[slot]] = 0.0
    return found


@njit(cache=True, parallel=True)
def _count_rows(order, n_bins, offsets, indptr, entities, row_weights, collection_weights, incidence, out):
    """Rows ``order[b::n_bins]`` for every bin b; a row writes only its own slots, so bins may run in any order."""
    columns, values, lengths = out
    n_entities = incidence[0].size - 1
    for b in prange(n_bins):
        sums = np.zeros(n_entities)
        for at in range(b, order.size, n_bins):
            i = order[at]
            begin, end = offsets[at], offsets[at + 1]
            lengths[i] = _count_row(
                i, indptr, entities, row_weights, collection_weights, incidence, sums,
                columns[begin:end], values[begin:end],
            )  # fmt: skip


@njit(cache=True)
def _compact(rows, order_position, offsets, columns, values, lengths):
    """The panel's rows end to end in row order."""
    total = 0
    for i in rows:
        total += lengths[i]
    packed_columns, packed_values = np.empty(total, np.int32), np.empty(total, np.float32)
    at = 0
    for i in rows:
        begin, size = offsets[order_position[i - rows[0]]], lengths[i]
        packed_columns[at : at + size] = columns[begin : begin + size]
        packed_values[at : at + size] = values[begin : begin + size]
        at += size
    return packed_columns, packed_values


@njit(cache=True)
def _add_degrees(columns, degrees):
    for j in columns:
        degrees[j] += 1


@njit(cache=True, parallel=True)
def _mirror(first_row, starts, columns, values, borders, indptr, cursor, out_columns, out_values):
    """Write the panel's rows, and their mirror image, into the full matrix.

    Called with ascending panels: when entry (i, j) arrives in row j, all smaller columns of row j are already there,
    so rows come out sorted. A block owns the mirrored entries of its columns [borders[b], borders[b + 1]).
    """
    n_rows = starts.size - 1
    for b in prange(borders.size - 1):
        for r in range(n_rows):
            row = columns[starts[r] : starts[r + 1]]
            at = np.searchsorted(row, borders[b]) + starts[r]
            while at < starts[r + 1] and columns[at] < borders[b + 1]:
                j = columns[at]
                out_columns[cursor[j]] = first_row + r
                out_values[cursor[j]] = values[at]
                cursor[j] += 1
                at += 1
    for r in prange(n_rows):
        size = starts[r + 1] - starts[r]
        end = indptr[first_row + r + 1]
        out_columns[end - size : end] = columns[starts[r] : starts[r + 1]]
        out_values[end - size : end] = values[starts[r] : starts[r + 1]]


def _panels(bounds: np.ndarray, limit: int) -> list[tuple[int, int]]:
    """Consecutive row ranges whose bounds sum to at most ``limit`` (a longer row is a panel of its own)."""
    ends = np.cumsum(bounds)
    panels, begin = [], 0
    while begin < bounds.size:
        used = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, used + limit, side="right")), begin + 1)
        panels.append((begin, end))
        begin = end
    return panels


def count_pairs(
    indptr: np.ndarray,
    entities: np.ndarray,
    *,
    n_entities: int,
    row_weights: np.ndarray,
    collection_weights: np.ndarray,
    panel_slots: int = PANEL_SLOTS,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """CSR of sum over collections c of W_c w_ci w_cj for all i != j that share a collection.

    indptr (C+1,) int64 and entities (rows,) int32, sorted and unique inside a collection; row_weights (rows,) and
    collection_weights (C,) float64, all positive. Returns indptr (n+1,) int64, indices int32 (sorted, both
    directions, no diagonal) and data float32, summed in float64 in collection order.
    Only the upper triangle is counted (half the additions) and mirrored once. Memory beside the result: half the
    result, 12 bytes per row of input, and one panel.
    """
    starts, collection_of, position = _rows_by_entity(indptr, entities, n_entities)
    additions, bounds = _row_bounds(indptr, starts, collection_of, position, n_entities)
    total_additions = max(int(additions.sum()), 1)
    incidence = (starts, collection_of, position)
    lengths = np.zeros(n_entities, np.int64)
    degrees = np.zeros(n_entities, np.int64)
    panels, parts, done = _panels(bounds, panel_slots), [], 0
    n_bins = 4 * numba.get_num_threads()  # several per thread even out the work; rows are independent of their bin
    for begin, end in panels:
        order = begin + np.argsort(-additions[begin:end], kind="stable")
        offsets = np.concatenate([[0], np.cumsum(bounds[order])])
        columns, values = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.float64)
        _count_rows(
            order, min(n_bins, order.size), offsets, indptr, entities, row_weights, collection_weights, incidence,
            (columns, values, lengths),
        )  # fmt: skip
        order_position = np.empty(end - begin, np.int64)
        order_position[order - begin] = np.arange(end - begin)
        parts.append(_compact(np.arange(begin, end), order_position, offsets, columns, values, lengths))
        _add_degrees(parts[-1][0], degrees)
        done += int(additions[begin:end].sum())
        progress(0.9 * done / total_additions)
    full_indptr = np.concatenate([[0], np.cumsum(degrees + lengths)])
    out_columns, out_values = np.empty(full_indptr[-1], np.int32), np.empty(full_indptr[-1], np.float32)
    cursor = full_indptr[:-1].copy()
    borders = np.searchsorted(np.cumsum(degrees), np.linspace(0, degrees.sum(), MIRROR_BLOCKS + 1)[1:-1])
    borders = np.concatenate([[0], borders, [n_entities]]).astype(np.int64)
    for at, (begin, end) in enumerate(panels):
        columns, values = parts[at]
        parts[at] = None  # type: ignore[call-overload]  # its memory goes back before the next panel is mirrored
        row_starts = np.concatenate([[0], np.cumsum(lengths[begin:end])])
        _mirror(begin, row_starts, columns, values, borders, full_indptr, cursor, out_columns, out_values)
    progress(1.0)
    return full_indptr, out_columns, out_values


def count_pairs_reference(
    indptr: np.ndarray, entities: np.ndarray, row_weights: np.ndarray, collection_weights: np.ndarray
) -> dict[tuple[int, int], float]:
    """The same sums by a double loop over each collection, in exact arithmetic."""
    sums: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for c in range(len(indptr) - 1):
        rows = range(indptr[c], indptr[c + 1])
        for a in rows:
            for b in rows:
                if a != b:
                    pair = int(entities[a]), int(entities[b])
                    sums[pair] += Fraction(float(collection_weights[c])) * Fraction(float(row_weights[a])) * Fraction(
                        float(row_weights[b])
                    )  # fmt: skip
    return {pair: float(value) for pair, value in sums.items()}
