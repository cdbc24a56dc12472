"""What is read rather than compared: texts, links and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_assets.fields.field_type import FieldType

if TYPE_CHECKING:
    import polars as pl

    from atlas_assets.sources.values.parsed import Parsed


def as_text(values: pl.Series) -> Parsed:
    """String; what is nested as Python writes it."""
    import polars as pl

    from atlas_assets.sources.values.parsed import Parsed, is_plain, present

    nothing = pl.repeat(False, len(values), eager=True)
    if not is_plain(values.dtype):
        made = [None if v is None else str(v) for v in values.to_list()]
        return Parsed(pl.Series(values.name, made, dtype=pl.String), nothing)
    text = present(pl.col(values.name).cast(pl.String), pl.String()).alias(values.name)
    return Parsed(values.to_frame().select(text).to_series(), nothing)


def texts_as_json(values: pl.Series) -> list[Any]:
    """Cleaned of what a page could not show."""
    import polars as pl

    from atlas_assets.stages.bundle.plain_text import clean_texts

    return clean_texts(values.cast(pl.String)).replace("", None).to_list()


LINK = FieldType("link", as_text, None, texts_as_json)
IMAGE = FieldType("image", as_text, None, texts_as_json)
TEXT = FieldType("text", as_text, None, texts_as_json, searchable=True)
