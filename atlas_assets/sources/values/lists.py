"""Lists in one cell: as JSON or Python writes them, or their members with a sign between."""

from __future__ import annotations

import ast
import json
from typing import Any

import polars as pl

from atlas_assets.sources.values.parsed import Parsed, is_plain, present

LITERAL = "[]"
_NAMED_BY = ("name", "title", "label", "value", "id")


def parse(values: pl.Series, separator: str | None) -> Parsed:
    """A column as lists of text. separator: between the members; LITERAL for lists as code; None for lists as such."""
    name, dtype = values.name, values.dtype
    if isinstance(dtype, pl.Array):
        values, dtype = values.arr.to_list(), pl.List(dtype.inner)
    if isinstance(dtype, pl.List):
        return _of_lists(values, dtype)
    if not is_plain(dtype):
        return Parsed(pl.Series(name, [None] * len(values), dtype=pl.List(pl.String)), values.is_not_null())
    there = values.to_frame().select(present(pl.col(name).cast(pl.String), pl.String())).to_series()
    if separator == LITERAL:
        return _of_literals(there)
    member = pl.element().str.strip_chars()
    parts = pl.col(name).str.split(separator or "|").list.eval(member.filter(member != ""))
    made = there.to_frame().select(pl.when(pl.col(name).is_not_null()).then(parts).alias(name)).to_series()
    return Parsed(made, pl.repeat(False, len(values), eager=True))


def are_literals(text: pl.Series) -> bool:
    """Whether every text is a list as code writes it."""
    if not bool(text.str.contains(r"^[\[({].*[\])}]$").all()):
        return False
    return all(members_of(one) is not None for one in text.unique().to_list())


def members_of(text: str) -> list[str] | None:
    """The members of a list as JSON or Python writes it; of an object among them, its name. None where it is none."""
    for load in (json.loads, ast.literal_eval):
        try:
            value = load(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if isinstance(value, (list, tuple, set)):
            members = [_text_of(member) for member in value]
            known = [member for member in members if member is not None]
            return known if len(known) == sum(member is not None for member in value) else None
    return None


def _text_of(member: Any) -> str | None:
    if isinstance(member, dict):
        return next((str(member[key]) for key in _NAMED_BY if member.get(key) is not None), None)
    if isinstance(member, (list, tuple, set)) or member is None:
        return None
    return str(member)


def _of_literals(text: pl.Series) -> Parsed:
    known = {one: members_of(one) for one in text.drop_nulls().unique().to_list()}
    made = pl.Series(text.name, [known.get(one) for one in text.to_list()], dtype=pl.List(pl.String))
    return Parsed(made, made.is_null() & text.is_not_null())


def _of_lists(values: pl.Series, dtype: pl.List) -> Parsed:
    name, inner = values.name, dtype.inner
    if isinstance(inner, pl.Struct):
        key = next((key for key in _NAMED_BY if key in {field.name for field in inner.fields}), None)
        if key is not None:
            named = values.to_frame().select(pl.col(name).list.eval(pl.element().struct.field(key))).to_series()
            return Parsed(named.cast(pl.List(pl.String)).list.drop_nulls(), pl.repeat(False, len(values), eager=True))
    if inner.is_nested():  # type: ignore[union-attr]
        return Parsed(pl.Series(name, [None] * len(values), dtype=pl.List(pl.String)), values.is_not_null())
    made = values.cast(pl.List(pl.String)).list.drop_nulls()
    return Parsed(made, pl.repeat(False, len(values), eager=True))
