"""What a column holds, as far as that decides its role; told by the parsers that will read it."""

from __future__ import annotations

import polars as pl

from atlas_assets.sources import tables
from atlas_assets.sources.values import times
from atlas_assets.sources.values.numbers import way_of
from atlas_assets.sources.values.parsed import is_plain, known

_MOST = 10_000  # values that are looked at


def as_numbers(values: pl.Series) -> pl.Series:
    """The values that are there as float64, null where one is no number."""
    dtype = values.dtype
    if not is_plain(dtype) or dtype.is_temporal() or dtype == pl.Boolean:
        return pl.Series([None], dtype=pl.Float64)
    there = values.to_frame("v").select(known(pl.col("v"), dtype)).to_series().drop_nulls()
    if dtype != pl.String:
        return there.cast(pl.Float64, strict=False)
    return there.to_frame("v").select(way_of(there.head(_MOST)).numbers(pl.col("v"))).to_series()


def is_numeric(values: pl.Series, tolerance: float = 0.0) -> bool:
    """Whether all values that are there are numbers, but for a share of ``tolerance``."""
    if values.dtype.is_numeric():
        return True
    numbers = as_numbers(values)
    return len(numbers) > 0 and numbers.null_count() <= tolerance * len(numbers)


def is_fractional(values: pl.Series) -> bool:
    if values.dtype != pl.String or not is_numeric(values):
        return False
    numbers = as_numbers(values).drop_nulls()
    return bool((numbers != numbers.round(0)).any())


def looks_like_time(values: pl.Series, *, named: bool) -> bool:
    """Whether the values are dates; numbers are times only in a column that is called so."""
    dtype = values.dtype
    if dtype in (pl.Date, pl.Datetime):
        return True
    if not is_plain(dtype) or dtype == pl.Boolean:
        return False
    there = values.head(_MOST).to_frame("v").select(times.there(pl.col("v"), dtype)).to_series()
    numbers = as_numbers(values.head(_MOST))
    if numbers.null_count() == 0 and len(numbers):
        way = times.way_of(there) if named else None
        return way is not None and (way.name != "s" or float(numbers.abs().median() or 0) > 1e8)  # type: ignore[arg-type]
    way = times.way_of(there)
    if way is None:
        return False
    made = there.to_frame("v").select(way.seconds(pl.col("v"), dtype)).to_series()
    return made.null_count() - there.null_count() <= 0.5 * (len(there) - there.null_count())


def changes(values: pl.Series) -> float:
    """How often the value differs from that of the row before."""
    return float((values != values.shift(1)).mean() or 0.0)  # type: ignore[arg-type]


def facts(values: pl.Series, role: str) -> str:
    """What a column holds, in a few words."""
    there = values.drop_nulls()
    if role in ("value", "weight") and len(there):
        numbers = as_numbers(there)
        if numbers.len() > numbers.null_count():
            return f"numbers from {numbers.min():,.7g} to {numbers.max():,.7g}"
    if role == "timestamp":
        way = times.way_of(there.to_frame("v").select(times.there(pl.col("v"), there.dtype)).to_series())
        return f"times such as {tables.examples(there, 1)}{f' ({way.told})' if way and way.told else ''}"
    return f"{there.n_unique():,} distinct in a sample of {len(values):,} rows"
