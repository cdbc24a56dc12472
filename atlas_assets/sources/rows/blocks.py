"""One column of a table as numbers that can be compared: a block of a vector, as far apart as the rows are there.

Whatever a column holds, its block has a total variance of 1. So two rows drawn by chance are as far apart in one column
as in any other, a squared distance of 2, and no column counts more because its numbers are larger or its categories
more. What is not known lies at the mean, where it is neither near to anything nor far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

MOST_VALUES = 50  # of a category that get a number of their own, the most frequent
MOST_MEMBERS = 200  # of lists
FURTHEST = 5.0  # robust standard deviations from the median; what lies beyond is drawn in to there
_IQR = 1.349  # of a normal distribution with standard deviation 1


@dataclass(frozen=True)
class Block:
    """numbers (n, d) float64, centred, of total variance 1 over the rows that are known; names of the d numbers.

    told: what was done beyond that, for people. Without any number where all rows are the same.
    """

    numbers: np.ndarray
    names: list[str]
    told: list[str]


def of_numbers(values: pl.Series, *, logarithm: bool = False) -> Block:
    """One number: by its distance from the median, or that of its logarithm. Numbers below 0 have none: ValueError."""
    number = values.cast(pl.Float64).to_numpy()
    known = np.isfinite(number)
    told = []
    if logarithm:
        low = float(number[known].min()) if known.any() else 0.0
        if low < 0:
            raise ValueError(f"{low:g} has no logarithm")
        number = np.log(number, where=known, out=np.full(len(number), np.nan)) if low > 0 else np.log1p(number)
        told.append("by its logarithm" if low > 0 else "by the logarithm of itself plus 1")
    if not known.any():
        return _nothing(len(values))
    middle, below, above = np.percentile(number[known], [50, 25, 75])
    spread = (above - below) / _IQR or float(number[known].std())
    if not spread:
        return _nothing(len(values))
    drawn = np.clip((number - middle) / spread, -FURTHEST, FURTHEST)
    if n_drawn := int((np.abs(number[known] - middle) > FURTHEST * spread).sum()):
        told.append(f"{n_drawn:,} values beyond {FURTHEST:g} standard deviations from the median drawn in to there")
    return _block(drawn[:, None], known, [values.name], told)


def of_truth(values: pl.Series) -> Block:
    """One number for yes and no."""
    return of_numbers(values.cast(pl.Float64))


def of_categories(values: pl.Series) -> Block:
    """A number for each of the most frequent values, 1 where it is the row's."""
    text = values.cast(pl.String)
    return _of_members(text, text.to_frame().select(pl.concat_list(pl.all())).to_series(), MOST_VALUES, "values")


def of_lists(values: pl.Series) -> Block:
    """A number for each of the most frequent members, of those that a row holds; rows of many are no further out."""
    return _of_members(values, values.cast(pl.List(pl.String)).list.unique(), MOST_MEMBERS, "members")


def _of_members(values: pl.Series, lists: pl.Series, most: int, called: str) -> Block:
    known = values.is_not_null().to_numpy()
    rows = pl.DataFrame({"row": np.arange(len(values)), "member": lists}).filter(pl.Series(known))
    rows = rows.explode("member").drop_nulls()
    counts = rows.group_by("member").len().sort(["len", "member"], descending=[True, False])
    kept = counts.head(most).with_row_index("place")
    told = []
    if counts.height > most:
        share = int(kept["len"].sum()) / int(counts["len"].sum())
        told.append(f"the {most} most frequent of {counts.height:,} {called}, {share:.0%} of what is there")
    placed = rows.join(kept.select("member", "place"), on="member", maintain_order="left")
    numbers = np.zeros((len(values), kept.height))
    numbers[placed["row"].to_numpy(), placed["place"].to_numpy()] = 1.0
    numbers /= np.sqrt(np.maximum(numbers.sum(axis=1, keepdims=True), 1.0))
    return _block(numbers, known, [f"{values.name}: {one}" for one in kept["member"]], told)


def _block(numbers: np.ndarray, known: np.ndarray, names: Sequence[str], told: list[str]) -> Block:
    if not known.any():
        return _nothing(len(numbers))
    centred = numbers - numbers[known].mean(axis=0)
    total = float((centred[known] ** 2).sum(axis=1).mean())
    if not total > 0:
        return _nothing(len(numbers))
    centred /= np.sqrt(total)
    centred[~known] = 0.0
    if n_missing := int((~known).sum()):
        told = [*told, f"{n_missing:,} rows without a value lie at the mean"]
    return Block(centred, list(names), told)


def _nothing(n_rows: int) -> Block:
    return Block(np.zeros((n_rows, 0)), [], ["the same in every row, so it tells none from another"])


ENCODINGS: dict[str, tuple[str, Callable[[pl.Series], Block]]] = {
    "number": ("numbers", of_numbers),
    "log": ("numbers", lambda values: of_numbers(values, logarithm=True)),
    "boolean": ("flags", of_truth),
    "category": ("codes", of_categories),
    "list": ("lists", of_lists),
}
"""What ``as`` may be of a feature: which columns of metadata can be that (``fields.Column``), and their blocks."""
