"""What a column of ids holds, and the one type for ids of several columns that must be comparable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources.locate import Located
from atlas_assets.sources.tables import ROW as ROW
from atlas_assets.sources.values.parsed import ABSENT

_INTEGERS = "integers"
_TEXT = "text"
_UNTYPED_INTEGERS = "integers written as text"


def place(file: Located, row: int, column: str) -> str:
    return f"row {row:,}{' below the header' if file.format == 'csv' else ''}, column {column!r}"


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


def one_form(text: pl.Expr, *, words: bool) -> pl.Expr:
    """Text in the one form that all its spellings have: no blanks around, plain blanks inside, Unicode's NFC.

    What has no width at all, as a page's text may carry along at its ends, is no part of it.

    words: whether a word such as NULL or nan means that there is no id, as in files that know nothing but text.
    """
    bare = (
        text.str.replace_all(r"^[\s\u200b\u2060\ufeff]+|[\s\u200b\u2060\ufeff]+$", "")
        .str.replace_all(r"[\u00a0\u2007\u202f]", " ")
        .str.normalize("NFC")
    )
    return pl.when(~bare.is_in(list(ABSENT) if words else [""])).then(bare)


def are_whole_decimals(text: pl.Series) -> bool:
    """Whether all texts are whole numbers and some have a decimal point: 12.0 for 12, as of a column with gaps."""
    there = text.drop_nulls()
    pointed = there.str.ends_with(".0")
    if not bool(pointed.any()):
        return False
    return bool((pointed | there.str.contains(r"^-?\d+$")).all())


def without_point(text: pl.Expr) -> pl.Expr:
    return text.str.replace(r"^(-?\d+)\.0+$", "${1}")


def _id_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Ids as text: blank is null, 3.0 is "3", a date is its ISO form."""
    if dtype.is_float():
        whole = value.is_finite() & (value == value.round(0)) & (value.abs() < 2.0**53)
        digits = pl.when(whole).then(value).otherwise(None).cast(pl.Int64, strict=False).cast(pl.String)
        text = pl.when(whole).then(digits).otherwise(value.cast(pl.String))
        return pl.when(value.is_nan()).then(None).otherwise(text)
    text = value.cast(pl.String)
    return pl.when(text.str.strip_chars() == "").then(None).otherwise(text)
