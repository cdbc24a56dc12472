"""How much a collection adds to each pair of entities in it, and the sums that follow from that.

A collection c adds  W_c * (w_i * w_j) * f(v_i, v_j) * g(t_i, t_j)  to a pair (i, j):
w, weights of the two rows; W, the normalisation of the collection; f, closeness of the two values; g, closeness in
time. Who counts the pairs is ``neighbours`` and ``cooccurrence``; the totals here are counted in another way, so that
they can be held against theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from atlas_assets.errors import DataError, Found
from atlas_assets.kernels.incidence import pairs_within
from atlas_assets.kernels.memberships import count_entities
from atlas_assets.kernels.pair_totals import pair_totals, sums_by_entity
from atlas_assets.kernels.pair_weight import NO_TIME

Normalisation = Literal["none", "size", "log_size"]
ValueForm = Literal["linear", "gaussian"]
SECONDS_PER_DAY = 86_400.0
MOST_WEIGHT = 1e15  # of a row: products of two, summed over collections, stay within float32
NEGLIGIBLE = 1e-8  # of the largest weight: the product of two such is below the step in which sums are counted


class Collections(Protocol):
    """What is needed of ``entity_index.CollectionIndex``."""

    @property
    def n_entities(self) -> int: ...
    @property
    def indptr(self) -> np.ndarray: ...
    @property
    def entities(self) -> np.ndarray: ...
    @property
    def values(self) -> np.ndarray | None: ...
    @property
    def timestamps(self) -> np.ndarray | None: ...
    @property
    def weights(self) -> np.ndarray | None: ...


@dataclass(frozen=True)
class PairWeights:
    """What a collection c adds to a pair (i, j): W_c * (w_i * w_j) * f(v_i, v_j) * g(t_i, t_j), never negative.

    rows: w, (m,) float64 >= 0, parallel to the memberships; None = all 1. A row of weight 0 takes no part.
    collections: W, (C,) float64 > 0; None = all 1.
    values: v, (m,) float64, NaN where unknown; None = f is 1 everywhere.
    value_form, value_width: with r = |v_i - v_j| / max(|v_i|, |v_j|), 0 where both are 0,
        linear: f = max(2 (1 - r / width), 0), so 2 for equal values; gaussian: f = exp(-(v_i - v_j)^2 / (2 width^2)).
    times: t, (m,) int64, unix seconds, -2^63 where unknown; None = g is 1 everywhere.
    half_life: g = 2^(-|t_i - t_j| / half_life), in seconds.
    Where one value or time of the two is unknown, f or g is 1.
    """

    rows: np.ndarray | None = None
    collections: np.ndarray | None = None
    values: np.ndarray | None = None
    value_form: ValueForm | None = None
    value_width: float = 0.0
    times: np.ndarray | None = None
    half_life: float = 0.0

    @property
    def are_one(self) -> bool:
        """Whether every pair of every collection counts 1, so that pairs can be counted in whole numbers."""
        return self.rows is None and self.collections is None and self.values is None and self.times is None

    def notes(self) -> list[str]:
        """Sentences on the rows that the weights leave out, or for which a value or a time is not known."""
        found = []
        if self.rows is not None and (without := int(np.count_nonzero(self.rows == 0))):
            found.append(f"{without:,} of {self.rows.size:,} rows have weight 0 and take no part")
        if self.rows is not None and self.rows.size:
            light = (self.rows > 0) & (self.rows < NEGLIGIBLE * self.rows.max())
            if n := int(np.count_nonzero(light)):
                found.append(
                    f"{n:,} of {self.rows.size:,} rows have less than {NEGLIGIBLE:g} of the largest weight: "
                    "pairs of two such rows add nothing"
                )
        if self.values is not None and (unknown := int(np.count_nonzero(np.isnan(self.values)))):
            found.append(f"{unknown:,} of {self.values.size:,} values are unknown: relation.value_closeness is 1 there")
        if self.times is not None and (unknown := int(np.count_nonzero(self.times == NO_TIME))):
            found.append(f"{unknown:,} of {self.times.size:,} times are unknown: relation.time_half_life is 1 there")
        return found


def of(
    index: Collections,
    *,
    value_weights: Mapping[float, float] | None = None,
    use_weights: bool = True,
    normalise: Normalisation = "none",
    value_closeness: Mapping[str, object] | None = None,
    time_half_life: float | None = None,
) -> PairWeights:
    """The weights that a spec's ``relation`` asks for, on the rows of ``index`` (not modified).

    w is the source's weight (1 without that column, or with ``use_weights=False``), times the weight of the row's value
    in the table ``value_weights``: interpolated linearly between the listed values, the end weights beyond them, 1 for
    an unknown value. W is 1 (``none``), 1 / (s - 1) (``size``: every member spreads one unit over its s - 1 companions)
    or 1 / log2 s (``log_size``, in between), s being the number of the collection's rows with w > 0; 1 where s < 2.
    ``value_closeness`` is {"form": ..., "width": ...}; ``time_half_life`` is in days.

    Raises DataError where an option needs values or times and the source has none, for values that are not finite,
    weights that are negative or above MOST_WEIGHT, and weights that are all 0.
    """
    rows = _source_weights(index.weights) if use_weights and index.weights is not None else None
    if value_weights is not None:
        weights = _weights_of_values(_values(index, "value_weights"), value_weights)
        rows = weights if rows is None else rows * weights
    if rows is not None:
        if rows.size and not rows.any():
            raise DataError(
                file="relation",
                where="the weights of all rows",
                found=Found("are 0"),
                expected="some above 0",
                remedy="Give some value a weight in relation.value_weights, or look at the weight column.",
            )
        if rows.size and rows.max() > MOST_WEIGHT:
            raise DataError(
                file="relation",
                where="the largest weight of a row",
                found=float(rows.max()),
                expected=f"at most {MOST_WEIGHT:g}",
                remedy="Divide all of relation.value_weights by a power of ten.",
            )
        if (rows == 1).all():
            rows = None
    closeness = dict(value_closeness or {})
    form, width = closeness.get("form"), closeness.get("width", 0.0)
    return PairWeights(
        rows=rows,
        collections=_collection_weights(_sizes(index.indptr, rows), normalise),
        values=_values(index, "value_closeness").astype(np.float64) if form else None,
        value_form=form,  # type: ignore[arg-type]
        value_width=float(width),  # type: ignore[arg-type]
        times=None if time_half_life is None else _times(index),
        half_life=(time_half_life or 0.0) * SECONDS_PER_DAY,
    )


def occurrences(index: Collections, weights: PairWeights) -> np.ndarray:
    """What each entity would add to itself, (n,) float64: a_i = sum over collections of W_c w_ci^2 f(v_i, v_i) g(0).

    The number of its collections where all weights are 1. What cosine, jaccard and npmi divide by, because
    c_ij^2 <= a_i a_j: of every factor the value for a pair is at most the geometric mean of the two for a row with
    itself, f(v, u)^2 <= f(v, v) f(u, u) (linear: f <= 2 = f(v, v) for known values, and 1 <= 2 * 1 where one of the two
    is unknown; gaussian: f <= 1 = f(v, v)) and g <= 1 = g(0). So each collection's share of c_ij is at most
    sqrt(share of a_i) sqrt(share of a_j), and the sum over collections follows by Cauchy and Schwarz.
    """
    if weights.are_one:
        return count_entities(np.asarray(index.entities), index.n_entities).astype(np.float64)
    # plain float sums would depend on the order of the collections in their last bits, and similarities with them
    return sums_by_entity(np.asarray(index.entities), _self_weights(index, weights), index.n_entities)


def total(index: Collections, weights: PairWeights) -> float:
    """Sum over collections of their largest share in any occurrence, W_c max_i w_ci^2 f(v_i, v_i).

    The number of collections where all weights are 1. Never less than any a_i of :func:`occurrences`, so a_i / total
    may stand for a probability.
    """
    filled = np.flatnonzero(np.diff(index.indptr))
    if weights.are_one:
        return float(filled.size)
    result = np.zeros(index.indptr.size - 1)
    if filled.size:
        result[filled] = np.maximum.reduceat(_self_weights(index, weights), index.indptr[filled])
    return math.fsum(result)


def expected_total(index: Collections, weights: PairWeights) -> float:
    """The sum of the weights of all pairs, both directions, counted by collection and without any row of a matrix.

    Where all row weights are 1 and there is no closeness, from the sizes alone: sum of W_c s (s - 1), exact (whole
    numbers) if the W_c are 1 too. Else from classes of rows with the same value and time: see ``kernels.pair_totals``.
    """
    if weights.rows is None and weights.values is None and weights.times is None:
        if weights.collections is None:
            return float(pairs_within(np.asarray(index.indptr)))
        sizes = np.diff(index.indptr)
        pairs = sizes * (sizes - 1)  # below 2^63: there are fewer than 2^31 entities
        return math.fsum(pairs.astype(np.float64) * weights.collections)
    return pair_totals(
        np.asarray(index.indptr),
        rows=weights.rows,
        collections=weights.collections,
        values=weights.values,
        form=weights.value_form,
        width=weights.value_width,
        times=weights.times,
        half_life=weights.half_life,
    )


def pair_weight_reference(weights: PairWeights, collection: int, a: int, b: int) -> float:
    """What ``collection`` adds to the pair of its rows ``a`` and ``b``, in plain Python: the meaning of the kernels."""
    result = 1.0
    if weights.rows is not None:
        result *= float(weights.rows[a]) * float(weights.rows[b])
    if weights.collections is not None:
        result *= float(weights.collections[collection])
    if weights.values is not None:
        result *= value_closeness_reference(
            float(weights.values[a]), float(weights.values[b]), form=weights.value_form, width=weights.value_width
        )
    if weights.times is not None:
        result *= time_closeness_reference(int(weights.times[a]), int(weights.times[b]), half_life=weights.half_life)
    return result


def value_closeness_reference(a: float, b: float, *, form: ValueForm | None, width: float) -> float:
    """f(a, b) of :class:`PairWeights`."""
    if form is None or math.isnan(a) or math.isnan(b):
        return 1.0
    if form == "gaussian":
        return math.exp(-((a - b) ** 2) / (2 * width**2))
    apart = 0.0 if a == b else abs(a - b) / max(abs(a), abs(b))
    return max(2 * (1 - apart / width), 0.0)


def time_closeness_reference(a: int, b: int, *, half_life: float) -> float:
    """g(a, b) of :class:`PairWeights`."""
    return 1.0 if NO_TIME in (a, b) else 2.0 ** (-abs(a - b) / half_life)


def _self_weights(index: Collections, weights: PairWeights) -> np.ndarray:
    """W_c w^2 f(v, v) of each row."""
    result = np.ones(index.entities.size) if weights.rows is None else weights.rows**2
    if weights.collections is not None:
        result = result * np.repeat(weights.collections, np.diff(index.indptr))
    if weights.value_form == "linear" and weights.values is not None:
        result = result * np.where(np.isnan(weights.values), 1.0, 2.0)
    return result


def _source_weights(column: np.ndarray) -> np.ndarray:
    weights = np.asarray(column, dtype=np.float64)
    unusable = ~((weights >= 0) & (weights <= MOST_WEIGHT))
    if unusable.any():
        row = int(np.flatnonzero(unusable)[0])
        raise DataError(
            file="entity_index",
            where=f"weight of row {row:,}",
            found=float(weights[row]),
            expected=f"a number from 0 to {MOST_WEIGHT:g}",
            remedy="Mend the weight column (where all are large: divide it by a power of ten), leave columns.weight "
            "out, or set relation.use_weights: false.",
        )
    return weights


def _weights_of_values(values: np.ndarray, table: Mapping[float, float]) -> np.ndarray:
    # the values are float32: so must the listed ones be, or a listed 0.1 would lie between two of them
    listed = np.array(sorted(table), dtype=np.float32)
    weights = np.array([table[value] for value in sorted(table)], dtype=np.float64)
    return np.where(np.isnan(values), 1.0, np.interp(values, listed, weights))


def _values(index: Collections, option: str) -> np.ndarray:
    values = None if index.values is None else np.asarray(index.values)
    if values is None or (values.size and np.isnan(values).all()):
        raise DataError(
            file="source",
            where="value",
            found=Found("is not known for any row"),
            expected=f"a column with values, because relation.{option} weighs rows by them",
            remedy=f"Name the column in source.columns.value, or delete relation.{option}.",
        )
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.flatnonzero(infinite)[0])
        raise DataError(
            file="entity_index",
            where=f"value of row {row:,}",
            found=float(values[row]),
            expected=f"a finite number, because relation.{option} weighs rows by their values",
            remedy=f"Mend the value column, or delete relation.{option}.",
        )
    return values


def _times(index: Collections) -> np.ndarray:
    times = None if index.timestamps is None else np.asarray(index.timestamps, dtype=np.int64)
    if times is None or (times.size and (times == NO_TIME).all()):
        raise DataError(
            file="source",
            where="timestamp",
            found=Found("is not known for any row"),
            expected="a column with times, because relation.time_half_life compares them",
            remedy="Name the column in source.columns.timestamp, or delete relation.time_half_life.",
        )
    return times


def _sizes(indptr: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
    """How many rows of each collection take part."""
    if rows is None:
        return np.diff(indptr)
    before = np.concatenate([[0], np.cumsum(rows > 0)])
    return np.diff(before[indptr])


def _collection_weights(sizes: np.ndarray, normalise: Normalisation) -> np.ndarray | None:
    at_least_two = np.maximum(sizes, 2).astype(np.float64)  # smaller ones hold no pair
    if normalise == "size":
        return 1.0 / (at_least_two - 1)
    if normalise == "log_size":
        return 1.0 / np.log2(at_least_two)
    if normalise == "none":
        return None
    raise ValueError(f"normalise is {normalise!r}; expected 'none', 'size' or 'log_size'")
