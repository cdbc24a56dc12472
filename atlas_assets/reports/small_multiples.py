"""All maps of a sweep as small pictures that can be compared by eye: turned alike and coloured alike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from atlas_assets.stages.geometry.alignment import align
from atlas_assets.stages.regions.regions import Regions


def coarse(regions: Regions) -> np.ndarray:
    """The coarsest region of each entity, (n,) int32, -1 for none: few enough to be told apart by colour."""
    parent = regions.table["parent"].fill_null(-1).to_numpy()
    top = np.arange(len(parent))
    while (inside := parent[top] >= 0).any():
        top = np.where(inside, parent[top], top)
    region = np.asarray(regions.region)
    return np.where(region < 0, -1, np.append(top, -1)[region]).astype(np.int32)


def turned_alike(maps: Mapping[str, np.ndarray], *, onto: str) -> dict[str, np.ndarray]:
    """Every map (n, 2 or 3) as it lies over the map ``onto``, seen from above, (n, 2) float32.

    Turned, mirrored, moved and scaled (``alignment.align``), never bent. A map in three dimensions is turned in space
    until its shadow lies over ``onto`` as well as it can; if that is the one in three dimensions, it is seen as it is.
    Maps of other entities (of an earlier state of the data) are only brought into their canonical position.
    """
    reference = np.asarray(maps[onto], np.float32)
    return {key: _over(np.asarray(positions, np.float32), reference) for key, positions in maps.items()}


def _over(positions: np.ndarray, reference: np.ndarray) -> np.ndarray:
    dims = max(positions.shape[1], reference.shape[1])
    if len(positions) != len(reference):
        reference = np.full((len(positions), dims), np.nan, np.float32)
    return align(_in_dimensions(positions, dims), _in_dimensions(reference, dims))[:, :2]


def _in_dimensions(points: np.ndarray, dims: int) -> np.ndarray:
    return np.pad(points, ((0, 0), (0, dims - points.shape[1])))
