"""Pictures as vectors of their pixels, and as thumbnails that a page can hold.

Two pictures are near where their pixels are alike at the same places: right for digits, letters, icons, textures and
scans that are framed alike. What is shown in a photograph, pixels do not say.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from atlas_assets import project

UNREADABLE = (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError)


@dataclass(frozen=True)
class Picture:
    """pixels (side, side, 3) uint8; thumbnail: an address that holds it; width, height: as it came, in pixels."""

    pixels: np.ndarray
    thumbnail: str
    width: int
    height: int


def look(source: Path | bytes, *, side: int, thumbnail: int) -> Picture:
    """A picture, upright, its middle square at ``side`` pixels; see-through is white. Raises one of UNREADABLE."""
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as opened:
        opened.draft("RGB", (4 * side, 4 * side))  # a JPEG need not be decoded larger than that
        width, height = opened.size
        upright = ImageOps.exif_transpose(opened)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            layer = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
        plain = upright.convert("RGB")
        square = ImageOps.fit(plain, (side, side), Image.Resampling.BOX)
        plain.thumbnail((thumbnail, thumbnail))
        stored = io.BytesIO()
        plain.save(stored, "WEBP", quality=70)
    encoded = base64.b64encode(stored.getvalue()).decode("ascii")
    return Picture(np.asarray(square), f"data:image/webp;base64,{encoded}", width, height)


def look_at_all(
    sources: Sequence[Path | bytes | None], *, side: int, thumbnail: int, progress: Callable[[int], None]
) -> list[Picture | Exception | None]:
    """Each picture, or what is wrong with it; None where there is none. Decoded on all cores."""

    def one(source: Path | bytes | None) -> Picture | Exception | None:
        try:
            return None if source is None else look(source, side=side, thumbnail=thumbnail)
        except UNREADABLE as error:
            return error

    made: list[Picture | Exception | None] = []
    with ThreadPoolExecutor(project.cores()) as pool:
        for picture in pool.map(one, sources):
            made.append(picture)
            progress(len(made))
    return made


def vectors_of(pictures: Sequence[Picture]) -> np.ndarray:
    """(n, d) float32 from 0 to 1: all pixels of each, of grey ones one number per pixel."""
    stacked = np.stack([picture.pixels for picture in pictures])
    grey = bool((stacked[..., :1] == stacked).all())
    return (stacked[..., :1] if grey else stacked).reshape(len(stacked), -1).astype(np.float32) / 255
