"""A table of mixed columns as vectors: metadata typed as in any entity table, and compared by its features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.fields import FIELD_TYPES, column_of
from atlas_assets.sources import canonical, entity_table, files, suspects, tables, vector_files
from atlas_assets.sources import columns as read
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.locate import Located
from atlas_assets.sources.roles.vectors import guess_id
from atlas_assets.sources.rows.blocks import ENCODINGS
from atlas_assets.sources.rows.features import Choice, Feature, choose
from atlas_assets.stages.artifact import Progress, no_progress


def read_rows(
    out: Path,
    *,
    table: Sequence[str],
    features: Mapping[str, Feature] | None = None,
    columns: Mapping[str, Any] | None = None,
    entity_columns: Mapping[str, str] | None = None,
    fields: files.FieldSpecs = None,
    base: Path = Path(),
    progress: Progress = no_progress,
    options: Options | None = None,
) -> dict[str, Any]:
    """Write ``raw_vectors`` into ``out``, one vector for each row; returns the report that is written beside it.

    table: paths, globs, folders or URLs of the rows. features: of which columns vectors are made and how; None chooses
    by their types. columns: that of the ids, where there is one; without it, row numbers are the ids. entity_columns,
    fields: label and metadata, as for the readers in ``files``. Raises DataError for everything that cannot be read as
    meant.
    """
    with files.workspace(out) as scratch:
        located = tables.located(table, base=base, scratch=scratch / "table", role="entities", options=options)
        progress(0.1, "reading rows")
        frame, described, notes = typed_rows(located, columns or {}, entity_columns or {}, fields)
        progress(0.6, "comparing columns")
        if features is None:
            choices = choose(frame, described)
            features = {one.name: Feature(one.encoding) for one in choices if one.encoding}
            notes += in_words(choices)
        matrix, told = encode(frame, described, features, located[0])
        listed = [(file.name, file.bytes) for file in located]
        report = files.report_of(listed, frame.height, [*notes, *told])
        canonical.write_vectors(out, vectors=matrix, entities=frame, fields=described, report=report)
    progress(1.0, f"{matrix.shape[0]:,} rows, {matrix.shape[1]:,} numbers each")
    return report


def typed_rows(
    located: Sequence[Located], columns: Mapping[str, Any], entity_columns: Mapping[str, str], fields: files.FieldSpecs
) -> tuple[pl.DataFrame, list[dict[str, Any]], list[str]]:
    """All rows of all files as an entity table, the descriptions of its fields, and notes."""
    parts = [tables.collect(tables.scan(file), file) for file in located]
    whole = pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]
    notes = [one for file in located for one in file.told]
    name = columns.get("id")
    if name is None:
        name, told = guess_id(whole, whole.columns)
        notes.append(told)
    if name is None:
        ids, rest = pl.int_range(whole.height, eager=True).alias("id"), whole
    else:
        tables.column(located[0], whole.columns, name, field="source.columns.id")
        ids, rest = whole[name], whole.drop(name)
    facts = ids.to_frame("id").select(read.id_facts("id", ids.dtype)).row(0, named=True)
    typed = name is None or tables.is_typed(located[0])
    origin = read.ids_of(located[0], "id", name or "row", ids.dtype, facts, typed=typed)
    dtype, more = read.common_type([origin])
    ids = ids.to_frame("id").select(read.as_ids("id", ids.dtype, dtype)).to_series()
    vector_files.check_unique(ids, located)
    given = {role: one for role, one in entity_columns.items() if role != "id"}
    made = entity_table.beside(rest, ids, file=located[0], columns=given, fields=fields)
    frame = made.frame.with_columns(pl.col("label").fill_null(pl.col("id").cast(pl.String)))
    doubts = suspects.told(ids, name or "row", located[0].name, what="entity")
    return frame, made.fields, [*notes, *more, *doubts, *made.notes]


def encode(
    frame: pl.DataFrame, fields: Sequence[Mapping[str, Any]], features: Mapping[str, Feature], file: Located
) -> tuple[np.ndarray, list[str]]:
    """(n, d) float32: the blocks of all features side by side, each times the root of its weight; and notes."""
    types = {described["name"]: described["type"] for described in fields}
    blocks, notes = [], []
    for key, feature in features.items():
        name = entity_table.field_name(key)
        tables.column(file, list(types), name, field=f"the key of source.table.features.{key}")
        column, made = ENCODINGS[feature.encoding]
        if column_of(types[name]) != column:
            fitting = [one for one in FIELD_TYPES if column_of(one) == column]
            raise DataError(
                file=file.name,
                where=f"column {name!r}",
                found=Found(f"is a {types[name]}, and source.table.features compares it as {feature.encoding}"),
                expected=f"a {' or '.join(fitting)}",
                remedy=f"Give it another type in source.fields.{name}, or compare it otherwise.",
            )
        try:
            block = made(_as_numbers(frame[name]) if column == "numbers" else frame[name])
        except ValueError as error:
            row = int(_as_numbers(frame[name]).arg_min() or 0)
            raise DataError(
                file=file.name,
                where=read.place(file, row + 1, name),
                found=Found(f"is {frame[name][row]}, which has no logarithm"),
                expected="numbers of at least 0, as source.table.features says log",
                remedy=f"Write {name}: number there.",
            ) from error
        blocks.append(block.numbers * np.sqrt(feature.weight))
        notes += [f"{name}: {told}" for told in block.told]
    matrix = np.concatenate(blocks, axis=1).astype(np.float32) if blocks else np.zeros((frame.height, 0), np.float32)
    if not matrix.shape[1]:
        raise DataError(
            file=file.name,
            where="",
            found=Found("has no column that tells its rows apart"),
            expected="numbers, categories, lists, dates, or yes and no, that differ",
            remedy="Give columns their types in source.fields, and name them in source.table.features.",
        )
    return matrix, notes


def in_words(choices: Sequence[Choice]) -> list[str]:
    """What was made of each column."""
    how = {one.name: f"compared as {one.encoding}" if one.encoding else "not compared" for one in choices}
    return [f"{one.name} -> {how[one.name]}: {one.why}" for one in choices]


def _as_numbers(values: pl.Series) -> pl.Series:
    """Dates by their days."""
    return values.cast(pl.Int32).cast(pl.Float64) if values.dtype == pl.Date else values.cast(pl.Float64)
