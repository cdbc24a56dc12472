"""The result of looking for columns, and the roles there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import tables
from atlas_assets.sources.locate import Located

ROLES = {
    "collections": ("collection", "entity", "value", "timestamp", "weight"),
    "edges": ("source", "target", "weight", "distance"),
    "vectors": ("id", "vector"),
}


@dataclass(frozen=True)
class Guess:
    """columns: {role: column, or list of columns for a vector}; sentences: one per decision, for people.

    separator: where cells of the entity's column hold several, the sign between them.
    """

    columns: dict[str, Any]
    sentences: list[str] = field(default_factory=list)
    separator: str | None = None


def hopeless(sample: pl.DataFrame, file: Located, required: Sequence[str]) -> DataError:
    shown = "; ".join(f"{c} ({tables.examples(sample[c].drop_nulls(), 2)})" for c in sample.columns[:12])
    return DataError(
        file=file.name,
        where="",
        found=Found(f"does not show which column is the {' and which the '.join(required)}: {shown}"),
        expected=f"columns for {' and '.join(required)}",
        remedy=f"Choose them in source.columns, for example columns: {{{', '.join(f'{r}: NAME' for r in required)}}}.",
    )
