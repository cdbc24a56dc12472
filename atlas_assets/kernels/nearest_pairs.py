"""The most similar entities of every entity, straight from collections: pairs are counted and judged, never stored.

Rows are counted from the popular to the rare entity, so each pair is met once, in the row of the rarer one. There it is
offered to the row's own list at once, and to that of the popular one if it is as good as the last entry there; those
offers are put into the lists after each panel, a range of rows that is counted together. A list is the best k under a
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
from atlas_assets.kernels.pair_counts import accumulators, bins, count_row, row_bounds, row_ranges
from atlas_assets.kernels.pair_weight import Weighting
from atlas_assets.kernels.similarities import similarity
from atlas_assets.similarities import SIMILARITIES

NONE = np.uint32(0xFFFFFFFF)  # no entity; its list entry has similarity 0 and loses every tie
BYTES_PER_OFFER = 16


class Scoring(NamedTuple):
    """How a sum becomes a similarity: occurrences (n,) float64 by row name, ties (n,) int64 (the smaller wins)."""

    code: int
    formula: int  # where it is compiled to, for the code OTHER
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
    """What the rows of a panel offer to others: slots from starts[r] on, lengths[r] of them, for its r-th row.

    The rows of one bin (``pair_counts.bins``) stand close together, so that only slots that are used are touched.
    """

    starts: np.ndarray
    lengths: np.ndarray
    names: np.ndarray
    scores: np.ndarray
    shared: np.ndarray


class Workspace(NamedTuple):
    """Accumulators for ``count_row`` and room for what it finds: (threads, n) and (threads, n + 1)."""

    sums: np.ndarray
    found: np.ndarray


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
    return similarity(
        scoring.code, shared, min(a, b), max(a, b), scoring.total, scoring.shrinkage, scoring.formula
    ), shared


@njit(cache=True, parallel=True)
def _panel(rows, visitors, bases, prefix, incidence, weighting, scoring, lists, offers, workspace, tally):
    """Count each of ``rows`` (visitor v of the incidence is row rows[v]), fill its own list, and note its offers."""
    n, ties = scoring.occurrences.size, scoring.ties
    # Taken out of the tuple here: numba 0.68 loses what a parallel loop writes through a tuple's field.
    starts, lengths, offered_names, offered_scores, offered_shares = offers
    all_sums, all_found = workspace
    k, n_bins = lists.names.shape[1], bases.size
    names, scores, shares, entry = lists.names.ravel(), lists.scores.ravel(), lists.shared.ravel(), lists.entry
    for b in prange(n_bins):
        thread = numba.get_thread_id()  # pyright: ignore[reportPrivateImportUsage]
        sums, found, slot = all_sums[thread], all_found[thread], bases[b]
        for at in range(b, rows.size, n_bins):
            row = rows[at]
            count = count_row(visitors[at], incidence, weighting, row if prefix else n, sums, found)
            last = row * k + k - 1
            weight = 0.0
            starts[at] = slot
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
                if score >= entry[name]:
                    offered_names[slot], offered_scores[slot], offered_shares[slot] = name, score, shared
                    slot += 1
            lengths[at] = slot - starts[at]
            entry[row] = max(entry[row], scores[last])  # 0 while the list is not full
            tally[row] = weight


@njit(cache=True, parallel=True)
def _accept(rows, n_parts, offers, ties, lists):
    """Put the offers into the lists. Part p owns the lists of the names that are p modulo n_parts."""
    starts, lengths, offered_names, offered_scores, offered_shares = offers
    k = lists.names.shape[1]
    names, scores, shares, entry = lists.names.ravel(), lists.scores.ravel(), lists.shared.ravel(), lists.entry
    for p in prange(n_parts):
        for at in range(rows.size):
            row = rows[at]
            for slot in range(starts[at], starts[at] + lengths[at]):
                name = offered_names[slot]
                if name % np.uint32(n_parts) == p:
                    insert(row, offered_scores[slot], offered_shares[slot], name, k, ties, names, scores, shares)
                    entry[name] = max(entry[name], scores[np.int64(name) * k + k - 1])


def fill(
    lists: Lists,
    rows: np.ndarray,
    visitors: np.ndarray,
    incidence: Incidence,
    *,
    prefix: bool,
    scoring: Scoring,
    weighting: Weighting | None,
    offer_slots: int,
    progress: Callable[[float], None] = lambda share: None,
) -> np.ndarray:
    """Count ``rows`` and put what is found into ``lists``, theirs and those that take offers. Changes ``lists``.

    Returns what was counted in each row, (n,) float64, in units of a sum: a pair of prefixes is in one row only.
    rows, visitors (r,) int64: names, and their numbers in the incidence. prefix: whether visits cover the more popular
    members only (then rows ascend and are all there are), or whole collections. offer_slots bounds the memory of a
    panel, 16 bytes each; a panel has at least one row.
    """
    additions = row_bounds(incidence, np.iinfo(np.int64).max)[visitors]
    bounds = np.minimum(additions, rows if prefix else scoring.occurrences.size)
    panels = row_ranges(bounds, offer_slots)
    tally, n_threads = np.zeros(scoring.occurrences.size), numba.get_num_threads()
    room = max((int(bounds[begin:end].sum()) for begin, end in panels), default=0)
    longest = max((end - begin for begin, end in panels), default=0)
    # allocated once: memory that was never used costs a page fault at its first use
    offers = Offers(
        np.empty(longest, np.int64),
        np.empty(longest, np.int64),
        np.empty(room, np.uint32),
        np.empty(room),
        np.empty(room, np.float32),
    )
    workspace = Workspace(*accumulators(n_threads, scoring.occurrences.size, weighted=weighting is not None))
    done, everything = 0, max(int(additions.sum()), 1)
    for begin, end in panels:
        order = begin + np.argsort(-additions[begin:end], kind="stable")  # costly rows first, dealt out evenly
        n_bins = bins(order.size)
        needed = [int(bounds[order[b::n_bins]].sum()) for b in range(n_bins)]
        bases = np.concatenate([[0], np.cumsum(needed)[:-1]]).astype(np.int64)
        _panel(
            rows[order], visitors[order], bases, prefix, incidence, weighting, scoring, lists, offers, workspace, tally
        )
        _accept(rows[order], n_threads, offers, scoring.ties, lists)
        done += int(additions[begin:end].sum())
        progress(done / everything)
    return tally


def nearest_reference(
    pairs: dict[tuple[int, int], float],
    *,
    name: str,
    occurrences: np.ndarray,
    total: float,
    shrinkage: float,
    ties: np.ndarray,
    k: int,
) -> list[list[tuple[int, float]]]:
    """The k best of every row, by sorting all of them."""
    rows: dict[int, list[tuple[float, int, int]]] = defaultdict(list)
    for (i, j), c in pairs.items():
        value = SIMILARITIES[name].formula(c, float(occurrences[i]), float(occurrences[j]), total)
        value *= 1.0 if name == "count" else c / (c + shrinkage)
        if value > 0:
            rows[i].append((-value, int(ties[j]), j))
    return [[(j, -value) for value, _, j in sorted(rows[i])[:k]] for i in range(occurrences.size)]
