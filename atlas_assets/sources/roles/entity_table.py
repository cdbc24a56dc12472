"""Columns of the entity table: the ids that the relation uses, and the label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import tables
from atlas_assets.sources.field_types import words
from atlas_assets.sources.locate import Located
from atlas_assets.sources.roles.contents import looks_like_time
from atlas_assets.sources.roles.guess import Guess
from atlas_assets.sources.roles.names import name_score


def guess_entity_columns(
    table: pl.DataFrame, *, ids: pl.Series | None, relation: Sequence[str], file: Located, given: Mapping[str, str]
) -> Guess:
    """Which column of the entity table holds the ids used in the relation (``ids``, a sample), and which the label."""
    chosen: dict[str, str] = dict(given)
    sentences: list[str] = []
    if "id" not in chosen:
        flat = [c for c in table.columns if not table[c].dtype.is_nested()]
        known = set(ids.cast(pl.String).drop_nulls().unique().head(2000).to_list()) if ids is not None else set()
        shares = {c: _overlap(table[c], known) for c in flat}
        best = max(
            flat,
            key=lambda c: (round(shares[c], 2), c in relation, words(c)[-1:] == ["id"], -flat.index(c)),
            default=None,
        )
        if best is None or (known and shares[best] == 0):
            best = next((c for c in flat if c in relation or words(c)[-1:] == ["id"] or c.lower() == "id"), None)
        if best is None:
            raise DataError(
                file=file.name,
                where="",
                found=Found(f"has no column that holds the entities' ids ({', '.join(table.columns)})"),
                expected="a column with the ids used in the relation's files",
                remedy="Set source.entity_columns.id to it.",
            )
        chosen["id"] = best
        why = f"{shares[best]:.0%} of the sampled ids are found in it" if known else "the name fits"
        sentences.append(f"{best} -> id of the entity table: {why}")
    if "label" not in chosen:
        texts = [c for c in table.columns if c != chosen["id"] and table[c].dtype in (pl.String, pl.Categorical)]
        named = [c for c in texts if name_score("label", c) > 0 and not looks_like_time(table[c], named=False)]
        best = max(named, key=lambda c: (name_score("label", c), -texts.index(c)), default=None)
        if best is not None:
            chosen["label"] = best
            sentences.append(f"{best} -> label: the name fits, such as {tables.examples(table[best].drop_nulls())}")
        else:
            sentences.append(f"{chosen['id']} -> label: no column is named like a label, so ids are shown")
    return Guess(chosen, sentences)


def _overlap(values: pl.Series, known: set[str]) -> float:
    if not known:
        return 0.0
    # an id written as 12 in one file and as 12.0 or "12" in the other is found all the same; the reader decides
    return len(known & set(values.cast(pl.String).drop_nulls().to_list())) / len(known)
