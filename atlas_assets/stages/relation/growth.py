"""From the relation of an earlier index to that of a later one, by what differs between them; exactly as if made anew.

Only the pairs of collections that differ are counted. Added to the earlier matrix they give the later one: sums are
whole numbers of a unit (``kernels.pair_weight``), so nothing depends on the way they were arrived at. Neighbour lists
carry, for each row, a bar that no missing pair exceeds; where what is listed stays above what missing pairs can have
become, the list is certain, and only the other rows are counted again (``kernels.grown_lists``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from atlas_assets.kernels.content_hash import content_hashes, unmatched
from atlas_assets.kernels.grown_lists import BOUNDED, renew
from atlas_assets.kernels.incidence import companions, whole
from atlas_assets.kernels.nearest_pairs import NONE, Lists, empty_lists, fill
from atlas_assets.kernels.pair_counts import matrix_rows, row_ranges
from atlas_assets.stages.artifact import ArrayWriter, Progress, no_progress
from atlas_assets.stages.relation import neighbours, pair_weights
from atlas_assets.stages.relation.cooccurrence import Cooccurrence, value_type
from atlas_assets.stages.relation.neighbours import CollectionRows, Neighbours
from atlas_assets.stages.relation.pair_count_plan import Counting, prepare
from atlas_assets.stages.relation.pair_weights import PairWeights

# A pair that is counted in whole rows costs twice what it costs in a full pass: beyond this share it is no gain.
WORTHWHILE = 0.4
PAIRS_PER_BLOCK = 20_000_000  # of the matrix, merged at a time


@dataclass(frozen=True)
class Difference:
    """What changed from one index to another.

    row_of (n_before,) int64: the later row of each earlier one, -1 where it is gone; ascending but for those.
    met (n, n): what the changed collections add to the sum of each pair of later rows, in units; float64, exact. A pair
    whose sum fell is negative. changed_before, changed_after: bool per collection, those without a counterpart of the
    same content. cost: additions for these, as a share of a full pass.
    """

    before: Counting
    after: Counting
    row_of: np.ndarray
    met: csr_array
    changed_before: np.ndarray
    changed_after: np.ndarray
    cost: float


def compare(
    before: CollectionRows,
    after: CollectionRows,
    *,
    weights_before: PairWeights | None = None,
    weights_after: PairWeights | None = None,
) -> Difference | None:
    """The difference of two indices, or None where everything has to be made anew.

    That is so where the unit of sums differs, where entities do not keep their order, and where most has changed.
    """
    earlier, later = prepare(before, weights_before), prepare(after, weights_after)
    if earlier.unit != later.unit or earlier.weights.are_one != later.weights.are_one:
        return None
    row_of = _row_of(before.ids["id"], after.ids["id"])
    if (np.diff(row_of[row_of >= 0]) <= 0).any():
        return None
    labels = np.where(row_of < 0, later.n_entities + np.arange(row_of.size), row_of)
    there = content_hashes(earlier.indptr, earlier.entities, labels, earlier.weighting)
    here = content_hashes(later.indptr, later.entities, np.arange(later.n_entities), later.weighting)
    changed_before, changed_after = unmatched(there, here)
    cost = (_additions(earlier, changed_before) + _additions(later, changed_after)) / max(_additions(later), 1)
    if cost > WORTHWHILE:
        return None
    n = max(later.n_entities, int(labels.max(initial=-1)) + 1)
    came = _pairs(later, changed_after, np.arange(later.n_entities), n)
    went = _pairs(earlier, changed_before, labels, n)
    met = csr_array(csr_array(came - went)[: later.n_entities, : later.n_entities])
    met.eliminate_zeros()
    met.sort_indices()
    return Difference(earlier, later, row_of, met, changed_before, changed_after, cost)


def update_cooccurrence(
    previous: Cooccurrence,
    difference: Difference,
    after: CollectionRows,
    folder: Path,
    *,
    progress: Progress = no_progress,
) -> Cooccurrence | None:
    """``cooccurrence.build(after, folder)`` from the matrix of the earlier index; None where that cannot be."""
    later, n = difference.after, difference.after.n_entities
    dtype = value_type(later)
    if value_type(difference.before) != dtype:
        return None
    earlier_row = np.full(n, -1)
    earlier_row[difference.row_of[difference.row_of >= 0]] = np.flatnonzero(difference.row_of >= 0)
    is_old = earlier_row >= 0
    lengths_before = np.diff(previous.indptr)
    sizes = np.where(is_old, lengths_before[earlier_row], 0) + np.diff(difference.met.indptr)
    lengths = np.zeros(n, np.int64)
    folder.mkdir(parents=True, exist_ok=True)
    with ArrayWriter(folder / "indices.npy", np.int32) as indices, ArrayWriter(folder / "data.npy", dtype) as data:
        for begin, end in row_ranges(sizes, PAIRS_PER_BLOCK):
            progress(begin / n, "adding what changed")
            old = _earlier_rows(previous, earlier_row[begin:end], difference.row_of, n)
            # both are multiples of the unit below 2^53 units, so the sum is exact, and a pair that is gone is 0
            block = csr_array(old + difference.met[begin:end] * later.unit)
            block.eliminate_zeros()
            block.sort_indices()
            lengths[begin:end] = np.diff(block.indptr)
            indices.append(block.indices)
            data.append(block.data.astype(dtype))
    replace(
        previous,
        indptr=np.concatenate([[0], np.cumsum(lengths)]),
        indices=None,
        data=None,  # type: ignore[arg-type]
        occurrences=later.occurrences,
        total=float(later.total),
        pair_weight_expected=pair_weights.expected_total(after, later.weights),
        pair_weight_rounding=later.rounding,
    ).save(folder)
    return Cooccurrence.load(folder)


def update_neighbours(
    previous: Neighbours,
    difference: Difference,
    after: CollectionRows,
    *,
    n_neighbors: int,
    similarity: str,
    shrinkage: float,
    memory: int | None = None,
    progress: Progress = no_progress,
) -> tuple[Neighbours, int] | None:
    """``neighbours.from_collections(after, ...)`` from the lists of the earlier index, and how many rows were counted.

    previous: lists of the earlier index by the same similarity and shrinkage. The result is guaranteed for the first
    n_neighbors of each row. None where bounds do not hold or do not help: for weights other than 1, lift, npmi and
    shrinkage, where a pair or an entity has become rarer, and where too many rows would have to be counted again.
    Not modified: previous, after.
    """
    before, later = difference.before, difference.after
    grown = np.zeros(later.n_entities)
    grown[difference.row_of[difference.row_of >= 0]] = before.occurrences[difference.row_of >= 0]
    only_growth = (
        (difference.row_of >= 0).all() and (difference.met.data > 0).all() and (later.occurrences >= grown).all()
    )
    if similarity not in BOUNDED or shrinkage or not later.weights.are_one or not only_growth or previous.bar is None:
        return None
    progress(0.1, f"judging the lists of {later.n_entities:,} entities")
    judge = neighbours.scoring(later, similarity, shrinkage, neighbours.id_ranks(after.ids["id"]))
    lists, bar = _renamed(previous, difference)
    met = (difference.met.indptr.astype(np.int64), difference.met.indices.astype(np.uint32), difference.met.data)
    lists, bar, uncertain = renew(lists, bar, met, grown, judge, wanted=n_neighbors)
    rows = np.flatnonzero(uncertain)
    additions = companions(later.indptr, later.entities, later.n_entities)
    if 2.0 * additions[rows].sum() > WORTHWHILE * additions.sum():
        return None
    progress(0.5, f"counting {rows.size:,} of {later.n_entities:,} rows again")
    if rows.size:
        lists.names[rows], lists.scores[rows], lists.shared[rows], lists.entry[:] = NONE, 0.0, 0.0, np.inf
        visits = whole(later.indptr, later.entities, later.n_entities, rows=rows, weighted=False)
        fill(
            lists,
            rows,
            np.arange(rows.size),
            visits,
            prefix=False,
            scoring=judge,
            weighting=None,
            offer_slots=neighbours.panel_slots(memory),
        )
        bar[rows] = lists.scores[rows, -1]  # 0 unless the list is full
    listed = lists.names != NONE
    made = Neighbours(
        indices=np.where(listed, lists.names, 0).astype(np.int32) - ~listed,
        similarity=lists.scores,
        shared=lists.shared,
        method=similarity,
        guaranteed=n_neighbors,
        bar=bar,
        pair_weight=_pair_weight(previous, difference),
        pair_weight_expected=pair_weights.expected_total(after, later.weights),
        pair_weight_rounding=later.rounding,
    )
    return made, rows.size


def _row_of(before: pl.Series, after: pl.Series) -> np.ndarray:
    """The row of each id in ``after``, -1 where it has none."""
    if before.dtype != after.dtype:
        return np.full(len(before), -1, np.int64)
    places = pl.DataFrame({"id": after, "row": np.arange(len(after))})
    found = before.to_frame("id").join(places, on="id", how="left", maintain_order="left")["row"]
    return found.fill_null(-1).to_numpy()


def _additions(counting: Counting, collections: np.ndarray | None = None) -> float:
    """Additions that counting the pairs of (some) collections takes."""
    sizes = np.diff(counting.indptr).astype(np.float64)
    return float(((sizes if collections is None else sizes[collections]) ** 2).sum())


def _pairs(counting: Counting, collections: np.ndarray, labels: np.ndarray, n: int) -> csr_array:
    """(n, n) float64: sums over some collections, in units, of pairs of entities called by their labels."""
    part, weighting = _part(counting, collections)
    entities = labels[part.entities].astype(np.int32)
    rows = np.unique(entities)
    visits = whole(part.indptr, entities, n, rows=rows, weighted=weighting is not None)
    lengths, columns, sums = matrix_rows(rows, visits, n, weighting)
    lengths_of_all = np.zeros(n, np.int64)
    lengths_of_all[rows] = lengths
    return csr_array((sums, columns, np.concatenate([[0], np.cumsum(lengths_of_all)])), shape=(n, n))


@dataclass(frozen=True)
class _Part:
    """Some collections of an index, as ``pair_weights`` wants them."""

    n_entities: int
    indptr: np.ndarray
    entities: np.ndarray
    values: np.ndarray | None = None
    timestamps: np.ndarray | None = None
    weights: np.ndarray | None = None


def _part(counting: Counting, collections: np.ndarray):
    """Some collections, and the weighting of their rows."""
    sizes = np.diff(counting.indptr)
    rows = np.repeat(collections, sizes)
    part = _Part(counting.n_entities, np.concatenate([[0], np.cumsum(sizes[collections])]), counting.entities[rows])
    weighting = counting.weighting
    if weighting is not None:
        chosen = {"rows": rows, "collections": collections, "values": rows, "times": rows}
        arrays = {name: getattr(weighting, name) for name in chosen}
        weighting = weighting._replace(
            **{name: array[chosen[name]] if array.size else array for name, array in arrays.items()}
        )
    return part, weighting


def _pair_weight(previous: Neighbours, difference: Difference) -> float | None:
    """The sum of all pair weights: the earlier one and what was met since. Whole numbers, so exact."""
    return None if previous.pair_weight is None else previous.pair_weight + float(difference.met.data.sum())


def _renamed(previous: Neighbours, difference: Difference) -> tuple[Lists, np.ndarray]:
    """The earlier lists with later rows and names, and their bars; empty lists and bars of 0 for new entities."""
    lists = empty_lists(difference.after.n_entities, previous.n_neighbors)
    listed = np.asarray(previous.indices)
    lists.names[difference.row_of] = np.where(listed >= 0, difference.row_of[listed], NONE)
    lists.shared[difference.row_of] = previous.shared
    bar = np.zeros(difference.after.n_entities)
    bar[difference.row_of] = previous.bar
    return lists, bar


def _earlier_rows(previous: Cooccurrence, old_rows: np.ndarray, row_of: np.ndarray, n: int) -> csr_array:
    """Earlier rows (empty where -1) with their later columns, as float64."""
    lengths = np.where(old_rows >= 0, np.diff(previous.indptr)[old_rows], 0)
    starts = np.where(old_rows >= 0, previous.indptr[:-1][old_rows], 0)
    at = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
    columns = row_of[np.asarray(previous.indices[at])]
    stays = columns >= 0
    rows = np.repeat(np.arange(old_rows.size), lengths)[stays]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=old_rows.size))])
    data = np.asarray(previous.data[at])[stays].astype(np.float64)
    return csr_array((data, columns[stays], indptr), shape=(old_rows.size, n))
