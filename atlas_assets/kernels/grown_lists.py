"""Neighbour lists after growth, from the lists before it and the pairs that have met since; for unit weights.

A list is known down to a bar: no pair that is missing from it is more similar. After growth every listed pair is judged
again (its count is stored, what was added is known), and the bar is raised by what a missing pair can have become. What
is listed above the new bar is certain. Rows with too few such entries are left to be counted anew.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.nearest_pairs import NONE, Lists, Scoring, empty_lists, insert
from atlas_assets.kernels.similarities import CODES, COSINE, COUNT, similarity

BOUNDED = frozenset(name for name, code in CODES.items() if name in ("count", "cosine", "jaccard"))
"""Similarities that fall when an entity occurs more often, so that growth without new meetings cannot raise them."""
SLACK = 1.0 + 1e-12  # for the rounding of bounds


@njit(cache=True)
def _judge(row, name, count, scoring):
    a, b = scoring.occurrences[row], scoring.occurrences[name]
    return similarity(scoring.code, count, min(a, b), max(a, b), scoring.total, 0.0)


@njit(cache=True)
def _without_meetings(code, bar, before, after):
    """No pair of an entity that occurred ``before`` times, now ``after``, is more similar than this if it was at most
    ``bar`` and has not met since. jaccard: c / (a' + b - c) with c <= a, largest where c = a."""
    if code == COUNT:
        return bar
    if code == COSINE:
        return bar * math.sqrt(before / after)
    return before / (before / bar + (after - before)) if bar > 0.0 else 0.0


@njit(cache=True)
def _largest_count(code, bar, a, b):
    """No pair that is at most ``bar`` similar has met more often; a, b occurrences then."""
    if code == COUNT:
        most = bar
    elif code == COSINE:
        most = bar * math.sqrt(a * b)
    else:
        most = bar * (a + b) / (1.0 + bar)
    return min(math.floor(most * SLACK), min(a, b))


@njit(cache=True)
def _find(names, name):
    for at in range(names.size):
        if names[at] == name:
            return at
        if names[at] == NONE:
            break
    return -1


@njit(cache=True)
def _renew_row(
    row, names, shared, bar, met_from, met_names, met_counts, before, scoring, out_names, out_scores, out_shared
):
    """One row into ``out_...`` (flat); returns its new bar and how many entries are certain."""
    k, ties = names.shape[1], scoring.ties
    last = np.int64(row) * k + k - 1
    missing, dropped = 0.0, False
    if bar[row] > 0.0:
        missing = _without_meetings(scoring.code, bar[row], before[row], scoring.occurrences[row]) * SLACK
    mine = met_names[met_from[row] : met_from[row + 1]]
    added = met_counts[met_from[row] : met_from[row + 1]]
    for at in range(k):
        name = names[row, at]
        if name == NONE:
            break
        count = np.float64(shared[row, at])
        place = np.searchsorted(mine, name)
        if place < mine.size and mine[place] == name:
            count += added[place]
        insert(name, _judge(row, name, count, scoring), count, row, k, ties, out_names, out_scores, out_shared)
    for place in range(mine.size):
        name = mine[place]
        if _find(names[row], name) >= 0:
            continue
        there = _find(names[name], row)
        if there >= 0 or bar[row] == 0.0 or bar[name] == 0.0:
            # listed by the other; or by neither, though one of them lists all there were: they had never met
            count = added[place] + (np.float64(shared[name, there]) if there >= 0 else 0.0)
            if out_names[last] != NONE:
                dropped = True
            insert(name, _judge(row, name, count, scoring), count, row, k, ties, out_names, out_scores, out_shared)
        else:
            a, b = before[row], before[name]
            most = min(_largest_count(scoring.code, bar[row], a, b), _largest_count(scoring.code, bar[name], a, b))
            missing = max(missing, _judge(row, name, most + added[place], scoring) * SLACK)
    certain, first = 0, last - k + 1
    while certain < k and out_scores[first + certain] > missing:
        certain += 1
    if certain == k and dropped:  # what fell off the end is no better than the last
        missing = out_scores[last]
    for at in range(first + certain, last + 1):
        out_names[at], out_scores[at], out_shared[at] = NONE, 0.0, 0.0
    return missing, certain


@njit(cache=True, parallel=True)
def _renew(
    names,
    shared,
    bar,
    met_from,
    met_names,
    met_counts,
    before,
    scoring,
    wanted,
    out_names,
    out_scores,
    out_shared,
    out_bar,
    uncertain,
):
    for row in prange(names.shape[0]):
        missing, certain = _renew_row(
            row, names, shared, bar, met_from, met_names, met_counts, before, scoring, out_names, out_scores, out_shared
        )
        out_bar[row] = missing
        uncertain[row] = certain < wanted and missing > 0.0


def renew(
    lists: Lists,
    bar: np.ndarray,
    met: tuple[np.ndarray, np.ndarray, np.ndarray],
    before: np.ndarray,
    scoring: Scoring,
    *,
    wanted: int,
) -> tuple[Lists, np.ndarray, np.ndarray]:
    """Lists after growth, their bars, and which rows have fewer than ``wanted`` certain entries, (n,) bool.

    lists: names (n, k) uint32 and shared counts as they were, rows as they are now; bar (n,) float64, 0 where a row
    lists all there is. met: indptr, names (uint32, ascending in a row) and counts of the pairs that have met since,
    none negative. before (n,) float64: occurrences then, 0 for new entities; scoring: as things are now, by one of
    ``BOUNDED`` without shrinkage. Not modified: lists, bar.
    """
    n, k = lists.names.shape
    renewed, new_bar, uncertain = empty_lists(n, k), np.zeros(n), np.zeros(n, np.bool_)
    _renew(
        lists.names,
        lists.shared,
        bar,
        *met,
        before,
        scoring,
        wanted,
        renewed.names.ravel(),
        renewed.scores.ravel(),
        renewed.shared.ravel(),
        new_bar,
        uncertain,
    )
    return renewed, new_bar, uncertain
