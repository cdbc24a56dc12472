"""Fonts for pictures: STIX and DejaVu, which come along; for other alphabets those of the machine.

A text is written in one font: the first that has all of its letters, else the one that has the most.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from PIL import ImageFont

OWN = Path(__file__).parent / "font_files"  # with their licences beside them
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
    return tuple(str(OWN / f"{names[style]}.ttf") for names in ((SERIF, SANS) if serif else (SANS, SERIF)))


@cache
def _wider() -> tuple[str, ...]:
    """The fonts of WIDER that this machine has, the first of each that is called regular where there is one."""
    here: dict[str, tuple[bool, str]] = {}
    for folder in _folders():
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in (".ttf", ".otf", ".ttc"):
                continue
            with suppress(OSError):  # FreeType cannot read it
                family, style = ImageFont.truetype(str(path), 8).getname()
                if family in WIDER:
                    found = (style not in ("Regular", "Medium", "W3"), str(path))
                    here[family] = min(here.get(family, found), found)
    return tuple(here[name][1] for name in WIDER if name in here)


def _folders() -> tuple[Path, ...]:
    """Where Linux, macOS and Windows keep fonts."""
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    linux = (data / "fonts", home / ".fonts", Path("/usr/local/share/fonts"), Path("/usr/share/fonts"))
    macos = (home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts"))
    return (*linux, *macos, Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts")


@cache
def _letters(path: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


def font_of(path: str, size: float) -> ImageFont.FreeTypeFont:
    """The font of a file, as ``font_for`` found it, in pixels."""
    return _font(path, size)


@cache
def _font(path: str, size: float) -> ImageFont.FreeTypeFont:
    # The plain layout: what the other one does depends on a library that not every machine has.
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
