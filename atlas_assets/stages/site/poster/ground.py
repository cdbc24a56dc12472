"""The ground of a map: how densely points lie, in the colours that they have there, and contours of it.

As the page shows it from far (frontend/src/core/map/ground.ts).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from atlas_assets.stages.site.poster.marks import RGB, Lines, Picture

CELLS = 420  # along the longer side
MARGIN = 0.05  # of it, on each side: room for what is blurred
NARROWEST, WIDEST = 3.2, 10.0  # standard deviation of the blur in cells: of few points wider, so that they meet at all
HIGHEST = 0.985  # the density that is drawn as the highest: so much of all cells with points lies below
FEWEST = 100  # points; fewer make no ground
STRENGTH = 0.26  # of the colour where it is highest
LEVELS = (0.06, 0.16, 0.3, 0.46, 0.64, 0.82)  # of the root of the density
LINE, LINE_STRENGTH = 1.6, 0.34


def ground(places: np.ndarray, rgb: np.ndarray, paper: RGB) -> tuple[Picture, Lines] | None:
    """places (n, 2) on the sheet, rgb (n, 3) from 0 to 1; None where there are too few. Coarser than the points are."""
    if len(places) < FEWEST:
        return None
    low, high = places.min(axis=0), places.max(axis=0)
    longest = float((high - low).max())
    if longest <= 0:
        return None
    cell = longest * (1 + 2 * MARGIN) / CELLS
    low = low - MARGIN * longest
    size = np.ceil((high + MARGIN * longest - low) / cell).astype(int) + 1
    column, row = ((places - low) / cell).astype(int).T
    at = row * size[0] + column
    sums = [np.bincount(at, weights=w, minlength=size.prod()) for w in (*rgb.T, np.ones(len(places)))]
    deviation = float(np.clip(0.9 * CELLS / np.sqrt(len(places)), NARROWEST, WIDEST))
    *colour, density = (gaussian_filter(one.reshape(size[1], size[0]), deviation) for one in sums)
    crowded = density[density > 1e-3]
    top = float(np.quantile(crowded, HIGHEST)) if crowded.size else 1.0
    height = np.minimum(1, np.sqrt(density / top))
    mean = np.stack(colour, axis=-1) / np.maximum(density, 1e-9)[..., None]
    tone = np.array(paper) / 255
    shade = (STRENGTH * height)[..., None]
    pixels = np.rint(255 * (tone * (1 - shade) + np.clip(mean, 0, 1) * shade)).astype(np.uint8)
    return Picture(pixels, *low.tolist(), *(size * cell).tolist()), _contours(height, mean, low, cell, tone)


def _contours(height: np.ndarray, mean: np.ndarray, low: np.ndarray, cell: float, tone: np.ndarray) -> Lines:
    from contourpy import contour_generator

    made = contour_generator(z=height)
    paths: list[np.ndarray] = []
    colours: list[RGB] = []
    for level in LEVELS:
        for line in _lines(made.lines(level)):
            column, row = np.rint(line.mean(axis=0)).astype(int)
            inside = np.clip(mean[np.clip(row, 0, len(mean) - 1), np.clip(column, 0, mean.shape[1] - 1)], 0, 1)
            shade = 255 * (tone * (1 - LINE_STRENGTH) + inside * LINE_STRENGTH)
            paths.append(low + (line + 0.5) * cell)
            colours.append((round(shade[0]), round(shade[1]), round(shade[2])))
    return Lines(paths, colours, LINE)


def _lines(found: Sequence) -> list[np.ndarray]:
    return [np.asarray(line) for line in found if len(line) > 3]
