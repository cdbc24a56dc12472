"""Whether a drawing in SVG only draws: at its own address, a browser runs its scripts with the rights of the site.

A list of what may be in it, not of what may not: whatever is not known to draw is refused.
"""

from __future__ import annotations

import re
from xml.parsers import expat

NAMESPACE = "http://www.w3.org/2000/svg"
ELEMENTS = frozenset(
    {
        *("svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "switch", "style", "image", "pattern"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "textPath", "marker"),
        *("linearGradient", "radialGradient", "stop", "clipPath", "mask", "filter", "feGaussianBlur", "feOffset"),
        *("feBlend", "feColorMatrix", "feComposite", "feFlood", "feMerge", "feMergeNode", "feMorphology", "feTile"),
        *("feDropShadow", "feComponentTransfer", "feFuncR", "feFuncG", "feFuncB", "feFuncA", "feTurbulence"),
    }
)
# Programs that draw leave notes of their own in the file; those of others than SVG are never shown, and do nothing.
_SCRIPTED = re.compile(r"http://www\.w3\.org/(?:1999/xhtml|2001/xml-events|1998/Math)|adobe\.com/.*/svg", re.I)
_LINKS = ("href", "src", "http://www.w3.org/1999/xlink href")
_INSIDE = re.compile(r"#[^\s]*|data:image/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]*")
_FETCHES = re.compile(r"url\(\s*[\"\']?(?!#)|\bsrc\(|image-set\(|@import|expression\(|javascript:|\\", re.I)
DEEPEST = 100


def first_active(data: bytes) -> str | None:
    """What is in an SVG that does more than draw, in words; None where nothing is."""
    found: list[str] = []
    styles: list[str] = []  # as one text, which a comment in the file may have cut
    open_elements: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        open_elements.append(local)
        if len(open_elements) > DEEPEST:
            found.append("elements without end")
        if (space in ("", NAMESPACE) and local not in ELEMENTS) or _SCRIPTED.match(space):
            found.append(f"the element <{local}>")
        for key, value in attributes.items():
            if key.lower().rpartition(" ")[2].startswith("on"):
                found.append(f"the attribute {key}")
            elif (key in _LINKS or key.lower().endswith("href")) and not _INSIDE.fullmatch(value.strip()):
                found.append(f"a link to {value!r:.60}")
            elif _FETCHES.search(value):
                found.append(f"the attribute {key}={value!r:.60}")

    def text(value: str) -> None:
        if "style" in open_elements:
            styles.append(value)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: open_elements.pop()
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = lambda *_: found.append("an entity of its own")
    parser.ProcessingInstructionHandler = lambda target, _: found.append(f"the instruction <?{target}")
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        found.append(f"a mistake ({error})")
    if _FETCHES.search("".join(styles)):
        found.append("a style that fetches something")
    return found[0] if found else None
