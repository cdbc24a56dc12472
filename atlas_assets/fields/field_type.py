"""What a type of metadata says of itself.

Read by the spec, which must load fast: at module level, files of this package import nothing but each other and the
standard library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

    from atlas_assets.sources.values.parsed import Parsed

Column = Literal["numbers", "codes", "flags", "lists"]
"""What the site keeps of a field to colour, size, filter and compare by: see ``stages.bundle.columns``."""


def not_guessed(values: pl.Series) -> str | None:
    """Of a type that is never guessed, or by ``sources.field_types`` among others."""
    return None


@dataclass(frozen=True)
class FieldType:
    """A type of metadata of entities: the value of ``type`` below ``source.fields``.

    convert: a column as the files have it, in the form in which the type is kept (number Float64 or Int64, year Int32,
    date Date, boolean Boolean, list List(String), else String); null where a value is absent or does not fit, of which
    the reader tells the latter. column: what is kept of it for colours and filters, None for nothing. detail: values
    as JSON, for the details of an entity. shown_as: the type of the viewer that shows it, its own name where the viewer
    knows it. unit: where the spec gives none. guess: a clause on why a column is of this type, None where it is not;
    asked before any type of Atlas's own. measured: whether its values are quantities, so that other values in their
    place are a mistake. searchable: whether visitors may look for its values. logarithmic: whether its scale may be.
    tick: how a number of its column is written on an axis. code_version: of one that is not Atlas's own, raised when
    the same values are converted to others.
    """

    name: str
    convert: Callable[[pl.Series], pl.Series | Parsed]
    column: Column | None
    detail: Callable[[pl.Series], list[Any]]
    shown_as: str = ""
    unit: str | None = None
    guess: Callable[[pl.Series], str | None] = not_guessed
    measured: bool = False
    searchable: bool = False
    logarithmic: bool = False
    tick: Callable[[float], str] | None = None
    code_version: str = ""

    @property
    def in_viewer(self) -> str:
        """The type that the viewer knows it by."""
        return self.shown_as or self.name
