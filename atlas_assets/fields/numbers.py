"""Quantities: numbers, years and dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from atlas_assets.fields.field_type import FieldType

if TYPE_CHECKING:
    import polars as pl

    from atlas_assets.sources.values.parsed import Parsed


def as_number(values: pl.Series) -> Parsed:
    """Int64 where all are whole, else Float64."""
    from atlas_assets.sources.values import numbers

    return numbers.parse(values)


def as_year(values: pl.Series) -> Parsed:
    """Int32, whole numbers; dates give their year."""
    import polars as pl

    from atlas_assets.sources.values import numbers, times
    from atlas_assets.sources.values.parsed import Parsed

    parsed = numbers.parse(values)
    if not parsed.fits:
        dates = times.parse(values)
        if dates.fits:
            return Parsed(dates.values.dt.year().cast(pl.Int32), dates.wrong, dates.told)
    return Parsed(parsed.values.cast(pl.Float64).round(0).cast(pl.Int32, strict=False), parsed.wrong, parsed.told)


def as_date(values: pl.Series) -> Parsed:
    """Date, of dates and of texts and numbers that are times."""
    from atlas_assets.sources.values import times

    return times.parse(values)


def numbers_as_json(values: pl.Series) -> list[Any]:
    """Whole numbers without a fraction; None where there is no finite number."""
    import polars as pl

    if values.dtype.is_integer():
        return values.to_list()
    numbers = values.cast(pl.Float64, strict=False)
    finite = numbers.to_frame("x").select(pl.when(pl.col("x").is_finite()).then(pl.col("x"))).to_series().to_list()
    return [int(value) if value is not None and value.is_integer() else value for value in finite]


def as_dates(values: pl.Series) -> pl.Series:
    """Dates from dates, date-times or ISO texts; what is none becomes null."""
    import polars as pl

    if values.dtype == pl.String:
        return values.str.head(10).str.to_date("%Y-%m-%d", strict=False)
    return values.cast(pl.Date, strict=False)


def _dates_as_json(values: pl.Series) -> list[Any]:
    return as_dates(values).dt.to_string("%Y-%m-%d").to_list()


def _month(days: float) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)).strftime("%b %Y")


NUMBER = FieldType("number", as_number, "numbers", numbers_as_json, measured=True, logarithmic=True)
YEAR = FieldType("year", as_year, "numbers", numbers_as_json, measured=True, tick=lambda value: str(round(value)))
DATE = FieldType("date", as_date, "numbers", _dates_as_json, measured=True, tick=_month)
