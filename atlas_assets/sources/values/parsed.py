"""A column as a parser understood it, and the words that mean nothing."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

ABSENT = (
    *("", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "\\N", "<NA>"),
    *("#N/A", "#N/A N/A", "#NA"),
)
"""No value, as databases, spreadsheets and pandas write it."""
UNKNOWN = (
    *ABSENT,
    *("-", "--", "?", ".", "unknown", "Unknown", "UNKNOWN", "n.d.", "n.a.", "none", "tbd", "TBD", "not available"),
    *("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!"),
)
"""Where numbers, times or truth are expected, words that say that the value is not known."""


@dataclass(frozen=True)
class Parsed:
    """values: in the parser's type, null where there is none; wrong: (n,) whether a value is there that does not fit.

    told: how the column is written, where that could be understood in another way.
    """

    values: pl.Series
    wrong: pl.Series
    told: str = ""

    @property
    def fits(self) -> bool:
        return not self.wrong.any()

    @property
    def n_known(self) -> int:
        return len(self.values) - self.values.null_count()


def present(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The column with what means "nothing" as null, and text without blanks around it."""
    if dtype != pl.String:
        return column
    bare = column.str.strip_chars()
    return pl.when(~bare.is_in(list(ABSENT))).then(bare)


def known(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """As ``present``, where numbers, times or truth are expected."""
    if dtype != pl.String:
        return column
    bare = column.str.strip_chars()
    return pl.when(~bare.is_in(list(UNKNOWN))).then(bare)


def is_plain(dtype: pl.DataType) -> bool:
    return not (dtype.is_nested() or dtype in (pl.Binary, pl.Object))


def nothing_fits(values: pl.Series, dtype: pl.DataType) -> Parsed:
    """Of a column whose type no value of this kind can have."""
    return Parsed(pl.Series(values.name, [None] * len(values), dtype=dtype), values.is_not_null())
