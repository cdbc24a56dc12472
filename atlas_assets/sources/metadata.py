"""The type of a column of metadata, and the column in the form in which that is kept."""

from __future__ import annotations

from typing import Any

import polars as pl

from atlas_assets.fields import FIELD_TYPES
from atlas_assets.sources import field_types
from atlas_assets.sources.field_types import Guess
from atlas_assets.sources.values.parsed import Parsed, is_plain, present


def guess(values: pl.Series, *, typed: bool) -> Guess:
    """The type that fits all values; ``typed`` is False for a CSV, where a number is text as well."""
    for added in FIELD_TYPES.added.values():
        if why := added.guess(values):
            return Guess(added.name, why)
    return field_types.guess(values, typed=typed)


def convert(values: pl.Series, type_: str) -> tuple[pl.Series, int | None, Any]:
    """The column as ``type_`` is kept, and the first row (from 0) and value that do not fit, if there is one.

    What is absent is null.
    """
    made = FIELD_TYPES[type_].convert(values)
    parsed = made if isinstance(made, Parsed) else Parsed(made, made.is_null() & _is_there(values))
    if parsed.fits:
        return parsed.values, None, None
    row = int(parsed.wrong.arg_true()[0])
    return parsed.values, row, values[row]


def _is_there(values: pl.Series) -> pl.Series:
    if not is_plain(values.dtype):
        return values.is_not_null()
    text = pl.col(values.name).cast(pl.String)
    return values.to_frame().select(present(text, pl.String()).is_not_null()).to_series()
