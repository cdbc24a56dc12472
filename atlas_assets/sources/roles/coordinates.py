"""Columns that are a map already: x and y, longitude and latitude, the two of an earlier layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_AXES = (("x", "y", "z"), ("0", "1", "2"), ("1", "2", "3"))
_MAPS = ("", "umap", "tsne", "pca", "map", "pos", "position", "coord", "coordinate", "layout", "embedding")
_PLACES = (("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("long", "lat"))


def guess_coordinates(fields: Mapping[str, Mapping[str, Any]]) -> list[str] | None:
    """The columns, in the order x, y and perhaps z; None where no fields {name: {type}} are called so."""
    numbers = {_plain(name): name for name, facts in fields.items() if facts["type"] == "number"}
    for names in _PLACES:
        if all(name in numbers for name in names):
            return [numbers[name] for name in names]
    for axes in _AXES:
        for called in _MAPS:
            if called or axes[0] == "x":
                found = [numbers[f"{called}{axis}"] for axis in axes if f"{called}{axis}" in numbers]
                if found[:2] == [numbers.get(f"{called}{axis}") for axis in axes[:2]]:
                    return found
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
