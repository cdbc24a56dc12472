"""A poster shows the map as the site opens: points in their colours, names that can be read, what colours mean."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw

from atlas_assets.stages.bundle import bundle
from atlas_assets.stages.bundle.reader import Bundle
from atlas_assets.stages.site import poster, poster_fonts
from atlas_assets.stages.site.poster_colours import OTHER, PLAIN, UNKNOWN, colours_of
from atlas_tests.bundle import synthetic


@pytest.fixture(scope="module")
def opened(bundle_folder: Path) -> Bundle:
    return Bundle(bundle_folder)


@pytest.fixture(scope="module")
def picture(opened: Bundle) -> bytes:
    return poster.draw(opened, address="https://example.org/maps/")


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_it_is_a_sheet_of_paper_that_says_what_it_is(picture: bytes) -> None:
    image = Image.open(io.BytesIO(picture))
    assert image.size == (3000, 2400)  # the map is wider than high
    assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    assert image.info["Title"] == synthetic.ATLAS["title"]
    assert image.info["Source"] == synthetic.ATLAS["attribution"]
    assert tuple(pixels(picture)[5, 5]) == poster.PAPER


def test_equal_bundles_have_equal_posters(picture: bytes, bundle_folder: Path) -> None:
    assert poster.draw(Bundle(bundle_folder), address="https://example.org/maps/") == picture


def test_the_colours_of_the_map_are_those_of_the_points(picture: bytes, opened: Bundle) -> None:
    """Every group covers about as much of the sheet as any other, but for those that share the colour of the rest."""
    red, green, blue = pixels(picture).reshape(-1, 3).T
    found = np.bincount((red << 16) + (green << 8) + blue, minlength=1 << 24)
    wanted = np.rint(np.unique(colours_of(opened, "group").rgb, axis=0) * 255).astype(int)
    assert len(wanted) == 11  # ten colours, and one for the two groups that are left
    covered = [found[(r << 16) + (g << 8) + b] for r, g, b in wanted]
    assert min(covered) > 500
    assert found[0xFF00FF] == 0  # the control: a colour of nothing


def test_a_map_that_is_higher_than_wide_stands_upright(tmp_path: Path) -> None:
    inputs = synthetic.inputs(60)
    first = inputs["projections"][0]
    high = bundle.BundleProjection(
        key="flat", name="Flat", method="pca", params={}, positions=first.positions * np.array([1, 3], np.float32)
    )
    synthetic.build(tmp_path, 60, projections=[high])
    assert Image.open(io.BytesIO(poster.draw(Bundle(tmp_path)))).size == (2400, 3000)


@pytest.mark.parametrize(
    ("name", "colours", "says"),
    [
        ("group", 11, {"group 0", "2 others"}),
        ("rare", 3, {"Yes", "No", "unknown"}),
        ("tags", 10, {"tag 1", "17 others", "unknown"}),
        ("weight", None, {"unknown"}),
        ("seen", None, {"unknown"}),
        (None, 1, set()),
    ],
)
def test_every_kind_of_field_has_its_legend(opened: Bundle, name: str | None, colours: int | None, says: set) -> None:
    found = colours_of(opened, name)
    assert found.rgb.shape == (200, 3)
    assert 0 <= found.rgb.min() <= found.rgb.max() <= 1
    assert says <= {entry.label for entry in found.entries}
    if colours is not None:
        assert len(np.unique(found.rgb, axis=0)) == colours
        assert sum(entry.count for entry in found.entries) == (200 if name else 0)
    else:
        assert [place for place, _ in found.ticks] == [0, 0.25, 0.5, 0.75, 1]
        column = np.asarray(opened.column(name or ""), float)
        assert (found.rgb[np.isnan(column)] == [int(UNKNOWN[i : i + 2], 16) / 255 for i in (1, 3, 5)]).all()


def test_unknown_and_rare_values_have_the_colours_of_the_site() -> None:
    looks = (Path(__file__).parents[2] / "frontend/src/core/colour/palettes.ts").read_text(encoding="utf-8")
    assert all(colour in looks for colour in (OTHER, UNKNOWN, PLAIN))
    from atlas_assets.stages.site.poster_colours import CATEGORIES, RAMP

    assert f"light: [{', '.join(map(repr, CATEGORIES))}]" in looks
    assert f"light: [{', '.join(map(repr, RAMP))}]" in looks


def test_names_do_not_touch_each_other(opened: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes: list[tuple[float, float, float, float]] = []
    write = poster._Sheet._write

    def watch(sheet: Any, text: str, x: float, y: float, style: poster.Style, **options: Any) -> None:
        if options.get("halo"):
            boxes.append(
                sheet._pen.textbbox(
                    (x, y), text, poster_fonts.font_for(text, style.size, serif=style.serif, style=style.style), "mm"
                )
            )
        write(sheet, text, x, y, style, **options)

    monkeypatch.setattr(poster._Sheet, "_write", watch)
    poster.draw(opened)
    assert len(boxes) > 20
    for i, (left, top, right, bottom) in enumerate(boxes):
        for a, b, c, d in boxes[:i]:
            assert right <= a or c <= left or bottom <= b or d <= top


def test_a_text_is_written_in_a_font_that_has_its_letters() -> None:
    latin = poster_fonts.font_for("Wörter", 20, serif=True, style="normal")
    assert latin.getname()[0] == "STIXGeneral"
    # Georgian is in DejaVu Sans only, of the two that come with the library.
    assert poster_fonts.font_for("საქართველო", 20, serif=True, style="normal").getname()[0] == "DejaVu Sans"
    assert poster_fonts.font_for("\U000e0101", 20, serif=True, style="normal").size == 20  # nobody has that one


def test_letters_that_they_lack_are_looked_for_among_the_fonts_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gothic = "\U00010330"
    with TTFont(poster_fonts.OWN / "DejaVuSans.ttf") as font:
        for table in font["cmap"].tables:
            if table.format == 12:
                table.cmap[ord(gothic)] = table.cmap[ord("A")]
        for record in font["name"].names:
            if record.nameID in (1, 16):
                record.string = b"\0N\0o\0t\0o\0 \0S\0a\0n\0s" if record.platformID == 3 else b"Noto Sans"
        (tmp_path / "fonts").mkdir()
        font.save(tmp_path / "fonts/any.ttf")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    poster_fonts._wider.cache_clear()
    assert poster_fonts.font_for(gothic, 20, serif=True, style="normal").getname()[0] == "Noto Sans"
    poster_fonts._wider.cache_clear()


def test_an_atlas_of_one_thing_without_regions_has_a_poster(tmp_path: Path) -> None:
    alone = bundle.BundleProjection(
        key="flat", name="Flat", method="pca", params={}, positions=np.zeros((2, 2), np.float32)
    )
    atlas = synthetic.ATLAS | {"title": "A very long title " * 20, "licence": "CC0", "near": "with similar data"}
    synthetic.build(tmp_path, 2, atlas=atlas, projections=[alone], default=synthetic.DEFAULT | {"colour": None})
    data = poster.draw(Bundle(tmp_path))
    assert Image.open(io.BytesIO(data)).info["Copyright"] == "CC0"


@pytest.mark.parametrize("rim", [0.0, 0.8])
def test_discs_are_those_that_pillow_draws_one_by_one(rim: float) -> None:
    """Also where they overlap and reach over the edge; the loop below is how posters were drawn before."""
    generator = np.random.default_rng(0)
    n, size = 3_000, (400, 300)
    centres, radii = generator.random((n, 2)) * (420, 320) - 10, generator.random(n) * 6 + 0.5
    colours = generator.integers(0, 256, (n, 3)).astype(np.uint8)
    expected = Image.new("RGB", size, poster.PAPER)
    pen = ImageDraw.Draw(expected)
    for (x, y), r, colour in zip(centres.tolist(), radii.tolist(), colours.tolist(), strict=True):
        if rim:
            pen.ellipse((x - r - rim, y - r - rim, x + r + rim, y + r + rim), poster.PAPER)
        pen.ellipse((x - r, y - r, x + r, y + r), tuple(colour))

    made = poster._with_discs(Image.new("RGB", size, poster.PAPER), centres, radii, colours, rim=rim)

    np.testing.assert_array_equal(np.asarray(made), np.asarray(expected))
