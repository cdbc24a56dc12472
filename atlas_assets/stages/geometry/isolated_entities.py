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


def gather_components(positions: np.ndarray, component: np.ndarray) -> np.ndarray:
    """A copy of positions (n, d) float32 with every component but the largest no further out than beside it.

    component (n,): which one each row belongs to. Nothing pulls components together, so repulsion carries small ones
    away, and a map drawn to scale shows the largest as a dot. Each is moved as a whole, along the line to the centre of
    the largest, until the balls that hold 99 % of both touch; their shapes, sizes and directions stay.
    """
    sizes = np.bincount(component)
    moved = np.array(positions, np.float32)
    if sizes.size < 2:
        return moved
    largest = int(np.argmax(sizes))
    wide = positions.astype(np.float64)
    sums = np.stack([np.bincount(component, weights=wide[:, c]) for c in range(wide.shape[1])], axis=1)
    centres = sums / np.maximum(sizes, 1)[:, None]
    within = np.linalg.norm(wide - centres[component], axis=1)
    order = np.lexsort((within, component))
    ends = np.cumsum(sizes)
    radii = within[order][np.maximum(ends - 1 - sizes // 100, 0)]
    offsets = centres - centres[largest]
    distances = np.linalg.norm(offsets, axis=1)
    allowed = radii[largest] + radii
    shrink = np.where(distances > allowed, allowed / np.maximum(distances, 1e-12), 1.0)
    moved += ((shrink - 1)[:, None] * offsets)[component].astype(np.float32)
    return moved
