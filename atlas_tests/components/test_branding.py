"""How a site looks comes from the spec, and a logo that no page could show is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_assets.errors import DataError
from atlas_assets.plan import branding
from atlas_assets.spec.display import DisplaySpec

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'


def spec(**display: object) -> DisplaySpec:
    return DisplaySpec.model_validate(display)


def test_a_theme_holds_what_was_given_and_nothing_else() -> None:
    assert branding.theme(spec()) == {}
    given = spec(accent="#112233", background={"dark": "#000000"}, palette=["#aabbcc"])
    assert branding.theme(given) == {
        "accent": "#112233",
        "background": {"dark": "#000000"},
        "palette": ["#aabbcc"],
    }


@pytest.mark.parametrize(
    ("name", "data", "suffix"),
    [
        ("a.png", PNG, "png"),
        ("a.svg", SVG, "svg"),
        ("A.JPEG", b"\xff\xd8\xff\xe0", "jpg"),
        ("a.webp", b"RIFF0000WEBP", "webp"),
    ],
)
def test_pictures_that_browsers_show_become_logos(tmp_path: Path, name: str, data: bytes, suffix: str) -> None:
    (tmp_path / name).write_bytes(data)
    found = branding.logo(spec(logo=name), base=tmp_path)
    assert found is not None
    assert (found.data, found.suffix) == (data, suffix)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.gif", b"GIF89a", "display.logo is not a picture that browsers show; expected a file of type svg, png"),
        ("gone.png", None, "does not exist"),
        ("a.png", b"\x89PNG" + b"0" * 200_000, "has 200,004 bytes; expected .* at most 200,000 bytes"),
        ("a.png", SVG, "does not begin as a png file does"),
        ("a.svg", b"<html><body>404</body></html>", "does not begin as a svg file does"),
    ],
)
def test_other_files_are_refused_with_a_reason(tmp_path: Path, name: str, data: bytes | None, message: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=message):
        branding.logo(spec(logo=name), base=tmp_path)


def test_a_changed_logo_is_another_bundle(tmp_path: Path) -> None:
    display = spec(logo="a.png")
    assert branding.fingerprint(spec(), base=tmp_path) is None
    assert branding.fingerprint(display, base=tmp_path) is None
    (tmp_path / "a.png").write_bytes(PNG)
    before = branding.fingerprint(display, base=tmp_path)
    (tmp_path / "a.png").write_bytes(PNG + b"1")
    assert branding.fingerprint(display, base=tmp_path) != before
