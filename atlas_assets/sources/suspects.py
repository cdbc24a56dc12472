"""Ids and labels that can be meant but hardly are: garbled letters, rows of sums, spellings in capitals. Only said.

What is read stays as it is written: which of two spellings is right, nobody knows but who made the file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import PurePath

import polars as pl

_MOST = 1_000_000  # texts that are looked at
_SHOWN = 3
# A letter of two bytes or more in UTF-8, whose bytes were taken for characters of Windows-1252 or Latin-1.
_GARBLED = r"[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2122]"
_MARKUP = r"&(#\d{2,5}|#x[0-9a-fA-F]{2,4}|[a-zA-Z]{2,8});"
_SUM = r"(?i)^\W*((grand|sub|row|column)[ _-]?)?(totals?|sum|subtotal|gesamt|gesamtsumme|summe|insgesamt|totaal)\W*$"
_MEND = "pip install ftfy, then: ftfy in.csv -o out.csv"


def told(texts: pl.Series, column: str, file: str, *, what: str, ids: bool = True) -> list[str]:
    """Sentences about distinct texts of a column. what: they are, for people; ids: or else labels."""
    text = texts.drop_nulls().head(_MOST)
    if text.is_empty() or text.dtype != pl.String:
        return []
    where = f"column {column!r} of {PurePath(file).name}"
    return [*_letters(text, where), *(_sums(text, where, what) if ids else ()), *(_cases(text, where) if ids else ())]


def _letters(text: pl.Series, where: str) -> Iterator[str]:
    garbled = [(one, meant) for one in text.filter(text.str.contains(_GARBLED)).sort() if (meant := _meant(one))]
    if garbled:
        known = set(text.filter(~text.str.contains(r"^[\x00-\x7f]*$")))
        both = sum(meant in known for _, meant in garbled)
        also = f"; {both:,} of them are there in both spellings, as two" if both else ""
        one, meant = garbled[0]
        yield (
            f"{where}: {len(garbled):,} texts such as {one!r} look like {meant!r}, written in UTF-8 and read as "
            f"Windows-1252 by what made the file{also}. Export it again, or mend it: {_MEND}"
        )
    lost = text.filter(text.str.contains("\ufffd", literal=True)).sort()
    if len(lost):
        yield (
            f"{where}: {len(lost):,} texts such as {lost[0]!r} hold letters that what made the file could not read: "
            "export it again in UTF-8"
        )
    marked = [one for one in text.filter(text.str.contains(_MARKUP)).sort() if html.unescape(one) != one]
    if marked:
        yield (
            f"{where}: {len(marked):,} texts such as {marked[0]!r} hold signs as web pages write them "
            f"({html.unescape(marked[0])!r}). Mend them: {_MEND}"
        )


def _meant(text: str) -> str | None:
    """What a garbled text was, if it was garbled so."""
    try:
        raw = b"".join(_byte(character) for character in text)
        return raw.decode("utf-8")
    except UnicodeError:
        return None


def _byte(character: str) -> bytes:
    """The byte that Windows-1252 shows as ``character``; Latin-1's where it shows none."""
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def is_sum(name: str) -> bool:
    """Whether a row or column is called as sums are."""
    return re.match(_SUM, name) is not None


def _sums(text: pl.Series, where: str, what: str) -> Iterator[str]:
    sums = text.filter(text.str.contains(_SUM))
    if len(sums) and len(text) > 2:
        named = ", ".join(sums[:_SHOWN])
        remedy = "take its rows out" if what == "collection" else f"leave it out: filter: {{drop: [{named}]}}"
        yield f"{where}: {sums[0]!r} was read as one {what} more. If it stands for a sum, {remedy}"


def _cases(text: pl.Series, where: str) -> Iterator[str]:
    folded = text.to_frame("text").with_columns(pl.col("text").str.to_lowercase().alias("folded"))
    alike = folded.filter(pl.col("folded").is_duplicated()).sort("folded", "text")
    if alike.height:
        first = alike.filter(pl.col("folded") == alike["folded"][0])["text"].to_list()
        n = alike["folded"].n_unique()
        shown = " and ".join(map(repr, first[:_SHOWN]))
        yield f"{where}: {shown} differ only in capitals, as do {n:,} in all; they are as many ids"
