"""A site as one file, opened from the disk as by a double click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.publish import single_file
from atlas_tests.browser.conftest import DESKTOP, SUB_PATH, Visit, until


@pytest.fixture
def whole(published: Path, tmp_path: Path, browser) -> Iterator[Visit]:
    file = tmp_path / "my map.html"
    file.write_bytes(single_file.make(published / SUB_PATH, "toy"))
    context = browser.new_context(**DESKTOP, offline=True)
    page = context.new_page()
    made = Visit(page, file.as_uri())
    page.on("request", lambda request: made.asked.append(request.url))
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("console", lambda line: line.type == "error" and made.complaints.append(line.text))
    page.goto(file.as_uri())
    until(page, "window.__atlas !== undefined")
    page.evaluate("__atlas.ready")
    made.settle()
    yield made
    context.close()
    assert made.complaints == []
    assert [url for url in made.asked if not url.startswith((made.origin, "data:", "blob:"))] == []


def test_a_map_in_one_file_is_searched_and_explored_without_a_server(whole: Visit) -> None:
    wanted = whole.name_of(7)
    whole.page.keyboard.press("/")
    whole.page.keyboard.type(wanted)
    whole.page.get_by_role("option").first.click()
    whole.settle()
    assert whole.heading() == wanted
    assert whole.details().get_by_role("listitem").count() > 3  # its neighbours, which are read when they are asked for
    assert "#" in whole.page.url  # the address says what is seen, as on a site
    assert whole.page.url.startswith(whole.origin)
    for section in ("Filter", "My list"):  # each is a module of its own
        whole.page.get_by_role("button", name=section).first.click()
    whole.settle()


def test_a_file_that_browsers_would_not_open_well_is_refused(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_file, "MOST_BYTES", 1000)
    with pytest.raises(AtlasError, match=r"toy would be a file of \d+ MB.*atlas publish toy FOLDER"):
        single_file.make(published / SUB_PATH, "toy")
