"""What visitors can search beside the names: the short texts of an entity, one line each."""

from __future__ import annotations

from typing import Any

import polars as pl

from atlas_assets.errors import DataError
from atlas_assets.fields import FIELD_TYPES
from atlas_assets.stages.bundle.plain_text import clean_lines

TYPICAL_LENGTH = 48  # of a value; longer ones are prose, in which one finds too much
MAX_FIELDS = 4
MAX_LINE = 160  # characters per entity
MAX_TOTAL = 24_000_000  # characters in all: what a browser searches while someone types
SEPARATOR = " · "


def choose_fields(rows: pl.DataFrame, fields: list[dict[str, Any]]) -> list[str]:
    """The fields to search where nobody named any: categories, lists and texts whose values are short words.

    At most MAX_FIELDS, those with the most different values first: an author tells more than a language does.
    """
    found = []
    for field in fields:
        if not FIELD_TYPES[field["type"]].searchable:
            continue
        values = _values(rows[field["name"]]).drop_nulls()
        if values.is_empty() or (values.str.len_chars().quantile(0.5) or 0) > TYPICAL_LENGTH:
            continue
        if values.str.contains(r"\p{L}{2}").sum() < 0.5 * len(values):  # numbers and codes such as an ISBN
            continue
        found.append((values.n_unique(), field["name"]))
    chosen = {name for _, name in sorted(found, reverse=True)[:MAX_FIELDS]}
    return [field["name"] for field in fields if field["name"] in chosen]


def search_lines(rows: pl.DataFrame, fields: list[dict[str, Any]], names: list[str]) -> list[str]:
    """One line per row: the values of the fields ``names``, cut to what a browser can search."""
    known = {field["name"]: field for field in fields}
    for name in names:
        if name not in known or not FIELD_TYPES[known[name]["type"]].searchable:
            possible = [field["name"] for field in fields if FIELD_TYPES[field["type"]].searchable]
            raise DataError(
                file="bundle",
                where="display.search",
                found=name,
                expected=f"some of {', '.join(possible) or 'none'}",
                remedy="Only categories, lists and texts are searched; numbers and years can be filtered anyway.",
            )
    length = max(24, min(MAX_LINE, MAX_TOTAL // max(1, rows.height)))
    parts = [clean_lines(_joined(rows[name])).fill_null("") for name in names]
    together = pl.DataFrame([part.alias(f"{at}") for at, part in enumerate(parts)])
    empty = together.select(pl.all_horizontal(pl.all() == "")).to_series()
    # a value that is missing keeps its place, so that the page can tell which field it found
    lines = together.select(pl.concat_str(pl.all(), separator=SEPARATOR)).to_series()
    long, short = lines.str.len_chars() > length, lines.str.slice(0, length).str.strip_chars_end()
    cut = pl.when(long).then(short).otherwise(lines)
    return pl.select(pl.when(empty).then(pl.lit("")).otherwise(cut)).to_series().to_list()


def _values(values: pl.Series) -> pl.Series:
    flat = values.explode() if isinstance(values.dtype, pl.List) else values
    return flat.cast(pl.String).replace("", None)


def _joined(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.List):
        return values.cast(pl.List(pl.String)).list.drop_nulls().list.join(", ")
    return values.cast(pl.String)
