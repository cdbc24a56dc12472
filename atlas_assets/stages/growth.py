"""From the relation of an earlier index to that of a later one, by what differs between them; exactly as if made anew.

Only the collections that differ change a sum, so only rows of entities in those are counted again. Every other row
keeps its pairs with others of its kind, whose sums and similarities are what they were; its pairs with counted rows are
taken from these. Sums are integers (``kernels.pair_weight``), so nothing depends on the way they were arrived at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from atlas_assets.kernels.content_hash import content_hashes
from atlas_assets.kernels.incidence import companions, whole
from atlas_assets.kernels.nearest_pairs import NONE, Lists, empty_lists, fill
from atlas_assets.kernels.pair_counts import matrix_rows, row_ranges
from atlas_assets.stages import neighbours, pair_weights
from atlas_assets.stages.artifact import ArrayWriter, Progress, no_progress
from atlas_assets.stages.cooccurrence import Cooccurrence, value_type
from atlas_assets.stages.counting import Counting, prepare
from atlas_assets.stages.neighbours import CollectionRows, Neighbours
from atlas_assets.stages.pair_weights import PairWeights

# Similarities that also depend on the number of collections, which any growth changes: all rows have to be judged anew.
GLOBAL = frozenset({"lift", "npmi"})
# Counting whole rows costs twice the additions of a full pass per row: beyond this share of them it is no gain.
WORTHWHILE = 0.4
PAIRS_PER_BLOCK = 20_000_000  # pairs of the matrix that are merged at a time


@dataclass(frozen=True)
class Difference:
    """What changed from one index to another.

    row_of (n_before,) int64: the later row of each earlier one, -1 where it is gone; ascending but for those.
    counted (c,) int64: the later rows to be counted again, ascending. cost: additions that takes, as a share of a full
    pass. changed_before, changed_after: bool per collection, those without a counterpart of the same content.
    """

    before: Counting
    after: Counting
    row_of: np.ndarray
    counted: np.ndarray
    cost: float
    changed_before: np.ndarray
    changed_after: np.ndarray


def compare(
    before: CollectionRows, after: CollectionRows, *, weights_before: PairWeights | None = None,
    weights_after: PairWeights | None = None,
) -> Difference | None:  # fmt: skip
    """The difference of two indices, or None where every sum has to be made anew.

    That is so where the unit of fixed-point sums differs, and where entities do not keep their order.
    """
    earlier, later = prepare(before, weights_before), prepare(after, weights_after)
    if earlier.unit != later.unit or earlier.weights.are_one != later.weights.are_one:
        return None
    row_of = _row_of(before.ids["id"], after.ids["id"])
    kept = row_of[row_of >= 0]
    if (np.diff(kept) <= 0).any():
        return None
    gone = row_of < 0
    labels = np.where(gone, later.n_entities + np.arange(row_of.size), row_of)
    there = content_hashes(earlier.indptr, earlier.entities, labels, earlier.weighting)
    here = content_hashes(later.indptr, later.entities, np.arange(later.n_entities), later.weighting)
    differing = _differing(there, here)
    changed_before, changed_after = np.isin(there, differing), np.isin(here, differing)
    counted = np.ones(later.n_entities, bool)
    counted[kept] = False  # new entities, for which there is no row yet
    counted[_members(later, changed_after)] = True
    touched = row_of[_members(earlier, changed_before)]
    counted[touched[touched >= 0]] = True
    additions = companions(later.indptr, later.entities, later.n_entities)
    cost = 2.0 * float(additions[counted].sum() / max(additions.sum(), 1))
    return Difference(earlier, later, row_of, np.flatnonzero(counted), cost, changed_before, changed_after)


def update_neighbours(
    previous: Neighbours, difference: Difference, after: CollectionRows, *, n_neighbors: int, similarity: str,
    shrinkage: float, memory: int | None = None, progress: Progress = no_progress,
) -> Neighbours | None:  # fmt: skip
    """``neighbours.from_collections(after, ...)`` from the lists of the earlier index; None where that is no gain.

    previous: lists of the earlier index by the same similarity and shrinkage, at least n_neighbors long. A list that
    lost entries, or in which the last has become worse, may miss a pair that was not good enough before: those rows are
    counted again too. Not modified: previous, after.
    """
    if similarity in GLOBAL or difference.cost > WORTHWHILE or previous.n_neighbors < n_neighbors:
        return None
    later, counted = difference.after, difference.counted
    judge = neighbours.scoring(later, similarity, shrinkage, neighbours.id_ranks(after.ids["id"]))
    slots = neighbours.panel_slots(memory)
    progress(0.1, f"counting {counted.size:,} of {later.n_entities:,} rows again")
    lists, bar = _kept_lists(previous, difference, n_neighbors)
    lists.entry[counted] = np.inf  # they find each other by themselves
    _count(lists, counted, later, judge, slots)
    doubtful = np.flatnonzero(_fell_below(lists, bar, judge.ties))
    progress(0.6, f"and {doubtful.size:,} whose lists have become worse")
    lists.names[doubtful], lists.scores[doubtful], lists.shared[doubtful] = NONE, 0.0, 0.0
    lists.entry[:] = np.inf
    _count(lists, doubtful, later, judge, slots)
    listed = lists.names != NONE
    return Neighbours(
        indices=np.where(listed, lists.names, 0).astype(np.int32) - ~listed, similarity=lists.scores,
        shared=lists.shared, method=similarity, pair_weight=_pair_weight(previous, difference),
        pair_weight_expected=pair_weights.expected_total(after, later.weights),
    )  # fmt: skip


def update_cooccurrence(
    previous: Cooccurrence, difference: Difference, after: CollectionRows, folder: Path, *,
    progress: Progress = no_progress,
) -> Cooccurrence | None:  # fmt: skip
    """``cooccurrence.build(after, folder)`` from the matrix of the earlier index; None where that is no gain."""
    from scipy.sparse import csr_array

    later, counted, n = difference.after, difference.counted, difference.after.n_entities
    if difference.cost > WORTHWHILE or value_type(difference.before) != value_type(later):
        return None
    progress(0.1, f"counting {counted.size:,} of {n:,} rows again")
    visits = whole(later.indptr, later.entities, n, rows=counted, weighted=later.weighting is not None)
    row_lengths, columns, sums = matrix_rows(counted, visits, n, later.weighting)
    # scipy drops nothing and keeps rows sorted when it adds matrices without a common entry
    lengths_of_all = np.zeros(n, np.int64)
    lengths_of_all[counted] = row_lengths
    fresh = csr_array((sums * later.unit, columns, np.concatenate([[0], np.cumsum(lengths_of_all)])), shape=(n, n))
    is_counted = np.zeros(n, bool)
    is_counted[counted] = True
    into_others = csr_array(fresh.T)  # the same pairs, in the rows of the other entity
    earlier_row = np.full(n, -1)
    earlier_row[difference.row_of[difference.row_of >= 0]] = np.flatnonzero(difference.row_of >= 0)
    sizes = np.diff(previous.indptr)[np.maximum(earlier_row, 0)] + np.diff(fresh.indptr) + np.diff(into_others.indptr)
    lengths, dtype = np.zeros(n, np.int64), value_type(later)
    folder.mkdir(parents=True, exist_ok=True)
    with ArrayWriter(folder / "indices.npy", np.int32) as indices, ArrayWriter(folder / "data.npy", dtype) as data:
        for begin, end in row_ranges(sizes, PAIRS_PER_BLOCK):
            progress(0.2 + 0.8 * begin / n, "merging rows")
            rows = np.arange(begin, end)
            others = rows[~is_counted[rows]]
            kept = _kept_rows(previous, earlier_row[others], difference.row_of, is_counted)
            block = fresh[begin:end] + _spread(into_others[others], others - begin, end - begin)
            block = csr_array(block + _spread(csr_array(kept, shape=(others.size, n)), others - begin, end - begin))
            block.sort_indices()
            lengths[begin:end] = np.diff(block.indptr)
            indices.append(block.indices)
            data.append(block.data.astype(dtype))
    replace(
        previous, indptr=np.concatenate([[0], np.cumsum(lengths)]), indices=None, data=None,  # type: ignore[arg-type]
        occurrences=later.occurrences, total=float(later.total),
        pair_weight_expected=pair_weights.expected_total(after, later.weights),
    ).save(folder)  # fmt: skip
    return Cooccurrence.load(folder)


def _row_of(before: pl.Series, after: pl.Series) -> np.ndarray:
    """The row of each id in ``after``, -1 where it has none."""
    if before.dtype != after.dtype:
        return np.full(len(before), -1, np.int64)
    places = pl.DataFrame({"id": after, "row": np.arange(len(after))})
    found = before.to_frame("id").join(places, on="id", how="left", maintain_order="left")["row"]
    return found.fill_null(-1).to_numpy()


def _differing(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The hashes that do not occur equally often in both."""
    hashes, counts = np.unique(before, return_counts=True)
    others, other_counts = np.unique(after, return_counts=True)
    places = np.minimum(np.searchsorted(hashes, others), max(hashes.size - 1, 0))
    if not hashes.size or not others.size:
        return np.concatenate([hashes, others])
    same = (hashes[places] == others) & (counts[places] == other_counts)
    return np.union1d(np.setdiff1d(hashes, others[same], assume_unique=True), others[~same])


def _members(counting: Counting, collections: np.ndarray) -> np.ndarray:
    """The entities of the chosen collections, repeated as they occur."""
    return counting.entities[np.repeat(collections, np.diff(counting.indptr))]


def _kept_lists(previous: Neighbours, difference: Difference, k: int) -> tuple[Lists, tuple[np.ndarray, np.ndarray]]:
    """Lists of the later rows with what is known to hold; and for each row the last of its earlier list, if full.

    The bar: scores (n,), infinite where no list can be as good, and 0 where the list held all there was; rows (n,).
    """
    n = difference.after.n_entities
    is_counted = np.zeros(n, bool)
    is_counted[difference.counted] = True
    lists = empty_lists(n, k)
    old_rows = np.flatnonzero(difference.row_of >= 0)
    rows = difference.row_of[old_rows]
    old_rows, rows = old_rows[~is_counted[rows]], rows[~is_counted[rows]]
    listed = np.asarray(previous.indices[:, :k])[old_rows]
    scores, shared = np.asarray(previous.similarity[:, :k])[old_rows], np.asarray(previous.shared[:, :k])[old_rows]  # type: ignore[index]
    partners = np.where(listed >= 0, difference.row_of[listed], -1)
    bar_scores, bar_rows = np.zeros(n), np.zeros(n, np.int64)
    full = listed[:, -1] >= 0
    bar_scores[rows] = np.where(full, np.where(partners[:, -1] >= 0, scores[:, -1], np.inf), 0.0)
    bar_rows[rows] = np.maximum(partners[:, -1], 0)
    holds = (partners >= 0) & ~is_counted[np.maximum(partners, 0)]
    order = np.argsort(~holds, axis=1, kind="stable")  # what holds moves to the front, in its order
    holds = np.take_along_axis(holds, order, 1)
    lists.names[rows] = np.where(holds, np.take_along_axis(partners, order, 1), NONE).astype(np.uint32)
    lists.scores[rows] = np.where(holds, np.take_along_axis(scores, order, 1), 0.0)
    lists.shared[rows] = np.where(holds, np.take_along_axis(shared, order, 1), 0.0)
    return lists, (bar_scores, bar_rows)


def _fell_below(lists: Lists, bar: tuple[np.ndarray, np.ndarray], ties: np.ndarray) -> np.ndarray:
    """Rows whose last entry is worse than the last one was before: what was not listed then may belong there now."""
    scores, rows = bar
    last, names = lists.scores[:, -1], np.minimum(lists.names[:, -1], ties.size - 1)
    return (last < scores) | ((last == scores) & (scores > 0) & (ties[names] > ties[rows]))


def _count(lists: Lists, rows: np.ndarray, counting: Counting, judge, slots: int) -> None:
    """Count whole rows and put what is found into ``lists``."""
    if rows.size:
        weighted = counting.weighting is not None
        visits = whole(counting.indptr, counting.entities, counting.n_entities, rows=rows, weighted=weighted)
        fill(
            lists, rows, np.arange(rows.size), visits, prefix=False, scoring=judge, weighting=counting.weighting,
            offer_slots=slots,
        )  # fmt: skip


def _pair_weight(previous: Neighbours, difference: Difference) -> float | None:
    """The sum of all pair weights: the earlier one, without the collections that went and with those that came."""
    if previous.pair_weight is None:
        return None
    went = _total_of(difference.before, difference.changed_before)
    came = _total_of(difference.after, difference.changed_after)
    return previous.pair_weight - went + came


def _total_of(counting: Counting, collections: np.ndarray) -> float:
    weights, rows = counting.weights, np.repeat(collections, np.diff(counting.indptr))

    def chosen(array: np.ndarray | None, mask: np.ndarray) -> np.ndarray | None:
        return None if array is None else array[mask]

    part = replace(
        weights, rows=chosen(weights.rows, rows), collections=chosen(weights.collections, collections),
        values=chosen(weights.values, rows), times=chosen(weights.times, rows),
    )  # fmt: skip
    sizes = np.diff(counting.indptr)[collections]
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    return pair_weights.expected_total(_Part(counting.n_entities, indptr, counting.entities[rows]), part)


@dataclass(frozen=True)
class _Part:
    """Some collections of an index, as ``pair_weights`` wants them."""

    n_entities: int
    indptr: np.ndarray
    entities: np.ndarray
    values: np.ndarray | None = None
    timestamps: np.ndarray | None = None
    weights: np.ndarray | None = None


def _kept_rows(
    previous: Cooccurrence, old_rows: np.ndarray, row_of: np.ndarray, is_counted: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Those entries of earlier rows that hold, with their later columns: data, indices and indptr of a CSR matrix."""
    lengths = np.diff(previous.indptr)[old_rows]
    starts = previous.indptr[:-1][old_rows]
    at = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
    columns = row_of[np.asarray(previous.indices[at])]
    holds = (columns >= 0) & ~is_counted[np.maximum(columns, 0)]
    rows = np.repeat(np.arange(old_rows.size), lengths)[holds]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=old_rows.size))])
    return np.asarray(previous.data[at])[holds].astype(np.float64), columns[holds], indptr


def _spread(matrix, rows: np.ndarray, n_rows: int):
    """A CSR matrix whose rows ``rows`` (ascending) are those of ``matrix``, the others empty."""
    from scipy.sparse import csr_array

    lengths = np.zeros(n_rows, np.int64)
    lengths[rows] = np.diff(matrix.indptr)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return csr_array((matrix.data, matrix.indices, indptr), shape=(n_rows, matrix.shape[1]))
