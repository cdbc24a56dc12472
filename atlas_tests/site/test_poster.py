"""A poster shows the map as the site opens: points in their colours, names that can be read, what colours mean."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw

from atlas_assets.errors import AtlasError
from atlas_assets.stages.bundle import bundle
from atlas_assets.stages.bundle.reader import Bundle
from atlas_assets.stages.site import poster
from atlas_assets.stages.site.poster import fonts, ground, layout, png
from atlas_assets.stages.site.poster.colours import OTHER, PLAIN, UNKNOWN, colours_of
from atlas_assets.stages.site.poster.marks import Discs, Lines, Picture, Text
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
    assert tuple(pixels(picture)[5, 5]) == layout.PAPER


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
    from atlas_assets.stages.site.poster.colours import CATEGORIES, RAMP

    assert f"light: [{', '.join(map(repr, CATEGORIES))}]" in looks
    assert f"light: [{', '.join(map(repr, RAMP))}]" in looks


def test_names_do_not_touch_each_other(opened: Bundle) -> None:
    names = [mark for mark in layout.laid_out(opened).marks if isinstance(mark, Text) and mark.halo]
    boxes = [
        (name.x - name.wide / 2, name.y - name.size / 2, name.x + name.wide / 2, name.y + name.size / 2)
        for name in names
    ]
    assert len(boxes) > 20
    for i, (left, top, right, bottom) in enumerate(boxes):
        for a, b, c, d in boxes[:i]:
            assert right <= a or c <= left or bottom <= b or d <= top


def test_regions_of_the_first_level_are_in_spaced_capitals_where_they_are_words(opened: Bundle) -> None:
    coarse = layout.REGIONS[0].size
    names = [mark for mark in layout.laid_out(opened).marks if isinstance(mark, Text) and mark.size == coarse]
    assert names
    for name in names:
        assert (name.spacing > 0) == (name.text == name.text.upper() and not any(map(str.isdigit, name.text)))


def test_the_ground_is_darkest_where_most_points_lie_in_their_colours() -> None:
    generator = np.random.default_rng(0)
    places = np.concatenate([generator.normal((200, 200), 20, (900, 2)), generator.normal((800, 600), 20, (100, 2))])
    rgb = np.repeat([[1.0, 0, 0], [0, 0, 1.0]], [900, 100], axis=0)
    picture, contours = ground.ground(places, rgb, layout.PAPER) or (None, None)
    assert picture is not None
    assert contours is not None
    height, width, _ = picture.pixels.shape

    def at(x: float, y: float) -> np.ndarray:
        column, row = (x - picture.left) / picture.width * width, (y - picture.top) / picture.height * height
        return picture.pixels[int(row), int(column)].astype(int)

    paper = np.array(layout.PAPER)
    crowd, few, nobody = at(200, 200), at(800, 600), at(500, 400)
    assert abs(nobody - paper).max() <= 1
    assert abs(paper - crowd).sum() > abs(paper - few).sum() > 10
    assert crowd[0] > crowd[2]
    assert few[2] > few[0]
    assert all(len(path) > 3 for path in contours.paths)
    assert ground.ground(places[:50], rgb[:50], layout.PAPER) is None


@pytest.mark.parametrize(("paper", "size"), [("16x20", (508.0, 406.4)), ("a4", (297.0, 210.0)), ("a1", (840.0, 594.0))])
def test_a_pdf_shows_what_the_png_shows_on_paper_of_its_size(opened: Bundle, paper: str, size: tuple) -> None:
    import pypdfium2

    page = pypdfium2.PdfDocument(poster.draw(opened, form="pdf", paper=paper))[0]
    assert np.array(page.get_size()) / 72 * 25.4 == pytest.approx(size, rel=0.002)
    assert synthetic.ATLAS["title"] in page.get_textpage().get_text_range()
    sheet = layout.laid_out(opened, ratio=layout.USUAL if paper == "16x20" else poster.ISO)
    drawn = page.render(scale=600 / page.get_size()[0]).to_pil().convert("RGB").resize((600, 450))
    expected = Image.open(io.BytesIO(png.written(sheet))).resize((600, 450))
    apart = np.abs(np.asarray(drawn).astype(int) - np.asarray(expected).astype(int)).mean(axis=2)
    blank = np.abs(np.asarray(expected).astype(int) - np.array(layout.PAPER)).mean(axis=2)
    assert (apart > 60).sum() < 0.2 * (blank > 60).sum()  # letters and discs end a little elsewhere


def test_an_svg_has_every_mark_and_brings_its_letters(opened: Bundle) -> None:
    data = poster.draw(opened, form="svg", paper="a3")
    assert data == poster.draw(opened, form="svg", paper="a3")
    root = ElementTree.fromstring(data)
    assert (root.get("width"), root.get("height")) == ("420.0mm", "297.0mm")
    found = Counter(element.tag.partition("}")[2] for element in root.iter())
    marks = layout.laid_out(opened, ratio=poster.ISO).marks
    assert found["circle"] == sum(len(mark.radii) for mark in marks if isinstance(mark, Discs))
    assert found["polyline"] == sum(len(mark.paths) for mark in marks if isinstance(mark, Lines))
    assert found["image"] == sum(isinstance(mark, Picture) for mark in marks)
    texts = [element for element in root.iter() if element.tag.endswith("text")]
    assert [element.text for element in texts] == [mark.text for mark in marks if isinstance(mark, Text)]
    embedded = dict(re.findall(r"font-family:(\w+);src:url\(data:font/ttf;base64,([^)]+)", data.decode()))
    for element in texts:
        with TTFont(io.BytesIO(base64.b64decode(embedded[element.get("font-family") or ""]))) as font:
            assert {ord(letter) for letter in element.text or "" if letter != " "} <= set(font.getBestCmap() or ())


@pytest.mark.parametrize("options", [{"form": "gif"}, {"paper": "a0"}])
def test_what_a_poster_cannot_be_is_said(opened: Bundle, options: dict[str, str]) -> None:
    with pytest.raises(AtlasError, match=r"png, pdf, svg; 'gif'|16x20, a4, a3, a2, a1; 'a0'"):
        poster.draw(opened, **options)


def test_a_text_is_written_in_a_font_that_has_its_letters() -> None:
    latin = fonts.font_for("Wörter", 20, serif=True, style="normal")
    assert latin.getname()[0] == "STIXGeneral"
    # Georgian is in DejaVu Sans only, of the two that come with the library.
    assert fonts.font_for("საქართველო", 20, serif=True, style="normal").getname()[0] == "DejaVu Sans"
    assert fonts.font_for("\U000e0101", 20, serif=True, style="normal").size == 20  # nobody has that one


def test_letters_that_they_lack_are_looked_for_among_the_fonts_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gothic = "\U00010330"
    with TTFont(fonts.OWN / "DejaVuSans.ttf") as font:
        for table in font["cmap"].tables:
            if table.format == 12:
                table.cmap[ord(gothic)] = table.cmap[ord("A")]
        for record in font["name"].names:
            if record.nameID in (1, 16):
                record.string = b"\0N\0o\0t\0o\0 \0S\0a\0n\0s" if record.platformID == 3 else b"Noto Sans"
        (tmp_path / "fonts").mkdir()
        font.save(tmp_path / "fonts/any.ttf")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    fonts._wider.cache_clear()
    assert fonts.font_for(gothic, 20, serif=True, style="normal").getname()[0] == "Noto Sans"
    fonts._wider.cache_clear()


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
    expected = Image.new("RGB", size, layout.PAPER)
    pen = ImageDraw.Draw(expected)
    for (x, y), r, colour in zip(centres.tolist(), radii.tolist(), colours.tolist(), strict=True):
        if rim:
            pen.ellipse((x - r - rim, y - r - rim, x + r + rim, y + r + rim), layout.PAPER)
        pen.ellipse((x - r, y - r, x + r, y + r), tuple(colour))

    made = png._with_discs(Image.new("RGB", size, layout.PAPER), centres, radii, colours, rim=rim)

    np.testing.assert_array_equal(np.asarray(made), np.asarray(expected))
