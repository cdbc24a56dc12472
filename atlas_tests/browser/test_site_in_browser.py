"""What a visitor can do with a published atlas, in Chromium, below a sub-path of a plain static server."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from atlas_tests.browser.conftest import DESKTOP, PHONE, SUB_PATH, N, Visit
from atlas_tests.bundle import synthetic

Open = Callable[..., Visit]
OF_THE_VIEWER = pytest.mark.slow
"""What depends on nothing that Python wrote: the viewer's own tests look at it each time, on a bundle of their own."""


def canvas_pixels(visit: Visit) -> np.ndarray:
    png = visit.page.locator("canvas").first.screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def click_row(visit: Visit, row: int) -> int:
    """Click where the row is drawn; gives the row that lies on top there."""
    place = visit.page.evaluate("row => __atlas.screenOf(row)", row)
    on_top = visit.page.evaluate("([x, y]) => __atlas.pick(x, y)", [place["x"], place["y"]])
    box = visit.page.locator("canvas").first.bounding_box()
    visit.page.mouse.click(box["x"] + place["x"], box["y"] + place["y"])
    return on_top


def free_row(visit: Visit) -> int:
    """A row that is drawn away from every panel and is the topmost one where it is."""
    return visit.page.evaluate("""() => {
      const canvas = document.querySelector('canvas'), box = canvas.getBoundingClientRect()
      for (let row = 0; row < __atlas.rows; row++) {
        const at = __atlas.screenOf(row)
        if (!at || at.x < 380 || at.x > box.width - 420 || at.y < 80 || at.y > box.height - 80) continue
        const element = document.elementFromPoint(box.left + at.x, box.top + at.y)
        if (element !== canvas && !element?.contains(canvas)) continue
        if (__atlas.pick(at.x, at.y) === row) return row
      }
      return -1
    }""")


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_map_is_drawn_and_named(visit: Open, device: dict[str, Any]) -> None:
    site = visit(**device)
    pixels = canvas_pixels(site)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 200  # hundreds of shades, not one background
    assert pixels.std() > 5
    assert site.page.title() == synthetic.ATLAS["title"]
    assert site.page.evaluate("__atlas.rows") == N
    site.page.locator(".label.region").first.wait_for()


def test_long_texts_and_meanings_are_searched_and_loaded_only_then(visit: Open) -> None:
    site = visit()

    def loaded() -> list[str]:
        return [url for url in site.asked if re.search("/texts/|/meaning/|beyond_names", url)]

    assert loaded() == []
    box = site.page.get_by_role("combobox", name="Search things")
    box.fill("lines 1378")  # in the summary; the label has only the number
    site.page.get_by_text("1 has these words in Summary").wait_for()
    assert [name for name in loaded() if "/texts/" in name]
    site.page.get_by_role("option", name="Thing 1378 of").click()
    site.details().wait_for()
    assert site.heading() == f"Thing 1378 of group {1378 % synthetic.GROUPS}"
    box.fill("sort5")
    site.page.get_by_text("Near by meaning").wait_for()
    named = site.page.locator("[role=option] .name").all_inner_texts()
    assert len(named) == 20
    assert all(name.endswith("of group 5") for name in named)


@OF_THE_VIEWER
def test_search_and_enter_fly_to_an_entity_and_open_it(visit: Open) -> None:
    site = visit()
    before = site.state()["zoom"]
    box = site.page.get_by_role("combobox", name="Search things")
    box.fill("Thing 137 of")
    site.page.get_by_role("option", name="Thing 137 of group 5").wait_for()
    box.press("Enter")
    site.details().wait_for()
    site.settle()
    assert site.heading() == "Thing 137 of group 5"
    assert site.state()["selected"] == site.row_of("Thing 137 of group 5")
    assert site.state()["zoom"] > before
    assert "select=411" in site.page.url


def test_a_click_on_a_point_opens_its_details_and_neighbours(visit: Open) -> None:
    site = visit()
    row = click_row(site, free_row(site))
    site.details().wait_for()
    assert row >= 0
    assert site.heading() == site.name_of(row)
    number = int(re.findall(r"\d+", site.heading())[0])
    site.details().get_by_text(f"group {number % synthetic.GROUPS}", exact=True).wait_for()
    graph = synthetic.graph(synthetic.positions(N))
    expected = {f"Thing {i} of group {i % synthetic.GROUPS}" for i in graph.indices[number]}
    buttons = site.details().get_by_role("listitem").get_by_role("button")
    buttons.first.wait_for()
    shown = " ".join(buttons.all_inner_texts())
    assert sum(name in shown for name in expected) >= 10  # all those that the list has room for


@OF_THE_VIEWER
def test_from_neighbour_to_neighbour(visit: Open) -> None:
    site = visit()
    site.page.evaluate("row => __atlas.select(row)", 5)
    first = site.heading()
    site.details().get_by_role("listitem").get_by_role("button").first.click()
    site.page.wait_for_function("row => __atlas.state().selected !== row", arg=5)
    site.settle()
    assert site.heading() == site.name_of(site.state()["selected"]) != first
    site.page.go_back()
    site.page.wait_for_function("row => __atlas.state().selected === row", arg=5)
    assert site.heading() == first


def test_user_texts_are_shown_as_texts(visit: Open) -> None:
    site = visit()
    site.page.evaluate("row => __atlas.select(row)", site.row_of("Thing 5 of group 5"))
    site.details().get_by_role("button", name=re.compile(r"All \d+ facts")).click()
    site.details().get_by_text("It has <i>two</i> lines.").wait_for()
    assert site.details().locator("i").count() == 0
    assert site.page.get_by_role("heading", level=1).inner_text() == synthetic.ATLAS["title"]
    link = site.details().locator('a[href="https://example.org/things/5"]')
    assert "noopener" in (link.get_attribute("rel") or "")


def test_projections_morph_into_each_other_and_into_three_dimensions(visit: Open) -> None:
    site = visit()
    row = free_row(site)
    places = [site.page.evaluate("row => __atlas.screenOf(row)", row)]
    for name in ("Turned", "Deep", "Flat"):
        if not site.page.get_by_role("list", name="Maps").is_visible():
            site.page.locator("section").first.get_by_role("button").first.click()
        frames = site.state()["frames"]
        site.page.get_by_role("list", name="Maps").get_by_role("button", name=re.compile(f"^{name}")).click()
        # A movement of several frames, not a jump; it begins when the positions have arrived.
        site.page.wait_for_function("frames => __atlas.state().frames >= frames + 3", arg=frames)
        site.settle()
        assert site.state()["projection"] == name.lower()
        places.append(site.page.evaluate("row => __atlas.screenOf(row)", row))
        assert canvas_pixels(site).std() > 5
    flat, turned, _, again = ((place["x"], place["y"]) for place in places)
    assert np.hypot(*np.subtract(flat, turned)) > 20
    np.testing.assert_allclose(again, flat, atol=2)


def test_colouring_by_another_field_changes_the_map_and_its_legend(visit: Open) -> None:
    site = visit()
    before = canvas_pixels(site)
    site.page.get_by_text("group 3", exact=True).wait_for()  # the legend of the default colour
    choice = site.page.get_by_role("combobox", name="Colour")
    offered = choice.locator("option").all_inner_texts()
    assert {"Boxes", "Group", "Weight (kg)", "Year", "First seen", "Rare", "Tags"} <= set(offered)
    assert "Summary" not in offered
    signs = {"year": "1950", "weight": "Unknown", "tags": "tag 1", "rare": "Yes", "maker": "maker 0"}
    for name, sign in signs.items():
        choice.select_option(value=f"field:{name}")
        site.page.wait_for_function("key => __atlas.state().colour === key", arg=f"field:{name}")
        site.page.get_by_text(sign, exact=True).or_(site.page.get_by_text(f"{sign} ")).first.wait_for()
    site.settle()
    after = canvas_pixels(site)
    assert (np.abs(after - before).sum(axis=2) > 60).mean() > 0.005


@OF_THE_VIEWER
def test_a_link_restores_what_was_seen(visit: Open) -> None:
    site = visit()
    site.page.get_by_role("combobox", name="Colour").select_option(label="Year")
    site.page.evaluate("row => __atlas.select(row)", site.row_of("Thing 20 of group 8"))
    site.page.get_by_role("button", name="Zoom in").click()
    site.settle()
    # The link follows when the map has come to rest.
    site.page.wait_for_function("""() => {
      const at = /at=([-0-9.,]+)/.exec(location.hash)?.[1].split(',').map(Number)
      return at && Math.abs(at[2] / __atlas.state().zoom - 1) < 0.001
    }""")
    fragment = site.page.url.partition("#")[2]
    again = visit(f"#{fragment}")
    again.details().wait_for()
    assert again.heading() == "Thing 20 of group 8"
    here, there = site.state(), again.state()
    assert (there["projection"], there["colour"]) == (here["projection"], "field:year")
    assert there["zoom"] == pytest.approx(here["zoom"], rel=0.02)


@OF_THE_VIEWER
def test_a_missing_file_is_said_on_the_page_and_the_rest_works(visit: Open) -> None:
    site = visit(block="**/neighbours/*.bin")
    site.failures_expected = True
    site.page.evaluate("row => __atlas.select(row)", 3)
    alert = site.details().get_by_role("alert")
    alert.wait_for()
    assert re.search(r"neighbours/0\.[0-9a-f]{16}\.bin is missing on the server", alert.inner_text())
    assert site.details().get_by_text("Home page").is_visible()  # the details came from another file


@OF_THE_VIEWER
def test_a_missing_manifest_is_said_on_the_page(visit: Open) -> None:
    site = visit(ready=False, block="**/manifest.json")
    site.failures_expected = True
    site.page.get_by_text(re.compile(r"manifest\.json is missing on the server")).wait_for()


@pytest.mark.parametrize("name", ["atlas.parquet", "atlas-site.zip"])
def test_downloads_arrive_whole(visit: Open, published: Path, name: str) -> None:
    site = visit()
    site.page.get_by_role("button", name="About this map").click()
    with site.page.expect_download() as download:
        site.page.locator(f'a[download][href$="/{name}"]').click()
    data = Path(download.value.path()).read_bytes()
    listed = {entry["name"]: entry for entry in json.loads((published / SUB_PATH / "downloads.json").read_text())}
    assert hashlib.sha256(data).hexdigest() == listed[name]["sha256"]
    if name.endswith(".zip"):
        assert "index.html" in zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_only_what_is_seen_is_loaded(visit: Open) -> None:
    site = visit()
    asked = [url.removeprefix(site.origin) for url in site.asked]
    for part in ("details/", "neighbours/", "projections/deep", "projections/turned", "columns/maker", "downloads/"):
        assert not [path for path in asked if part in path], part
    assert len(asked) == len(set(asked))


@OF_THE_VIEWER
def test_on_a_phone_a_tap_opens_a_sheet_that_can_be_closed(visit: Open) -> None:
    site = visit(**PHONE)
    box = site.page.locator("canvas").first.bounding_box()
    target = site.page.evaluate("""() => {
      for (let row = 0; row < __atlas.rows; row++) {
        const at = __atlas.screenOf(row)
        if (!at || at.x < 30 || at.x > 360 || at.y < 120 || at.y > 600) continue
        if (__atlas.pick(at.x, at.y) === row) return at
      }
    }""")
    site.page.touchscreen.tap(box["x"] + target["x"], box["y"] + target["y"])
    site.details().wait_for()
    assert site.heading() == site.name_of(site.state()["selected"])
    site.page.get_by_role("button", name="Close", exact=True).tap()
    site.details().wait_for(state="detached")
    site.page.get_by_role("button", name="Maps").tap()
    site.page.get_by_role("button", name=re.compile("^Deep")).tap()
    site.page.wait_for_function("__atlas.state().projection === 'deep'")
    width = site.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390  # nothing sticks out at the side


def test_from_a_file_the_page_says_how_to_see_it(browser: Any, published: Path, address: str) -> None:
    """It used to be blank: browsers load no modules into a page that is opened from a file."""
    page = browser.new_page()
    page.goto(next(published.rglob("index.html")).as_uri())
    told = page.get_by_text("Browsers show this map from a web server only")
    told.wait_for()
    page.goto(address)
    page.locator("canvas").first.wait_for()
    assert not told.is_visible()
    page.close()


def test_without_scripts_the_page_says_what_it_is(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.get_by_role("heading").inner_text() == synthetic.ATLAS["title"]
    assert "needs JavaScript" in page.locator("noscript p").last.inner_text()
    with page.expect_download():
        page.get_by_role("link", name="atlas.parquet").click()
    context.close()
