"""The widget in the real JupyterLab and the real marimo: shown, and its selection on both sides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from atlas_tests.browser.conftest import SUB_PATH, until
from atlas_tests.components.live import free_port
from atlas_tests.conftest import REPOSITORY

pytest.importorskip("anywidget", reason="anywidget is not installed (dependency group dev)")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MAKE = """\
from pathlib import Path
from types import SimpleNamespace
import polars as pl
from atlas_assets.notebook import MapWidget
from atlas_assets.store.artifacts import ArtifactStore
made = SimpleNamespace(name="toy", store=ArtifactStore({store!r}), entities=pl.DataFrame({{"id": ["a"]}}))
shown = MapWidget(made, height=500)
"""
LOOK = "Path('told.txt').write_text(repr(list(shown.selection)))"


@pytest.fixture
def store(published: Path, tmp_path: Path) -> str:
    (tmp_path / "store/toy").mkdir(parents=True)
    (tmp_path / "store/toy/site").symlink_to(published / SUB_PATH)
    return str(tmp_path / "store")


@contextmanager
def server(folder: Path, address: str, *command: str) -> Iterator[None]:
    """A process that answers at an address."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "JUPYTER_CONFIG_DIR": str(folder), "HOME": str(folder)}
    with (folder / "server.log").open("w") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(address, timeout=5):
                    break
            except OSError:
                assert started.poll() is None, (folder / "server.log").read_text()
                time.sleep(0.2)
        yield
    finally:
        started.terminate()
        started.wait(timeout=30)


def in_frame(page: Any) -> Any:
    """The frame of the map, once it is drawn."""
    page.locator("iframe[title=Map]").wait_for(timeout=120_000)
    frame = page.locator("iframe[title=Map]").element_handle().content_frame()
    until(frame, "window.__atlas !== undefined")
    frame.evaluate("__atlas.ready")
    return frame


def told(folder: Path, wanted: str, again: Any) -> None:
    """Waits until the kernel has written that; ``again`` asks it to."""
    for _ in range(60):
        again()
        time.sleep(0.5)
        if (folder / "told.txt").exists() and (folder / "told.txt").read_text() == wanted:
            return
    raise AssertionError((folder / "told.txt").read_text() if (folder / "told.txt").exists() else "nothing told")


def choose(frame: Any, row: int) -> str:
    """Selects an entity as a visitor does, by its name; returns its id."""
    name = frame.evaluate("row => __atlas.nameOf(row)", row)
    frame.get_by_role("button", name="Search").first.click()
    frame.get_by_role("combobox").fill(name)
    frame.get_by_text(name, exact=True).first.click()
    until(frame, "row => __atlas.state().selected === row", row)
    return str(3 * int(name.split()[1]))  # as synthetic.entities numbers them


def test_in_jupyterlab(browser: Any, tmp_path: Path, store: str) -> None:
    pytest.importorskip("jupyterlab")
    cells = [MAKE.format(store=store) + "shown", "shown.selection = ['3', '6', '9']", LOOK]
    notebook = {
        "cells": [
            {"cell_type": "code", "source": one, "metadata": {}, "outputs": [], "execution_count": None, "id": f"c{i}"}
            for i, one in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "map.ipynb").write_text(json.dumps(notebook))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    options = ("--no-browser", "--allow-root", "--IdentityProvider.token=", f"--port={port}", "--ip=127.0.0.1")
    with server(tmp_path, f"{address}/api", "jupyterlab", *options):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/lab/tree/map.ipynb")
        page.locator(".jp-Notebook .jp-Cell").nth(2).wait_for(timeout=60_000)
        page.locator(".jp-Notebook .jp-Cell").first.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        frame = in_frame(page)
        if shots := os.environ.get("ATLAS_SHOTS"):
            page.wait_for_timeout(2000)
            page.screenshot(path=f"{shots}/jupyterlab.png")
        page.keyboard.press("Shift+Enter")  # the second cell
        until(frame, "__atlas.picked().length === 3")
        chosen = choose(frame, 11)

        def ask() -> None:
            page.locator(".jp-Notebook .jp-Cell").nth(2).locator(".cm-content").click()
            page.keyboard.press("Control+Enter")

        told(tmp_path, repr([chosen]), ask)
        page.close()


def test_in_marimo(browser: Any, tmp_path: Path, store: str) -> None:
    marimo = pytest.importorskip("marimo")
    lines = (MAKE.format(store=store) + "view = marimo.ui.anywidget(shown)\nview").replace("\n", "\n    ")
    (tmp_path / "map.py").write_text(
        f"""\
import marimo
__generated_with = "{marimo.__version__}"
app = marimo.App()

@app.cell
def _():
    import marimo
    {lines}
    return marimo, shown, view

@app.cell
def _(view):
    view.value
    __import__("pathlib").Path("told.txt").write_text(repr(list(view.widget.selection)))
    return

if __name__ == "__main__":
    app.run()
"""
    )
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    options = ("run", "map.py", "--headless", f"--port={port}", "--no-token", "--host=127.0.0.1")
    with server(tmp_path, f"{address}/health", "marimo", *options):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        frame = in_frame(page)
        if shots := os.environ.get("ATLAS_SHOTS"):
            page.wait_for_timeout(2000)
            page.screenshot(path=f"{shots}/marimo.png")
        told(tmp_path, repr([choose(frame, 11)]), lambda: None)  # the cell runs by itself
        page.close()
