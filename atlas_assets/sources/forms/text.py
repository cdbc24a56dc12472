"""Lines of text: in UTF-8, whatever they came in; and what tokens say about what they are."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from atlas_assets.sources.forms.form import Given

_BLOCK = 1 << 22
NO_SEPARATOR = "\x01"  # never in a text file: makes Polars read lines whole


def utf8(given: Given) -> tuple[Path, list[str]]:
    """The file in UTF-8: itself, or a copy that was decoded as cp1252, which is said."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with given.path.open("rb") as source:
            while block := source.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        return given.path, []
    except UnicodeDecodeError:
        target = given.target("utf8.txt")
        with given.path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as sink:
            while block := source.read(_BLOCK):  # one byte is one character
                sink.write(block.decode("cp1252", errors="replace"))
        return target, [f"{given.name}: not UTF-8, read as cp1252 (latin-1)"]


def lines_of(path: Path) -> pl.LazyFrame:
    """``line``, and its ``number`` from 1."""
    return pl.scan_csv(
        path,
        separator=NO_SEPARATOR,
        quote_char=None,
        has_header=False,
        new_columns=["line"],
        infer_schema=False,
        glob=False,
        encoding="utf8-lossy",
    ).with_row_index("number", offset=1)


def is_number(token: str) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True


def are_times(tokens: Iterable[str]) -> bool:
    """Whether whole numbers of these sizes are moments of our century rather than counts, as unix time."""
    numbers = [float(token) for token in tokens if is_number(token)]
    return bool(numbers) and all(5e8 < abs(number) < 1e19 and number == int(number) for number in numbers)


def shared_values(rows: Sequence[Sequence[str]]) -> float:
    """Of the values that occur more than once, the share that is found in more than one place of a row.

    High for rows that are sets of the same things, low for columns that hold different things.
    """
    places: dict[str, set[int]] = {}
    times: dict[str, int] = {}
    for row in rows:
        for place, value in enumerate(row):
            places.setdefault(value, set()).add(place)
            times[value] = times.get(value, 0) + 1
    repeated = [value for value, n in times.items() if n > 1 and value]
    return sum(len(places[value]) > 1 for value in repeated) / len(repeated) if len(repeated) >= 3 else 0.0
