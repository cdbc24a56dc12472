"""What parts entities into groups: categories, lists of them, yes and no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_assets.fields.field_type import FieldType
from atlas_assets.fields.texts import as_text, texts_as_json

if TYPE_CHECKING:
    import polars as pl

    from atlas_assets.sources.values.parsed import Parsed


def as_boolean(values: pl.Series) -> Parsed:
    """Boolean, of yes and no in the usual words."""
    from atlas_assets.sources.values import truth

    return truth.parse(values)


def as_list(values: pl.Series) -> Parsed:
    """List(String), of lists and of texts with a separator, which is guessed."""
    from atlas_assets.sources.field_types import parse_list

    return parse_list(values)


def _truth_as_json(values: pl.Series) -> list[Any]:
    import polars as pl

    return values.cast(pl.Boolean).to_list()


def _lists_as_json(values: pl.Series) -> list[Any]:
    import polars as pl

    from atlas_assets.stages.bundle.plain_text import clean_lists

    return clean_lists(values.cast(pl.List(pl.String)))


CATEGORY = FieldType("category", as_text, "codes", texts_as_json, searchable=True)
LIST = FieldType("list", as_list, "lists", _lists_as_json, searchable=True)
BOOLEAN = FieldType("boolean", as_boolean, "flags", _truth_as_json)
