"""A poster as SVG: the letters of its fonts come along."""

from __future__ import annotations

import base64
import io
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from atlas_assets.stages.site.poster.fonts import font_of
from atlas_assets.stages.site.poster.marks import RGB, Discs, Lines, Picture, Sheet, Text

SVG = "http://www.w3.org/2000/svg"
ANCHORS = {"left": "start", "middle": "middle", "right": "end"}


def written(sheet: Sheet, millimetres: float) -> bytes:
    """millimetres: per unit."""
    ElementTree.register_namespace("", SVG)
    size = {"width": f"{sheet.width * millimetres:.1f}mm", "height": f"{sheet.height * millimetres:.1f}mm"}
    root = ElementTree.Element(f"{{{SVG}}}svg", size | {"viewBox": f"0 0 {sheet.width} {sheet.height}"})
    for name in ("Title", "Source", "Copyright"):
        if name in sheet.said:
            _part(root, "title" if name == "Title" else "desc").text = sheet.said[name]
    fonts = _fonts(sheet)
    _part(root, "style").text = "".join(fonts.values())
    _part(root, "rect", width="100%", height="100%", fill=_hex(sheet.paper))
    families = {path: f"font{number}" for number, path in enumerate(fonts)}
    for mark in sheet.marks:
        if isinstance(mark, Text):
            _text(root, mark, families[mark.font], sheet.paper)
        elif isinstance(mark, Lines):
            group = _part(root, "g", fill="none", **{"stroke-width": f"{mark.width:g}"})
            for path, colour in zip(mark.paths, mark.colours, strict=True):
                _part(group, "polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in path), stroke=_hex(colour))
        elif isinstance(mark, Picture):
            picture = io.BytesIO()
            Image.fromarray(mark.pixels).save(picture, "PNG")
            data = base64.b64encode(picture.getvalue()).decode()
            at = {"x": mark.left, "y": mark.top, "width": mark.width, "height": mark.height}
            _part(
                root,
                "image",
                href=f"data:image/png;base64,{data}",
                preserveAspectRatio="none",
                **{key: f"{value:.2f}" for key, value in at.items()},
            )
        else:
            _discs(root, mark, sheet.paper)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _part(parent: ElementTree.Element, name: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, f"{{{SVG}}}{name}", attributes)


def _discs(root: ElementTree.Element, mark: Discs, paper: RGB) -> None:
    rim = {"stroke": _hex(paper), "stroke-width": f"{2 * mark.rim:g}", "paint-order": "stroke"} if mark.rim else {}
    group = _part(root, "g", **rim)
    for (x, y), radius, colour in zip(mark.centres.tolist(), mark.radii.tolist(), mark.colours, strict=True):
        _part(group, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{radius:.2f}", fill=_hex(colour))


def _text(root: ElementTree.Element, mark: Text, family: str, paper: RGB) -> None:
    ascent, descent = font_of(mark.font, 100).getmetrics()
    attributes = {
        "x": f"{mark.x + (mark.spacing / 2 if mark.align == 'middle' else 0):.1f}",
        "y": f"{mark.y + (ascent - descent) / 200 * mark.size:.1f}",
        "font-family": family,
        "font-size": f"{mark.size:g}",
        "fill": _hex(mark.colour),
        "text-anchor": ANCHORS[mark.align],
    }
    if mark.spacing:
        attributes["letter-spacing"] = f"{mark.spacing:.2f}"
    if mark.halo:
        attributes |= {"stroke": _hex(paper), "stroke-width": f"{2 * mark.halo:g}", "stroke-linejoin": "round"}
        attributes["paint-order"] = "stroke"
    _part(root, "text", **attributes).text = mark.text


def _fonts(sheet: Sheet) -> dict[str, str]:
    """The rule that brings each font, with the letters that are written in it."""
    letters: dict[str, set[str]] = {}
    for mark in sheet.marks:
        if isinstance(mark, Text):
            letters.setdefault(mark.font, set()).update(mark.text)
    rules = {}
    for number, path in enumerate(sorted(letters)):
        data = base64.b64encode(_subset(path, "".join(sorted(letters[path])))).decode()
        rules[path] = f"@font-face{{font-family:font{number};src:url(data:font/ttf;base64,{data})}}"
    return rules


def _subset(path: str, letters: str) -> bytes:
    from fontTools import subset

    options = subset.Options()
    options.recalc_timestamp = False
    options.notdef_outline = True
    options.drop_tables += ["FFTM"]  # FontForge's time stamp
    options.font_number = 0
    font = subset.load_font(path, options)
    made = subset.Subsetter(options)
    made.populate(text=letters)
    made.subset(font)
    out = io.BytesIO()
    font.save(out, reorderTables=True)
    return out.getvalue()


def _hex(colour: RGB | np.ndarray) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(int(channel) for channel in colour))
