"""Regions that stay when a map is refreshed: the division of the version before, carried on to where entities are now.

To divide anew would shift every border a little and rename what nobody changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from atlas_assets.kernels.kd_tree import nearest

NEAR = 15  # neighbours on the map that are asked which region this is
FEWEST_ALIKE = 0.2  # of them in an entity's own region, for it to stay there
MOST_DRIFT = 0.1  # of the entities may have come or changed region since the map was divided; then it is divided anew
ROWS_AT_ONCE = 65_536  # whose neighbours' regions are compared: NEAR x NEAR bytes each


@dataclass(frozen=True)
class Division:
    """finest (n,): the finest region of each entity before, -1 of those that are new. levels (r, l): of each finest
    region, the one that it lies in at every level, coarse to fine, itself last. drift: which share of the entities had
    come or changed region since the map was divided.
    """

    finest: np.ndarray
    levels: np.ndarray
    drift: float


def carry(positions: np.ndarray, before: Division, *, fine: int) -> tuple[list[np.ndarray], float] | None:
    """The region of each entity at each level, coarse to fine, any numbers; and the drift until now.

    positions (n, 2 or 3). Newcomers, and entities that have moved away from their region, join that of most of their
    neighbours. None where the map should be divided anew: it has drifted too far, or should have another number of
    regions: ``fine``, give or take a tenth.
    """
    known = before.finest >= 0
    if known.sum() <= NEAR:
        return None
    near, _ = nearest(positions[known], positions, NEAR)
    around = before.finest[known][near]
    alike = (around == before.finest[:, None]).mean(axis=1)
    finest = np.where(alike >= FEWEST_ALIKE, before.finest, _most_common(around))
    drift = before.drift + float((finest != before.finest).mean())
    if drift > MOST_DRIFT or abs(np.unique(finest).size - fine) > 0.1 * fine:
        return None
    return [before.levels[finest, level] for level in range(before.levels.shape[1])], drift


def _most_common(values: np.ndarray) -> np.ndarray:
    """Of each row (n, k) the value that occurs most often; of several, the first."""
    found = np.empty(len(values), values.dtype)
    for begin in range(0, len(values), ROWS_AT_ONCE):
        some = values[begin : begin + ROWS_AT_ONCE]
        often = (some[:, :, None] == some[:, None, :]).sum(axis=2, dtype=np.uint8)
        found[begin : begin + ROWS_AT_ONCE] = some[np.arange(len(some)), often.argmax(axis=1)]
    return found
