"""What a column holds, as far as that decides its role."""

from __future__ import annotations

import polars as pl

from atlas_assets.sources import tables
from atlas_assets.sources.columns import ABSENT


def as_numbers(values: pl.Series) -> pl.Series:
    known = values.drop_nulls()
    if values.dtype.is_temporal():
        return pl.Series([None], dtype=pl.Float64)
    if values.dtype == pl.String:
        known = known.filter(~known.is_in(ABSENT))
    return known.cast(pl.Float64, strict=False)


def is_numeric(values: pl.Series, tolerance: float = 0.0) -> bool:
    if values.dtype.is_numeric():
        return True
    numbers = as_numbers(values) if values.dtype == pl.String else pl.Series([None], dtype=pl.Float64)
    return len(numbers) > 0 and numbers.null_count() <= tolerance * len(numbers)


def is_fractional(values: pl.Series) -> bool:
    if values.dtype != pl.String or not is_numeric(values):
        return False
    numbers = as_numbers(values).drop_nulls()
    return bool((numbers != numbers.round(0)).any())


def looks_like_time(values: pl.Series) -> bool:
    if is_numeric(values):
        numbers = as_numbers(values).drop_nulls()
        return len(numbers) > 0 and 1e8 < float(numbers.abs().median() or 0) < 1e19  # type: ignore[arg-type]
    if values.dtype != pl.String:
        return False
    dates = values.drop_nulls().head(200).str.contains(r"^\d{4}-\d{2}-\d{2}")
    return float(dates.mean() or 0) >= 0.5  # type: ignore[arg-type]


def changes(values: pl.Series) -> float:
    return float((values != values.shift(1)).mean() or 0.0)  # type: ignore[arg-type]


def facts(values: pl.Series, role: str) -> str:
    known = values.drop_nulls()
    if role in ("value", "weight") and len(known):
        numbers = as_numbers(known)
        return f"numbers from {numbers.min():g} to {numbers.max():g}"
    if role == "timestamp":
        return f"times such as {tables.examples(known, 1)}"
    return f"{known.n_unique():,} distinct in a sample of {len(values):,} rows"
