"""The table of entities: ids, labels and typed metadata. Small beside the relation, so it is read whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.fields import FIELD_TYPES
from atlas_assets.sources import columns as read
from atlas_assets.sources import metadata, suspects, tables, value_words
from atlas_assets.sources.locate import Located
from atlas_assets.sources.roles.entity_table import guess_entity_columns
from atlas_assets.sources.roles.vectors import naming

# Names that the tables downstream use for their own columns.
_RESERVED = frozenset({"id", "label", "popularity", "n_collections"})
_FILE = "__file"


@dataclass(frozen=True)
class EntityTable:
    """frame: ``id`` as in the files, ``label`` text, then the fields; origin: what the ids are; notes for people.

    texts: of each row, where columns of texts were asked for; null where it has none.
    """

    frame: pl.DataFrame
    fields: list[dict[str, Any]]
    origin: read.Ids
    notes: list[str]
    texts: pl.Series | None = None


def read_table(
    files: Sequence[Located],
    *,
    columns: Mapping[str, str],
    fields: Mapping[str, Mapping[str, Any]] | None,
    ids: pl.Series | None,
    relation: Sequence[str],
    texts: Sequence[str] = (),
) -> EntityTable:
    """The entities of ``files``, checked and typed.

    columns: the id and label columns where they are given; else they are guessed with the help of ``ids``, a sample of
    those used in the relation, and ``relation``, the names of its id columns. fields: the metadata to keep, or None for
    every column, typed by its values. texts: columns that are read as text besides, one paragraph each. Raises
    DataError for missing columns, repeated ids and values that do not fit.
    """
    notes: list[str] = [sentence for file in files for sentence in file.told]
    parts = [
        tables.collect(tables.scan(file).with_row_index(read.ROW, offset=1), file).with_columns(
            pl.lit(i, dtype=pl.Int32).alias(_FILE), pl.col(read.ROW).cast(pl.Int64)
        )
        for i, file in enumerate(files)
    ]
    table = pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]
    names = [c for c in table.columns if c not in (read.ROW, _FILE)]
    for role, name in columns.items():
        tables.column(files[0], names, name, field=f"source.entity_columns.{role}")
    guessed = guess_entity_columns(table.select(names), ids=ids, relation=relation, file=files[0], given=columns)
    notes += guessed.sentences
    typed = all(tables.is_typed(file) for file in files)
    return _made(table, guessed.columns, names, files, fields=fields, typed=typed, notes=notes, texts=texts)


def beside(
    table: pl.DataFrame,
    ids: pl.Series,
    *,
    file: Located,
    columns: Mapping[str, str],
    fields: Mapping[str, Mapping[str, Any]] | None,
    texts: Sequence[str] = (),
) -> EntityTable:
    """As ``read_table`` of columns that stand in the relation's own file, row by row beside ids (n,)."""
    name = next(name for name in ("id", "row", "row_number", "__row_number") if name not in table.columns)
    names = [name, *table.columns]
    for role, column in columns.items():
        tables.column(file, names, column, field=f"source.entity_columns.{role}")
    names_of_rows = table.select(ids.alias(name), *dict.fromkeys([*naming(table), *columns.values()]))
    guessed = guess_entity_columns(names_of_rows, ids=None, relation=[], file=file, given={**columns, "id": name})
    whole = table.with_columns(ids.alias(name), pl.lit(0, dtype=pl.Int32).alias(_FILE))
    whole = whole.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(read.ROW))
    notes = [sentence for sentence in guessed.sentences if not sentence.startswith(f"{name} ->")]
    typed = tables.is_typed(file)
    return _made(whole, guessed.columns, names, [file], fields=fields, typed=typed, notes=notes, texts=texts)


def _made(
    table: pl.DataFrame,
    columns: Mapping[str, str],
    names: Sequence[str],
    files: Sequence[Located],
    *,
    fields: Mapping[str, Mapping[str, Any]] | None,
    typed: bool,
    notes: list[str],
    texts: Sequence[str] = (),
) -> EntityTable:
    """Of a table with row numbers and the number of each row's file, typed."""
    id_column, label_column = columns["id"], columns.get("label")
    if not typed and table.schema[id_column] == pl.String:
        table = table.with_columns(read.one_form(pl.col(id_column), words=True).alias(id_column))
        if read.are_whole_decimals(table[id_column]):
            table = table.with_columns(read.without_point(pl.col(id_column)))
            notes.append(f"{files[0].name}: ids such as 12.0 in column {id_column!r} were read as 12")
    facts = table.select(read.id_facts(id_column, table.schema[id_column])).row(0, named=True)
    origin = read.ids_of(files[0], id_column, id_column, table.schema[id_column], facts, typed=typed)
    if origin.n_absent:
        notes.append(f"{files[0].name}: {origin.n_absent:,} rows without an id were left out")
        known = read.as_ids(id_column, table.schema[id_column], pl.String()).is_not_null()
        table = table.filter(known)
    table = _unique(table, id_column, files, notes)
    described = _describe(table, fields, [id_column, label_column], names, files[0], typed)
    label = _label(table, label_column) if label_column else read.as_ids(id_column, origin.dtype, pl.String())
    if label_column:
        notes += suspects.told(table[label_column].unique(), label_column, files[0].name, what="entity", ids=False)
    made = [table.select(pl.col(id_column).alias("id"), label.alias("label"))]
    for source, description in described:
        values, row, wrong = metadata.convert(table[source], description["type"])
        if row is not None:
            file = files[table[_FILE][row]]
            raise DataError(
                file=file.name,
                where=read.place(file, table[read.ROW][row], source),
                found=wrong,
                expected=f"a {description['type']}, as source.fields.{source} says",
                remedy="Correct the value, or give the field another type "
                f"(it looks like a {metadata.guess(table[source], typed=typed).type}).",
            )
        if words := (fields or {}).get(source, {}).get("words"):
            values, unused = value_words.worded(values, words)
            if unused:
                told = ", ".join(map(repr, unused[:5]))
                notes.append(f"source.fields.{source}.words: {told} is no value of {files[0].name}: it was not used")
        made.append(values.alias(description["name"]).to_frame())
    read_as_text = _texts(table, texts) if texts else None
    return EntityTable(pl.concat(made, how="horizontal"), [d for _, d in described], origin, notes, read_as_text)


def _texts(table: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The columns as one text per row, in paragraphs; null where all are blank."""
    parts = [_text(pl.col(name), table.schema[name]) for name in columns]
    joined = pl.concat_str(parts, separator="\n\n", ignore_nulls=True)
    return table.select(text=pl.when(joined != "").then(joined)).to_series()


def _text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    text = value.cast(pl.List(pl.String)).list.join(", ") if isinstance(dtype, pl.List) else value.cast(pl.String)
    text = text.str.strip_chars()
    return pl.when(text != "").then(text)


def of_ids(ids: pl.Series) -> pl.DataFrame:
    """The table where there is none: every id is its own label."""
    return pl.DataFrame({"id": ids, "label": ids.cast(pl.String)})


def field_name(column: str) -> str:
    """What a column is called as a field."""
    return f"{column}_field" if column in _RESERVED else column


def _label(table: pl.DataFrame, name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text == "").then(None).otherwise(text)


def _unique(table: pl.DataFrame, id_column: str, files: Sequence[Located], notes: list[str]) -> pl.DataFrame:
    """The table without exact repetitions; two different rows for one id are an error."""
    if table[id_column].n_unique() == table.height:
        return table
    content = [c for c in table.columns if c not in (read.ROW, _FILE)]
    once = table.unique(content, keep="first", maintain_order=True)
    repeated = once.filter(pl.col(id_column).is_duplicated())
    if repeated.is_empty():
        notes.append(f"{files[0].name}: {table.height - once.height:,} rows that repeat another exactly were left out")
        return once
    first = repeated[id_column][0]
    rows = repeated.filter(pl.col(id_column) == first)[read.ROW].to_list()
    others = repeated[id_column].n_unique() - 1
    more = f", and {others:,} more ids repeat" if others else ""
    raise DataError(
        file=files[repeated[_FILE][0]].name,
        where=f"column {id_column!r}",
        found=Found(f"holds {first!r} in rows {', '.join(map(str, rows[:5]))}{more}"),
        expected="every id once, with one description",
        remedy="Remove the wrong rows, or choose the column that identifies entities in source.entity_columns.id.",
    )


def _describe(
    table: pl.DataFrame,
    fields: Mapping[str, Mapping[str, Any]] | None,
    used: Sequence[str | None],
    names: Sequence[str],
    file: Located,
    typed: bool,
) -> list[tuple[str, dict[str, Any]]]:
    """[(column, {name, label, type, unit})] for the metadata to keep."""
    if fields is not None:
        for name in fields:
            tables.column(file, names, name, field=f"the key of source.fields.{name}")
        chosen = [(name, dict(spec)) for name, spec in fields.items()]
    else:
        rest = [n for n in names if n not in used and not isinstance(table.schema[n], (pl.Struct, pl.Object))]
        chosen = [(name, {"type": metadata.guess(table[name], typed=typed).type}) for name in rest]
    return [
        (
            name,
            {
                "name": field_name(name),
                "label": spec.get("label") or name.replace("_", " ").strip().capitalize(),
                "type": spec["type"],
                "unit": spec.get("unit") or FIELD_TYPES[spec["type"]].unit,
            },
        )
        for name, spec in chosen
    ]
