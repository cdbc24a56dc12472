"""How often each pair of entities shares a collection: the whole sparse matrix, for those who want it.

Maps do not need it (``neighbours`` takes the best of each row as it counts); it is a product of its own. It is written
block by block and memory-mapped when read, so its size is bounded by the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from atlas_assets.errors import DataError, Found
from atlas_assets.kernels.incidence import companions, whole
from atlas_assets.kernels.pair_counts import matrix_rows, row_ranges
from atlas_assets.stages.artifact import ArrayWriter, Artifact, Check, Progress, no_progress
from atlas_assets.stages.index.stable_hash import mix
from atlas_assets.stages.relation import pair_weights
from atlas_assets.stages.relation.pair_count_plan import Counting, prepare
from atlas_assets.stages.relation.pair_weights import Collections, PairWeights

BLOCK_BYTES = 256 * 2**20
BYTES_PER_PAIR = 28  # columns and sums as counted, then the used ones again
CHECKED_AT_ONCE = 250_000  # pairs; their hashes stay in the cache


@dataclass(frozen=True)
class Cooccurrence(Artifact):
    """Symmetric CSR matrix of pair weights, with what is needed to judge them against chance.

    indptr (n+1,) int64; indices int32, sorted in a row, no diagonal, both directions; data positive, float32 for whole
    counts (exact below 2^24) and float64 otherwise. occurrences (n,) float64: sum over collections of W_c w_ci^2, the
    number of collections when all weights are 1. total: sum of W_c max_i w_ci^2, the number of collections likewise; so
    c_ij^2 <= occurrences_i occurrences_j. pair_weight_expected: what ``data`` must sum to, counted from the collections
    without looking at any row, and pair_weight_rounding how far it may be off, as counting rounds each weight.
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    occurrences: np.ndarray
    total: float
    pair_weight_expected: float
    pair_weight_rounding: float = 0.0

    @property
    def n_entities(self) -> int:
        return self.indptr.size - 1

    def check(self) -> list[Check]:
        lengths_match = bool(self.indices.size == self.data.size == self.indptr[-1])
        found = float(np.sum(self.data, dtype=np.float64))
        error = abs(found - self.pair_weight_expected)
        checks = [
            Check(
                "sum of pair weights equals the independent count",
                error <= 1e-6 * self.pair_weight_expected + self.pair_weight_rounding,
                f"{found:,.6g} counted, {self.pair_weight_expected:,.6g} expected",
            ),
            Check("every pair has a column and a weight", lengths_match, f"{self.indices.size // 2:,} pairs"),
        ]
        if lengths_match:
            sound = [_is_sound(*block) for block in self._blocks()]
            names = ["rows are sorted and unique", "no entity is paired with itself", "all weights are positive"]
            checks += [Check(name, all(row[i] for row in sound), "") for i, name in enumerate(names)]
            checks.append(Check("pairs are stored both ways", self._is_symmetric(), ""))
        return checks

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Rows, columns and weights of consecutive entries, a bounded number at a time."""
        for begin, end in row_ranges(np.diff(self.indptr), CHECKED_AT_ONCE):
            part = slice(self.indptr[begin], self.indptr[end])
            rows = np.repeat(np.arange(begin, end), np.diff(self.indptr[begin : end + 1]))
            yield rows, np.asarray(self.indices[part]), np.asarray(self.data[part])

    def _is_symmetric(self) -> bool:
        """Whether (i, j) and (j, i) have one weight: by sums of hashes of triples, which a difference would change."""
        difference = np.uint64(0)
        for rows, columns, data in self._blocks():
            bits = data.astype(np.float64).view(np.uint64)
            with np.errstate(over="ignore"):
                there = mix(mix(rows.astype(np.uint64), columns.astype(np.uint64)), bits)
                back = mix(mix(columns.astype(np.uint64), rows.astype(np.uint64)), bits)
                difference += there.sum(dtype=np.uint64) - back.sum(dtype=np.uint64)
        return bool(difference == 0)


def _is_sound(rows: np.ndarray, columns: np.ndarray, data: np.ndarray) -> tuple[bool, bool, bool]:
    ascending = (np.diff(columns) > 0) | (np.diff(rows) > 0)
    return bool(ascending.all()), not bool((rows == columns).any()), bool((data > 0).all() and np.isfinite(data).all())


def build(
    index: Collections,
    folder: Path,
    *,
    weights: PairWeights | None = None,
    memory: int | None = None,
    progress: Progress = no_progress,
) -> Cooccurrence:
    """Count, for every pair of entities, the weight of the collections that hold both, and write the matrix.

    ``folder`` receives the artifact as ``save`` would write it; what is returned is read from there. Rows are counted
    in blocks that fit into ``memory`` bytes (default ``BLOCK_BYTES``); neither that nor the number of threads changes
    the result. Cost: sum of s^2 additions over collections of size s. Raises DataError where no two entities share a
    collection.
    """

    folder.mkdir(parents=True, exist_ok=True)
    counting = prepare(index, weights)
    n, weighted = counting.n_entities, counting.weighting is not None
    bounds = np.minimum(companions(counting.indptr, counting.entities, n), n) + 1  # and the entity itself
    lengths = np.zeros(n, np.int64)
    dtype = value_type(counting)
    with ArrayWriter(folder / "indices.npy", np.int32) as indices, ArrayWriter(folder / "data.npy", dtype) as data:
        for begin, end in row_ranges(bounds, max(memory or BLOCK_BYTES, 1) // BYTES_PER_PAIR):
            progress(float(bounds[:begin].sum() / max(bounds.sum(), 1)), f"counting pairs of {n:,} entities")
            rows = np.arange(begin, end)
            visits = whole(counting.indptr, counting.entities, n, rows=rows, weighted=weighted)
            lengths[begin:end], columns, sums = matrix_rows(rows, visits, n, counting.weighting)
            indices.append(columns)
            data.append((sums * counting.unit).astype(dtype))
    if not lengths.any():
        raise DataError(
            file="entity_index",
            where="collections",
            found=Found("hold no pair: no two entities share a collection"),
            expected="some that hold two entities or more",
            remedy="Filter less strictly, or look at relation's weights, which may be 0 for all rows but one.",
        )
    progress(1.0, f"{lengths.sum() // 2:,} pairs")
    Cooccurrence(
        indptr=np.concatenate([[0], np.cumsum(lengths)]),
        indices=None,  # type: ignore[arg-type]
        data=None,  # type: ignore[arg-type]
        occurrences=counting.occurrences,
        total=float(counting.total),
        pair_weight_expected=pair_weights.expected_total(index, counting.weights),
        pair_weight_rounding=counting.rounding,
    ).save(folder)
    return Cooccurrence.load(folder)


def value_type(counting: Counting) -> type:
    """float32 where it holds every sum exactly: whole counts below 2^24."""
    exact = counting.weights.are_one and counting.occurrences.max(initial=0) < 2**24
    return np.float32 if exact else np.float64
