"""What kind of metadata a column is, judged by all of its values, and the column in the form that kind is kept in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from atlas_assets.sources import columns as read

_MAX_CATEGORIES = 65_534  # more do not fit the bundle's codes
_LIST_NAMES = {
    "genres",
    "genre",
    "tags",
    "tag",
    "keywords",
    "keyword",
    "topics",
    "topic",
    "categories",
    "types",
    "colors",
    "colours",
    "authors",
    "artists",
    "actors",
    "cast",
    "languages",
    "countries",
    "platforms",
    "mechanics",
    "ingredients",
    "labels",
    "subjects",
    "moods",
    "themes",
}
_CATEGORY_NAMES = {
    "class",
    "cluster",
    "category",
    "type",
    "kind",
    "group",
    "level",
    "genre",
    "language",
    "country",
    "rarity",
    "format",
    "status",
    "region",
    "label",
    "target",
    "digit",
    "code",
    "colour",
    "color",
    "season",
}
_ID_NAMES = {"id", "isbn", "uuid", "guid", "key", "hash", "asin", "doi", "barcode", "sku", "phone", "zip"}
_IMAGE_NAMES = {"image", "img", "cover", "thumbnail", "poster", "photo", "icon", "avatar", "picture", "logo"}
_TIME_NAMES = {"seen", "timestamp", "date", "time", "at", "on", "created", "updated", "modified", "released", "release"}
_TRUE, _FALSE = (
    ["true", "yes", "t", "y", "1", "True", "TRUE", "Yes"],
    ["false", "no", "f", "n", "0", "False", "FALSE", "No"],
)
_URL = r"^https?://\S+$"
_IMAGE_URL = r"(?i)\.(png|jpe?g|gif|webp|svg|avif)(\?.*)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}([T ].*)?$"


@dataclass(frozen=True)
class FieldType:
    """type: as in defs.yaml; separator: of lists written as text; why: a clause for people."""

    type: str
    why: str
    separator: str | None = None


def words(name: str) -> list[str]:
    """``userId`` and ``user_id`` -> [user, id]."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def guess(values: pl.Series, *, typed: bool) -> FieldType:
    """The type that fits all values of a column; ``typed`` is False for a CSV, where a number is text as well."""
    name, dtype = set(words(values.name)), values.dtype
    known = values.drop_nulls()
    if isinstance(dtype, (pl.List, pl.Array)):
        return FieldType("list", "its values are lists")
    if dtype == pl.Boolean:
        return FieldType("boolean", "its values are true and false")
    if dtype in (pl.Date, pl.Datetime):
        return FieldType("date", "its values are dates")
    if dtype.is_numeric():
        return _guess_number(known, name)
    known = known.cast(pl.String).str.strip_chars()
    known = known.filter(~known.is_in(read.ABSENT))
    if known.is_empty():
        return FieldType("text", "it is empty")
    if not typed:
        numbers = known.cast(pl.Float64, strict=False)
        if not numbers.is_null().any() and not known.str.contains(r"^0\d").any():
            whole = numbers.cast(pl.Int64, strict=False) if (numbers == numbers.round(0)).all() else numbers
            return _guess_number(whole.alias(values.name), name)
    return _guess_text(known, name)


def _guess_number(known: pl.Series, name: set[str]) -> FieldType:
    if known.is_empty():
        return FieldType("number", "it is empty")
    n_distinct = known.n_unique()
    low, high = float(known.min()), float(known.max())  # type: ignore[arg-type]
    whole = known.dtype.is_integer()
    if n_distinct <= 2 and {low, high} <= {0.0, 1.0} and name & {"is", "has", "was", "can"}:
        return FieldType("boolean", "its values are 0 and 1")
    if whole and name & {"year", "years"} and not name & {"n", "count", "num"} and low >= -5000 and high <= 2200:
        return FieldType("year", f"whole numbers from {low:.0f} to {high:.0f}, and the name says year")
    if whole and name & _TIME_NAMES and low > -3e9 and 1e8 < high < 2e13 and float(known.median()) > 1e8:  # type: ignore[arg-type]
        return FieldType("date", "whole numbers that read as unix times")
    if whole and name & _ID_NAMES and n_distinct > 0.5 * len(known):
        return FieldType("text", "numbers that identify something, so their size means nothing")
    if whole and name & _CATEGORY_NAMES and n_distinct <= min(_MAX_CATEGORIES, max(2, len(known) // 2)):
        return FieldType("category", f"{n_distinct:,} distinct whole numbers, and the name says kind")
    return FieldType("number", f"numbers from {low:g} to {high:g}")


def _guess_text(known: pl.Series, name: set[str]) -> FieldType:
    n, distinct = len(known), known.n_unique()
    if distinct <= 2 and known.str.to_lowercase().is_in(["true", "false", "yes", "no", "t", "f", "y", "n"]).all():
        return FieldType("boolean", "its values are yes and no")
    if known.str.contains(_URL).mean() > 0.95:  # type: ignore[operator]
        if name & _IMAGE_NAMES or known.str.contains(_IMAGE_URL).mean() > 0.8:  # type: ignore[operator]
            return FieldType("image", "its values are addresses of images")
        return FieldType("link", "its values are web addresses")
    if known.str.contains(_DATE).all():
        return FieldType("date", "its values are ISO dates")
    listed = _guess_list(known, name)
    if listed is not None:
        return listed
    if distinct == 1:
        return FieldType("text", "all its values are the same")
    repeated = distinct <= 0.5 * n or (distinct <= 12 and distinct < n)
    short = known.str.len_chars().mean() <= 60  # type: ignore[operator]
    if repeated and short and distinct <= _MAX_CATEGORIES and not name & _ID_NAMES:
        return FieldType("category", f"{distinct:,} distinct texts in {n:,} rows")
    return FieldType("text", f"{distinct:,} distinct texts in {n:,} rows")


def _guess_list(known: pl.Series, name: set[str]) -> FieldType | None:
    if known.str.contains(r"^\[.*\]$").all():
        return FieldType("list", "its values are written in brackets", "[]")
    for separator in ("|", ";", ", ", ","):
        having = known.str.contains(separator, literal=True)
        share = float(having.mean() or 0)  # type: ignore[arg-type]
        named = bool(name & _LIST_NAMES)
        if share < (0.05 if named else 0.2 if separator == "|" else 0.3):
            continue
        parts = known.str.split(separator).explode().str.strip_chars()
        reused = 1 - parts.n_unique() / len(parts)
        sentences = known.str.contains(r"[.!?]$|\d, ?\d").mean() > 0.2 or parts.str.len_chars().mean() > 25  # type: ignore[operator]
        if reused > (0.3 if named or separator == "|" else 0.6) and (named or not sentences):
            return FieldType(
                "list", f"{share:.0%} of its values hold {separator.strip()!r}, and the parts recur", separator
            )
    return None


def convert(values: pl.Series, type_: str) -> tuple[pl.Series, int | None, Any]:
    """The column as ``type_`` is kept, and the first row (from 0) and value that do not fit, if there is one.

    number Float64 or Int64, year Int32, date Date, boolean Boolean, list List(String), everything else String; what is
    absent is null.
    """
    made = _converted(values, type_)
    absent = values.is_null()
    if values.dtype == pl.String:
        absent |= values.str.strip_chars().is_in(read.ABSENT)
    elif values.dtype.is_float():
        absent |= values.is_nan()
    wrong = (made.is_null() & ~absent).arg_true()
    if wrong.is_empty():
        return made, None, None
    return made, int(wrong[0]), values[int(wrong[0])]


def _converted(values: pl.Series, type_: str) -> pl.Series:
    frame, name, dtype = values.to_frame(), values.name, values.dtype
    value = pl.col(name)
    known = read.present(value.str.strip_chars(), dtype) if dtype == pl.String else value
    if type_ == "list":
        return _as_list(values)
    if type_ in ("number", "year"):
        if dtype.is_nested() or dtype.is_temporal():
            return pl.Series(name, [None] * len(values), dtype=pl.Float64)
        number = value if dtype.is_numeric() else known.cast(pl.Float64, strict=False)
        made = frame.select(number).to_series()
        made = made.fill_nan(None) if made.dtype.is_float() else made
        if made.dtype.is_float() and made.is_infinite().any():
            made = pl.select(pl.when(made.is_finite()).then(made)).to_series().alias(name)
        whole = made.dtype.is_integer() or bool((made == made.round(0)).all())
        if type_ == "year":
            return made.cast(pl.Float64).round(0).cast(pl.Int32, strict=False)
        return made.cast(pl.Int64, strict=False) if whole and made.abs().max() is not None else made.cast(pl.Float64)
    if type_ == "date":
        if dtype in (pl.Date, pl.Datetime):
            return values.cast(pl.Date)
        return _as_dates(frame, name, dtype, known)
    if type_ == "boolean":
        if dtype == pl.Boolean:
            return values
        if dtype.is_nested():
            return pl.Series(name, [None] * len(values), dtype=pl.Boolean)
        text = known.cast(pl.String).str.strip_suffix(".0")
        truth = pl.when(text.is_in(_TRUE)).then(True).when(text.is_in(_FALSE)).then(False)
        return frame.select(truth.alias(name)).to_series()
    if dtype.is_nested():
        return pl.Series(name, [None if v is None else str(v) for v in values.to_list()], dtype=pl.String)
    return frame.select(known.cast(pl.String)).to_series()


def _as_dates(frame: pl.DataFrame, name: str, dtype: pl.DataType, known: pl.Expr) -> pl.Series:
    if dtype == pl.String:
        seconds = read.iso_seconds(known)
        numbers = known.cast(pl.Float64, strict=False)
        if frame.select((known.is_not_null() & numbers.is_null()).any()).item():
            return frame.select(pl.from_epoch(seconds, "s").cast(pl.Date).alias(name)).to_series()
        known, dtype = numbers, pl.Float64()
    if not dtype.is_numeric():
        return pl.Series(name, [None] * len(frame), dtype=pl.Date)
    median = frame.select(known.cast(pl.Float64).abs().median()).item() or 0.0
    per_second = next((unit for limit, unit in read.TIME_UNITS if median > limit), 1)
    days = (known.cast(pl.Float64) / (per_second * 86_400)).floor().cast(pl.Int32, strict=False)
    return frame.select(days.cast(pl.Date).alias(name)).to_series()


def _as_list(values: pl.Series) -> pl.Series:
    name, dtype = values.name, values.dtype
    if isinstance(dtype, pl.Array):
        values, dtype = values.arr.to_list(), pl.List(dtype.inner)
    if isinstance(dtype, pl.List):
        if isinstance(dtype.inner, pl.Struct) or dtype.inner.is_nested():
            return pl.Series(name, [None] * len(values), dtype=pl.List(pl.String))
        return values.cast(pl.List(pl.String)).list.drop_nulls()
    text = values.cast(pl.String)
    separator = guess(text, typed=True).separator or "|"
    value = pl.col(name).str.strip_chars()
    if separator == "[]":
        value, separator = value.str.strip_chars("[]"), ","
    parts = value.str.split(separator).list.eval(pl.element().str.strip_chars().str.strip_chars("'\""))
    parts = parts.list.eval(pl.element().filter(pl.element() != ""))
    known = read.present(pl.col(name).str.strip_chars(), pl.String())
    return text.to_frame().select(pl.when(known.is_not_null()).then(parts).alias(name)).to_series()
