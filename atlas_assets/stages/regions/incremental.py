"""Regions that stay when a map is refreshed: the division of the version before, carried on to where entities are now.

To divide anew would shift every border a little and rename what nobody changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from atlas_assets.kernels.kd_tree import nearest

NEAR = 15  # neighbours on the map that are asked which region this is
FEWEST_ALIKE = 0.2  # of them in an entity's own region, for it to stay there
MOST_DRIFT = 0.1  # of the entities may have come or changed region since the map was divided; then it is divided anew
ROWS_AT_ONCE = 65_536  # whose neighbours' regions are compared: NEAR x NEAR bytes each
SAME = 0.5  # of the members of two regions in both, for the one to be the other
NONE, NEW = -1, -2


@dataclass(frozen=True)
class Division:
    """finest (n,): the finest region of each entity before, NONE where it lay in none, NEW where it is new. levels
    (r, l): of each of these regions the one that it lies in at every level, coarse to fine, NONE below its own. drift:
    which share of the entities had come or changed region since the map was divided. aim: how many regions the finest
    level was to have then. names: of the r regions; stability: their figures then, None where there is none.
    """

    finest: np.ndarray
    levels: np.ndarray
    drift: float
    aim: int
    names: list[str] = field(default_factory=list)
    stability: list[float | None] = field(default_factory=list)

    def at(self, level: int) -> np.ndarray:
        """The region of each entity at a level, (n,)."""
        return np.where(self.finest >= 0, self.levels[self.finest, level], self.finest)


def carry(positions: np.ndarray, before: Division, *, aim: int) -> tuple[list[np.ndarray], float] | None:
    """The region of each entity at each level, coarse to fine, any numbers, NONE for none; and the drift until now.

    positions (n, 2 or 3). Newcomers, and entities that have moved away from their region, join that of most of their
    neighbours. None where the map should be divided anew: it has drifted too far, or its finest level should have
    another number of regions: ``aim``, give or take a tenth.
    """
    known = before.finest != NEW
    if known.sum() <= NEAR or not len(before.levels):
        return None
    near, _ = nearest(positions[known], positions, NEAR)
    around = before.finest[known][near]
    alike = (around == before.finest[:, None]).mean(axis=1)
    stays = (alike >= FEWEST_ALIKE) | (before.finest == NONE)
    finest = np.where(stays, before.finest, _most_common(around))
    drift = before.drift + float((finest != before.finest).mean())
    if drift > MOST_DRIFT or abs(before.aim - aim) > 0.1 * aim:
        return None
    inside = np.maximum(finest, 0)
    return [np.where(finest >= 0, column[inside], NONE) for column in before.levels.T], drift


def earlier_names(levels: list[np.ndarray], before: Division) -> list[list[str]]:
    """What each region of each level was called before, "" for one that is new.

    levels: (n,) each, regions numbered from 0, NONE for none. A region is one of before if they share SAME of the
    members of both together, entities that are new left out.
    """
    found = []
    old = [before.at(level) for level in range(before.levels.shape[1])]
    known = before.finest != NEW
    for level in levels:
        names = [""] * (int(level.max(initial=NONE)) + 1)
        share = np.full(len(names), SAME)
        now = np.bincount(level[known & (level >= 0)], minlength=len(names))
        for column in old:
            both = known & (level >= 0) & (column >= 0)
            pairs, counts = np.unique(np.stack([level[both], column[both]]), axis=1, return_counts=True)
            then = np.bincount(column[column >= 0], minlength=len(before.names))
            for (region, was), count in zip(pairs.T, counts, strict=True):
                alike = count / (now[region] + then[was] - count)
                if alike > share[region]:
                    share[region], names[region] = alike, before.names[was]
        found.append(names)
    return found


def _most_common(values: np.ndarray) -> np.ndarray:
    """Of each row (n, k) the value that occurs most often; of several, the first."""
    found = np.empty(len(values), values.dtype)
    for begin in range(0, len(values), ROWS_AT_ONCE):
        some = values[begin : begin + ROWS_AT_ONCE]
        often = (some[:, :, None] == some[:, None, :]).sum(axis=2, dtype=np.uint8)
        found[begin : begin + ROWS_AT_ONCE] = some[np.arange(len(some)), often.argmax(axis=1)]
    return found
