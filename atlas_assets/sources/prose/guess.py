"""What ``atlas new`` makes of a table with texts, with three of them as they were understood."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import metadata, tables
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.infer import Inference
from atlas_assets.sources.listing import list_all
from atlas_assets.sources.prose.read import Entity, words_of_table
from atlas_assets.sources.prose.table import TextTable, check_columns, is_long, located, naming, read_texts, whole
from atlas_assets.sources.roles.names import noun, noun_of_file

SAMPLE = 20_000  # texts whose words are counted for the examples
_SHOWN, _WORDS, _LONGEST = 3, 6, 60


def infer_texts(
    columns: Sequence[str],
    entities: Sequence[str],
    *,
    entity: Entity = "row",
    key: str = "texts",
    base: Path = Path(),
    options: Options | None = None,
    roles: Mapping[str, str] | None = None,
) -> Inference:
    """The columns of the table that has the texts, and what else it holds as fields.

    entity: what will be mapped; key: below which it will stand in the spec, which says by what. roles: id and label,
    where they are known. Raises DataError for a column that is missing or holds no texts.
    """
    _refuse_files(columns, entities, base)
    given = {role: column for role, column in (roles or {}).items() if role in ("id", "label")}
    with tempfile.TemporaryDirectory(prefix="atlas-") as scratch:
        files = located(entities, base=base, scratch=Path(scratch) / "first", options=options, key=key)
        table = whole(files)
        check_columns(table, columns, files[0], key=key)
        for role, column in given.items():
            tables.column(files[0], table.columns, column, field=f"--{role}")
        told = [sentence for file in files for sentence in file.told]
        chosen, sentences = naming(table, columns, given)
        fields: dict[str, dict[str, Any]] = {
            name: {"type": "text"} for name in columns if name != chosen["label"] or is_long(table[name])
        }
        for name in table.columns:
            if name in chosen.values() or name in columns or isinstance(table.schema[name], (pl.Struct, pl.Object)):
                continue
            decided = metadata.guess(table[name], typed=tables.is_typed(files[0]))
            fields[name] = {"type": decided.type}
            sentences.append(f"{name} -> {decided.type} field: {decided.why}")
        again = Path(scratch) / "again"
        how: dict[str, Any] = {"entity_columns": chosen, "fields": {}, "base": base, "options": options, "key": key}
        some = read_texts(entities, columns, scratch=again, **how)
    lengths = some.texts.str.count_matches(r"\S+").drop_nulls()
    median = f"{len(lengths):,} of {len(some.texts):,} rows, half of them with {lengths.median():.0f} words or more"
    about = [f"{', '.join(columns)} -> texts: {median}"]
    examples: list[str] = []
    if key != "text_vectors":
        step = max(1, len(some.texts) // SAMPLE)
        sample = _every(some, step)
        words, notes = words_of_table(
            sample, entity=entity, phrases=False, stop_words="auto", min_texts=None, max_share=1.0
        )
        about += [note if step == 1 else f"of every {step}th text: {note}" for note in notes]
        worth = words.weights()
        for row in np.unique(words.text)[:_SHOWN]:
            own = np.flatnonzero(words.text == row)
            best = own[np.argsort(-worth[own], kind="stable")]
            named = ", ".join(words.names.gather(words.word[best[:_WORDS]]).to_list())
            more = f", … ({own.size:,})" if own.size > _WORDS else ""
            examples.append(f"{_short(sample.frame['label'][int(row)])}: {named}{more}")
    if key != "texts":
        first = some.texts.is_not_null().arg_true().head(_SHOWN)
        examples = [f"{_short(some.frame['label'][i])}: “{_short(some.texts[i])}”" for i in first]
    of_row = noun([chosen.get("id")]) or noun_of_file(files[0].name) or ("text", "texts")
    names = ("word", "words") if entity == "word" else of_row
    return Inference(
        "vectors" if key == "text_vectors" else key,
        {},
        chosen,
        fields,
        [*told, *about, *sentences],
        entity_noun=names,
        collection_noun=("text", "texts") if entity == "word" else None,
        n_entities=None if key == "texts" else len(lengths),
        form=None,
        examples=examples,
    )


def _every(table: TextTable, step: int) -> TextTable:
    return dataclasses.replace(table, frame=table.frame.gather_every(step), texts=table.texts.gather_every(step))


def _refuse_files(columns: Sequence[str], entities: Sequence[str], base: Path) -> None:
    """Raise DataError where a file is given for a column."""
    for name in columns:
        try:
            listed = list_all([name], base=base)
        except DataError:
            continue
        if listed and "." in name:
            raise DataError(
                file=name,
                where="",
                found=Found("is a file"),
                expected="--texts with the name of a column",
                remedy=f"Name the column with the texts: --texts COLUMN --entities {name}",
            )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
