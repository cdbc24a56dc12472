"""What a poster is made of, whatever it is written as: marks on a sheet, in the order in which they are drawn.

Lengths are units of a sheet, of which ``layout.UNITS_PER_INCH`` make an inch on the usual paper; y points down.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Picture:
    """pixels (h, w, 3) uint8, stretched smoothly over a rectangle."""

    pixels: np.ndarray
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Discs:
    """centres (n, 2), radii (n,), colours (n, 3) uint8; later ones above earlier ones, each in a rim of paper."""

    centres: np.ndarray
    radii: np.ndarray
    colours: np.ndarray
    rim: float = 0.0


@dataclass(frozen=True)
class Lines:
    """Open or closed lines, (k, 2) each, of one width; a colour for each."""

    paths: list[np.ndarray]
    colours: list[RGB]
    width: float


@dataclass(frozen=True)
class Text:
    """One line. font: path of the file; size: of an em; x is at the left, middle or right, y in the middle of the line.

    spacing: more between letters. halo: width of a rim of paper, 0 for none.
    """

    text: str
    x: float
    y: float
    font: str
    size: float
    colour: RGB
    align: str = "left"
    spacing: float = 0.0
    halo: float = 0.0
    wide: float = 0.0


Mark = Picture | Discs | Lines | Text


@dataclass
class Sheet:
    """paper: its colour. said: what the file says of itself: title, source, licence."""

    width: float
    height: float
    paper: RGB
    marks: list[Mark] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
