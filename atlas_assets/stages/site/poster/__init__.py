"""A map to hang on a wall: the atlas as one picture on paper, with its title, its regions, a legend and its sources.

A sheet of 16 by 20 inches (40 by 50 cm), or of A4 to A1, upright or across as the map is; as PNG, or as PDF or SVG,
whose lines and letters stay sharp at any size. Equal bundles give equal bytes.
"""

from __future__ import annotations

from atlas_assets.errors import AtlasError
from atlas_assets.stages.bundle.reader import Bundle

FORMS = ("png", "pdf", "svg")
USUAL = "16x20"
SHORT_SIDE_MM = {USUAL: 406.4, "a4": 210.0, "a3": 297.0, "a2": 420.0, "a1": 594.0}
ISO = 297 / 210  # longer over shorter side
DPI = 300  # of the pixels of a PNG for a sheet that is named


def draw(bundle: Bundle, *, address: str | None = None, form: str = "png", paper: str = USUAL) -> bytes:
    """The view on which a bundle opens. address: where the map can be explored; paper: 16x20 inches, or a4 to a1."""
    if form not in FORMS:
        raise AtlasError(f"A poster is {', '.join(FORMS)}; {form!r} was asked for.")
    if paper not in SHORT_SIDE_MM:
        raise AtlasError(f"Paper is {', '.join(SHORT_SIDE_MM)}; {paper!r} was asked for.")
    from atlas_assets.stages.site.poster import layout

    sheet = layout.laid_out(bundle, address=address, ratio=layout.USUAL if paper == USUAL else ISO)
    millimetres = SHORT_SIDE_MM[paper] / layout.SHORT
    if form == "png":
        from atlas_assets.stages.site.poster import png

        return png.written(sheet, 1.0 if paper == USUAL else millimetres / 25.4 * DPI)
    if form == "svg":
        from atlas_assets.stages.site.poster import svg

        return svg.written(sheet, millimetres)
    from atlas_assets.stages.site.poster import pdf

    return pdf.written(sheet, millimetres)
