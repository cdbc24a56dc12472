"""From what a column holds in a file to what the canonical tables hold: ids, numbers, times. Nothing is guessed away.

Tables are read in batches; a batch that cannot be read as meant ends in an error that names the row. Rows are counted
from 1, without a header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources.locate import Located
from atlas_assets.sources.tables import ROW as ROW

ABSENT = ["", "NA", "N/A", "n/a", "null", "NULL", "None", "\\N"]
TIME_UNITS = ((1e17, 10**9), (1e14, 10**6), (1e11, 10**3))  # median above -> units per second
_INTEGERS = "integers"
_TEXT = "text"
_UNTYPED_INTEGERS = "integers written as text"


def place(file: Located, row: int, column: str) -> str:
    return f"row {row:,}{' below the header' if file.format == 'csv' else ''}, column {column!r}"


def present(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The column with what means "nothing" as null."""
    if dtype != pl.String:
        return column
    return pl.when(column.is_in(ABSENT)).then(None).otherwise(column)


@dataclass(frozen=True)
class Ids:
    """What one column of ids holds: ``kind`` is integers, text, or integers written as text."""

    file: Located
    column: str
    kind: str
    dtype: pl.DataType
    n_absent: int
    example: Any
    first_other: Any  # the first value that is no integer


def _identifies(dtype: pl.DataType) -> bool:
    return not (dtype.is_nested() or dtype in (pl.Binary, pl.Boolean, pl.Object))


def _is_canonical(text: pl.Expr) -> pl.Expr:
    """Whether text -> int64 -> text gives the same text. Three times as fast as a regular expression."""
    number = text.cast(pl.Int64, strict=False)
    padded = text.str.starts_with("0") & (text != "0")
    return number.is_not_null() & ~padded & ~text.str.starts_with("+") & ~text.str.starts_with("-0")


def id_facts(name: str, dtype: pl.DataType) -> list[pl.Expr]:
    """Aggregations for ``ids_of``, named after the column."""
    value = pl.col(name)
    if not _identifies(dtype):
        return [pl.len().alias(f"{name}:absent")]  # ids_of refuses it before it looks at facts
    if dtype.is_integer():
        known, outside = value, (value > 2**63 - 1) if dtype in (pl.UInt64, pl.Int128) else pl.lit(False)
        other = value.filter(outside).cast(pl.String)
    else:
        known = _id_text(value, dtype)
        other = known.filter(~_is_canonical(known)).drop_nulls()
    return [
        known.is_null().sum().alias(f"{name}:absent"),
        known.drop_nulls().first().alias(f"{name}:example"),
        other.first().alias(f"{name}:other"),
    ]


def other_than_integers(name: str) -> pl.Expr:
    """The texts of a column that are no integers as Python would write them."""
    return pl.col(name).filter(~_is_canonical(pl.col(name))).drop_nulls()


def ids_of(file: Located, name: str, label: str, dtype: pl.DataType, facts: dict[str, Any], *, typed: bool) -> Ids:
    """The facts as an ``Ids``. Raises DataError for a type that cannot identify anything."""
    check_identifies(file, label, dtype)
    other = facts[f"{name}:other"]
    if (dtype.is_integer() and other is None) or (dtype.is_float() and other is None):
        kind = _INTEGERS
    else:
        kind = _UNTYPED_INTEGERS if other is None and not typed else _TEXT
    return Ids(file, label, kind, dtype, facts[f"{name}:absent"], facts[f"{name}:example"], other)


def check_identifies(file: Located, label: str, dtype: pl.DataType) -> None:
    """Raise DataError for a type that cannot identify anything."""
    if not _identifies(dtype):
        raise DataError(
            file=file.name,
            where=f"column {label!r}",
            found=Found(f"holds {str(dtype).lower()} values"),
            expected="integers or text that identify something",
            remedy="Choose another column in source.columns.",
        )


def common_type(columns: list[Ids]) -> tuple[pl.DataType, list[str]]:
    """The one type for ids that must be comparable, and notes on what is cast for it.

    Integers everywhere: int64. Text beside integers is an error, unless every text is an integer as Python would write
    it: then it is cast, and said. A CSV has no types, so its integers fit either side.
    """
    kinds = {ids.kind for ids in columns}
    if _INTEGERS not in kinds:
        everything_integers = all(ids.first_other is None for ids in columns) and _TEXT not in kinds
        return (pl.Int64() if everything_integers else pl.String()), []
    notes = []
    for ids in columns:
        if ids.first_other is not None:
            number = next(other for other in columns if other.kind == _INTEGERS)
            raise DataError(
                file=ids.file.name,
                where=f"column {ids.column!r}",
                found=Found(f"holds text such as {ids.first_other!r}"),
                expected=f"integers, as in column {number.column!r} of {number.file.name} (such as {number.example!r})",
                remedy="Write the ids of both in one type, or choose the matching column in source.entity_columns.id.",
            )
        if ids.kind == _TEXT:
            notes.append(f"{ids.file.name}: column {ids.column!r} holds integers as text; they were read as integers")
        elif ids.dtype.is_float():
            notes.append(
                f"{ids.file.name}: column {ids.column!r} holds integers as decimals; they were read as integers"
            )
    return pl.Int64(), notes


def as_ids(name: str, dtype: pl.DataType, target: pl.DataType) -> pl.Expr:
    """The column as ``target``; null where there is no id."""
    value = pl.col(name)
    if dtype.is_integer() and target == pl.Int64:
        return value.cast(pl.Int64)
    text = _id_text(value, dtype)
    return (text.cast(pl.Int64) if target == pl.Int64 else text).alias(name)


def _id_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Ids as text: blank is null, 3.0 is "3", a date is its ISO form."""
    if dtype.is_float():
        whole = value.is_finite() & (value == value.round(0)) & (value.abs() < 2.0**53)
        digits = pl.when(whole).then(value).otherwise(None).cast(pl.Int64, strict=False).cast(pl.String)
        text = pl.when(whole).then(digits).otherwise(value.cast(pl.String))
        return pl.when(value.is_nan()).then(None).otherwise(text)
    text = value.cast(pl.String)
    return pl.when(text.str.strip_chars() == "").then(None).otherwise(text)


def number_facts(name: str, dtype: pl.DataType) -> list[pl.Expr]:
    """Aggregations for ``check_numbers``, named after the column; needs the column ROW."""
    known = present(pl.col(name), dtype)
    number = as_number(name, dtype)
    bad = known.is_not_null() & (number.is_null() | ~number.is_finite()).fill_null(True)
    negative = number < 0
    return [
        pl.col(ROW).filter(bad).first().alias(f"{name}:bad_row"),
        known.filter(bad).first().cast(pl.String).alias(f"{name}:bad"),
        pl.col(ROW).filter(negative).first().alias(f"{name}:negative_row"),
        number.filter(negative).first().alias(f"{name}:negative"),
        number.is_null().sum().alias(f"{name}:absent"),
    ]


def check_numbers(
    file: Located, name: str, label: str, dtype: pl.DataType, facts: dict[str, Any], *, negative: bool = True
) -> None:
    """Raise DataError at the first value that is no finite number, or negative where that means nothing."""
    if not (dtype.is_numeric() or dtype in (pl.String, pl.Boolean)):
        raise DataError(
            file=file.name,
            where=f"column {label!r}",
            found=Found(f"holds {str(dtype).lower()} values"),
            expected="numbers",
            remedy="Choose another column in source.columns.",
        )
    if facts[f"{name}:bad_row"] is not None:
        raise DataError(
            file=file.name,
            where=place(file, facts[f"{name}:bad_row"], label),
            found=facts[f"{name}:bad"],
            expected="a finite number, or nothing where it is unknown",
            remedy="Correct the value, or leave it empty.",
        )
    if not negative and facts[f"{name}:negative_row"] is not None:
        raise DataError(
            file=file.name,
            where=place(file, facts[f"{name}:negative_row"], label),
            found=facts[f"{name}:negative"],
            expected="a weight of at least 0",
            remedy="Shift or invert the weights, or choose another column.",
        )


def numbers(file: Located, name: str, label: str, frame: pl.DataFrame, *, negative: bool = True) -> pl.Series:
    """A column of ``frame`` as floats, null where there is no number; errors as in ``check_numbers``. Needs ROW."""
    column, dtype = frame[name], frame.schema[name]
    if dtype.is_numeric() or dtype == pl.String:
        number = column if dtype.is_float() else column.cast(pl.Float64, strict=False)
        understood = number.null_count() == column.null_count() and bool(number.is_finite().all())
        if understood and (negative or not bool((number < 0).any())):
            return number
    facts = frame.select(number_facts(name, dtype)).row(0, named=True) if _is_plain(dtype) else {}
    check_numbers(file, name, label, dtype, facts, negative=negative)
    return frame.select(as_number(name, dtype)).to_series()


def _is_plain(dtype: pl.DataType) -> bool:
    return not (dtype.is_nested() or dtype in (pl.Binary, pl.Object))


def as_number(name: str, dtype: pl.DataType) -> pl.Expr:
    """The column as float64; null where there is no number."""
    known = present(pl.col(name), dtype)
    return (known.str.strip_chars() if dtype == pl.String else known).cast(pl.Float64, strict=False)


@dataclass(frozen=True)
class Clock:
    """How one column writes times: dates or ISO text (per_second 0), or numbers with so many to a second."""

    file: Located
    name: str
    label: str
    per_second: int

    @classmethod
    def of(cls, file: Located, name: str, label: str, frame: pl.DataFrame) -> Clock | None:
        """Told from the rows of ``frame``, the first of the file that have times; None where none has.

        The unit of numbers is told from their median: above 1e11 (year 5138 in seconds, 1973 in milliseconds) they
        cannot be seconds. Raises DataError for a type that holds no times.
        """
        dtype = frame.schema[name]
        if not (dtype in (pl.Date, pl.Datetime, pl.String) or dtype.is_numeric()):
            raise DataError(
                file=file.name,
                where=f"column {label!r}",
                found=Found(f"holds {str(dtype).lower()} values"),
                expected="unix seconds or milliseconds, or ISO dates",
                remedy="Choose another column as timestamp.",
            )
        known = frame.select(present(pl.col(name), dtype).alias(name)).to_series().drop_nulls()
        if known.is_empty():
            return None
        if dtype.is_temporal():
            return cls(file, name, label, 0)
        number = known.to_frame().select(as_number(name, dtype)).to_series()
        if number.null_count():
            return cls(file, name, label, 0)
        median: Any = number.abs().median()
        return cls(file, name, label, next((unit for limit, unit in TIME_UNITS if median > limit), 1))

    def seconds(self, frame: pl.DataFrame) -> pl.Series:
        """The column as int64 unix seconds, null where there is no time. A time without a zone is UTC.

        Raises DataError at the first value that is written in another way. Needs the column ROW.
        """
        dtype, value = frame.schema[self.name], frame[self.name]
        if dtype in (pl.Date, pl.Datetime):
            return value.cast(pl.Datetime("ms")).dt.timestamp("ms") // 1000
        if dtype.is_integer():
            whole = value.cast(pl.Int64)
            return whole // self.per_second if self.per_second > 1 else whole
        known = present(pl.col(self.name), dtype)
        if self.per_second:
            number = as_number(self.name, dtype)
            made = (number / self.per_second).floor().cast(pl.Int64, strict=False)
        else:
            number = made = iso_seconds(known)
        facts = frame.select(
            row=pl.col(ROW).filter(known.is_not_null() & number.is_null()).first(),
            found=known.filter(known.is_not_null() & number.is_null()).first(),
        ).row(0, named=True)
        if facts["row"] is not None:
            raise DataError(
                file=self.file.name,
                where=place(self.file, facts["row"], self.label),
                found=facts["found"],
                expected="a time such as 2026-11-21, 2026-11-21T08:00:00Z, or unix seconds",
                remedy="Write all times of the column in one of these forms.",
            )
        return frame.select(made.alias(self.name)).to_series()


def iso_seconds(text: pl.Expr) -> pl.Expr:
    """Unix seconds of YYYY-MM-DD, optionally with T or a blank, hh:mm[:ss[.fraction]] and Z or ±hh[:]mm."""
    text = text.str.strip_chars()
    clock = text.str.extract(r"^\d{4}-\d{2}-\d{2}[T ](\d{2}:\d{2}(?::\d{2})?)", 1).fill_null("00:00:00")
    clock = pl.when(clock.str.len_bytes() == 5).then(clock + ":00").otherwise(clock)
    whole = text.str.contains(
        r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|z| ?UTC|[+-]\d{2}:?\d{2})?)?$"
    )
    moment = (text.str.slice(0, 10) + " " + clock).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="ms")
    sign = pl.when(text.str.contains(r"\d:\d{2}.*-\d{2}:?\d{2}$")).then(-1).otherwise(1)
    hours = text.str.extract(r":\d{2}.*[+-](\d{2}):?\d{2}$", 1).cast(pl.Int64).fill_null(0)
    minutes = text.str.extract(r":\d{2}.*[+-]\d{2}:?(\d{2})$", 1).cast(pl.Int64).fill_null(0)
    seconds = moment.dt.timestamp("ms").floordiv(1000) - sign * (hours * 3600 + minutes * 60)
    return pl.when(whole).then(seconds)
