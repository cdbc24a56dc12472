"""A logo in SVG only draws: nothing in it runs or fetches anything, wherever it is opened."""

from __future__ import annotations

import pytest

from atlas_assets.plan.drawing import first_active
from atlas_tests.conftest import REPOSITORY

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
ACTIVE = [
    "<script>alert(1)</script>",
    "<SCRIPT>alert(1)</SCRIPT>",
    '<a href="javascript:alert(1)"><path d=""/></a>',
    '<path onload="alert(1)"/>',
    '<path ONLOAD="alert(1)"/>',
    '<use href="https://evil.example/x.svg#a"/>',
    '<use xlink:href="data:image/svg+xml;base64,AAAA"/>',
    '<image href="https://evil.example/pixel.png"/>',
    "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
    '<g xmlns:h="http://www.w3.org/1999/xhtml"><h:script>alert(1)</h:script></g>',
    '<set attributeName="href" to="javascript:alert(1)"/>',
    '<animate attributeName="href" values="javascript:alert(1)"/>',
    "<style>@import url(https://evil.example/x.css)</style>",
    "<style>path { fill: url('https://evil.example/x') }</style>",
    '<style>@im<!-- cut -->port "https://evil.example/x.css"</style>',
    '<style>path { fill: image-set("https://evil.example/x" 1x) }</style>',
    '<path style="fill: url(//evil.example/x)"/>',
    "<g>" * 200 + "</g>" * 200,
    "<path>",
]


@pytest.mark.parametrize("inside", ACTIVE)
def test_what_runs_or_fetches_is_found(inside: str) -> None:
    assert first_active(f"<svg {NS}>{inside}</svg>".encode())


def test_entities_and_instructions_are_found() -> None:
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>'
    assert first_active(bomb.encode()) == "an entity of its own"
    style = b'<?xml-stylesheet href="https://evil.example/x.xsl"?><svg xmlns="http://www.w3.org/2000/svg"/>'
    assert first_active(style) == "the instruction <?xml-stylesheet"


def test_drawings_are_left_alone() -> None:
    drawing = f"""<svg {NS} xmlns:i="http://www.inkscape.org/namespaces/inkscape" viewBox="0 0 9 9">
      <defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs><i:view i:zoom="1"/>
      <style>.x {{ fill: url(#a) }}</style><path class="x" d="M0 0h9v9z" style="fill: url(#a)"/><use xlink:href="#a"/>
      <image href="data:image/png;base64,AAAA"/></svg>"""
    assert first_active(drawing.encode()) is None
    assert first_active((REPOSITORY / "frontend" / "src" / "icon.svg").read_bytes()) is None
