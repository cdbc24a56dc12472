"""A small picture of a layout as PNG: for the list of projections, for shared links and for the Dagster UI.

Points are summed up in pixels rather than drawn over each other, so that a million of them show where they are dense
and the order of rows does not matter.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

BACKGROUND = (11, 14, 20)
# Twelve hues of like lightness that stay apart for colour-blind eyes as far as twelve can; regions take turns.
PALETTE = np.array(
    [
        (94, 160, 255),
        (255, 158, 74),
        (74, 201, 148),
        (240, 106, 122),
        (178, 136, 255),
        (222, 196, 84),
        (72, 199, 219),
        (240, 130, 200),
        (150, 190, 96),
        (255, 188, 160),
        (128, 150, 214),
        (208, 160, 120),
    ],
    np.float64,
)
UNASSIGNED = (110, 120, 138)
# Without regions the colour says how dense it is, from few to many.
SPARSE, DENSE = np.array((70, 130, 220.0)), np.array((255, 244, 214.0))
SUPERSAMPLING = 2
LIGHT_OR_DARK = 0.86  # of a colour's strength where there is no ground: seen on white, and on black
FAINTEST = 0.6  # strength of a pixel that one point covers: plainly visible
MARGIN = 0.04
# Sheets of several maps.
PAPER, INK, FRAME = (24, 28, 36), (226, 230, 238), (94, 160, 255)
GAP, TEXT_SIZE, LINE = 8, 12, 16


def thumbnail(
    positions: np.ndarray,
    *,
    region: np.ndarray | None = None,
    size: int | tuple[int, int] = 400,
    max_bytes: int = 12_000,
    transparent: bool = False,
) -> bytes:
    """A PNG of at most ``max_bytes`` of a layout: positions (n, 2) or (n, 3), the latter seen from an angle.

    region: a colour group per row, (n,) integer, -1 for none; without it, colour follows density. size: side or
    (width, height) in pixels; a picture that does not fit into max_bytes loses colours first, then pixels.
    transparent: nothing but the points, for pages that are light or dark; without it they lie on BACKGROUND.
    """
    width, height = (size, size) if isinstance(size, int) else size
    while True:
        image = _draw(np.asarray(positions, np.float64), region, width, height, transparent=transparent)
        for colours in (128, 64, 32, 16):
            data = _png(image, colours)
            if len(data) <= max_bytes:
                return data
        if min(width, height) <= 16:
            return data
        width, height = max(16, width * 4 // 5), max(16, height * 4 // 5)


def contact_sheet(
    maps: Sequence[tuple[str, np.ndarray]],
    *,
    region: np.ndarray | None = None,
    framed: int | None = None,
    size: int = 180,
    columns: int = 4,
    max_bytes: int = 400_000,
) -> bytes:
    """One PNG of several maps of the same entities, (caption, positions) each, in rows of ``columns``.

    region (n,): one colour group per entity, for all maps. framed: the place of a map to be marked. Captions may have
    several lines, and are cut where they are wider than the map. Pictures shrink until all fit into max_bytes.
    """
    lines = max((caption.count("\n") + 1 for caption, _ in maps), default=1)
    while True:
        wide, high = size + GAP, size + LINE * lines + GAP
        rows = -(-len(maps) // columns)
        sheet = Image.new("RGB", (wide * min(columns, len(maps)) + GAP, high * rows + GAP), PAPER)
        pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE)
        for place, (caption, positions) in enumerate(maps):
            left, top = GAP + place % columns * wide, GAP + place // columns * high
            fitting = region if region is not None and len(region) == len(positions) else None
            sheet.paste(_draw(np.asarray(positions, np.float64), fitting, size, size), (left, top))
            for number, text in enumerate(caption.split("\n")):
                pen.text((left, top + size + 2 + LINE * number), _cut(text, font, size), INK, font)
            if place == framed:
                pen.rectangle((left - 3, top - 3, left + size + 2, top + high - GAP + 2), outline=FRAME, width=2)
        data = _png(sheet, 128)
        if len(data) <= max_bytes or size <= 24:
            return data
        size = max(24, int(size * min(0.9, np.sqrt(max_bytes / len(data)))))


def _cut(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _png(image: Image.Image, colours: int) -> bytes:
    out = io.BytesIO()
    method = Image.Quantize.FASTOCTREE if image.mode == "RGBA" else None  # the one that knows transparency
    image.quantize(colours, method=method, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw(
    positions: np.ndarray, region: np.ndarray | None, width: int, height: int, *, transparent: bool = False
) -> Image.Image:
    wide, high = width * SUPERSAMPLING, height * SUPERSAMPLING
    seen = positions[np.isfinite(positions).all(axis=1)]
    if region is not None:
        region = np.asarray(region)[np.isfinite(positions).all(axis=1)]
    columns, rows = _pixels(flattened(seen), wide, high)
    disc = _disc(len(seen), wide, high)
    cells = np.concatenate(
        [np.clip(rows + dy, 0, high - 1) * wide + np.clip(columns + dx, 0, wide - 1) for dx, dy in disc]
    )
    weight = np.bincount(cells, minlength=wide * high)
    drawn = np.flatnonzero(weight)  # of many pixels few, as a rule
    # Dense pixels saturate slowly, over orders of magnitude.
    share = np.log(weight[drawn]) / max(np.log(weight.max(initial=1)), 1e-9)
    strength = FAINTEST + (1 - FAINTEST) * share
    if region is None:
        # Towards white it would fade on a light page, so a picture without ground keeps to one hue.
        dense = SPARSE if transparent else DENSE
        colour = SPARSE + (dense - SPARSE) * ((strength[:, None] - FAINTEST) / (1 - FAINTEST))
    else:
        own = np.tile(_colours(region), (len(disc), 1))
        total = [np.bincount(cells, own[:, channel], minlength=wide * high)[drawn] for channel in range(3)]
        colour = np.stack(total, axis=1) / weight[drawn][:, None]
    if transparent:
        pixels = np.zeros((wide * high, 4), np.uint8)
        pixels[drawn] = np.rint(np.column_stack([colour * LIGHT_OR_DARK, 255 * np.sqrt(strength)]))
        image = Image.fromarray(pixels.reshape(high, wide, 4), "RGBA")
        # Blended with the alpha in front, or the edges of points would take on the colour of what is not there.
        return image.convert("RGBa").resize((width, height), Image.Resampling.BOX).convert("RGBA")
    pixels = np.full((wide * high, 3), BACKGROUND, np.uint8)
    pixels[drawn] = np.rint(np.asarray(BACKGROUND) * (1 - strength[:, None]) + colour * strength[:, None])
    image = Image.fromarray(pixels.reshape(high, wide, 3))
    return image.resize((width, height), Image.Resampling.BOX)


def flattened(positions: np.ndarray) -> np.ndarray:
    """Two coordinates of each point; 3-D is turned by 30 degrees about the vertical and tilted by 20."""
    if positions.shape[1] == 2:
        return positions
    turn, tilt = np.radians(30), np.radians(20)
    x, y, z = (positions - positions.mean(axis=0)).T
    across, depth = x * np.cos(turn) + z * np.sin(turn), z * np.cos(turn) - x * np.sin(turn)
    return np.stack([across, y * np.cos(tilt) - depth * np.sin(tilt)], axis=1)


def _pixels(points: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Column and row of each point; one unit is as long across as up, and up is up."""
    if not len(points):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([width, height]) * (1 - 2 * MARGIN)
    scale = np.min(room / np.maximum(high - low, 1e-12))
    centred = (points - (low + high) / 2) * scale
    return (np.rint(width / 2 + centred[:, 0]).astype(np.int64), np.rint(height / 2 - centred[:, 1]).astype(np.int64))


def _disc(n_points: int, width: int, height: int) -> list[tuple[int, int]]:
    """Offsets of the pixels that a point covers: more where few points have the picture to themselves."""
    radius = float(np.clip(0.3 * np.sqrt(width * height / max(n_points, 1)), 0.5, 4))
    reach = int(radius)
    span = range(-reach, reach + 1)
    return [(dx, dy) for dx in span for dy in span if dx * dx + dy * dy <= radius * radius]


def _colours(region: np.ndarray) -> np.ndarray:
    colours = PALETTE[np.maximum(region, 0) % len(PALETTE)]
    colours[region < 0] = UNASSIGNED
    return colours
