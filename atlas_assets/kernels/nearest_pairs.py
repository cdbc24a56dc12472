"""The most similar entities of every entity, straight from collections: pairs are counted and judged, never stored.

Rows are counted from the popular to the rare entity, so each pair is met once, in the row of the rarer one. There it is
offered to the row's own list at once, and to the list of the popular one if it can enter that list as it stood before
the panel (a range of rows counted together); those lists are updated after each panel. A list is the best k under a
total order, so neither the panels nor the number of threads change it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np
from numba import njit, prange

from atlas_assets.kernels.incidence import Incidence
from atlas_assets.kernels.pair_counts import accumulator, bins, count_row, row_bounds
from atlas_assets.kernels.pair_weight import Weighting
from atlas_assets.kernels.similarities import FORMULAE, similarity

NONE = np.uint32(0xFFFFFFFF)  # no entity; its list entry has similarity 0 and loses every tie
BYTES_PER_OFFER = 16


class Scoring(NamedTuple):
    """How a sum becomes a similarity: occurrences (n,) float64 by row name, ties (n,) int64 (the smaller wins)."""

    code: int
    occurrences: np.ndarray
    total: float
    shrinkage: float
    unit: float  # weight of one unit of a sum
    ties: np.ndarray


class Lists(NamedTuple):
    """names (n, k) uint32, scores (n, k) float64 descending, shared (n, k) float32; NONE and 0 where there is none.

    entry (n,) float64: what a score must reach to be worth offering. Infinite for rows that take no offers.
    """

    names: np.ndarray
    scores: np.ndarray
    shared: np.ndarray
    entry: np.ndarray


class Offers(NamedTuple):
    """What the rows of a panel offer to others: slots from offsets[r] on, lengths[r] of them used."""

    offsets: np.ndarray
    lengths: np.ndarray
    names: np.ndarray
    scores: np.ndarray
    shared: np.ndarray


def empty_lists(n: int, k: int) -> Lists:
    """Nothing listed yet; every positive score may enter."""
    names, scores = np.full((n, k), NONE, np.uint32), np.zeros((n, k))
    return Lists(names, scores, np.zeros((n, k), np.float32), np.full(n, np.nextafter(0, 1)))


@njit(cache=True)
def insert(name, score, share, row, k, ties, names, scores, shared):
    """Into the descending list of a row, flat arrays of k each, unless the last is better.

    Insertion beats a heap for the k of maps (5 to 100). Unsigned places spare numba's check for negative ones.
    """
    first = np.uint64(row) * np.uint64(k)
    at = first + np.uint64(k - 1)
    if score < scores[at] or (score == scores[at] and ties[name] > ties[names[at]]):
        return
    one = np.uint64(1)
    while at > first:
        before = at - one
        if score < scores[before] or (score == scores[before] and ties[name] > ties[names[before]]):
            break
        names[at], scores[at], shared[at] = names[before], scores[before], shared[before]
        at = before
    names[at], scores[at], shared[at] = name, score, share


@njit(cache=True)
def _judge(row, name, amount, scoring):
    """The similarity of a pair and its weight; a <= b, so that rounding cannot make it depend on the direction."""
    shared = amount * scoring.unit
    a, b = scoring.occurrences[row], scoring.occurrences[name]
    return similarity(scoring.code, shared, min(a, b), max(a, b), scoring.total, scoring.shrinkage), shared


@njit(cache=True, parallel=True)
def _panel(rows, visitors, n_bins, prefix, incidence, weighting, scoring, lists, offers, tally):
    """Count each of ``rows`` (visitor v of the incidence is row rows[v]), fill its own list, and note its offers."""
    n, ties = scoring.occurrences.size, scoring.ties
    # Taken out of the tuple here: numba 0.68 loses what a parallel loop writes through a tuple's field.
    offsets, lengths, offered_names, offered_scores, offered_shares = offers
    k = lists.names.shape[1]
    names, scores, shares = lists.names.ravel(), lists.scores.ravel(), lists.shared.ravel()
    for b in prange(n_bins):
        sums, found = accumulator(weighting, n), np.empty(n + 1, np.uint32)
        for at in range(b, rows.size, n_bins):
            row = rows[at]
            count = count_row(visitors[at], incidence, weighting, row if prefix else n, sums, found)
            last = row * k + k - 1
            slot, weight = offsets[at], 0.0
            for f in range(count):
                name = found[f]
                amount = np.float64(sums[name])
                sums[name] = 0
                if name == row:  # a whole collection holds its visitor
                    continue
                weight += amount
                score, shared = _judge(row, name, amount, scoring)
                if score <= 0.0:
                    continue
                if score >= scores[last]:
                    insert(name, score, shared, row, k, ties, names, scores, shares)
                if score >= lists.entry[name]:
                    offered_names[slot], offered_scores[slot], offered_shares[slot] = name, score, shared
                    slot += 1
            lengths[at] = slot - offsets[at]
            tally[row] = weight


@njit(cache=True, parallel=True)
def _accept(rows, n_parts, offers, ties, lists):
    """Put the offers into the lists. Part p owns the lists of the names that are p modulo n_parts."""
    offsets, lengths, offered_names, offered_scores, offered_shares = offers
    k = lists.names.shape[1]
    names, scores, shares = lists.names.ravel(), lists.scores.ravel(), lists.shared.ravel()
    for p in prange(n_parts):
        for at in range(rows.size):
            row = rows[at]
            for slot in range(offsets[at], offsets[at] + lengths[at]):
                name = offered_names[slot]
                if name % np.uint32(n_parts) == p:
                    insert(row, offered_scores[slot], offered_shares[slot], name, k, ties, names, scores, shares)


@njit(cache=True)
def _raise_entry(names, scores, entry):
    for row in range(entry.size):
        if names[row, -1] != NONE and entry[row] < scores[row, -1]:
            entry[row] = scores[row, -1]


def fill(
    lists: Lists, rows: np.ndarray, visitors: np.ndarray, incidence: Incidence, *, prefix: bool, scoring: Scoring,
    weighting: Weighting | None, offer_slots: int, progress: Callable[[float], None] = lambda share: None,
) -> np.ndarray:  # fmt: skip
    """Count ``rows`` and put what is found into ``lists``, theirs and those that take offers. Changes ``lists``.

    Returns what was counted in each row, (n,) float64, in units of a sum: a pair of prefixes is in one row only.
    rows, visitors (r,) int64: names, and their numbers in the incidence. prefix: whether visits cover the more popular
    members only (then rows ascend and are all there are), or whole collections. offer_slots bounds the memory of a
    panel, 16 bytes each; a panel has at least one row.
    """
    additions = row_bounds(incidence, np.iinfo(np.int64).max)[visitors]
    bounds = np.minimum(additions, rows if prefix else scoring.occurrences.size)
    ends, begin, done = np.cumsum(bounds), 0, 0
    tally = np.zeros(scoring.occurrences.size)
    while begin < rows.size:
        used = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, used + offer_slots, side="right")), begin + 1)
        order = begin + np.argsort(-additions[begin:end], kind="stable")  # costly rows first, dealt out evenly
        offsets = np.concatenate([[0], np.cumsum(bounds[order])])
        size = offsets[-1]
        offers = Offers(
            offsets, np.zeros(order.size, np.int64), np.empty(size, np.uint32), np.empty(size),
            np.empty(size, np.float32),
        )  # fmt: skip
        _panel(
            rows[order], visitors[order], bins(order.size), prefix, incidence, weighting, scoring, lists, offers, tally
        )  # fmt: skip
        _accept(rows[order], numba.get_num_threads(), offers, scoring.ties, lists)
        _raise_entry(lists.names, lists.scores, lists.entry)
        done += int(additions[begin:end].sum())
        progress(done / max(int(additions.sum()), 1))
        begin = end
    return tally


def nearest_reference(
    pairs: dict[tuple[int, int], float], *, name: str, occurrences: np.ndarray, total: float, shrinkage: float,
    ties: np.ndarray, k: int,
) -> list[list[tuple[int, float]]]:  # fmt: skip
    """The k best of every row, by sorting all of them."""
    rows: dict[int, list[tuple[float, int, int]]] = defaultdict(list)
    for (i, j), c in pairs.items():
        value = FORMULAE[name](c, float(occurrences[i]), float(occurrences[j]), total)
        value *= 1.0 if name == "count" else c / (c + shrinkage)
        if value > 0:
            rows[i].append((-value, int(ties[j]), j))
    return [[(j, -value) for value, _, j in sorted(rows[i])[:k]] for i in range(occurrences.size)]
