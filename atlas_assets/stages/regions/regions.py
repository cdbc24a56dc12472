"""Named regions of a map on several levels: which entities lie together (``hierarchy``), and what to call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.regions.hierarchy import divide, graph, level_sizes
from atlas_assets.stages.regions.incremental import NEW, NONE, Division, carry, earlier_names
from atlas_assets.stages.regions.naming.by_hand import HandName, matched
from atlas_assets.stages.regions.naming.names import Name, name_levels
from atlas_assets.stages.regions.naming.traits import Traits
from atlas_assets.stages.regions.stability import stability


@dataclass(frozen=True)
class Regions(Artifact):
    """region (n,) int32: the finest region of each entity, a row of the table, -1 for none. Regions of a finer level
    lie inside one of the coarser level; an entity may lie in a region and in none of those inside it.

    table, one row per region: region int32 (row number), name, x, y, z float32 (z null in 2-D; where the label
    stands, a member's position), size, level (0 = coarsest), parent int32 (null at level 0), priority float32
    (1 = label first, towards 0), kind (``naming.names.Name``), share and lift float32 (how true the name is, null where
    it claims nothing), typical (list of text, share, lift: what sets the region apart), stability float32 (how much of
    it came together again when the map was divided: ``stability``). drift and aim: as in
    ``incremental.Division``. unmatched: a sentence on each name by hand that is no region's. audit: what a
    language model was asked and answered (``naming.asked.AUDIT``), None where none was asked.
    """

    region: np.ndarray
    table: pl.DataFrame
    drift: float = 0.0
    aim: int = 0
    unmatched: list[str] | None = None
    audit: pl.DataFrame | None = None

    def division(self, rows: np.ndarray) -> Division:
        """As what follows it begins with; rows (n,): where each entity of that is here, -1 for new ones."""
        parent, level = self.table["parent"].fill_null(NONE).to_numpy(), self.table["level"].to_numpy()
        levels = np.full((self.table.height, int(level.max(initial=-1)) + 1), NONE)
        for region in range(self.table.height):
            at = region
            while at >= 0:
                levels[region, level[at]] = at
                at = int(parent[at])
        finest = np.where(rows >= 0, self.region[rows], NEW)
        names, figures = self.table["name"].to_list(), self.table["stability"].to_list()
        return Division(finest, levels, self.drift, self.aim, names, figures)

    def check(self) -> list[Check]:
        repeated = self.table.group_by("name").len().filter(pl.col("len") > 1)
        known = bool((self.region < self.table.height).all())
        return [
            Check("no name is given twice", repeated.is_empty(), ", ".join(repeated["name"].head(3))),
            Check("every region of an entity is in the table", known, ""),
            Check("every region has a name", bool((self.table["name"].str.len_chars() > 0).all()), ""),
        ]


def build(
    positions: np.ndarray,
    *,
    popularity: np.ndarray,
    labels: list[str],
    fields: pl.DataFrame | None = None,
    described: Sequence[dict] = (),
    neighbours: np.ndarray | None = None,
    before: Division | None = None,
    ids: pl.Series | None = None,
    hand: Sequence[HandName] = (),
    traits: Traits | None = None,
    progress: Progress = no_progress,
) -> Regions:
    """Divide the map, positions (n, 2 or 3), into nested levels of regions and name them.

    neighbours (n, k): rows of the most similar entities, -1 where there are fewer; without, the nearest on the map.
    fields: metadata of the n entities, described with name, type, label and unit as fields.json has them. popularity
    (n,): which entities speak for a region. before: the division of the version before this one, which is kept as far
    as it can be. hand: names that people gave, by ids (n,) or labels. A region inside another of which nothing can be
    said is no region. Reproducible; inputs are not modified.
    """
    progress(0.0, "dividing the map")
    places = np.asarray(positions, np.float64)
    aim = (level_sizes(len(places)) or [0])[-1]
    carried = carry(places, before, aim=aim) if before is not None and aim else None
    levels, drift = carried or (divide(places, neighbours), 0.0)
    if carried and before is not None:
        aim = before.aim
    levels = [_by_size(level) for level in levels]
    progress(0.4, f"naming {sum(int(level.max(initial=-1)) + 1 for level in levels)} regions")
    given, unmatched = matched(hand, levels, pl.Series(labels) if ids is None else ids, labels)
    names = name_levels(
        levels,
        labels=labels,
        popularity=popularity,
        fields=fields,
        described=described,
        neighbours=neighbours,
        earlier=None if before is None else earlier_names(levels, before),
        given=given,
        traits=traits,
    )
    levels, names = _named_only(levels, names)
    made = _as_table(places, levels, names, drift=round(drift, 4), aim=aim)
    table = _with_earlier_stability(made.table, before) if carried and before is not None else None
    if table is None:
        progress(0.8, "asking how stable they are")
        table = _with_stability(made.table, levels, places, neighbours)
    return replace(made, table=table, unmatched=unmatched or None)


def _as_table(
    places: np.ndarray, levels: list[np.ndarray], names: list[list[Name]], *, drift: float, aim: int
) -> Regions:
    n = len(places)
    rows: list[dict] = []
    region, offset = np.full(n, NONE), 0
    for depth, (level, called) in enumerate(zip(levels, names, strict=True)):
        for number, name in enumerate(called):
            inside = np.flatnonzero(level == number)
            place = _label_position(places[inside])
            rows.append(
                {
                    "region": offset + number,
                    "name": name.text,
                    "x": place[0],
                    "y": place[1],
                    "z": place[2] if len(place) == 3 else None,
                    "size": inside.size,
                    "level": depth,
                    "parent": int(region[inside[0]]) if region[inside[0]] >= 0 else None,
                    "priority": (len(levels) - depth - 1 + inside.size / n) / len(levels),
                    "kind": name.kind,
                    "share": name.share,
                    "lift": name.lift,
                    "typical": [dict(zip(TYPICAL, one, strict=True)) for one in name.typical],
                    "stability": None,
                }
            )
        region = np.where(level >= 0, level + offset, region)
        offset += len(called)
    return Regions(region.astype(np.int32), pl.DataFrame(rows, schema=SCHEMA), drift=drift, aim=aim)


def _with_stability(
    table: pl.DataFrame, levels: list[np.ndarray], places: np.ndarray, neighbours: np.ndarray | None
) -> pl.DataFrame:
    if table.height < 2:
        return table
    found = stability(levels, graph(places, neighbours)[0])
    return table.with_columns(pl.Series("stability", np.concatenate(found), pl.Float32))


def _with_earlier_stability(table: pl.DataFrame, before: Division) -> pl.DataFrame | None:
    """The figures of the regions that these follow, until the map is divided anew; None where one has none.

    They are a third of what a refreshed map's regions take, and speak of the division, which is that of before.
    """
    known = dict(zip(before.names, before.stability, strict=False))
    found = [known.get(name) for name in table["name"]]
    return None if None in found else table.with_columns(pl.Series("stability", found, pl.Float32))


TYPICAL = {"text": pl.String, "share": pl.Float32, "lift": pl.Float32}
SCHEMA = {
    "region": pl.Int32,
    "name": pl.String,
    "x": pl.Float32,
    "y": pl.Float32,
    "z": pl.Float32,
    "size": pl.Int32,
    "level": pl.Int32,
    "parent": pl.Int32,
    "priority": pl.Float32,
    "kind": pl.String,
    "share": pl.Float32,
    "lift": pl.Float32,
    "typical": pl.List(pl.Struct(TYPICAL)),
    "stability": pl.Float32,
}


def _by_size(members: np.ndarray) -> np.ndarray:
    """Regions numbered from 0 by falling size, NONE where there is none."""
    inside = members >= 0
    numbers, compact, sizes = np.unique(members[inside], return_inverse=True, return_counts=True)
    rank = np.empty(numbers.size, np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(numbers.size)
    found = np.full(members.size, NONE)
    found[inside] = rank[compact]
    return found


def _named_only(levels: list[np.ndarray], names: list[list[Name]]) -> tuple[list[np.ndarray], list[list[Name]]]:
    """Without regions of finer levels that have a number for a name, nor levels without any."""
    kept_levels, kept_names = [], []
    for depth, (level, called) in enumerate(zip(levels, names, strict=True)):
        kept = np.array([depth == 0 or name.kind != "number" for name in called], bool)
        if kept.any():
            renumbered = np.append(np.where(kept, np.cumsum(kept) - 1, NONE), NONE)
            kept_levels.append(renumbered[level])
            kept_names.append([name for name, keep in zip(called, kept, strict=True) if keep])
    return kept_levels, kept_names


def _label_position(points: np.ndarray) -> np.ndarray:
    """Position of the member closest to the middle: the middle itself may be empty."""
    return points[np.argmin(((points - np.median(points, axis=0)) ** 2).sum(axis=1))]
