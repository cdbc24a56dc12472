"""A text file as a table: prepared once, so that its dialect is known and counted, then scanned by Polars."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources.locate import Located
from atlas_assets.sources.text import count, encoding, strays
from atlas_assets.sources.text.dialect import Dialect, first_lines, no_rows, sketch


def prepare(file: Located, scratch: Path) -> Located:
    """The file with its dialect, or a copy in ``scratch`` of one that Polars cannot read as it is; others unchanged.

    Raises DataError where no way of reading gives every row its fields.
    """
    if file.format not in ("csv", "jsonl") or file.dialect is not None:
        return file
    target = scratch / "prepared"
    path, told = encoding.in_lines_of_utf8(file.path, file.name, target, lines_of_json=file.format == "jsonl")
    file = dataclasses.replace(file, path=path, told=(*file.told, *told))
    if file.format == "jsonl":
        return file
    try:
        return _counted(file, target)
    except pl.exceptions.ComputeError as error:
        if "utf" not in str(error).lower():
            raise
    path, told = encoding.in_guessed_encoding(file.path, file.name, target)
    return _counted(dataclasses.replace(file, path=path, told=(*file.told, *told)), target)


def _counted(file: Located, target: Path) -> Located:
    file = _without_rulers(file, target)
    found = sketch(file.path, file.name)
    if found.header is not None and (more := strays.n_headers(count.lines(file.path), found.header, found.skip)):
        told = f"{file.name}: its header comes {more:,} more times among the rows; these lines were left out"
        kept = strays.without_headers(count.lines(file.path), found.header, found.skip)
        path = strays.write(kept, target.with_name(f"{target.name}-one-header{file.path.suffix}"))
        file = dataclasses.replace(file, path=path, told=(*file.told, told))
        found = sketch(file.path, file.name)
    width = len(found.names)
    counted = count.count(
        file.path,
        found.separator,
        found.skip,
        width,
        name=file.name,
        marks=any('"' in cell for row in found.rows for cell in row),
    )
    if counted.n_rows == counted.n_blank:
        raise no_rows(file.name)
    n_filled = counted.n_rows - counted.n_blank
    dialect = Dialect(
        found.separator, counted.quoted, found.skip, found.names, (), (n_filled, counted.n_rows), found.header
    )
    path, told = file.path, [*file.told, *found.told, *counted.told]
    if counted.rewrite is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        path = target.with_name(f"{target.name}-rows.csv")
        counted.rewrite(path, found.names)
        dialect = Dialect(",", True, 1, found.names, (), (n_filled, n_filled))
    if counted.n_blank and counted.rewrite is None:
        told.append(f"{file.name}: {counted.n_blank:,} blank lines")
    made = dataclasses.replace(file, path=path, dialect=dialect, told=tuple(told))
    return _without_empty_columns(made, found.rows)


def _without_rulers(file: Located, target: Path) -> Located:
    """A table that is drawn with lines, as psql, mysql and Markdown do, without them."""
    if not strays.has_rulers(first_lines(file.path)):
        return file
    path = strays.write(
        strays.without_rulers(count.lines(file.path)), target.with_name(f"{target.name}-rows{file.path.suffix}")
    )
    told = f"{file.name}: the lines that are drawn between its rows were left out"
    return dataclasses.replace(file, path=path, told=(*file.told, told))


def _without_empty_columns(file: Located, rows: list[list[str]]) -> Located:
    """Columns that have neither a name nor a value, as spreadsheets write them, are no columns."""
    dialect = file.dialect
    assert dialect is not None
    nameless = [
        name
        for place, name in enumerate(dialect.names)
        if name == f"column_{place + 1}" and all(len(row) <= place or not row[place].strip() for row in rows)
    ]
    if not nameless or len(nameless) == len(dialect.names):
        return file
    filled = [pl.col(name).str.strip_chars().ne("").any().alias(name) for name in nameless]
    facts = scan(file).select(filled).collect(engine="streaming").row(0, named=True)
    empty = tuple(name for name in nameless if not facts[name])
    if not empty:
        return file
    said = f"{file.name}: {len(empty):,} columns without a name or a value were left out"
    return dataclasses.replace(file, dialect=dataclasses.replace(dialect, left_out=empty), told=(*file.told, said))


def scan(file: Located) -> pl.LazyFrame:
    """The rows of a prepared file; all columns are text."""
    dialect = file.dialect
    assert dialect is not None, "prepare() comes first"
    frame = pl.scan_csv(
        file.path,
        separator=dialect.separator,
        quote_char='"' if dialect.quoted else None,
        has_header=False,
        skip_lines=dialect.skip,
        schema=dict.fromkeys(dialect.names, pl.String()),
        glob=False,
    )
    return frame.drop(dialect.left_out) if dialect.left_out else frame


def check_rows(file: Located, n_rows: int) -> None:
    """Raise DataError where the reader found another number of rows than the second count."""
    expected = file.dialect.n_rows if file.dialect else None
    if expected is None or expected[0] <= n_rows <= expected[1]:
        return
    raise DataError(
        file=file.name,
        where="",
        found=Found(f"was read as {n_rows:,} rows"),
        expected=f"{expected[0]:,}, as its lines and quotation marks say",
        remedy="Write the file again with every field that holds a mark enclosed in marks, or as Parquet.",
    )


def is_written_as(file: Located) -> bool:
    """Whether a text file, of which a beginning was left out, is written in the dialect that the beginning had."""
    dialect = file.dialect
    if dialect is None:
        return file.format != "csv"
    if dialect.header is not None and strays.n_headers(count.lines(file.path), dialect.header, dialect.skip):
        return False
    try:
        counted = count.count(
            file.path, dialect.separator, dialect.skip, len(dialect.names), name=file.name, marks=dialect.quoted
        )
    except (DataError, pl.exceptions.ComputeError):
        return False
    nothing_enclosed = not counted.quoted and not counted.told
    return counted.rewrite is None and (counted.quoted == dialect.quoted or (dialect.quoted and nothing_enclosed))


def has_rows_over_lines(file: Located) -> bool:
    """Whether quotation marks of a prepared file may hold line breaks: the end of a line need not be that of a row."""
    dialect = file.dialect
    if dialect is None or not dialect.quoted:
        return False
    unquoted = pl.col("line").str.replace_all(r'"[^"]*"', "")
    spanning = unquoted.str.contains('"', literal=True).any()
    return bool(count.lines(file.path).select(spanning).collect(engine="streaming").item())
