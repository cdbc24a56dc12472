"""A viewer of two files and the bundle of a small atlas: all that a site is made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_tests.bundle import synthetic

VIEWER_PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta name="atlas-manifest" content="" />
    <meta name="description" content="An atlas to explore" />
    <title>Atlas</title>
    <script type="module" src="./assets/index.{mark}.js"></script>
  </head>
  <body>
    <noscript>no script</noscript>
    <div id="app"></div>
  </body>
</html>
"""


def write_viewer(folder: Path, mark: str = "aaaa") -> Path:
    """A stand-in for the viewer's build whose script has a name made from its content, as Vite's has."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(VIEWER_PAGE.replace("{mark}", mark))
    (folder / "assets" / f"index.{mark}.js").write_text(f"console.log('{mark}')\n" * 50)
    return folder


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    synthetic.build(folder, 200)
    return folder


@pytest.fixture(scope="session")
def viewer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_viewer(tmp_path_factory.mktemp("viewer"))
