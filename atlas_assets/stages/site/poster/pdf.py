"""A poster as PDF, for a printer."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from atlas_assets.stages.site.poster.fonts import font_of
from atlas_assets.stages.site.poster.marks import Discs, Lines, Picture, Sheet, Text

NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)  # equal maps give equal files
POINTS_PER_MM = 72 / 25.4
# Around a letter, where it is repeated in the colour of paper: two rings.
RIM = [
    (r * math.cos(math.tau * i / n), r * math.sin(math.tau * i / n)) for r, n in ((0.5, 6), (1.0, 14)) for i in range(n)
]


def written(sheet: Sheet, millimetres: float) -> bytes:
    """millimetres: per unit."""
    from fpdf import FPDF

    size = sheet.width * millimetres, sheet.height * millimetres
    pdf = FPDF(unit="mm", format=size)
    pdf.set_creation_date(NO_DATE)
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_title(sheet.said["Title"])
    pdf.set_author(sheet.said.get("Source", ""))
    pdf.set_subject(sheet.said.get("Copyright", ""))
    pdf.set_creator("Atlas")
    pdf.add_page()
    pdf.set_fill_color(*sheet.paper)
    pdf.rect(0, 0, *size, style="F")
    families: dict[str, str] = {}
    for mark in sheet.marks:
        if isinstance(mark, Text) and mark.font not in families:
            families[mark.font] = f"font{len(families)}"
            pdf.add_font(families[mark.font], fname=mark.font)
        _drawn(pdf, mark, millimetres, families, sheet)
    return bytes(pdf.output())


def _drawn(pdf: Any, mark: Any, mm: float, families: dict[str, str], sheet: Sheet) -> None:
    if isinstance(mark, Picture):
        pdf.image(Image.fromarray(mark.pixels), mark.left * mm, mark.top * mm, mark.width * mm, mark.height * mm)
    elif isinstance(mark, Lines):
        pdf.set_line_width(mark.width * mm)
        for path, colour in zip(mark.paths, mark.colours, strict=True):
            pdf.set_draw_color(*colour)
            pdf.polyline((path * mm).tolist())
    elif isinstance(mark, Discs):
        for (x, y), radius, colour in zip(mark.centres.tolist(), mark.radii.tolist(), mark.colours, strict=True):
            if mark.rim:
                pdf.set_fill_color(*sheet.paper)
                pdf.circle(x * mm, y * mm, (radius + mark.rim) * mm, style="F")
            pdf.set_fill_color(*colour.tolist())
            pdf.circle(x * mm, y * mm, radius * mm, style="F")
    else:
        _lettered(pdf, mark, mm, families[mark.font], sheet)


def _lettered(pdf: Any, mark: Text, mm: float, family: str, sheet: Sheet) -> None:
    ascent, descent = font_of(mark.font, 100).getmetrics()
    pdf.set_font(family, size=mark.size * mm * POINTS_PER_MM)
    pdf.set_char_spacing(mark.spacing * mm * POINTS_PER_MM)
    left = mark.x - {"left": 0.0, "middle": 0.5, "right": 1.0}[mark.align] * mark.wide
    at = left * mm, (mark.y + (ascent - descent) / 200 * mark.size) * mm
    if mark.halo:
        pdf.set_text_color(*sheet.paper)
        for x, y in RIM:  # a stroked text would be shorter; how wide its stroke is depends on who reads the file
            pdf.text(at[0] + x * mark.halo * mm, at[1] + y * mark.halo * mm, mark.text)
    pdf.set_text_color(*mark.colour)
    pdf.text(*at, mark.text)
