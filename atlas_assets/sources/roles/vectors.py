"""Columns of a file of vectors: the id, and one column of lists or several of numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from atlas_assets.sources.field_types import words
from atlas_assets.sources.locate import Located
from atlas_assets.sources.roles.contents import facts, is_numeric
from atlas_assets.sources.roles.guess import Guess, hopeless
from atlas_assets.sources.roles.names import name_score

CLASSES = frozenset({"label", "class", "target", "species", "category", "group", "cluster", "y", "digit", "kind"})
IDS = frozenset({"id", "uid", "key"})
MOST_CLASSES = 0.2  # of the rows: a whole number with more values than that is no class
NAMES_APART = 0.5  # of the rows: names may repeat, but most are different
GAPS = 0.1  # of a numbered series: some columns may have been left out


def guess_vectors(sample: pl.DataFrame, *, file: Located, given: Mapping[str, Any]) -> Guess:
    """The id, if there is one, and the vector; those in ``given`` are taken as they are. Raises DataError without."""
    chosen, sentences = dict(given), []
    if "vector" not in chosen:
        chosen["vector"], sentence = _vector(sample, file, chosen.get("id"))
        sentences.append(sentence)
    if "id" not in chosen:
        used = chosen["vector"] if isinstance(chosen["vector"], list) else [chosen["vector"]]
        best, sentence = guess_id(sample, [c for c in sample.columns if c not in used])
        sentences.append(sentence)
        if best is not None:
            chosen["id"] = best
    return Guess({role: chosen[role] for role in ("id", "vector") if role in chosen}, sentences)


def guess_id(sample: pl.DataFrame, names: Sequence[str]) -> tuple[str | None, str]:
    """Which of the columns tells all rows apart, None where none does; and why."""
    free = [c for c in names if not sample[c].dtype.is_nested()]
    unique = [c for c in free if sample[c].null_count() == 0 and sample[c].n_unique() == sample.height]
    unique = [c for c in unique if not sample[c].dtype.is_float()]
    said = [c for c in free if words(c)[-1:] == ["id"] or c.lower() in IDS]  # what repeats there is a mistake
    best = max(unique or said, key=lambda c: (name_score("id", c), -free.index(c)), default=None)
    if best is None:
        return None, "no column tells all rows apart, so row numbers, from 0, are the ids"
    return best, f"{best} -> id: {facts(sample[best], 'id')}"


def other_columns(names: Sequence[str], columns: Mapping[str, Any]) -> list[str]:
    """The columns that are neither id nor vector: what is known of the entities."""
    vector = columns["vector"]
    used = {columns.get("id"), *([vector] if isinstance(vector, str) else vector)}
    return [name for name in names if name not in used]


def other_vectors(others: pl.DataFrame) -> list[str]:
    """Of the columns beside id and vector those of lists of decimals: vectors of another model, no metadata."""
    lists = {name: dtype.inner for name, dtype in others.schema.items() if isinstance(dtype, (pl.List, pl.Array))}
    return [name for name, inner in lists.items() if inner is not None and inner.is_float()]  # type: ignore[union-attr]


def told_of_others(others: Sequence[str]) -> list[str]:
    """That these columns are vectors that were not read."""
    named = ", ".join(others)
    return [f"{named}: other vectors, not read; an atlas of its own maps them: --vector {others[0]}"] if others else []


def naming(table: pl.DataFrame) -> list[str]:
    """The columns that may hold names of the rows: a class, which is called label as well, is none."""
    return [name for name in table.columns if table[name].n_unique() > NAMES_APART * table.height]


def are_measured(columns: Mapping[str, Any]) -> bool:
    """Whether each number of the vectors has a name of its own, and not just a number."""
    vector = columns.get("vector")
    return isinstance(vector, list) and len(_longest_series(vector)) < len(vector)


def _vector(sample: pl.DataFrame, file: Located, id_column: str | None) -> tuple[str | list[str], str]:
    lists = [c for c in sample.columns if isinstance(sample[c].dtype, (pl.List, pl.Array))]
    written = [
        c
        for c in sample.columns
        if sample[c].dtype == pl.String
        and _are_written_vectors(sample[c].drop_nulls().head(100), name_score("vector", c))
    ]
    best = max([*lists, *written], key=lambda c: name_score("vector", c), default=None)
    if best is not None:
        return best, f"{best} -> vector: its values are lists of numbers"
    numeric = [c for c in sample.columns if c != id_column and is_numeric(sample[c])]
    series = _longest_series(numeric)
    chosen = series if len(series) >= 2 else [c for c in numeric if not _is_no_number(c, sample[c])]
    if len(chosen) < 2:
        raise hopeless(sample, file, ("id", "vector"))
    left = [c for c in numeric if c not in chosen]
    why = "numbered columns" if len(series) >= 2 else "columns of numbers"
    told = f"; not {', '.join(left[:5])}{' …' if len(left) > 5 else ''}" if left else ""
    return chosen, f"{chosen[0]} … {chosen[-1]} -> vector: {len(chosen):,} {why}{told}"


def _are_written_vectors(cells: pl.Series, score: float) -> bool:
    """Whether cells of text are lists of numbers: in brackets, or in a column that is called so."""
    begins = r"^[\[({]?\s*-?[\d.]+(e-?\d+)?[,;\s]" if score > 0 else r"^[\[({](\s*-?\d*\.\d+([eE][+-]?\d+)?[,;\s]){2}"
    return not cells.is_empty() and bool(cells.str.contains(begins).all())


def _longest_series(names: Sequence[str]) -> list[str]:
    """Of columns that are called the same but for a number at the end, 0, 1, 2 … or 1, 2, 3 …, the longest series."""
    series: dict[str, dict[str, int]] = {}
    for name in names:
        if match := re.fullmatch(r"(.*?)(\d+)", name):
            series.setdefault(match.group(1), {})[name] = int(match.group(2))
    whole = [
        list(columns)
        for columns in series.values()
        if max(columns.values()) - min(columns.values()) + 1 <= (1 + GAPS) * len(columns)
    ]
    return max(whole, key=len, default=[])


def _is_no_number(name: str, values: pl.Series) -> bool:
    """Whether a column of numbers stands for something else: an id or a class."""
    if name_score("id", name) > 0 or words(name)[-1:] == ["id"]:
        return True
    named = not CLASSES.isdisjoint(words(name))
    whole = values.dtype.is_integer() or bool((values.drop_nulls().cast(pl.Float64, strict=False) % 1 == 0).all())
    return named and whole and values.n_unique() <= max(2, MOST_CLASSES * len(values))
