"""Rows that hold several values in one cell: objects become columns, lists of entities one row for each member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources.values import lists

_USUAL = ("items", "entities", "tracks", "cards", "books", "products", "songs", "movies", "words", "tags", "members")
_MOST_COLUMNS = 6  # of a file whose only list is that of the entities
_MOST_FIELDS = 32  # of an object: one with more is rather a table of its own
_DEEPEST = 4


def flattened(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Objects as columns: ``user`` with a name and an id becomes ``user.name`` and ``user.id``.

    Those of very many fields, or whose fields have the names of other columns, stay as they are.
    """
    for _ in range(_DEEPEST):
        schema = frame.collect_schema()
        objects = [name for name, dtype in schema.items() if _is_object(name, dtype, schema)]
        if not objects:
            break
        frame = frame.unnest(objects, separator=".")
    return frame


def _is_object(name: str, dtype: pl.DataType, schema: Mapping[str, pl.DataType]) -> bool:
    if not isinstance(dtype, pl.Struct) or not 0 < len(dtype.fields) <= _MOST_FIELDS:
        return False
    return not any(f"{name}.{field.name}" in schema for field in dtype.fields)


def list_column(schema: Mapping[str, pl.DataType], entity: str | None = None) -> str | None:
    """The column that holds a list of entities per row: the named one, a usual name, or the only list of ids."""
    held = {name: dtype.inner for name, dtype in schema.items() if isinstance(dtype, pl.List)}
    if entity is not None:
        return next((name for name in held if entity == name or entity.startswith(f"{name}.")), None)
    usual = [name for name in held if name.lower() in _USUAL]
    candidates = usual or [name for name, inner in held.items() if inner is not None and not inner.is_float()]  # type: ignore[union-attr]
    return candidates[0] if candidates and (usual or len(candidates) == 1) and len(schema) <= _MOST_COLUMNS else None


def neighbours(schema: Mapping[str, pl.DataType], columns: Mapping[str, str]) -> tuple[str, str | None] | None:
    """The column of edges that holds a list of targets per row, and the one that holds their distances or weights.

    columns: of the roles that are known; else the only lists of ids and of numbers are taken.
    """
    lists_of = {name: dtype.inner for name, dtype in schema.items() if isinstance(dtype, pl.List)}
    measures = [name for name, inner in lists_of.items() if inner is not None and inner.is_float()]  # type: ignore[union-attr]
    ids = [name for name in lists_of if name not in measures]
    target = columns.get("target") or (ids[0] if len(ids) == 1 else None)
    if target not in lists_of:
        return None
    measured = columns.get("distance") or columns.get("weight") or (measures[0] if len(measures) == 1 else None)
    return target, measured if measured in lists_of and measured != target else None


def side_by_side(frame: pl.LazyFrame, target: str, measured: str | None, *, row: str, file: str) -> pl.LazyFrame:
    """One row per member of ``target``, with that of ``measured`` in the same place; without one, with its place.

    Raises DataError at the first row whose lists have two lengths.
    """
    if measured is None:
        if "distance" in frame.collect_schema():
            return frame.explode(target, empty_as_null=True, keep_nulls=True)
        places = pl.int_ranges(1, pl.col(target).list.len() + 1).alias("distance")
        return frame.with_columns(places).explode(target, "distance", empty_as_null=True, keep_nulls=True)
    lengths = [pl.col(name).list.len() for name in (target, measured)]
    other = frame.filter(lengths[0] != lengths[1]).select(row, a=lengths[0], b=lengths[1]).head(1).collect()
    if other.height:
        at, a, b = other.row(0)
        raise DataError(
            file=file,
            where=f"row {at:,}, columns {target!r} and {measured!r}",
            found=Found(f"hold {a:,} and {b:,} values"),
            expected="one value for every target",
            remedy="Correct the row.",
        )
    return frame.explode(target, measured, empty_as_null=True, keep_nulls=True)


def unfolded(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """One row per member of the list ``name``; fields of members that are objects become columns ``name.field``.

    An empty list is a row without a member, which whoever reads the rows counts.
    """
    return flattened(frame.explode(name, empty_as_null=True, keep_nulls=True))


def members(names: Sequence[str], name: str | None) -> list[str]:
    """The columns that ``unfolded`` made of the list ``name``."""
    return [one for one in names if one == name or one.startswith(f"{name}.")] if name else []


def split(frame: pl.LazyFrame, name: str, separator: str) -> pl.LazyFrame:
    """Cells of text as lists. separator: as for ``values.lists.parse``."""

    def parsed(values: pl.Series) -> pl.Series:
        return lists.parse(values, separator).values

    text = pl.col(name).cast(pl.String)
    made = text.map_batches(parsed, return_dtype=pl.List(pl.String), is_elementwise=True)
    return frame.with_columns(made.alias(name))


def require_lists(frame: pl.LazyFrame, name: str, *, row: str, file: str) -> None:
    """Raise DataError at the first cell that is no list as code writes one. row: the column of row numbers."""
    lists_of = split(frame.select(row, name, text=pl.col(name)), name, lists.LITERAL)
    there = pl.col("text").str.strip_chars() != ""
    wrong = lists_of.filter(pl.col(name).is_null() & there).head(1).collect(engine="streaming")
    if wrong.height:
        raise DataError(
            file=file,
            where=f"row {wrong[row][0]:,}, column {name!r}",
            found=wrong["text"][0],
            expected='a list such as ["a", "b"], as source.separator says',
            remedy="Correct the cell, or name the sign between the members in source.separator.",
        )


def require_text(schema: Mapping[str, pl.DataType], name: str, *, file: str) -> None:
    """Raise DataError where a column cannot hold lists as text."""
    if schema[name] != pl.String:
        raise DataError(
            file=file,
            where=f"column {name!r}",
            found=Found(f"holds {str(schema[name]).lower()} values"),
            expected="text, which source.separator divides",
            remedy="Delete source.separator: lists that the file itself has need none.",
        )
