"""The downloads of a site, under the name of its atlas."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from atlas_assets.cli import app
from atlas_assets.errors import AtlasError
from atlas_assets.store.artifacts import Address, ArtifactStore

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
    with pytest.raises(AtlasError, match="--format and --paper go with --what poster"):
        atlas("download", "toy", "--paper", "a4")
    with pytest.raises(AtlasError, match="--what is 'all'; expected one of site, data, poster"):
        atlas("download", "toy", "--what", "all")


def test_a_poster_is_drawn_for_the_paper_and_the_kind_of_file_that_are_asked_for(
    here: Path, sources: tuple[Path, list[Path]]
) -> None:
    store = ArtifactStore(str(here.parent / "data"))
    with store.write(Address("toy", "bundle"), recipe="r") as draft:
        shutil.copytree(sources[1][0], draft.folder, dirs_exist_ok=True)
    atlas("download", "toy", "--what", "poster", "-o", str(here / "mine.svg"), "--paper", "a2")
    atlas("download", "toy", "--what", "poster", "--format", "pdf")
    [width] = re.findall(rb'width="([0-9.]+)mm"', (here / "mine.svg").read_bytes())
    assert float(width) == pytest.approx(594, abs=0.2)
    assert (here / "toy-poster.pdf").read_bytes().startswith(b"%PDF-")
