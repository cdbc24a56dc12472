"""Columns of the rows of a relation: collection and entity, or source and target, and what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from atlas_assets.sources.locate import Located
from atlas_assets.sources.roles.contents import changes, facts, is_fractional, is_numeric, looks_like_time
from atlas_assets.sources.roles.guess import ROLES, Guess, hopeless
from atlas_assets.sources.roles.names import name_score


def guess_relation(sample: pl.DataFrame, kind: str, *, file: Located, given: Mapping[str, Any]) -> Guess:
    """Columns for the roles of ``kind``; those in ``given`` are taken as they are. Raises DataError where it cannot."""
    required = ROLES[kind][:2]
    chosen: dict[str, Any] = dict(given)
    sentences: list[str] = []
    free = [c for c in sample.columns if c not in chosen.values()]
    for role in ROLES[kind]:
        if role in chosen:
            continue
        fits = [c for c in free if _fits(role, sample[c])]
        best = max(fits, key=lambda c: (name_score(role, c), -free.index(c)), default=None)
        if best is not None and name_score(role, best) > 0 and not _better_elsewhere(role, best, kind, chosen):
            chosen[role] = best
            free.remove(best)
            sentences.append(f"{best} -> {role}: {facts(sample[best], role)}, and the name fits")
    missing = [role for role in required if role not in chosen]
    if missing:
        candidates = [c for c in free if _fits(missing[0], sample[c]) and not _fits("timestamp", sample[c])]
        if kind == "collections" and len(missing) == 2:
            # rows of a collection usually lie together, so its column changes less often from row to row
            candidates = sorted(candidates[:2], key=lambda c: changes(sample[c]))
        if len(candidates) < len(missing):
            raise hopeless(sample, file, required)
        for role, name in zip(missing, candidates, strict=False):
            chosen[role] = name
            sentences.append(
                f"{name} -> {role}: {facts(sample[name], role)}; a guess by position, the name says nothing"
            )
    order = [role for role in ROLES[kind] if role in chosen]
    return Guess({role: chosen[role] for role in order}, sentences)


def _better_elsewhere(role: str, name: str, kind: str, chosen: Mapping[str, Any]) -> bool:
    """Whether a later role that is still open has a stronger claim on the column."""
    others = [r for r in ROLES[kind] if r not in chosen and r != role]
    return any(name_score(r, name) > name_score(role, name) for r in others)


def _fits(role: str, values: pl.Series) -> bool:
    dtype = values.dtype
    if dtype.is_nested() or dtype == pl.Binary:
        return False
    if role in ("value", "weight"):
        return is_numeric(values, tolerance=0.5)  # a bad number is to be told, not to hide the column
    if role == "timestamp":
        return looks_like_time(values, named=name_score("timestamp", values.name) > 0)
    return not (dtype.is_float() or dtype in (pl.Boolean, pl.Date, pl.Datetime)) and not is_fractional(values)
