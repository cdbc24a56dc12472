"""Small shapes put onto a picture one after the other, later ones above earlier ones: a million of them in no time.

Bands of the picture are painted side by side, each by going through all shapes in order, so the order is kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange

BAND = 64  # rows of the picture per task


class Stamps(NamedTuple):
    """Shapes: masks are the pixels of all, row after row; starts, widths, heights (s,) say where each of them lies."""

    masks: np.ndarray
    starts: np.ndarray
    widths: np.ndarray
    heights: np.ndarray


def stamps(shapes: list[np.ndarray]) -> Stamps:
    """From masks (height, width) of any type; not zero is painted."""
    sizes = np.array([shape.shape for shape in shapes], np.int64).reshape(-1, 2)
    starts = np.concatenate([[0], np.cumsum(sizes.prod(axis=1))[:-1]]).astype(np.int64)
    masks = np.concatenate([np.zeros(0, bool), *[np.asarray(shape, bool).ravel() for shape in shapes]])
    return Stamps(masks, starts, sizes[:, 1].copy(), sizes[:, 0].copy())


@njit(cache=True)
def _paint_band(canvas, first, last, left, top, which, colours, stamps):
    masks, starts, widths, heights = stamps
    for shape in range(which.size):
        s = which[shape]
        begin, end = max(first, top[shape]), min(last, top[shape] + heights[s])
        if begin >= end:
            continue
        low, high = max(0, left[shape]), min(canvas.shape[1], left[shape] + widths[s])
        for y in range(begin, end):
            row = starts[s] + (y - top[shape]) * widths[s] - left[shape]
            for x in range(low, high):
                if masks[row + x]:
                    for channel in range(3):
                        canvas[y, x, channel] = colours[shape, channel]


@njit(cache=True, parallel=True)
def _paint(n_bands, canvas, left, top, which, colours, stamps):
    for band in prange(n_bands):
        last = min((band + 1) * BAND, canvas.shape[0])
        _paint_band(canvas, band * BAND, last, left, top, which, colours, stamps)


def paint(
    canvas: np.ndarray, *, left: np.ndarray, top: np.ndarray, which: np.ndarray, colours: np.ndarray, stamps: Stamps
) -> None:
    """Paint m shapes onto canvas (height, width, 3) uint8, the first one first; what lies outside is cut off.

    left, top (m,): the pixel of a shape's upper left corner; which (m,): its number in ``stamps``; colours (m, 3).
    """
    left, top, which = (np.ascontiguousarray(numbers, np.int64) for numbers in (left, top, which))
    _paint(-(-len(canvas) // BAND), canvas, left, top, which, np.ascontiguousarray(colours, np.uint8), stamps)
