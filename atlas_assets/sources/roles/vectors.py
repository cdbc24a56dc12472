"""Columns of a file of vectors: the id, and one column of lists or several of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from atlas_assets.sources.field_types import words
from atlas_assets.sources.locate import Located
from atlas_assets.sources.roles.contents import facts, is_numeric
from atlas_assets.sources.roles.guess import Guess, hopeless
from atlas_assets.sources.roles.names import name_score


def guess_vectors(sample: pl.DataFrame, *, file: Located, given: Mapping[str, Any]) -> Guess:
    """The id and the vector; those in ``given`` are taken as they are. Raises DataError where it cannot."""
    chosen, sentences = dict(given), []
    if "vector" not in chosen:
        lists = [c for c in sample.columns if isinstance(sample[c].dtype, (pl.List, pl.Array))]
        written = [
            c
            for c in sample.columns
            if sample[c].dtype == pl.String
            and name_score("vector", c) > 0
            and sample[c].drop_nulls().head(100).str.contains(r"^\[?\s*-?[\d.]+[,\s]").all()
        ]
        best = max([*lists, *written], key=lambda c: name_score("vector", c), default=None)
        if best is not None:
            chosen["vector"] = best
            sentences.append(f"{best} -> vector: its values are lists of numbers")
        else:
            numeric = [c for c in sample.columns if c != chosen.get("id") and is_numeric(sample[c])]
            numbered = [c for c in numeric if any(ch.isdigit() for ch in c)]
            numeric = numbered if len(numbered) >= 2 else [c for c in numeric if not _looks_like_id(c, sample[c])]
            if len(numeric) < 2:
                raise hopeless(sample, file, ("id", "vector"))
            chosen["vector"] = numeric
            sentences.append(f"{numeric[0]} … {numeric[-1]} -> vector: {len(numeric):,} numeric columns")
    if "id" not in chosen:
        used = chosen["vector"] if isinstance(chosen["vector"], list) else [chosen["vector"]]
        free = [c for c in sample.columns if c not in used and not sample[c].dtype.is_nested()]
        best = max(free, key=lambda c: (name_score("id", c), sample[c].n_unique(), -free.index(c)), default=None)
        if best is None:
            raise hopeless(sample, file, ("id", "vector"))
        chosen["id"] = best
        sentences.append(f"{best} -> id: {facts(sample[best], 'id')}")
    return Guess({"id": chosen["id"], "vector": chosen["vector"]}, sentences)


def _looks_like_id(name: str, values: pl.Series) -> bool:
    return name_score("id", name) > 0 or words(name)[-1:] == ["id"]
