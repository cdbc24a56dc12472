"""The types of metadata: how values are read, kept, compared and shown.

Each type declares itself in a file of this package, installed packages add theirs (``registry``), and everything that
knows types anywhere (specs, readers, columns, details, colours, search, the poster) derives from FIELD_TYPES.
"""

from __future__ import annotations

from atlas_assets.fields.field_type import Column, FieldType
from atlas_assets.fields.groups import BOOLEAN, CATEGORY, LIST
from atlas_assets.fields.numbers import DATE, NUMBER, YEAR
from atlas_assets.fields.texts import IMAGE, LINK, TEXT
from atlas_assets.registry import Registry

__all__ = ["FIELD_TYPES", "Column", "FieldType", "column_of"]

FIELD_TYPES = Registry("atlas.field_types", FieldType, (NUMBER, CATEGORY, LIST, YEAR, DATE, BOOLEAN, LINK, IMAGE, TEXT))


def column_of(type_: str) -> Column | None:
    """What is kept of fields of this type to colour and filter by."""
    return FIELD_TYPES[type_].column
