"""Cleaning whole columns is cleaning text by text."""

from __future__ import annotations

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from atlas_assets.stages.bundle.plain_text import clean_line, clean_lines, clean_lists, clean_text, clean_texts

# Everything that is treated in a way of its own, some that looks as if it were, and ordinary letters.
CHARACTERS = (
    "\t\n\v\f\r\x00\x1b\x1c\x1f\x7f\x85\x9f\xa0\u180e\u2000\u200b\u200e\u2028\u2029\u202e\u202f\u2066\u3000\ufeff a🂡é·"
)
texts = st.text(st.sampled_from(CHARACTERS) | st.characters(codec="utf-8"), max_size=6)


@given(st.lists(st.none() | texts, max_size=8))
@example([None, "", "plain", " leading", "two\nlines", "\u3000wide\u3000", "a\x1cb"])
def test_columns_are_cleaned_like_their_texts(values: list[str | None]) -> None:
    column = pl.Series(values, dtype=pl.String)

    assert clean_lines(column).to_list() == [None if value is None else clean_line(value) for value in values]
    assert clean_texts(column).to_list() == [None if value is None else clean_text(value) for value in values]
    assert column.to_list() == values


@given(st.lists(st.none() | st.lists(st.none() | texts, max_size=3), max_size=5))
@example([["a", "b"], [], None, ["", None]])
def test_lists_are_cleaned_without_what_is_empty(values: list[list[str | None] | None]) -> None:
    cleaned = clean_lists(pl.Series(values, dtype=pl.List(pl.String)))

    assert cleaned == [None if value is None else [clean_line(text) for text in value if text] for value in values]
