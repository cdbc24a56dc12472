"""A real browser on a real site: the bundle of the synthetic atlas, the viewer's own build, a plain static server.

The site lies below a path of its own (SUB_PATH), as on GitHub Pages. Every page fails its test if it asked any other
host for anything or wrote an error to the console, unless the test says that it expects failures.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atlas_assets.builders import searching
from atlas_assets.stages.bundle import meaning
from atlas_assets.stages.site import site, viewer
from atlas_tests.bundle import synthetic

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (dependency group dev)")

N = 2_000
SUB_PATH = "some/sub/path"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Visit:
    """A page with what it asked for and complained about."""

    page: Any
    origin: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    failures_expected: bool = False

    def state(self) -> dict[str, Any]:
        return self.page.evaluate("__atlas.state()")

    def settle(self) -> None:
        """Wait until nothing moves. A moving map draws in every animation frame, however slow the machine is."""
        self.page.evaluate("""async () => {
          for (let before = -1; before !== __atlas.state().frames; ) {
            before = __atlas.state().frames
            await new Promise((resolve) => setTimeout(resolve, 150))
            for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame)
          }
        }""")

    def row_of(self, name: str) -> int:
        return self.page.evaluate(
            "name => { for (let i = 0; i < __atlas.rows; i++) if (__atlas.nameOf(i) === name) return i; return -1 }",
            name,
        )

    def name_of(self, row: int) -> str:
        return self.page.evaluate("row => __atlas.nameOf(row)", row)

    def details(self) -> Any:
        return self.page.get_by_role("complementary")

    def heading(self) -> str:
        return self.details().get_by_role("heading", level=2).inner_text()


def until(page: Any, expression: str, argument: Any = None, *, seconds: float = 60.0) -> None:
    """Waits for something on a page whose policy forbids what Playwright's own waiting needs: ``eval``."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression, argument):
        assert time.monotonic() < end, f"never came true: {expression}"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The web root; the site is at SUB_PATH below it."""
    root = tmp_path_factory.mktemp("web")
    built = root.parent / "viewer"
    if shutil.which("npm") is None and viewer.find() == viewer.CHECKOUT:
        pytest.skip("the viewer cannot be built without Node and npm")
    viewer.provide(built)
    bundle_folder = tmp_path_factory.mktemp("bundle")
    entities = synthetic.entities(N)
    text_words, _ = searching.text_words(entities, synthetic.FIELDS)
    centres = np.eye(synthetic.GROUPS)
    by_meaning = meaning.of(
        [f"sort{group}" for group in range(synthetic.GROUPS)],
        centres,
        np.ones(synthetic.GROUPS),
        centres[np.arange(N) % synthetic.GROUPS],
        model="toy",
    )
    synthetic.build(bundle_folder, N, text_words=text_words, by_meaning=by_meaning)
    site.build(root / SUB_PATH, bundle_folder=bundle_folder, viewer_folder=built, atlas=synthetic.ATLAS)
    return root


@pytest.fixture(scope="session")
def address(published: Path) -> Iterator[str]:
    handler = functools.partial(_QuietHandler, directory=str(published))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/{SUB_PATH}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="package")  # not longer: Playwright keeps an event loop running, and Dagster wants its own
def browser() -> Iterator[Any]:
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("Chromium is not installed (scripts/ensure_chromium.sh installs it)")
    with playwright_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens the site (``fragment``: the part of the address after #) and waits until all of it is loaded."""
    opened: list[tuple[Any, Visit]] = []

    def open_site(fragment: str = "", *, ready: bool = True, block: str | None = None, **options: Any) -> Visit:
        context = browser.new_context(**(options or DESKTOP), accept_downloads=True)
        context.set_default_timeout(30_000)
        page = context.new_page()
        made = Visit(page, address)
        page.on("request", lambda request: made.asked.append(request.url))
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on("console", lambda line: line.type == "error" and made.complaints.append(line.text))
        if block:
            page.route(block, lambda route: route.fulfill(status=404, body="not found"))
        opened.append((context, made))
        page.goto(address + fragment)
        if ready:
            page.wait_for_function("window.__atlas !== undefined")
            page.evaluate("__atlas.ready")
            made.settle()
        return made

    yield open_site
    for context, made in opened:
        context.close()
        assert made.failures_expected or made.complaints == []
        assert [url for url in made.asked if not url.startswith((address, "data:", "blob:"))] == []
