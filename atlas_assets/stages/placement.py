"""Where entities go that nothing pulls: near the border of the map, finite and out of the way."""

from __future__ import annotations

import numpy as np

GOLDEN_ANGLE = np.pi * (3 - 5**0.5)


def place_isolated(positions: np.ndarray, isolated: np.ndarray) -> np.ndarray:
    """A copy of positions (n, d) float32 with the ``isolated`` (n,) bool rows on a shell around the others.

    Evenly by a golden-angle spiral (d = 2, 3; in more dimensions the first three), at 1.05 to 1.15 times the distance
    that 99 % of the others keep from their centre: visible as what they are, without stretching the map.
    """
    count = int(isolated.sum())
    placed = np.array(positions, dtype=np.float32)
    if count == 0:
        return placed
    others = placed[~isolated]
    centre = others.mean(axis=0) if len(others) else np.zeros(placed.shape[1], np.float32)
    radius = float(np.quantile(np.linalg.norm(others - centre, axis=1), 0.99)) if len(others) else 1.0
    turn = np.arange(count) * GOLDEN_ANGLE
    directions = np.zeros((count, placed.shape[1]))
    if placed.shape[1] == 2:
        directions[:] = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    else:
        height = 1 - 2 * (np.arange(count) + 0.5) / count
        width = np.sqrt(1 - height**2)
        directions[:, :3] = np.stack([np.cos(turn) * width, np.sin(turn) * width, height], axis=1)
    distance = radius * (1.05 + 0.1 * (np.arange(count) * 0.618034 % 1))
    placed[isolated] = centre + directions * distance[:, None]
    return placed
