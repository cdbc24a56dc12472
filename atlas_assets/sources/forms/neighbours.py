"""Neighbours beside each entity: a column for each of them, as many as there are behind it, or NumPy's rows of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.sources.field_types import words
from atlas_assets.sources.forms import text
from atlas_assets.sources.forms.form import Form, Given, Head, Pieces, Role, no_rows, write_parquet

Ends = list[str] | np.ndarray

_SEPARATORS = (",", ";", "\t", "|")
_ROWS = 1_000
_NAMES = {"nn", "neighbor", "neighbour", "neighbors", "neighbours", "nearest", "knn", "similar", "rec", "related"}
_LEAST_KNOWN, _LEAST_KNOWN_UNNAMED = 0.2, 0.9  # of the neighbours, as entities in the first rows of the file
_LEAST_UNNAMED = 4  # fields, where all lines have as many: of three, one may be a weight


@dataclass(frozen=True)
class _Layout:
    """separator: None for blanks; header: whether line 1 names columns; places: of the neighbours; ordered: whether
    the nearest come first.
    """

    separator: str | None
    header: bool
    places: slice | list[int]
    ordered: bool


def _layout(head: Head, role: Role) -> _Layout | None:
    lines = head.lines[:_ROWS]
    if role != "edges" or len(lines) < 3 or lines[0].startswith(("#", "%", "{", "[", "<")):
        return None
    counts = {sign: sum(sign in line for line in lines) for sign in _SEPARATORS}
    most = max(_SEPARATORS, key=lambda sign: counts[sign])
    separator = most if counts[most] >= len(lines) / 2 else None
    rows = list(_fields(lines, separator))
    return _of_columns(rows, separator) or _of_lines(rows, separator)


def _fields(lines: Iterator[str] | list[str], separator: str | None) -> Iterator[list[str]]:
    rows = (line.split() for line in lines) if separator is None else csv.reader(lines, delimiter=separator)
    return ([field.strip() for field in row] for row in rows)


def _of_columns(rows: list[list[str]], separator: str | None) -> _Layout | None:
    """A header with one column of ids, the first, and numbered ones of their neighbours."""
    names, body = rows[0], rows[1:]
    if len(names) < 3 or any(len(row) != len(names) for row in body):
        return None
    series: dict[str, list[int]] = {}
    for place, name in enumerate(names[1:], start=1):
        if found := re.fullmatch(r"(.*\D)(\d+)", name):
            series.setdefault(found[1], []).append(place)
    ids = {row[0] for row in body}
    if not ids.isdisjoint(names):
        return None  # the first row is one like the others
    for stem, places in series.items():
        cells = [row[place] for row in body for place in places if row[place]]
        named = not _NAMES.isdisjoint(words(stem))
        known = sum(cell in ids for cell in cells) / max(1, len(cells))
        if len(places) > 1 and len(ids) == len(body) and known >= (_LEAST_KNOWN if named else _LEAST_KNOWN_UNNAMED):
            return _Layout(separator, True, places, True)
    return None


def _of_lines(rows: list[list[str]], separator: str | None) -> _Layout | None:
    """Lines that begin with an entity and go on with its neighbours, as NetworkX writes adjacency lists."""
    ids = [row[0] for row in rows]
    widths = {len(row) for row in rows}
    cells = [cell for row in rows for cell in row[1:] if cell]
    if (len(widths) == 1 and max(widths) < _LEAST_UNNAMED) or len(set(ids)) < len(ids) or not cells:
        return None
    known = set(ids)
    if sum(cell in known for cell in cells) < _LEAST_KNOWN_UNNAMED * len(cells):
        return None
    return _Layout(separator, False, slice(1, None), False)


def read(given: Given) -> Pieces:
    """Edges to the neighbours, with their place as distance where the nearest come first."""
    layout = _layout(given.head, given.role)
    if layout is None:
        raise given.wrong(
            "does not hold an entity and its neighbours in every line",
            expected="ids in the first field, and ids of others behind it",
            remedy="Correct source.form, or leave it out.",
        )
    path, told = text.utf8(given)
    sources: list[str] = []
    targets: list[str] = []
    places: list[int] = []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(_fields(lines, layout.separator)):
            if (layout.header and number == 0) or not row:
                continue
            found = row[layout.places] if isinstance(layout.places, slice) else [row[i] for i in layout.places]
            for place, target in enumerate(found, start=1):
                if target and target != row[0]:
                    sources.append(row[0])
                    targets.append(target)
                    places.append(place)
    if not sources:
        raise no_rows(given)
    order = "the first is the nearest" if layout.ordered else "in no order"
    told.append(f"{given.name}: every line is an entity and its neighbours, {order}: {len(sources):,} in all")
    return Pieces(_written(given, sources, targets, places if layout.ordered else None), "parquet", told=tuple(told))


def of_numbers(given: Given, matrix: np.ndarray) -> Pieces:
    """The same of an array (n, k) of row numbers, as indices of nearest neighbours are; -1 is none."""
    rows, columns = matrix.shape
    source = np.repeat(np.arange(rows), columns)
    place, target = np.tile(np.arange(1, columns + 1), rows), matrix.reshape(-1)
    kept = (target >= 0) & (target != source)
    said = f"{given.name}: row i holds the numbers of the {columns:,} neighbours of row i, the nearest first"
    path = _written(given, source[kept], target[kept], place[kept])
    return Pieces(path, "parquet", told=(said,))


def are_numbers_of_rows(matrix: np.ndarray) -> bool:
    """Whether an array holds row numbers of itself."""
    rows, columns = matrix.shape
    return matrix.dtype.kind in "iu" and columns < rows and matrix.min() >= -1 and matrix.max() < rows


def _written(given: Given, source: Ends, target: Ends, place: list[int] | np.ndarray | None) -> Path:
    columns: dict[str, Any] = {"source": source, "target": target}
    if place is not None:
        columns["distance"] = place
    return write_parquet(given, pl.DataFrame(columns))


FORM = Form(
    "neighbours",
    "a file of neighbours beside each entity",
    (),
    frozenset({"edges"}),
    lambda head, role: _layout(head, role) is not None,
    read,
    says=True,
)
