"""Named regions of a map, coarse and fine: which entities lie together, and what to call them.

Regions partition the map into compact pieces along its valleys; what they are called is decided in ``region_names``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial import KDTree

from atlas_assets.kernels.kd_tree import nearest
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.regions.incremental import Division, carry
from atlas_assets.stages.regions.names import name_regions

SAMPLE = 2_500  # entities that the hierarchy is built from; Ward's method needs the square of it in memory
SHIFTS = 5  # steps towards the local mean before clustering


@dataclass(frozen=True)
class Regions(Artifact):
    """region (n,) int32: the finest region of each entity, a row of the table. Regions of a finer level lie inside one
    of the coarser level.

    table, one row per region: region int32 (row number), name, x, y, z float32 (z null in 2-D; where the label
    stands, a member's position), size, level (0 = coarsest), parent int32 (null at level 0), priority float32
    (1 = label first, towards 0). drift: as in ``carried_regions.Division``.
    """

    region: np.ndarray
    table: pl.DataFrame
    drift: float = 0.0

    def division(self, rows: np.ndarray) -> Division:
        """As what follows it begins with; rows (n,): where each entity of that is here, -1 for new ones."""
        parents = self.table["parent"].fill_null(-1).to_numpy()
        levels = [np.arange(self.table.height)]
        while (parents[levels[0]] >= 0).any():
            levels.insert(0, np.where(parents[levels[0]] >= 0, parents[levels[0]], levels[0]))
        return Division(np.where(rows >= 0, self.region[rows], -1), np.stack(levels, axis=1), self.drift)

    def check(self) -> list[Check]:
        repeated = self.table.group_by("level", "name").len().filter(pl.col("len") > 1)
        known = bool((self.region < self.table.height).all())
        return [
            Check("names are unique in a level", repeated.is_empty(), ", ".join(repeated["name"].head(3))),
            Check("every region of an entity is in the table", known, ""),
            Check("every region has a name", bool((self.table["name"].str.len_chars() > 0).all()), ""),
        ]


def build(
    positions: np.ndarray,
    *,
    popularity: np.ndarray,
    labels: list[str],
    fields: pl.DataFrame | None = None,
    levels: int = 2,
    seed: int = 0,
    before: Division | None = None,
    progress: Progress = no_progress,
) -> Regions:
    """Divide the map, positions (n, 2 or 3), into ``levels`` nested levels of regions and name them.

    About 1.2 n^(1/4) coarse regions (3 to 15) and 0.55 sqrt(n) fine ones (up to 80). A sample of entities is first
    moved to local means (blurring mean shift, Fukunaga & Hostetler 1975), which opens the valleys, then joined by
    Ward's method; every other entity belongs to the region of its nearest sampled one. fields: category, list or text
    columns with n rows. popularity (n,): which entities speak for a region. before: the division of the version before
    this one, which is kept as far as it can be (``carried_regions``). Reproducible; inputs are not modified.
    """
    n = len(positions)
    progress(0.0, "dividing the map")
    counts = _region_counts(n, levels)
    places = np.asarray(positions, np.float64)
    carried = carry(places, before, fine=counts[-1]) if before is not None and counts else None
    assignment, drift = carried or (_divide(places, counts, seed), 0.0)
    rows: list[dict] = []
    offset, coarser = 0, None
    for level, members in enumerate(map(_by_size, assignment)):
        progress(0.3 + 0.7 * level / levels, f"naming {members.max() + 1 if n else 0} regions")
        within = None if coarser is None else _names_around(members, coarser, rows)
        names = name_regions(members, popularity=popularity, labels=labels, fields=fields, within=within)
        sizes = np.bincount(members, minlength=len(names))
        for region, name in enumerate(names):
            inside = np.flatnonzero(members == region)
            place = _label_position(positions[inside])
            rows.append(
                {
                    "region": offset + region,
                    "name": name,
                    "x": place[0],
                    "y": place[1],
                    "z": place[2] if len(place) == 3 else None,
                    "size": int(sizes[region]),
                    "level": level,
                    "parent": None if coarser is None else int(coarser[inside[0]]),
                    "priority": (levels - level - 1 + float(sizes[region]) / n) / levels,
                }
            )
        coarser = members + offset
        offset += len(names)
    region = np.full(n, -1) if coarser is None else coarser
    return Regions(region=region.astype(np.int32), table=pl.DataFrame(rows, schema=SCHEMA), drift=round(drift, 4))


def _names_around(members: np.ndarray, coarser: np.ndarray, rows: list[dict]) -> list[str]:
    """The name of the coarser region that each region lies in. rows: the coarser regions, by their number."""
    around = np.zeros(int(members.max(initial=-1)) + 1, np.int64)
    around[members] = coarser
    return [rows[parent]["name"] for parent in around]


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
}


def _region_counts(n: int, levels: int) -> list[int]:
    """How many regions each level aims at, coarse to fine; strictly rising, never more than a fifth of n."""
    if n == 0:
        return []
    coarse = float(np.clip(1.2 * n**0.25, 3, 15))
    fine = float(np.clip(0.55 * n**0.5, 2 * coarse, 80))
    steps = np.geomspace(coarse, fine, levels) if levels > 1 else np.array([coarse])
    return sorted({max(1, min(round(step), n // 5)) for step in steps})


def _divide(positions: np.ndarray, counts: list[int], seed: int) -> list[np.ndarray]:
    """Region of each entity at each level, coarse to fine."""
    n = len(positions)
    if not counts:
        return []
    if counts == [1]:
        return [np.zeros(n, np.int64)]
    sample = np.sort(np.random.default_rng(seed).permutation(n)[:SAMPLE])
    points = positions[sample]
    k = int(np.clip(np.sqrt(len(points)) / 2, 4, 30))
    shifted = points
    for _ in range(SHIFTS):
        _, near = KDTree(shifted).query(shifted, k=min(k, len(points)), workers=-1)
        shifted = shifted[near.reshape(len(points), -1)].mean(axis=1)
    tree = linkage(shifted, method="ward")
    nearest_one = nearest(points, positions, 1)[0][:, 0]
    return [fcluster(tree, count, criterion="maxclust")[nearest_one] for count in counts]


def _by_size(members: np.ndarray) -> np.ndarray:
    """Regions numbered from 0 by falling size."""
    numbers, compact, sizes = np.unique(members, return_inverse=True, return_counts=True)
    rank = np.empty(numbers.size, np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(numbers.size)
    return rank[compact]


def _label_position(points: np.ndarray) -> np.ndarray:
    """Position of the member closest to the middle: the middle itself may be empty."""
    return points[np.argmin(((points - np.median(points, axis=0)) ** 2).sum(axis=1))]
