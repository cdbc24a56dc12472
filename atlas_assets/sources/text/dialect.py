"""The separator, the marks and the columns of a text table, told from its first lines."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import clevercsv

from atlas_assets.errors import DataError, Found
from atlas_assets.sources.text import header

SEPARATORS = (",", "\t", ";", "|")
_SAMPLE_BYTES = 1 << 16
_LONGEST_LINE = 1 << 24
_CLEVER_LINES, _CLEVER_CHARACTERS = 100, 20_000
_MOST_BEFORE = 30  # lines before the header
_SEPARATOR_LINE = re.compile(r"^\"?sep=(.)\"?$", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    quoted: whether quotation marks enclose fields and are doubled inside; else they are characters like any other.
    skip: lines before the first row; names: of all columns, in order; left_out: those without name and content.
    n_rows: how many rows the second count found, without and with the blank ones; None where it was not counted.
    header: the line that names them, where there is one.
    """

    separator: str
    quoted: bool
    skip: int
    names: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    n_rows: tuple[int, int] | None = None
    header: str | None = None


@dataclass(frozen=True)
class Sketch:
    """What the first lines show. rows: those below the header, as far as they could be told apart; header: its line."""

    separator: str
    skip: int
    names: tuple[str, ...]
    rows: list[list[str]]
    told: list[str]
    header: str | None = None


def sketch(path: Path, name: str) -> Sketch:
    """The dialect as far as the first lines show it. Raises DataError where they show no table."""
    lines = first_lines(path)
    told: list[str] = []
    skip = 0
    separator = None
    if lines and (named := _SEPARATOR_LINE.match(lines[0].strip())):
        separator, skip = named[1], 1
        told.append(f"line 1 of {name} says that {separator!r} separates its columns")
    if not any(line.strip() for line in lines[skip:]):
        raise no_rows(name)
    separator = separator or _separator(lines[skip:], path.suffix.lower())
    rows, ends = _parsed(lines[skip:], separator, name)
    width = _usual_width(rows)
    before = _rows_before(rows, width)
    if before:
        said = " / ".join(" ".join(cell for cell in row if cell).strip()[:40] for row in rows[:before] if any(row))
        if said:
            told.append(f"{name}: what stands above the header was left out ({said[:120]})")
        skip, rows, ends = skip + ends[before - 1], rows[before:], [end - ends[before - 1] for end in ends[before:]]
    found = header.find(rows, width, name=name, line=skip + 1)
    above = int(found.is_there)
    line = lines[skip] if found.is_there and ends[0] == 1 else None
    while above < len(rows) and not rows[above]:  # the reader tells the number of columns by the first line
        above += 1
    told += found.told
    return Sketch(separator, skip + (ends[above - 1] if above else 0), found.names, rows[above:], told, line)


def first_lines(path: Path) -> list[str]:
    """The whole lines in the first bytes; of a longer line, itself."""
    with path.open("rb") as source:
        head = source.read(_SAMPLE_BYTES)
        if b"\n" not in head:
            head += source.readline(_LONGEST_LINE)
        whole = not source.read(1)
    text = head.decode("utf-8-sig", errors="replace")
    lines = text.split("\n")
    if not whole or not lines[-1]:
        lines = lines[:-1]
    return [line.removesuffix("\r") for line in lines]


def _separator(lines: Sequence[str], suffix: str) -> str:
    """The separator by which the lines agree best on a number of fields; clevercsv decides between equals."""
    shares = {separator: _agreement(lines, separator) for separator in SEPARATORS}
    whole = [separator for separator, (share, width) in shares.items() if share == 1 and width > 1]
    if suffix in (".tsv", ".tab") and ("\t" in whole or not whole):
        return "\t"
    if len(whole) == 1:
        return whole[0]
    found = _clever_separator("\n".join(lines[:_CLEVER_LINES])[:_CLEVER_CHARACTERS])
    if found in (whole or [s for s, (_, width) in shares.items() if width > 1]):
        return found
    return max(SEPARATORS, key=lambda s: (shares[s][1] > 1, *shares[s], -SEPARATORS.index(s)))


def _clever_separator(sample: str) -> str:
    """What clevercsv says; nothing where it finds none or stumbles."""
    try:
        found = clevercsv.Detector().detect(sample)
    except clevercsv.Error:
        return ""
    return found.delimiter or "" if found is not None else ""


def _agreement(lines: Sequence[str], separator: str) -> tuple[float, int]:
    """The share of lines that have the usual number of fields, and that number; the better of two ways to read."""
    plain = Counter(line.count(separator) + 1 for line in lines if line.strip())
    readings = [plain]
    if any('"' in line for line in lines):
        rows, _ = _quoted_rows(lines, separator)
        readings.append(Counter(len(row) for row in rows if any(row)))
    usual = [(counts, max(counts, key=lambda n: (counts[n], n))) for counts in readings if counts]
    return max((counts[width] / counts.total(), width) for counts, width in usual)


def _quoted_rows(lines: Sequence[str], separator: str) -> tuple[list[list[str]], list[int]]:
    """Rows as by RFC 4180, up to the first that is not, and the number of lines read with each."""
    rows, ends = [], []
    reader = csv.reader(io.StringIO("\n".join(lines) + "\n", newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error:
        pass  # at the end: a field whose other lines are not in the sample
    return rows, ends


def _parsed(lines: Sequence[str], separator: str, name: str) -> tuple[list[list[str]], list[int]]:
    """The rows of the sample and the line with which each ends: with quotation marks, where that reads all of it."""
    plain = [line.split(separator) if line else [] for line in lines]
    if not any('"' in line for line in lines):
        return plain, list(range(1, len(lines) + 1))
    rows, ends = _quoted_rows(lines, separator)
    widths = Counter(len(row) for row in rows if any(row))
    if rows and widths.total() and max(widths.values()) / widths.total() > 0.9 and ends[-1] > 0.5 * len(lines):
        return rows, ends
    if rows and len({len(row) for row in plain if row}) > 1:  # neither is good: what the header says is kept
        return rows, ends
    return plain, list(range(1, len(lines) + 1))


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    widths = Counter(len(row) for row in filled or rows)
    return max(widths, key=lambda n: (widths[n], n))


def _rows_before(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many rows stand before the header: blank ones, remarks, and a title that fills one cell only."""
    for place, row in enumerate(rows[:_MOST_BEFORE]):
        filled = sum(bool(cell.strip()) for cell in row)
        remark = filled and row[0].lstrip().startswith(("#", "%")) and len(row) != width
        below = rows[place + 1] if place + 1 < len(rows) else []
        title = filled == 1 and len(row) < width and place + 1 < len(rows)
        padded = filled == 1 and width > 2 and row[0].strip() and below and all(cell.strip() for cell in below)
        if filled and not remark and not title and not padded:
            return place
    return 0


def no_rows(name: str) -> DataError:
    return DataError(
        file=name,
        where="",
        found=Found("has no rows"),
        expected="at least one row",
        remedy="Check what wrote the file, or leave it out.",
    )
