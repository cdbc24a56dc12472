"""A poster as PNG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, PngImagePlugin

from atlas_assets.kernels.stamps import paint, stamps
from atlas_assets.stages.site.poster.fonts import font_of
from atlas_assets.stages.site.poster.layout import PAPER, UNITS_PER_INCH
from atlas_assets.stages.site.poster.marks import RGB, Discs, Lines, Mark, Picture, Sheet, Text

SUPERSAMPLING, LARGE = 2, 5000  # of discs and lines; pixels, from which on a sheet needs none
COMPRESSION = 3  # of 9: a tenth larger than with 6, in half the time


def written(sheet: Sheet, scale: float = 1.0) -> bytes:
    """scale: pixels per unit. Equal sheets give equal bytes."""
    size = round(sheet.width * scale), round(sheet.height * scale)
    more = 1 if max(size) > LARGE else SUPERSAMPLING
    first = next((i for i, mark in enumerate(sheet.marks) if isinstance(mark, Text)), len(sheet.marks))
    image = Image.new("RGB", (size[0] * more, size[1] * more), sheet.paper)
    for mark in sheet.marks[:first]:
        image = _beneath(image, mark, scale * more)
    image = image.reduce(more) if more > 1 else image
    pen = ImageDraw.Draw(image)
    for mark in sheet.marks[first:]:  # as the sheet is: fonts are hinted for its pixels
        _above(image, pen, mark, scale, sheet)
    said = PngImagePlugin.PngInfo()
    for key, text in sheet.said.items():
        said.add_itxt(key, text)
    out, dpi = io.BytesIO(), UNITS_PER_INCH * scale
    image.save(out, "PNG", dpi=(dpi, dpi), pnginfo=said, compress_level=COMPRESSION)
    return out.getvalue()


def _beneath(image: Image.Image, mark: Mark, scale: float) -> Image.Image:
    """The map itself, on a canvas that is made smaller afterwards."""
    if isinstance(mark, Picture):
        _stretched(image, mark, scale)
    elif isinstance(mark, Lines):
        _stroked(ImageDraw.Draw(image), mark, scale)
    elif isinstance(mark, Discs):
        return _with_discs(image, mark.centres * scale, mark.radii * scale, mark.colours, rim=mark.rim * scale)
    return image


def _above(image: Image.Image, pen: ImageDraw.ImageDraw, mark: Mark, scale: float, sheet: Sheet) -> None:
    if isinstance(mark, Text):
        _lettered(pen, mark, scale, sheet.paper)
    elif isinstance(mark, Lines):
        _stroked(pen, mark, scale)
    elif isinstance(mark, Picture):
        _stretched(image, mark, scale)
    else:
        for (x, y), radius, colour in zip(mark.centres * scale, mark.radii * scale, mark.colours, strict=True):
            side = round(2 * radius)
            large = Image.new("L", (side * 4, side * 4), 0)
            ImageDraw.Draw(large).ellipse((0, 0, side * 4 - 1, side * 4 - 1), 255)
            image.paste(tuple(colour.tolist()), (round(x - radius), round(y - radius)), large.reduce(4))


def _stretched(image: Image.Image, mark: Picture, scale: float) -> None:
    size = round(mark.width * scale), round(mark.height * scale)
    smooth = Image.fromarray(mark.pixels).resize(size, Image.Resampling.BILINEAR)
    image.paste(smooth, (round(mark.left * scale), round(mark.top * scale)))


def _stroked(pen: ImageDraw.ImageDraw, mark: Lines, scale: float) -> None:
    width = max(1, round(mark.width * scale))
    for path, colour in zip(mark.paths, mark.colours, strict=True):
        pen.line((path * scale).ravel().tolist(), colour, width, "curve" if width > 2 else None)


def _lettered(pen: ImageDraw.ImageDraw, mark: Text, scale: float, paper: RGB) -> None:
    font = font_of(mark.font, mark.size * scale)
    anchor = {"left": "lm", "middle": "mm", "right": "rm"}[mark.align]
    pieces = [(mark.x * scale, mark.text)]
    if mark.spacing:
        x, anchor = (mark.x - {"left": 0.0, "middle": 0.5, "right": 1.0}[mark.align] * mark.wide) * scale, "lm"
        pieces = []
        for letter in mark.text:
            pieces.append((x, letter))
            x += font.getlength(letter) + mark.spacing * scale
    rim = round(mark.halo * scale)
    for x, piece in pieces if rim else ():
        pen.text((x, mark.y * scale), piece, paper, font, anchor, stroke_width=rim, stroke_fill=paper)
    for x, piece in pieces:
        pen.text((x, mark.y * scale), piece, mark.colour, font, anchor)


def _with_discs(
    canvas: Image.Image, centres: np.ndarray, radii: np.ndarray, colours: np.ndarray, *, rim: float
) -> Image.Image:
    """``canvas`` with discs, later ones above earlier ones, each in a rim of paper of that width (0: none).

    centres (n, 2) and radii (n,) in pixels, colours (n, 3) uint8. As ``ImageDraw.ellipse`` draws them: it draws each
    size once, and then it is copied.
    """
    n_layers = 2 if rim else 1
    grown = np.stack([radii + rim, radii], axis=1)[:, -n_layers:]
    paper = np.broadcast_to(np.array(PAPER, np.uint8), colours.shape)
    shades = np.stack([paper, colours], axis=1)[:, -n_layers:].reshape(-1, 3)
    low, high = ((centres[:, None] + sign * grown[:, :, None]).astype(np.int64).reshape(-1, 2) for sign in (-1, 1))
    widest = int((high - low).max(initial=0)) + 1
    sizes, which = np.unique((high - low) @ (widest, 1), return_inverse=True)
    picture, shapes = np.array(canvas), [_disc(size // widest + 1, size % widest + 1) for size in sizes.tolist()]
    paint(picture, left=low[:, 0], top=low[:, 1], which=which, colours=shades, stamps=stamps(shapes))
    return Image.fromarray(picture)


def _disc(width: int, height: int) -> np.ndarray:
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, width - 1, height - 1), 255)
    return np.asarray(mask)
