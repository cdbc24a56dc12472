"""The table whose rows are texts: which column names a row, and what its text is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import columns as read
from atlas_assets.sources import entity_table, tables
from atlas_assets.sources.field_types import words
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.locate import Located
from atlas_assets.sources.roles.contents import facts
from atlas_assets.sources.roles.names import name_score
from atlas_assets.sources.roles.vectors import IDS

LONGEST_ID = 64  # characters
LONGEST_LABEL = 100  # characters, of half of the rows at least
_FEWEST_WORDS = 0.05  # of the rows, at least, hold a word; else the column is no text


@dataclass(frozen=True)
class TextTable:
    """frame: id (int64 or text), label, then the ``fields``; texts (n,): of each row, null where it has none."""

    frame: pl.DataFrame
    fields: list[dict[str, Any]]
    texts: pl.Series
    files: list[tuple[str, int]]
    notes: list[str]

    def with_texts(self) -> tuple[TextTable, list[str]]:
        """The rows that have a text, and a note on the others."""
        there = self.texts.is_not_null()
        if there.all():
            return self, []
        note = f"{(~there).sum():,} rows without a text are left out, such as {self.frame['id'].filter(~there)[0]!r}"
        kept = dataclasses.replace(self, frame=self.frame.filter(there), texts=self.texts.filter(there))
        return kept, [note]


def read_texts(
    patterns: Sequence[str] | None,
    columns: Sequence[str],
    *,
    entity_columns: Mapping[str, str],
    fields: Mapping[str, Mapping[str, Any]] | None,
    base: Path,
    scratch: Path,
    options: Options | None = None,
    key: str = "texts",
) -> TextTable:
    """The rows of a table and the text in ``columns`` of each; several columns are its paragraphs.

    Without ``entity_columns["id"]`` a column that tells rows apart is found, or row numbers, from 0, are the ids;
    without a label, a column that is named like one is, or the beginning of the text.
    key: what ``columns`` are called in the spec. Raises DataError for columns that are missing or hold no words.
    """
    files = located(patterns, base=base, scratch=scratch, options=options, key=key)
    table = whole(files)
    check_columns(table, columns, files[0], key=key)
    given, sentences = naming(table, columns, entity_columns)
    how: dict[str, Any] = {"columns": given, "fields": fields, "texts": columns}
    if "id" in given:
        made = entity_table.read_table(files, ids=None, relation=[], **how)
    else:
        ids = pl.int_range(len(table), dtype=pl.Int64, eager=True)
        made = entity_table.beside(table, ids, file=files[0], **how)
        sentences = [*(sentence for file in files for sentence in file.told), *sentences]
    id_type, more = read.common_type([made.origin])
    frame = made.frame.with_columns(read.as_ids("id", made.frame.schema["id"], id_type))
    label = pl.col("label").fill_null(pl.col("id").cast(pl.String))
    frame = frame.with_columns(_beginning(label) if given["label"] in columns else label)
    assert made.texts is not None
    notes = [*made.notes, *sentences, *more]
    return TextTable(frame, made.fields, made.texts, [(file.name, file.bytes) for file in files], notes)


def whole(files: Sequence[Located]) -> pl.DataFrame:
    """The rows of all files."""
    parts = [tables.collect(tables.scan(file), file) for file in files]
    return pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]


def located(
    patterns: Sequence[str] | None, *, base: Path, scratch: Path, options: Options | None, key: str
) -> list[Located]:
    """The files of the table. Raises DataError where none is named."""
    if not patterns:
        raise DataError(
            file="source",
            where="entities",
            found=Found("is missing"),
            expected=f"the table that has the columns of source.{key}",
            remedy="Name its file: entities: [papers.csv].",
        )
    return tables.located(patterns, base=base, scratch=scratch, role="entities", options=options)


def check_columns(table: pl.DataFrame, columns: Sequence[str], file: Located, *, key: str) -> None:
    """Raise DataError unless these are columns of the table that hold words."""
    for name in columns:
        tables.column(file, table.columns, name, field=f"source.{key}")
    for name in columns:
        values, dtype = table[name], table.schema[name]
        inner = dtype.inner if isinstance(dtype, pl.List) else dtype
        share: Any = 0.0
        if inner == pl.String:
            flat = values.explode() if isinstance(dtype, pl.List) else values
            share = flat.drop_nulls().str.contains(r"\p{L}{2}|\p{Han}|\p{Kana}").mean() or 0.0
        if share < _FEWEST_WORDS:
            others = sorted(
                (one for one in table.columns if _n_words(table[one]) > 1), key=lambda c: -_n_words(table[c])
            )
            raise DataError(
                file=file.name,
                where=f"column {name!r}",
                found=Found(f"holds no words, such as {tables.examples(values.drop_nulls())}"),
                expected="texts",
                remedy=f"Set source.{key} to a column with texts{f', such as {others[0]!r}' if others else ''}.",
            )


def _n_words(values: pl.Series) -> float:
    """About how many words the first values of a column have."""
    first = values.drop_nulls().head(100)
    return float(first.str.count_matches(r"\S+").mean() or 0) if values.dtype == pl.String else 0.0  # type: ignore[arg-type]


def naming(table: pl.DataFrame, texts: Sequence[str], given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The columns of label and, where one tells rows apart, id, and a sentence on each that was not given."""
    chosen, sentences = dict(given), []
    if "id" not in chosen:
        if (found := _id_column(table, texts)) is not None:
            chosen["id"] = found
            sentences.append(f"{found} -> id: {facts(table[found], 'id')}")
        else:
            sentences.append("no column tells all rows apart, so row numbers, from 0, are the ids")
    if "label" not in chosen:
        short = [
            c for c in table.columns if c != chosen.get("id") and table[c].dtype == pl.String and not is_long(table[c])
        ]
        named = [c for c in short if name_score("label", c) > 0]
        best = max(named, key=lambda c: (name_score("label", c), -short.index(c)), default=None)
        chosen["label"] = best or texts[0]
        why = f"the name fits, such as {tables.examples(table[best].drop_nulls())}" if best else "the text's beginning"
        sentences.append(f"{chosen['label']} -> label: {why}")
    return chosen, sentences


def _id_column(table: pl.DataFrame, texts: Sequence[str]) -> str | None:
    """The column that tells the rows apart: one called an id, or short values without blanks, no two the same."""
    free = [
        c for c in table.columns if c not in texts and not (table[c].dtype.is_nested() or table[c].dtype.is_float())
    ]
    unique = [c for c in free if table[c].null_count() == 0 and table[c].n_unique() == table.height]
    short = [c for c in unique if not _has_blanks(table[c])]
    called = [c for c in free if words(c)[-1:] == ["id"] or c.lower() in IDS]  # what repeats there is a mistake
    return max(short or called, key=lambda c: (c in called, name_score("id", c), -free.index(c)), default=None)


def _has_blanks(values: pl.Series) -> bool:
    text = values.cast(pl.String).str.strip_chars()
    return bool((text.str.contains(r"\s") | (text.str.len_chars() > LONGEST_ID)).any())


def is_long(texts: pl.Series) -> bool:
    """Whether most texts of a column are too long for a label."""
    return (texts.cast(pl.String).drop_nulls().str.len_chars().median() or 0) > LONGEST_LABEL  # type: ignore[operator]


def _beginning(text: pl.Expr) -> pl.Expr:
    line = text.str.replace_all(r"\s+", " ")
    cut = line.str.slice(0, LONGEST_LABEL).str.replace(r"\s\S*$", "") + "…"
    return pl.when(line.str.len_chars() > LONGEST_LABEL).then(cut).otherwise(line).alias("label")
