"""Vectors from files: a column of lists, several numeric columns, or an NPY array; checked to be one finite matrix."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import columns as read
from atlas_assets.sources import tables
from atlas_assets.sources.entity_table import EntityTable
from atlas_assets.sources.locate import Located
from atlas_assets.sources.measures import Numbers
from atlas_assets.sources.roles.vectors import guess_vectors, other_columns

_ROWS_TRIED = 20_000  # before anybody reads all of them
MOST_ROUNDED = 1e-4  # by float32, of a column's standard deviation


@dataclass(frozen=True)
class Vectors:
    """matrix (n, d) float32, float64 where float32 would lose what tells rows apart; ids (n,) as in the files, or None.

    names: columns of the ids; notes for people; others: the other columns of a table, row by row; None for arrays.
    """

    matrix: np.ndarray
    ids: pl.Series | None
    origins: list[read.Ids]
    names: list[str]
    notes: list[str]
    others: pl.DataFrame | None = None


def read_all(files: Sequence[Located], columns: Mapping[str, Any]) -> Vectors:
    """The vectors of all files, one below the other. Raises DataError with the row of a vector that does not fit."""
    parts = [_read_npy(file) if file.format == "npy" else _read_table(file, columns) for file in files]
    widths = [part.matrix.shape[1] for part in parts]
    for file, width in zip(files, widths, strict=True):
        if width != widths[0]:
            raise DataError(
                file=file.name,
                where="",
                found=Found(f"holds vectors of length {width:,}"),
                expected=f"length {widths[0]:,}, as in {files[0].name}",
                remedy="Give files from one model only.",
            )
    if len(parts) == 1:
        return parts[0]
    if any(part.ids is None for part in parts):
        raise DataError(
            file=files[0].name,
            where="",
            found=Found(f"is one of {len(files)} files of vectors without ids"),
            expected="one NPY file, or files with ids",
            remedy="Stack the arrays into one file.",
        )
    text = len({part.ids.dtype for part in parts if part.ids is not None}) > 1
    ids = pl.concat([p.ids.cast(pl.String) if text else p.ids for p in parts if p.ids is not None])
    origins = [origin for part in parts for origin in part.origins]
    known = [p.others for p in parts if p.others is not None]
    others = pl.concat(known, how="diagonal_relaxed") if len(known) == len(parts) else None
    return Vectors(np.concatenate([p.matrix for p in parts]), ids, origins, parts[0].names, parts[0].notes, others)


def with_ids_of(vectors: Vectors, table: EntityTable | None, file: Located) -> Vectors:
    """Vectors without ids with those of the entity table's rows, which must be as many; without one, with numbers."""
    n = len(vectors.matrix)
    if table is None:
        ids = pl.int_range(n, eager=True)
        facts = ids.to_frame("row").select(read.id_facts("row", ids.dtype)).row(0, named=True)
        origin = read.ids_of(file, "row", "row", ids.dtype, facts, typed=True)
        notes = [*vectors.notes, f"{file.name}: vectors have no ids; they are numbered from 0"]
        return dataclasses.replace(vectors, ids=ids, origins=[origin], notes=notes)
    if table.frame.height != n:
        raise DataError(
            file=file.name,
            where="",
            found=Found(f"has {n:,} rows, the entity table {table.frame.height:,}"),
            expected="an entity table with one row per vector, in order",
            remedy="Give one in source.entities, or use a Parquet file with id and vector columns.",
        )
    return dataclasses.replace(vectors, ids=table.frame["id"], origins=[table.origin])


def check_unique(ids: pl.Series, files: Sequence[Located]) -> None:
    """Raise DataError where an entity has two vectors or a vector no id."""
    if ids.null_count():
        raise DataError(
            file=files[0].name,
            where=f"row {int(ids.is_null().arg_true()[0]) + 1:,}",
            found=Found("has no id"),
            expected="an id beside every vector",
            remedy="Remove the row, or choose another column in source.columns.id.",
        )
    if ids.n_unique() < len(ids):
        first = ids.filter(ids.is_duplicated())[0]
        rows = [int(i) + 1 for i in (ids == first).arg_true()]
        raise DataError(
            file=files[0].name,
            where=f"rows {', '.join(f'{r:,}' for r in rows[:5])}",
            found=Found(f"all hold the id {first!r}"),
            expected="one vector per entity",
            remedy="Choose another column in source.columns.id; without one, row numbers are the ids.",
        )


def _read_npy(file: Located) -> Vectors:
    array = tables.read_npy(file)
    matrix = narrowed(np.asarray(array))
    _check_finite(matrix, file, None)
    return Vectors(matrix, None, [], [], [f"{file.name}: row i is the vector of row i of the entity table"])


def _read_table(file: Located, columns: Mapping[str, Any]) -> Vectors:
    frame = tables.scan(file)
    names = frame.collect_schema().names()
    for role in columns:
        for name in [columns[role]] if isinstance(columns[role], str) else columns[role]:
            tables.column(file, names, name, field=f"source.columns.{role}")
    notes: list[str] = []
    if "vector" not in columns:
        guess = guess_vectors(tables.collect(frame.head(1000), file), file=file, given=columns)
        columns, notes = guess.columns, guess.sentences
    id_column, vector = columns.get("id"), columns["vector"]
    used = [vector] if isinstance(vector, str) else list(vector)
    table = tables.collect(frame, file)
    matrix = narrowed(matrix_of(table, vector, file))
    _check_finite(matrix, file, used)
    rest = table.select(other_columns(names, columns))
    if id_column is None:
        ids = pl.Series("id", np.arange(len(matrix)))
        facts = ids.to_frame().select(read.id_facts("id", ids.dtype)).row(0, named=True)
        origin = read.ids_of(file, "id", "id", ids.dtype, facts, typed=True)
        return Vectors(matrix, ids, [origin], [], notes, rest)
    facts = table.select(read.id_facts(id_column, table.schema[id_column])).row(0, named=True)
    origin = read.ids_of(file, id_column, id_column, table.schema[id_column], facts, typed=tables.is_typed(file))
    return Vectors(matrix, table[id_column], [origin], [id_column], notes, rest)


def require_vectors(table: pl.DataFrame, vector: str | Sequence[str], file: Located) -> None:
    """Raise DataError at the first of the first rows of a table whose vector cannot be read as meant."""
    used = [vector] if isinstance(vector, str) else list(vector)
    _check_finite(matrix_of(table.head(_ROWS_TRIED), vector, file), file, used)


def narrowed(matrix: np.ndarray) -> np.ndarray:
    """As float32 where that rounds off nothing that matters: a ten-thousandth of how much a column varies, or less."""
    with np.errstate(over="ignore"):  # what does not fit is told as what it becomes
        narrow = matrix.astype(np.float32)
    if matrix.dtype != np.float64 or not len(matrix) or not np.isfinite(narrow).all():
        return narrow
    rounded = np.abs(narrow - matrix).max(axis=0)
    return matrix if (rounded > MOST_ROUNDED * matrix.std(axis=0)).any() else narrow


def matrix_of(table: pl.DataFrame, vector: str | Sequence[str], file: Located) -> np.ndarray:
    """(n, d) floats of a column of lists, or of one column for each number; nan where there is none."""
    if isinstance(vector, str):
        return _from_lists(table[vector], file)
    return np.column_stack([_numbers(table[name], file) for name in vector])


def _numbers(values: pl.Series, file: Located) -> np.ndarray:
    frame = values.to_frame().with_row_index(read.ROW, offset=1)
    numbers = Numbers(file, values.name, values.name).read(frame)
    return numbers.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _from_lists(values: pl.Series, file: Located) -> np.ndarray:
    """(n, d) float32 of lists, arrays, or lists written as text."""
    dtype = values.dtype
    if dtype == pl.String:
        _refuse_shortened(values, file)
        text = values.str.strip_chars(" []{}()").str.replace_all(r"[,;\s]+", " ")
        values = text.str.split(" ")
        dtype = values.dtype
    if not isinstance(dtype, (pl.List, pl.Array)) or dtype.inner.is_nested():  # type: ignore[union-attr]
        raise DataError(
            file=file.name,
            where=f"column {values.name!r}",
            found=Found(f"holds {str(dtype).lower()} values"),
            expected="lists of numbers",
            remedy="Choose the list column, or several numeric ones, in source.columns.vector.",
        )
    lists = values.arr.to_list() if isinstance(dtype, pl.Array) else values
    lengths = lists.list.len().fill_null(0).to_numpy()
    usual = int(np.bincount(lengths).argmax())
    other = np.flatnonzero(lengths != usual)
    if other.size or usual == 0:
        row = int(other[0]) if other.size else 0
        raise DataError(
            file=file.name,
            where=read.place(file, row + 1, values.name),
            found=Found(f"has {lengths[row]:,} numbers"),
            expected=f"{usual:,}, as most vectors have" if usual else "a vector",
            remedy="Remove the row, or compute its vector again.",
        )
    inner = lists.dtype.inner  # type: ignore[attr-defined]
    flat = lists.explode().cast(pl.Float32 if inner in (pl.Float32, pl.Int8, pl.Int16) else pl.Float64, strict=False)
    return flat.fill_null(np.nan).to_numpy().reshape(-1, usual)


def _refuse_shortened(values: pl.Series, file: Located) -> None:
    """Raise DataError where NumPy left numbers out of what it printed."""
    cut = values.str.contains(r"\.\.\.|…").fill_null(False).arg_true()
    if len(cut):
        raise DataError(
            file=file.name,
            where=read.place(file, int(cut[0]) + 1, values.name),
            found=Found(f"is printed with … in place of most numbers, as are {len(cut):,} of {len(values):,} vectors"),
            expected="all numbers of every vector",
            remedy="Write it again where it was made, with lists (array.tolist()) or as Parquet.",
        )


def _check_finite(matrix: np.ndarray, file: Located, names: Sequence[str] | None) -> None:
    bad = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if not bad.size:
        return
    row = int(bad[0])
    place = int(np.flatnonzero(~np.isfinite(matrix[row]))[0])
    where = (
        read.place(file, row + 1, names[place])
        if names and len(names) > 1
        else f"row {row + 1:,}, number {place + 1:,}"
    )
    raise DataError(
        file=file.name,
        where=where,
        found=float(matrix[row, place]),
        expected="a finite number",
        remedy=f"Remove the vector or compute it again ({bad.size:,} vectors have such values).",
    )
