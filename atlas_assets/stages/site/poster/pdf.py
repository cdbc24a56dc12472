"""A poster as PDF, for a printer."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from atlas_assets.stages.site.poster.fonts import OWN, font_of
from atlas_assets.stages.site.poster.marks import Discs, Lines, Picture, Sheet, Text

POINTS_PER_MM = 72 / 25.4
SMOOTHER = 4  # times finer than a picture is: not every reader draws between its pixels


def written(sheet: Sheet, millimetres: float) -> bytes:
    """millimetres: per unit."""
    from reportlab.pdfgen.canvas import Canvas

    unit = millimetres * POINTS_PER_MM
    out = io.BytesIO()
    # invariant: without the time at which it was made, so that equal maps give equal files
    canvas = Canvas(out, pagesize=(sheet.width * unit, sheet.height * unit), invariant=1, pageCompression=1)
    canvas.setTitle(sheet.said["Title"])
    canvas.setAuthor(sheet.said.get("Source", ""))
    canvas.setSubject(sheet.said.get("Copyright", ""))
    canvas.setCreator("Atlas")
    canvas.scale(unit, unit)
    canvas.setLineJoin(1)
    _fill(canvas, sheet.paper)
    canvas.rect(0, 0, sheet.width, sheet.height, stroke=0, fill=1)
    for mark in sheet.marks:
        _drawn(canvas, mark, sheet)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _drawn(canvas: Any, mark: Any, sheet: Sheet) -> None:
    from reportlab.lib.utils import ImageReader

    up = sheet.height  # in a PDF y points up
    if isinstance(mark, Picture):
        picture = Image.fromarray(mark.pixels)
        finer = picture.resize((picture.width * SMOOTHER, picture.height * SMOOTHER), Image.Resampling.BILINEAR)
        bottom = up - mark.top - mark.height
        canvas.drawImage(ImageReader(finer), mark.left, bottom, mark.width, mark.height)
    elif isinstance(mark, Lines):
        canvas.setLineWidth(mark.width)
        for path, colour in zip(mark.paths, mark.colours, strict=True):
            canvas.setStrokeColorRGB(*(channel / 255 for channel in colour))
            line = canvas.beginPath()
            line.moveTo(path[0, 0], up - path[0, 1])
            for x, y in path[1:].tolist():
                line.lineTo(x, up - y)
            canvas.drawPath(line, stroke=1, fill=0)
    elif isinstance(mark, Discs):
        for (x, y), radius, colour in zip(mark.centres.tolist(), mark.radii.tolist(), mark.colours, strict=True):
            if mark.rim:
                _fill(canvas, sheet.paper)
                canvas.circle(x, up - y, radius + mark.rim, stroke=0, fill=1)
            _fill(canvas, colour.tolist())
            canvas.circle(x, up - y, radius, stroke=0, fill=1)
    else:
        _lettered(canvas, mark, sheet)


def _lettered(canvas: Any, mark: Text, sheet: Sheet) -> None:
    ascent, descent = font_of(mark.font, 100).getmetrics()
    left = mark.x - {"left": 0.0, "middle": 0.5, "right": 1.0}[mark.align] * mark.wide
    baseline = sheet.height - (mark.y + (ascent - descent) / 200 * mark.size)
    canvas.setFont(_font(mark.font), mark.size)
    if mark.halo:
        canvas.setStrokeColorRGB(*(channel / 255 for channel in sheet.paper))
        canvas.setLineWidth(2 * mark.halo)
        canvas.drawString(left, baseline, mark.text, mode=1, charSpace=mark.spacing)
    _fill(canvas, mark.colour)
    canvas.drawString(left, baseline, mark.text, mode=0, charSpace=mark.spacing)


def _fill(canvas: Any, colour: Any) -> None:
    canvas.setFillColorRGB(*(channel / 255 for channel in colour))


def _font(path: str) -> str:
    """The name under which the font of a file is known; of a font in another form, the one that comes along."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    if path not in pdfmetrics.getRegisteredFontNames():
        try:
            pdfmetrics.registerFont(TTFont(path, path))
        except TTFError:  # outlines of PostScript
            return _font(str(OWN / "DejaVuSans.ttf"))
    return path
