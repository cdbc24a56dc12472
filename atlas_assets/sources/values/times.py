"""Times as people write them: which way is decided by what is plausible for the column as a whole.

Numbers may be Unix seconds, milliseconds, micro- or nanoseconds, days as 20201231, the days that Excel counts, or
years; texts are dates in one of many orders, with or without a clock and a zone. A time without a zone is UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from atlas_assets.sources.values.parsed import Parsed, is_plain, known, nothing_fits

_EXCEL_EPOCH_DAYS = 25_569  # from Excel's day 0 to 1970-01-01
_LARGEST = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"))  # median above -> unit
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_UNIX = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
# The first that reads most of the column is taken; of month and day in either order, what the sign suggests.
_DATES = {
    "%Y-%m-%d": "",
    "%Y/%m/%d": "",
    "%Y.%m.%d": "",
    "%m/%d/%Y": "month first",
    "%d/%m/%Y": "day first",
    "%d.%m.%Y": "day first",
    "%m.%d.%Y": "month first",
    "%d-%m-%Y": "day first",
    "%m-%d-%Y": "month first",
    "%m/%d/%y": "month first, two figures of the year",
    "%d/%m/%y": "day first, two figures of the year",
    "%d.%m.%y": "day first, two figures of the year",
    "%b %d, %Y": "",
    "%B %d, %Y": "",
    "%d %b %Y": "",
    "%d %B %Y": "",
    "%d-%b-%Y": "",
    "%b %d %Y": "",
    "%B %d %Y": "",
    "%Y%m%d": "",
    "%Y-%m": "months",
}
_OTHER_ORDER = {
    "%m/%d/%Y": "%d/%m/%Y",
    "%d.%m.%Y": "%m.%d.%Y",
    "%d-%m-%Y": "%m-%d-%Y",
    "%m/%d/%y": "%d/%m/%y",
}
_TEXT = (
    r"^(.*?\d{2})(?:(?:[T ]|, )\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?"
    r"(?:\s*([AaPp])\.?[Mm]\.?)?\s*(Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?$"
)
_NO_DAY = r"^(0000[-/.]?00|\d{4}[-/.]00|\d{4}[-/.]\d{2}[-/.]00|00[/.-]00[/.-]0000)"


@dataclass(frozen=True)
class TimeWay:
    """How the times of a column are written. name: s, ms, us, ns, excel, year, or a date format; told: for people."""

    name: str
    told: str = ""

    def seconds(self, value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """int64 unix seconds, null where there is no time written so."""
        if dtype in (pl.Date, pl.Datetime):
            return value.cast(pl.Datetime("ms")).dt.timestamp("ms").floordiv(1000)
        if self.name in _PER_SECOND:
            per_second = _PER_SECOND[self.name]
            if dtype.is_integer():
                whole = value.cast(pl.Int64)
                return whole.floordiv(per_second) if per_second > 1 else whole
            return (value.cast(pl.Float64, strict=False) / per_second).floor().cast(pl.Int64, strict=False)
        if self.name == "excel":
            days = value.cast(pl.Float64, strict=False) - _EXCEL_EPOCH_DAYS
            return (days * 86_400).round(0).cast(pl.Int64, strict=False)
        text = value.cast(pl.Int64, strict=False).cast(pl.String) if dtype.is_numeric() else value
        if self.name == "year":
            year = text.cast(pl.Float64, strict=False).cast(pl.Int32, strict=False)
            return (
                (year.cast(pl.String).str.zfill(4) + "-01-01")
                .str.to_date("%Y-%m-%d", strict=False)
                .cast(pl.Datetime("ms"))
                .dt.timestamp("ms")
                .floordiv(1000)
            )
        return _seconds_of_text(text, self.name)


def way_named(name: str) -> TimeWay:
    """A way as it was stored."""
    return TimeWay(name, _DATES.get(name, ""))


def way_of(values: pl.Series) -> TimeWay | None:
    """How most of a column is written; None where nothing in it can be a time. Absent values are null."""
    dtype = values.dtype
    there = values.drop_nulls()
    if there.is_empty() or not (is_plain(dtype) and dtype != pl.Boolean):
        return None
    if dtype in (pl.Date, pl.Datetime):
        return TimeWay("s")
    numbers = there.cast(pl.Float64, strict=False) if dtype == pl.String or dtype.is_numeric() else None
    if numbers is not None and numbers.null_count() == 0:
        return _way_of_numbers(numbers.filter(numbers.is_finite()))
    return _way_of_text(there.unique().sort()) if dtype == pl.String else None


def _way_of_numbers(numbers: pl.Series) -> TimeWay | None:
    if numbers.is_empty():
        return None
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]
    whole = bool((numbers == numbers.round(0)).all())
    if whole and low >= 1_000 and high <= 2_200:
        return TimeWay("year", f"years from {low:.0f} to {high:.0f}")
    if whole and low >= 10_000_101 and high <= 22_001_231:
        text = numbers.cast(pl.Int64).cast(pl.String)
        if text.str.to_date("%Y%m%d", strict=False).null_count() <= 0.05 * len(text):
            return TimeWay("%Y%m%d", "days such as 20201231")
    if low >= 20_000 and high <= 80_000:
        return TimeWay("excel", "days as Excel counts them")
    median = float(numbers.abs().median())  # type: ignore[arg-type]
    unit = next((unit for limit, unit in _LARGEST if median > limit), "s")
    return TimeWay(unit, f"Unix {_UNIX[unit]}")


def in_another_unit(numbers: pl.Expr, way: TimeWay) -> pl.Expr:
    """Which Unix times are so small or so large that they count in another unit than the others, a thousand times off.

    What lies between 1973 and 2286 would be before May 1970 in the next smaller unit, and after the year 5000 in the
    next larger one.
    """
    if way.name not in _PER_SECOND:
        return pl.lit(False)
    seconds = numbers.cast(pl.Float64, strict=False) / _PER_SECOND[way.name]
    return seconds.is_between(1e5, 1e7) | seconds.is_between(1e11, 1e13)


def _way_of_text(texts: pl.Series) -> TimeWay | None:
    frame = texts.to_frame("text")
    fits = {
        name: len(texts) - frame.select(_seconds_of_text(pl.col("text"), name)).to_series().null_count()
        for name in _plausible(texts)
    }
    best = max(fits, key=lambda name: (fits[name], -list(_DATES).index(name)), default=None)
    if best is None or fits[best] == 0:
        return None
    other = _OTHER_ORDER.get(best)
    told = _DATES[best]
    if other and fits.get(other) == fits[best] and told:
        told += f", which nothing in it decides ({texts[0]})"
    return TimeWay(best, told)


def _plausible(texts: pl.Series) -> Sequence[str]:
    """The formats with the signs that the first texts have."""
    sample = " ".join(texts.head(50).to_list())
    return [
        name for name in _DATES if all(sign in sample for sign in set(name) & set("/.,-")) and _worded(name, sample)
    ]


def _worded(name: str, sample: str) -> bool:
    has_words = "%b" in name or "%B" in name
    return not has_words or any(character.isalpha() for character in sample)


def _seconds_of_text(text: pl.Expr, date: str) -> pl.Expr:
    part = text.str.extract_groups(_TEXT).struct
    day = part.field("1").str.replace_all(r"\b(\d)\b", "0${1}")
    if date == "%Y-%m":
        day, date = day + "-01", "%Y-%m-%d"
    if "%Y" in date:  # of two figures, 21 would be the year 21
        day = pl.when(day.str.contains(r"\d{4}")).then(day)
    moment = day.str.to_date(date, strict=False, exact=True).cast(pl.Datetime("ms")).dt.timestamp("ms").floordiv(1000)
    hour, minute, second = (part.field(str(i)).cast(pl.Int64, strict=False).fill_null(0) for i in (2, 3, 4))
    half = part.field("5").str.to_lowercase()
    hour = pl.when(half == "p").then(hour % 12 + 12).when(half == "a").then(hour % 12).otherwise(hour)
    zone = part.field("6")
    east = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    hours = zone.str.extract(r"^[+-](\d{2})", 1).cast(pl.Int64, strict=False).fill_null(0)
    minutes = zone.str.extract(r"^[+-]\d{2}:?(\d{2})$", 1).cast(pl.Int64, strict=False).fill_null(0)
    possible = (hour < 24) & (minute < 60) & (second < 61)
    made = moment + hour * 3600 + minute * 60 + second - east * (hours * 3600 + minutes * 60)
    return pl.when(possible).then(made)


def there(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The column with what means "no time" as null: also 0000-00-00, and days and months that are 0."""
    value = known(column, dtype)
    return pl.when(~value.str.contains(_NO_DAY)).then(value) if dtype == pl.String else value


def parse(values: pl.Series) -> Parsed:
    """A column as dates."""
    name, dtype = values.name, values.dtype
    if not is_plain(dtype) or dtype == pl.Boolean:
        return nothing_fits(values, pl.Date())
    if dtype in (pl.Date, pl.Datetime):
        return Parsed(values.cast(pl.Date), pl.repeat(False, len(values), eager=True))
    value = values.to_frame().select(there(pl.col(name), dtype).alias(name)).to_series()
    value = value.fill_nan(None) if dtype.is_float() else value
    way = way_of(value)
    if way is None:
        return nothing_fits(value, pl.Date())
    seconds = value.to_frame().select(way.seconds(pl.col(name), dtype).alias(name))
    made = seconds.select(pl.from_epoch(pl.col(name), "s").cast(pl.Date)).to_series()
    return Parsed(made, made.is_null() & value.is_not_null(), way.told)
