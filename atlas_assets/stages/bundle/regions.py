"""The regions of a map in its bundle: a list of them, and which of them each row is in."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from atlas_assets.stages.bundle import encoding
from atlas_assets.stages.bundle.files import Writer
from atlas_assets.stages.bundle.plain_text import clean_line
from atlas_assets.stages.regions.stability import WEAK

MOST_TYPICAL = 4  # of a region


def of_rows(regions: pl.DataFrame | None, region: np.ndarray | None, buckets: list[slice]) -> list[bytes] | None:
    """The region of each row as its place in the list that ``listed`` writes, a part for each bucket."""
    if regions is None or region is None or not regions.height:
        return None
    places = _places(regions)
    place_of = np.full(max(places, default=0) + 1, -1)
    place_of[list(places)] = list(places.values())
    known = (region >= 0) & (region < place_of.size)
    code = np.where(known, place_of[np.where(known, region, 0)], -1)
    return [
        encoding.to_planes(np.where(code[rows] < 0, encoding.NULL_U16, code[rows]).astype(np.uint16))
        for rows in buckets
    ]


def coarsest(regions: pl.DataFrame | None, region: np.ndarray | None) -> tuple[np.ndarray | None, dict[int, str]]:
    """The coarsest region of each row, -1 for none, and what these are called; None where a map has no regions."""
    if regions is None or region is None or not regions.height or "parent" not in regions.columns:
        return None, {}
    parent = dict(zip(regions["region"].to_list(), regions["parent"].to_list(), strict=True))
    top = np.full(max(parent) + 1, -1)
    for number in parent:
        top[number] = number
        while (above := parent[int(top[number])]) is not None:
            top[number] = above
    names = {
        row["region"]: clean_line(row["name"]) for row in regions.iter_rows(named=True) if row.get("share") is not None
    }
    known = (region >= 0) & (region < top.size)
    return np.where(known, top[np.where(known, region, 0)], -1), names


def _places(regions: pl.DataFrame) -> dict[int, int]:
    return {number: place for place, number in enumerate(regions["region"].to_list())}


def listed(regions: pl.DataFrame | None, dims: int, number: int, out: Writer) -> dict[str, Any] | None:
    """The list of a map's regions, in ``dims`` dimensions; ``number``: of the map."""
    if regions is None or not regions.height:
        return None
    entries, places = [], _places(regions)
    for row in regions.iter_rows(named=True):
        place = {axis: _rounded(row[axis], 6) for axis in "xyz"[:dims]}
        parent = row.get("parent")
        entries.append(
            {
                "name": clean_line(row["name"]),
                **place,
                "size": row["size"],
                "level": row["level"],
                "parent": None if parent is None else places[parent],
                "priority": _rounded(row["priority"], 6),
                **_said_of_region(row),
            }
        )
    return out.put("projections", f"{number}-regions", encoding.encode_json(entries))


def _said_of_region(row: dict[str, Any]) -> dict[str, Any]:
    """How true its name is and what is typical of it, where the table of regions has that."""
    told: dict[str, Any] = {}
    if row.get("share") is not None:
        told["share"] = _rounded(row["share"], 2)
    if row.get("typical"):
        told["typical"] = [
            [clean_line(one["text"]), _rounded(one["share"], 2), _rounded(one["lift"], 1)]
            for one in row["typical"][:MOST_TYPICAL]
        ]
    if row.get("stability") is not None and row["stability"] < WEAK:
        told["weak"] = _rounded(row["stability"], 2)
    return told


def _rounded(value: float | None, digits: int = 4) -> float | None:
    """``value`` with that many significant digits; None where it is no finite number."""
    if value is None or not np.isfinite(value):
        return None
    return float(f"{float(value):.{digits}g}")
