"""Fonts for pictures: those that come with matplotlib, the same everywhere; for other alphabets those of the machine.

A text is written in one font: the first that has all of its letters, else the one that has the most.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from PIL import ImageFont

SERIF = {"normal": "STIXGeneral", "bold": "STIXGeneralBol", "italic": "STIXGeneralItalic"}
SANS = {"normal": "DejaVuSans", "bold": "DejaVuSans-Bold", "italic": "DejaVuSans-Oblique"}
# Families with many alphabets as Linux and macOS name them; asked only for letters that the two above lack.
WIDER = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Sans SC",
    "Noto Sans",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Arial Unicode MS",
    "WenQuanYi Zen Hei",
    "Unifont",
)


def font_for(text: str, size: int, *, serif: bool, style: str) -> ImageFont.FreeTypeFont:
    """style: normal, bold or italic; size in pixels."""
    wanted = {ord(letter) for letter in text if not letter.isspace()}
    best, lacking = "", len(wanted) + 1
    for path in _candidates(serif, style):
        missing = len(wanted - _letters(path))
        if missing < lacking:
            best, lacking = path, missing
        if not missing:
            return _font(path, size)
    for path in _wider():
        missing = len(wanted - _letters(path))
        if missing < lacking:
            best, lacking = path, missing
    return _font(best, size)


@cache
def _candidates(serif: bool, style: str) -> tuple[str, ...]:
    found = importlib.util.find_spec("matplotlib")  # only its files: to import it takes longer than to draw a poster
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return tuple(str(folder / f"{names[style]}.ttf") for names in ((SERIF, SANS) if serif else (SANS, SERIF)))


@cache
def _wider() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    here: dict[str, str] = {}
    for font in sorted(fontManager.ttflist, key=lambda font: (abs(int(font.weight) - 400), font.fname)):
        here.setdefault(font.name, font.fname)
    return tuple(here[name] for name in WIDER if name in here)


@cache
def _letters(path: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


@cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    # The plain layout: what the other one does depends on a library that not every machine has.
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
