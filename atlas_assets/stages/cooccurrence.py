"""How often each pair of entities shares a collection, from an indexed set of collections.

Weights of rows and the normalisation of collections enter here; which pairs count as similar is decided in
``knn_graph``. Nothing is dropped: the sum of all weights is held against an independent count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from atlas_assets.errors import DataError, Found
from atlas_assets.kernels.pair_counts import count_pairs
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress

Normalisation = Literal["none", "size", "log_size"]


class Collections(Protocol):
    """What is needed of ``entity_index.CollectionIndex``."""

    @property
    def n_entities(self) -> int: ...
    @property
    def indptr(self) -> np.ndarray: ...
    @property
    def entities(self) -> np.ndarray: ...
    @property
    def weights(self) -> np.ndarray | None: ...


@dataclass(frozen=True)
class Cooccurrence(Artifact):
    """Symmetric CSR matrix of pair weights, with what is needed to judge them against chance.

    indptr (n+1,) int64; indices int32, sorted in a row, no diagonal, both directions; data float32, positive.
    occurrences (n,) float32: sum over collections of W_c w_ci^2, the number of collections when all weights are 1.
    total: sum of W_c max_i w_ci^2, the number of collections likewise; so c_ij^2 <= occurrences_i occurrences_j.
    pair_weight_expected: what ``data`` must sum to, counted from collection sizes alone.
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    occurrences: np.ndarray
    total: float
    pair_weight_expected: float

    @property
    def n_entities(self) -> int:
        return self.indptr.size - 1

    def check(self) -> list[Check]:
        rows = np.repeat(np.arange(self.n_entities), np.diff(self.indptr))
        lengths_match = self.indices.size == self.data.size == self.indptr[-1]
        found = float(np.sum(self.data, dtype=np.float64))
        error = abs(found - self.pair_weight_expected) / max(self.pair_weight_expected, 1.0)
        usable = bool((self.data > 0).all() and np.isfinite(self.data).all())
        order = np.diff(self.indices.astype(np.int64))[np.diff(rows) == 0] if lengths_match else np.array([-1])
        return [
            # float32 storage rounds each entry by at most 2^-24 of itself
            Check("sum of pair weights equals the independent count", error < 1e-6,
                  f"{found:,.6g} counted, {self.pair_weight_expected:,.6g} expected"),
            Check("rows are sorted and unique", bool(lengths_match and (order > 0).all()),
                  f"{self.indices.size:,} pairs"),
            Check("no entity is paired with itself", bool(lengths_match and not (rows == self.indices).any()), ""),
            Check("pairs are stored both ways", bool(lengths_match and _is_symmetric(self)), ""),
            Check("all weights are positive and finite", usable, ""),
        ]  # fmt: skip


def build(index: Collections, *, normalise: Normalisation = "none", progress: Progress = no_progress) -> Cooccurrence:
    """Count, for every pair of entities, the weight of the collections that hold both.

    A pair (i, j) of collection c adds W_c w_ci w_cj, where w are the row weights (1 where there are none) and
    W_c is 1 (``none``), 1/(s-1) (``size``: every member spreads one unit over its s-1 companions) or 1/log2 s
    (``log_size``, in between), s being the collection's size. Raises DataError for a negative or non-finite weight.
    Cost: half of sum s^2 additions; peak memory about 12 bytes per stored pair and 20 per row. Not modified: index.
    """
    indptr = np.ascontiguousarray(index.indptr, dtype=np.int64).view(np.ndarray)
    entities = np.ascontiguousarray(index.entities, dtype=np.int32).view(np.ndarray)
    sizes = np.diff(indptr)
    collection_of = np.repeat(np.arange(sizes.size, dtype=np.int32), sizes)
    row_weights = np.ones(entities.size) if index.weights is None else np.asarray(index.weights, dtype=np.float64)
    unusable = ~(np.isfinite(row_weights) & (row_weights >= 0))
    if unusable.any():
        row = int(np.flatnonzero(unusable)[0])
        raise DataError(
            file="entity_index", where=f"weight of row {row}", found=float(row_weights[row]),
            expected="a finite number, 0 or more", remedy="Mend the weight column or leave columns.weight out.",
        )  # fmt: skip
    collection_weights = _collection_weights(sizes, normalise)
    occurrences = np.bincount(
        entities, weights=collection_weights[collection_of] * row_weights**2, minlength=index.n_entities
    )
    largest = _segments(np.maximum, row_weights**2, indptr)
    expected = _expected_pair_weight(indptr, row_weights, collection_weights)
    if (row_weights == 0).any():  # rows of weight zero add nothing; the kernel takes zero as "not met"
        keep = row_weights > 0
        indptr = np.concatenate([[0], np.cumsum(np.bincount(collection_of[keep], minlength=sizes.size))])
        entities, row_weights = entities[keep], row_weights[keep]
    progress(0.05, f"counting pairs in {sizes.size:,} collections")
    full_indptr, indices, data = count_pairs(
        indptr, entities, n_entities=index.n_entities, row_weights=row_weights, collection_weights=collection_weights,
        progress=lambda share: progress(0.05 + 0.95 * share, "counting pairs"),
    )  # fmt: skip
    if not (data > 0).all():
        raise DataError(
            file="entity_index", where="weights", found=Found("are so small that products of two of them vanish"),
            expected="weights above 1e-15", remedy="Scale the weight column up.",
        )  # fmt: skip
    return Cooccurrence(
        indptr=full_indptr, indices=indices, data=data, occurrences=occurrences.astype(np.float32),
        total=float(np.sum(collection_weights * largest)), pair_weight_expected=expected,
    )  # fmt: skip


def _collection_weights(sizes: np.ndarray, normalise: Normalisation) -> np.ndarray:
    at_least_two = np.maximum(sizes, 2).astype(np.float64)  # smaller ones hold no pair
    if normalise == "size":
        return 1.0 / (at_least_two - 1)
    if normalise == "log_size":
        return 1.0 / np.log2(at_least_two)
    if normalise == "none":
        return np.ones(sizes.size)
    raise ValueError(f"normalise is {normalise!r}; expected 'none', 'size' or 'log_size'")


def _expected_pair_weight(indptr: np.ndarray, row_weights: np.ndarray, collection_weights: np.ndarray) -> float:
    """Sum over collections of W_c ((sum w)^2 - sum w^2), without looking at a single pair.

    Exact when all weights are 1 (integers throughout); else rounded once per collection and summed exactly.
    """
    if (row_weights == 1).all():
        sizes = np.diff(indptr).astype(object)  # Python integers: s^2 over all collections may exceed 2^63
        pairs = sizes * sizes - sizes
        if (collection_weights == 1).all():
            return float(sum(pairs))
        return math.fsum(pairs.astype(np.float64) * collection_weights)
    sums, squares = _segments(np.add, row_weights, indptr), _segments(np.add, row_weights**2, indptr)
    return math.fsum(collection_weights * (sums * sums - squares))


def _segments(operation: np.ufunc, values: np.ndarray, indptr: np.ndarray) -> np.ndarray:
    """``operation`` over each collection's values, float64; 0 for empty collections."""
    result = np.zeros(indptr.size - 1)
    filled = np.flatnonzero(np.diff(indptr))
    if filled.size:
        result[filled] = operation.reduceat(values, indptr[filled])
    return result


def _is_symmetric(cooccurrence: Cooccurrence) -> bool:
    from scipy.sparse import csr_array

    n = cooccurrence.n_entities
    matrix = csr_array((cooccurrence.data, cooccurrence.indices, cooccurrence.indptr), shape=(n, n))
    turned = matrix.T.tocsr()  # conversion leaves rows sorted
    return (
        np.array_equal(turned.indptr, matrix.indptr)
        and np.array_equal(turned.indices, matrix.indices)
        and np.array_equal(turned.data, matrix.data)
    )
