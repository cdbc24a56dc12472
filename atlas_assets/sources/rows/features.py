"""Which columns of a table tell its rows apart, and how each is compared: a guess with a reason for every column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.fields import column_of
from atlas_assets.sources.rows.blocks import MOST_MEMBERS, MOST_VALUES

MOST_MISSING = 0.5  # of the rows
LEAST_COVERED = 0.5  # of what a column holds, by the values that get a number of their own
SKEWED = 2.0  # skewness from which on a logarithm is tried
THE_SAME = 0.98  # rank correlation of two numbers that say the same
_SIMPLE = {"codes": "category", "lists": "list", "flags": "boolean", "numbers": "number"}


@dataclass(frozen=True)
class Feature:
    """How a column is compared: one of ``blocks.ENCODINGS``; weight: how much more than others it counts."""

    encoding: str
    weight: float = 1.0


@dataclass(frozen=True)
class Choice:
    """What is made of one column: how it is compared, None where it is not; why, for people."""

    name: str
    encoding: str | None
    why: str


def choose(frame: pl.DataFrame, fields: Sequence[Mapping[str, Any]]) -> list[Choice]:
    """What to make of each column of typed metadata, whose descriptions are ``fields`` {name, type}."""
    chosen: list[Choice] = []
    ranks: dict[str, np.ndarray] = {}
    for described in fields:
        choice = _choice(frame[described["name"]], described["type"])
        if choice.encoding in ("number", "log"):
            rank = _ranks(frame[choice.name])
            if same := next(_alike(rank, ranks), None):
                choice = Choice(choice.name, None, f"it says the same as {same[0]} (rank correlation {same[1]:.2f})")
            else:
                ranks[choice.name] = rank
        chosen.append(choice)
    return chosen


def _choice(values: pl.Series, type_: str) -> Choice:
    name, column = values.name, column_of(type_)
    if column is None:
        return Choice(name, None, f"a {type_} is read, not compared")
    missing = values.null_count() / max(1, len(values))
    if missing > MOST_MISSING:
        return Choice(name, None, f"{missing:.0%} of the rows have no value")
    if values.drop_nulls().n_unique() < 2:
        return Choice(name, None, "it is the same in every row")
    if column == "numbers":
        return _of_numbers(values, type_)
    if column in ("codes", "lists"):
        most = MOST_VALUES if column == "codes" else MOST_MEMBERS
        counts = values.explode().drop_nulls() if column == "lists" else values.drop_nulls()
        sizes = counts.value_counts(sort=True)["count"]
        covered = int(sizes.head(most).sum()) / max(1, int(sizes.sum()))
        if covered < LEAST_COVERED:
            why = f"its {most} most frequent values are only {covered:.0%} of what it holds"
            return Choice(name, None, why)
        return Choice(name, _SIMPLE[column], f"{len(sizes):,} different values")
    return Choice(name, _SIMPLE[column], "yes or no")


def _of_numbers(values: pl.Series, type_: str) -> Choice:
    number = values.cast(pl.Float64).drop_nulls()
    if type_ == "number" and float(number.min()) >= 0:  # type: ignore[arg-type]
        skew = float(number.skew() or 0)
        lifted = number.log() if float(number.min()) > 0 else (number + 1).log()  # type: ignore[arg-type]
        after = abs(float(lifted.skew() or 0))
        if skew > SKEWED and after < skew / 2:
            return Choice(values.name, "log", f"few are very large (skewness {skew:.1f}, of its logarithm {after:.1f})")
    return Choice(values.name, "number", f"a {type_}")


def _ranks(values: pl.Series) -> np.ndarray:
    """Of the values, centred and of length 1; what is missing lies in the middle."""
    rank = values.rank("average").cast(pl.Float64)
    centred = (rank - rank.mean()).fill_null(0.0).to_numpy()
    return centred / max(float(np.linalg.norm(centred)), 1e-12)


def _alike(rank: np.ndarray, others: Mapping[str, np.ndarray]) -> Iterator[tuple[str, float]]:
    for name, other in others.items():
        if abs(correlation := float(rank @ other)) > THE_SAME:
            yield name, correlation
