"""The downloads of a site, under the name of its atlas."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from atlas_assets.cli import app
from atlas_assets.errors import AtlasError

N = 40


def atlas(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def here(built: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    built(0)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    return tmp_path / "out"


def test_downloads_are_named_after_the_atlas(here: Path) -> None:
    atlas("download", "toy")
    atlas("download", "toy", "--what", "data", "-o", str(here / "mine.parquet"))
    with zipfile.ZipFile(here / "toy-site.zip") as archive:
        assert "index.html" in archive.namelist()
    assert pl.read_parquet(here / "mine.parquet").height == N
    with pytest.raises(AtlasError, match=r"has no atlas-poster\.png.*Run: atlas run toy"):
        atlas("download", "toy", "--what", "poster")
    with pytest.raises(AtlasError, match="--what is 'all'; expected one of site, data, poster"):
        atlas("download", "toy", "--what", "all")
