"""What ``atlas new`` makes of a table whose rows are compared by their columns."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets.sources import entity_table, tables
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.infer import Inference
from atlas_assets.sources.roles.names import noun
from atlas_assets.sources.roles.vectors import guess_id
from atlas_assets.sources.rows.features import Feature, choose
from atlas_assets.sources.rows.read import encode, in_words, typed_rows

_SHOWN, _COLUMNS, _LONGEST = 3, 4, 40


def infer_rows(
    table: Sequence[str], *, base: Path = Path(), options: Options | None = None, roles: Mapping[str, str] | None = None
) -> Inference:
    """Decide how each column is compared, by all rows of the files; paths as in defs.yaml.

    roles: the columns of id and label, where they are known. Raises DataError where the rows cannot be read as vectors.
    """
    roles = roles or {}
    with tempfile.TemporaryDirectory(prefix="atlas-") as scratch:
        located = tables.located(table, base=base, scratch=Path(scratch), role="entities", options=options)
        whole = tables.collect(tables.scan(located[0]), located[0])
        for role, column in roles.items():
            tables.column(located[0], whole.columns, column, field=f"--{role}")
        name, why = (roles["id"], "") if "id" in roles else guess_id(whole, whole.columns)
        label = {"label": roles["label"]} if "label" in roles else {}
        frame, fields, sentences = typed_rows(located, {"id": name} if name else {}, label, None)
        choices = choose(frame, fields)
        chosen = {one.name: Feature(one.encoding) for one in choices if one.encoding}
        matrix, told = encode(frame, fields, chosen, located[0])
    column_of = {entity_table.field_name(column): column for column in whole.columns}
    described, guessed = as_written(whole, name, fields)
    return Inference(
        "vectors",
        {"id": name} if name else {},
        label or guessed,
        described,
        [*([why] if why and name else []), *sentences, *in_words(choices), *told],
        entity_noun=noun([name]),
        n_entities=frame.height,
        n_numbers=matrix.shape[1],
        examples=_examples(frame, list(chosen)),
        metric="euclidean",
        features={column_of[one]: feature.encoding for one, feature in chosen.items()},
    )


def as_written(
    whole: pl.DataFrame, name: str | None, fields: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """How a spec says which columns of a table are fields, and which is the label; name: the column of the ids."""
    types = {field["name"]: field["type"] for field in fields}
    columns = {column: entity_table.field_name(column) for column in whole.columns if column != name}
    described = {column: {"type": types[field]} for column, field in columns.items() if field in types}
    texts = [column for column in columns if column not in described and whole.schema[column] == pl.String]
    return described, {"label": texts[0]} if len(texts) == 1 else {}


def _examples(frame: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """A few rows by what they are compared by."""
    shown = frame.head(_SHOWN).select("label", *names[:_COLUMNS])
    more = ", …" if len(names) > _COLUMNS else ""
    return [
        f"{row['label'][:_LONGEST]}: " + ", ".join(f"{name} {_short(row[name])}" for name in shown.columns[1:]) + more
        for row in shown.iter_rows(named=True)
    ]


def _short(value: object) -> str:
    if isinstance(value, list):
        text = ", ".join(map(str, value))
    else:
        text = "unknown" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
