"""Texts of the user's as the site may show them: without what would break a line, a page or the direction of reading.

Nearly all texts are clean already. So that a million of them take no time, whole columns are first asked which are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

# Control characters, line and paragraph separators and the marks that reverse the direction of the text after them.
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

# What any of these, or stripping, would change; in the dialect of polars.
_MARKS = r"\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}\x{feff}"
_UNCLEAN_LINE = rf"^\s|\s$|[\x00-\x1f\x7f-\x9f{_MARKS}]"
_UNCLEAN_TEXT = rf"^\s|\s$|[\x00-\x09\x0b-\x1f\x7f-\x9f{_MARKS}]"


def clean_line(text: str) -> str:
    """One line of plain text: breaks become spaces, control and direction marks vanish."""
    return _CONTROL.sub("", _BREAKS.sub(" ", text)).strip()


def clean_text(text: str) -> str:
    """Plain text that may have several lines."""
    return _CONTROL_BUT_BREAKS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def clean_lines(texts: pl.Series) -> pl.Series:
    """``clean_line`` of each; nulls stay. texts: of strings, not modified."""
    return _where(texts, _UNCLEAN_LINE, clean_line)


def clean_texts(texts: pl.Series) -> pl.Series:
    """``clean_text`` of each; nulls stay. texts: of strings, not modified."""
    return _where(texts, _UNCLEAN_TEXT, clean_text)


def clean_lists(lists: pl.Series) -> list[list[str] | None]:
    """``clean_line`` of every text in each list, nulls and empty texts left out. lists: of lists of strings."""
    filled = lists.list.eval(pl.element().filter(pl.element() != ""))
    if not filled.explode().str.contains(_UNCLEAN_LINE).any():
        return filled.to_list()
    return [None if texts is None else [clean_line(text) for text in texts] for texts in filled.to_list()]


def _where(texts: pl.Series, unclean: str, clean: Callable[[str], str]) -> pl.Series:
    places = texts.str.contains(unclean).fill_null(False).arg_true()
    if places.is_empty():
        return texts
    return texts.clone().scatter(places, [clean(text) for text in texts.gather(places)])
