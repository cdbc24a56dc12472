"""Tables with a column for every entity: 0 and 1 or counts of each collection, and adjacency matrices of edges.

Told by their beginning, before columns are guessed: nothing in a single column of such a table is an id.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
import polars as pl

from atlas_assets.sources.forms import matrices, text
from atlas_assets.sources.forms.form import RELATIONS, Form, Given, Head, Pieces, Role
from atlas_assets.sources.roles.names import name_score
from atlas_assets.sources.suspects import is_sum

_SEPARATORS = (",", ";", "\t", "|")
_ROWS = 200
_LEAST_MARKS, _LEAST_COUNTS = 4, 6  # columns of 0 and 1, and of counts, that are no coincidence
_LEAST_ZEROS, _LEAST_ZEROS_UNNAMED = 0.5, 0.05  # of counts; where no column is called like one of ids or values
_ROLES = ("collection", "entity", "value", "timestamp")
_TRUTH = {"true": "1", "false": "0", "": "0"}


@dataclass(frozen=True)
class _Table:
    """names: of the columns behind the first; ids: the first column; cells: of each row, as text."""

    separator: str
    names: list[str]
    ids: list[str]
    cells: list[list[str]]


def _table(lines: list[str]) -> _Table | None:
    """The lines as a table whose rows have one length and names; None where they are none."""
    separator = max(_SEPARATORS, key=lines[0].count) if lines else ","
    try:
        rows = [[field.strip() for field in row] for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:
        return None
    if len(rows) < 3 or any(len(row) != len(rows[0]) for row in rows):
        return None
    names, ids = rows[0][1:], [row[0] for row in rows[1:]]
    if len(set(names)) < len(names) or len(set(ids)) < len(ids) or any(text.is_number(name) for name in names):
        return None
    return _Table(separator, names, ids, [[_TRUTH.get(f.lower(), f) for f in row[1:]] for row in rows[1:]])


def _recognises(head: Head, role: Role) -> bool:
    table = _table(head.lines[:_ROWS]) if role in RELATIONS else None
    if table is None or not all(text.is_number(cell) for row in table.cells for cell in row):
        return False
    if role == "edges":
        return len(table.names) > 1 and table.ids == table.names[: len(table.ids)]
    cells = [float(cell) for row in table.cells for cell in row]
    if all(cell in (0, 1) for cell in cells):
        return len(table.names) >= _LEAST_MARKS
    whole = all(cell >= 0 and cell == int(cell) for cell in cells if np.isfinite(cell)) and bool(
        np.isfinite(cells).all()
    )
    named = any(name_score(role, name) > 0 for role in _ROLES for name in table.names)
    least = _LEAST_ZEROS if named else _LEAST_ZEROS_UNNAMED
    return whole and len(table.names) >= _LEAST_COUNTS and cells.count(0) >= least * len(cells)


def read(given: Given) -> Pieces:
    """Rows of what is not 0. Raises DataError for a row of another length, or a cell that is no number."""
    path, told = text.utf8(given)
    lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    table = _table(lines)
    if table is None:
        raise given.wrong(
            "is a table with a column for every entity, but not to its end",
            expected="rows of one length, each with an id of its own",
            remedy="Correct the rows that are longer or shorter or come twice, or set source.form: table.",
        )
    numbers = pl.DataFrame(table.cells, schema=table.names, orient="row").cast(pl.Float64, strict=False)
    matrix = numbers.to_numpy()
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0]
        raise given.wrong(
            f"holds {table.cells[row][column]!r}",
            expected="a number, or nothing",
            remedy="Correct the cell, or set source.form: table.",
            where=f"row {table.ids[row]!r}, column {table.names[column]!r}",
        )
    if given.role == "edges" and table.ids != table.names:
        raise given.wrong(
            f"has {len(table.ids):,} rows and {len(table.names):,} columns",
            expected="an adjacency matrix: the same names at its side as at its top, in the same order",
            remedy="Correct it, or set source.form: table.",
        )
    rows, columns = pl.Series(table.ids), pl.Series(table.names)
    sums = []
    if given.role == "collections":
        matrix, rows, columns, sums = _without_sums(matrix, rows, columns, given.name)
    said = (
        f"{given.name}: a table with a column for every entity: {len(rows):,} rows are collections, "
        f"{len(columns):,} columns entities, cells that are not 0 members"
    )
    made = matrices.pieces(given, matrix, rows=rows, columns=columns, told=said)
    return Pieces(made.path, made.format, told=(*told, *sums, *made.told))


def _without_sums(
    matrix: np.ndarray, rows: pl.Series, columns: pl.Series, file: str
) -> tuple[np.ndarray, pl.Series, pl.Series, list[str]]:
    """A table without a row and a column that are called like sums and hold the sums of the others; and what went."""
    told = []
    for axis, names in enumerate((rows, columns)):
        for place in (0, len(names) - 1):
            others = np.delete(matrix, place, axis)
            if is_sum(names[place]) and np.allclose(np.take(matrix, place, axis), others.sum(axis=axis)):
                told.append(f"{file}: the {('row', 'column')[axis]} {names[place]!r} holds the sums of the others")
                told[-1] += ", so it was left out"
                kept = names.filter(pl.int_range(len(names), eager=True) != place)
                matrix, rows, columns = (others, kept, columns) if axis == 0 else (others, rows, kept)
                break
    return matrix, rows, columns, told


FORM = Form("wide", "a table with a column for every entity", (), RELATIONS, _recognises, read, says=True)
