"""The second count: whether every row of a text table has its fields, told without the reader that will read it.

Lines are counted by their separators. Where quotation marks are not in order on every line, Python's strict reader
goes over the file, and what Polars reads must come to the same number of rows, characters and marks.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found

_ENCLOSED = "\x01"


@dataclass(frozen=True)
class Counted:
    """n_rows: with the blank lines; rewrite: writes the rows, by commas and RFC 4180, where Polars cannot read them."""

    quoted: bool
    n_rows: int
    n_blank: int
    rewrite: Callable[[Path, tuple[str, ...]], None] | None = None
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Marks:
    """A way to read quotation marks, as Python's csv module puts it."""

    options: dict[str, Any]
    told: str


_WAYS = (
    _Marks({"doublequote": False, "escapechar": "\\", "strict": True}, "a backslash stands before marks inside fields"),
    _Marks({"skipinitialspace": True, "strict": True}, "blanks stand between separators and quotation marks"),
)


def lines(path: Path) -> pl.LazyFrame:
    """The lines of a file as one column of text, ``line``, without their ends; and ``number``, from 1."""
    return pl.scan_lines(path, name="line", row_index_name="number", row_index_offset=1, glob=False)


def count(path: Path, separator: str, skip: int, width: int, *, name: str, marks: bool) -> Counted:
    """Check every line behind the first ``skip``; marks: whether quotation marks are to be expected.

    Raises DataError at the first row that has not ``width`` fields in any way of reading, and Polars' own error where
    the file is not UTF-8.
    """
    facts = _facts(path, separator, skip, width, marks=marks)
    if facts["marks"] and not marks:
        facts = _facts(path, separator, skip, width, marks=True)
    n_rows, n_blank = facts["lines"], facts["blank"]
    if not facts["marks"]:
        if facts["ragged"]:
            raise _ragged(name, facts, width)
        return Counted(False, n_rows, n_blank)
    if not facts["odd"] and not facts["quoted_ragged"]:
        return Counted(True, n_rows, n_blank)
    # Marks that enclose fields over several lines leave lines with too few fields, but by a rare chance.
    if not facts["ragged"] and width > 1 and facts["odd"] > 0.5 * facts["marks"]:
        told = f"{name}: its quotation marks enclose nothing; they were read as characters like any other"
        return Counted(False, n_rows, n_blank, told=(told,))
    strict = _Reading(path, separator, skip, {"strict": True})
    if facts["odd"]:
        strict.run(width)
        if strict.wrong is None:
            as_it_is = strict.is_what_polars_reads(width)
            return Counted(True, strict.n_rows, strict.n_blank, None if as_it_is else strict.rewrite)
    if facts["odd"]:
        for way in _WAYS:
            reading = _Reading(path, separator, skip, way.options)
            reading.run(width)
            if reading.wrong is None:
                return Counted(True, reading.n_rows, reading.n_blank, reading.rewrite, (f"{name}: {way.told}",))
        raise strict.error(name, width)
    raise _ragged(name, {key: facts[f"quoted_{key}"] for key in ("ragged", "first", "found", "line")}, width)


def _facts(path: Path, separator: str, skip: int, width: int, *, marks: bool) -> dict[str, Any]:
    """What one pass over the lines shows."""
    line, sign = pl.col("line"), re.escape(separator)
    frame = lines(path).filter(pl.col("number") > skip)
    if skip == 0:
        frame = frame.with_columns(line.str.strip_prefix("\ufeff"))
    # Columns one after the other: an expression that several figures need is computed for each of them else.
    frame = frame.with_columns(fields=line.str.count_matches(separator, literal=True) + 1)
    frame = frame.with_columns(ragged=(line != "") & (pl.col("fields") != width))
    wanted = {
        "lines": pl.len(),
        "blank": (line == "").sum(),
        "marks": line.str.contains('"', literal=True).sum(),
        **_first("ragged", "fields", ""),
    }
    if marks:
        # Enclosed parts become one sign each: then only such signs may stand between two separators.
        frame = frame.with_columns(marked=line.str.replace_all('"[^"]*"', _ENCLOSED))
        other = f"[^{sign}{_ENCLOSED}]"
        frame = frame.with_columns(
            odd=pl.col("marked").str.contains(f'"|{other}{_ENCLOSED}|{_ENCLOSED}{other}'),
            inside=pl.col("marked").str.count_matches(separator, literal=True) + 1,
        )
        frame = frame.with_columns(quoted_ragged=(line != "") & ~pl.col("odd") & (pl.col("inside") != width))
        wanted |= {"odd": pl.col("odd").sum(), **_first("quoted_ragged", "inside", "quoted_")}
    return frame.select(**wanted).collect(engine="streaming").row(0, named=True)


def _first(ragged: str, fields: str, prefix: str) -> dict[str, pl.Expr]:
    """How many lines are ragged, and the first of them: its number, how many fields it has, itself."""
    return {
        f"{prefix}ragged": pl.col(ragged).sum(),
        f"{prefix}first": pl.col("number").filter(ragged).first(),
        f"{prefix}found": pl.col(fields).filter(ragged).first(),
        f"{prefix}line": pl.col("line").filter(ragged).first(),
    }


class _Reading:
    """One way of Python's csv module over a file."""

    def __init__(self, path: Path, separator: str, skip: int, options: dict[str, Any]) -> None:
        self._path, self._separator, self._skip, self._options = path, separator, skip, options
        self.n_rows = self.n_blank = self._n_characters = self._n_marks = 0
        self.wrong: tuple[int, str] | None = None  # line, what

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The number of the line with which a row begins, and its fields."""
        with self._path.open(encoding="utf-8-sig", newline="") as source:
            for _ in range(self._skip):
                next(source)
            reader = csv.reader(source, delimiter=self._separator, **self._options)
            begin = 1
            while True:
                try:
                    row = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    said = str(error)
                    unclosed = "unexpected end" in said or "field limit" in said
                    what = "opens a quotation mark that is not closed" if unclosed else f"cannot be read ({said})"
                    self.wrong = (self._skip + (begin if unclosed else reader.line_num), what)
                    return
                yield self._skip + begin, row
                begin = reader.line_num + 1

    def run(self, width: int) -> None:
        for line, row in self.rows():
            self.n_rows += 1
            if not row:
                self.n_blank += 1
                continue
            if len(row) != width:
                self.wrong = (line, f"has {len(row)} fields")
                return
            text = "".join(row)
            self._n_characters += len(text)
            self._n_marks += text.count('"')

    def is_what_polars_reads(self, width: int) -> bool:
        columns = [f"c{i}" for i in range(width)]
        frame = pl.scan_csv(
            self._path,
            separator=self._separator,
            has_header=False,
            skip_lines=self._skip,
            schema=dict.fromkeys(columns, pl.String()),
            glob=False,
        )
        text = pl.concat_str(columns, ignore_nulls=True)
        n_characters, n_marks = text.str.len_chars().sum(), text.str.count_matches('"', literal=True).sum()
        wanted = frame.select(pl.len(), n_characters.alias("n"), n_marks.alias("m"))
        try:
            n_rows, n_characters, n_marks = wanted.collect(engine="streaming").row(0)
        except pl.exceptions.PolarsError:
            return False
        n_blank = self.n_blank
        same = (n_characters, n_marks) == (self._n_characters, self._n_marks)
        return same and self.n_rows - n_blank <= n_rows <= self.n_rows

    def rewrite(self, target: Path, names: tuple[str, ...]) -> None:
        with target.open("w", encoding="utf-8", newline="") as sink:
            writer = csv.writer(sink, lineterminator="\n")
            writer.writerow(names)
            writer.writerows(row for _, row in self.rows() if row)

    def error(self, name: str, width: int) -> DataError:
        assert self.wrong is not None
        line, what = self.wrong
        fields = what.startswith("has ")
        return DataError(
            file=name,
            where=f"line {line:,}",
            found=Found(what),
            expected=f"{width}, as in the header" if fields else "a CSV row",
            remedy="Put fields that hold the separator or a line break between quotation marks."
            if fields
            else "Close the mark, or double the marks inside fields that are enclosed in marks.",
        )


def _ragged(name: str, facts: dict[str, Any], width: int) -> DataError:
    others = facts["ragged"] - 1
    more = f", and {others:,} more lines have another number of fields" if others else ""
    shown = facts["line"] if len(facts["line"]) <= 60 else f"{facts['line'][:60]}…"
    return DataError(
        file=name,
        where=f"line {facts['first']:,}",
        found=Found(f"has {facts['found']:,} fields ({shown!r}{more})"),
        expected=f"{width:,}, as in the header",
        remedy="Put fields that hold the separator or a line break between quotation marks.",
    )
