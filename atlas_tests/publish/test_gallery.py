"""One page over all atlases of a project, with their sites beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atlas_assets.cli import app
from atlas_assets.errors import AtlasError


def gallery(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["gallery", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_site_is_there_with_a_picture_and_what_it_is(built: Callable[[int], Path], tmp_path: Path) -> None:
    built(0)
    told = gallery("-o", str(tmp_path / "public"), "--title", "Maps <of> ours")
    assert "python_api is left out" in told.replace("\n", " ")
    page = (tmp_path / "public" / "index.html").read_text(encoding="utf-8")
    assert "<h1>Maps &lt;of&gt; ours</h1>" in page
    assert re.findall(r'<a href="([^"]+)"', page) == ["toy/"]
    assert (tmp_path / "public" / "toy" / "index.html").is_file()
    [picture] = re.findall(r'<img src="([^"]+)"', page)
    assert (tmp_path / "public" / picture).read_bytes().startswith(b"\x89PNG")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "public" / "toy").rglob("*.js")}
    gallery("-o", str(tmp_path / "public"), "--name", "toy")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_page_of_somebody_else_stays(built: Callable[[int], Path], tmp_path: Path) -> None:
    built(0)
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "index.html").write_text("mine")
    with pytest.raises(AtlasError, match="is a page of somebody else's"):
        gallery("-o", str(tmp_path / "public"))
    assert (tmp_path / "public" / "index.html").read_text() == "mine"


def test_without_any_site_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_STORAGE", str(tmp_path / "data"))
    with pytest.raises(AtlasError, match="atlas run NAME"):
        gallery("-o", str(tmp_path / "public"))
