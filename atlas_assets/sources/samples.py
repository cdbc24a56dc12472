"""A few collections, edges or vectors as they were understood, so that a person sees a mistake at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

_SHOWN, _MEMBERS, _LONGEST = 3, 4, 40


def understood(
    kind: str, sample: pl.DataFrame, columns: Mapping[str, Any], labels: Mapping[Any, str] | None = None
) -> list[str]:
    """Lines such as "u17: Dune, Emma, … (12)". labels: of ids as text, where an entity table has them."""
    if sample.is_empty():
        return []
    if kind == "vectors":
        return _vectors(sample, columns)
    first, second = ("collection", "entity") if kind == "collections" else ("source", "target")
    holder, member = columns[first], columns[second]
    known = sample.select(holder=pl.col(holder).cast(pl.String), member=pl.col(member).cast(pl.String)).drop_nulls()
    held = known.group_by("holder", maintain_order=True).agg("member")
    several = held.filter(pl.col("member").list.len() > 1)
    shown = (several if several.height >= _SHOWN else held).head(_SHOWN)
    names = labels or {}
    holders = names if kind == "edges" else {}
    shown_rows: list[tuple[str, list[str]]] = shown.rows()  # type: ignore[assignment]
    return [
        f"{_short(holders.get(one, one))}: {_listed([names.get(member, member) for member in members])}"
        for one, members in shown_rows
    ]


def _listed(members: list[str]) -> str:
    once = list(dict.fromkeys(members))
    more = f", … ({len(once):,})" if len(once) > _MEMBERS else ""
    return ", ".join(_short(one) for one in once[:_MEMBERS]) + more


def _vectors(sample: pl.DataFrame, columns: Mapping[str, Any]) -> list[str]:
    vector = columns.get("vector")
    if vector is None:
        return []
    lines = []
    for place, row in enumerate(sample.head(_SHOWN).iter_rows(named=True)):
        one = row[columns["id"]] if columns.get("id") in row else f"row {place + 1}"
        if isinstance(vector, list):
            numbers = [str(row[name]).strip() for name in vector]
        elif isinstance(row[vector], str):
            numbers = row[vector].strip("[](){} ").replace(",", " ").split()
        else:
            numbers = [f"{number:.4g}" for number in row[vector] or [] if number is not None]
        lines.append(f"{_short(str(one))}: {', '.join(numbers[:_MEMBERS])}, … ({len(numbers):,} numbers)")
    return lines


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
