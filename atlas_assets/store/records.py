"""Small JSON files beside the artifacts, as they are read: whatever a disk, a person or another release left there."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from typing import Any, TypeVar

from atlas_assets.errors import AtlasError

R = TypeVar("R")


class BrokenRecord(AtlasError):
    """A record that cannot be read, or not by this release: ``path`` is where, ``what`` what is wrong.

    newer: nothing is wrong with it, but a later release of Atlas wrote it.
    """

    def __init__(self, path: str, what: str, *, newer: bool = False) -> None:
        self.path, self.what, self.newer = path, what, newer
        remedy = (
            "Update Atlas with: pip install -U atlas-assets"
            if newer
            else "Expected what Atlas wrote there. To set it aside, run: atlas doctor --verify"
        )
        super().__init__(f"{path} {what}. {remedy}")


def parsed(content: bytes, path: str) -> Any:
    """The value that a file of JSON holds. Raises BrokenRecord where it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise BrokenRecord(path, "is empty" if not content.strip(b"\0 \n") else f"is not JSON ({error})") from error


def as_record(kind: type[R], content: bytes, path: str) -> R:
    """A record of one of the store's dataclasses. Raises BrokenRecord where it is none, or of a newer release."""
    record = parsed(content, path)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if not isinstance(record, dict):
        raise BrokenRecord(path, f"holds a {type(record).__name__}, not an object")
    if newer := sorted(set(record) - set(fields)):
        names = ", ".join(map(repr, newer))
        what = f"was written by a newer release of Atlas: it has {names}, which this one does not know"
        raise BrokenRecord(path, what, newer=True)
    kinds = typing.get_type_hints(kind)
    for name, field in fields.items():
        if name not in record:
            if field.default is dataclasses.MISSING:
                raise BrokenRecord(path, f"lacks {name!r}")
        elif not _is_a(record[name], kinds[name]):
            raise BrokenRecord(path, f"has {record[name]!r:.40} as {name!r}")
    return kind(**record)


def _is_a(value: object, kind: Any) -> bool:
    """Whether a value is of a field's type, as far as its outermost part."""
    if kind is Any:
        return True
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_is_a(value, one) for one in typing.get_args(kind))
    return isinstance(value, origin or kind)
