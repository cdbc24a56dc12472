"""Names that people gave, found again by the entities that they named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

SAME = 0.5  # of the named entities in a region, for it to be the one that was named


@dataclass(frozen=True)
class HandName:
    """members: labels or ids of some of its entities, or of all. size: how many it had, None where nobody said."""

    name: str
    members: Sequence[str | int]
    size: int | None = None


def matched(
    names: Sequence[HandName], levels: Sequence[np.ndarray], ids: pl.Series, labels: Sequence[str]
) -> tuple[list[dict[int, str]], list[str]]:
    """For each level what people call its regions, and a sentence on every name that is no region's.

    levels: (n,) each, regions numbered from 0, -1 for none. A name is for the region with most of its entities: of
    several, for that of its size, or else for the smallest. A region has one name: the first that is given to it.
    """
    rows_of: dict[str, list[int]] = {}
    for row, texts in enumerate(zip(ids.cast(pl.String).to_list(), labels, strict=True)):
        for text in set(texts):
            rows_of.setdefault(text, []).append(row)
    sizes = [np.bincount(level[level >= 0]) for level in levels]
    given: list[dict[int, str]] = [{} for _ in levels]
    said = []
    for one in names:
        asked = [rows_of[str(member)] for member in one.members if str(member) in rows_of]
        if not asked:
            said.append(f"{one.name}: none of its {len(one.members)} members is on the map")
            continue
        depth, region, share = _best(one, [np.array(rows) for rows in asked], levels, sizes)
        if share < SAME:
            said.append(f"{one.name}: its members are in no region together (at most {share:.0%} are in one)")
        elif region in given[depth]:
            said.append(f"{one.name}: its region is {given[depth][region]!r} already")
        else:
            given[depth][region] = one.name
    return given, said


def _best(
    name: HandName, asked: list[np.ndarray], levels: Sequence[np.ndarray], sizes: list[np.ndarray]
) -> tuple[int, int, float]:
    """Level, region and share of the members that are in it; a label that several entities have is in where one is."""
    best, found = (0.0, 0.0), (0, -1, 0.0)
    for depth, level in enumerate(levels):
        regions = np.concatenate([np.unique(level[rows]) for rows in asked])
        counts = np.bincount(regions[regions >= 0], minlength=1)
        for region in np.flatnonzero(counts):
            share, size = counts[region] / len(asked), int(sizes[depth][region])
            if name.size is None:
                rank = (share, -float(size))
            else:
                rank = (float(share >= SAME), share * min(size, name.size) / max(size, name.size))
            if found[1] < 0 or rank > best:
                best, found = rank, (depth, int(region), float(share))
    return found
