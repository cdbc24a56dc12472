"""Booleans as people write them."""

from __future__ import annotations

import polars as pl

from atlas_assets.sources.values.parsed import Parsed, is_plain, known, nothing_fits

_TRUE, _FALSE = ("true", "yes", "t", "y", "1"), ("false", "no", "f", "n", "0")


def parse(values: pl.Series) -> Parsed:
    """A column as booleans: true, yes, t, y, 1 and their opposites, in any case."""
    if values.dtype == pl.Boolean:
        return Parsed(values, pl.repeat(False, len(values), eager=True))
    if not is_plain(values.dtype):
        return nothing_fits(values, pl.Boolean())
    there = values.to_frame().select(known(pl.col(values.name).cast(pl.String), pl.String())).to_series()
    word = pl.col(values.name).str.to_lowercase().str.strip_suffix(".0")
    truth = pl.when(word.is_in(list(_TRUE))).then(True).when(word.is_in(list(_FALSE))).then(False)
    made = there.to_frame().select(truth.alias(values.name)).to_series()
    return Parsed(made, made.is_null() & there.is_not_null())


def are_words(values: pl.Series) -> bool:
    """Whether a column of text holds nothing but words for true and false, not their figures."""
    words = values.str.to_lowercase()
    return words.n_unique() <= 2 and bool(words.is_in([w for w in (*_TRUE, *_FALSE) if w.isalpha()]).all())
