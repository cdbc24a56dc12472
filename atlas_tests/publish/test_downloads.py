"""What an atlas knows as files: the same rows in every format, and the downloads of the site under its own name."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from atlas_assets.cli import app
from atlas_assets.errors import AtlasError
from atlas_assets.publish import downloads
from atlas_tests.bundle import synthetic

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


def test_every_format_holds_the_same_rows(here: Path) -> None:
    known = synthetic.entities(N)
    for suffix in ("csv", "parquet", "geojson", "npz"):
        assert "(40 rows)" in atlas("export", "toy", "-o", f"map.{suffix}")
    parquet = pl.read_parquet(here / "map.parquet").sort("id")
    assert parquet["label"].to_list() == known["label"].to_list()
    csv = pl.read_csv(here / "map.csv").sort("id")
    assert csv["weight"].to_list() == known["weight"].to_list()
    assert csv["tags"].to_list()[1:3] == ["tag 1", "tag 2|tag 3"]
    points = json.loads((here / "map.geojson").read_text())["features"]
    places = {point["properties"]["id"]: point["geometry"]["coordinates"] for point in points}
    assert np.allclose([places[i] for i in known["id"]], synthetic.positions(N)[:, :2], atol=1e-4)
    arrays = np.load(here / "map.npz")
    order = np.argsort(arrays["id"])
    assert np.allclose(arrays["map__deep"][order], synthetic.positions(N), atol=1e-4)
    assert arrays["label"][order].tolist() == known["label"].to_list()


def test_csv_is_what_one_gets_without_a_wish(here: Path) -> None:
    atlas("export", "toy")
    assert pl.read_csv(here / "toy.csv").height == N
    with pytest.raises(AtlasError, match="xlsx is not a format that can be written; expected one of csv, parquet"):
        atlas("export", "toy", "-o", "toy.xlsx")
    with pytest.raises(AtlasError, match="nowhere is no folder"):
        atlas("export", "toy", "-o", "nowhere/toy.csv")


def test_no_cell_of_a_csv_is_a_formula() -> None:
    """``=cmd|…`` as a label used to be run by the spreadsheet that opened the file."""
    cells = ["=1+1", "+cmd", "-2 apples", "@x", "\t=1", "-2.5", "+3", "plain", "a=b", None]
    made = downloads.without_formulas(pl.DataFrame({"label": cells, "n": range(10)}))
    assert made["label"].to_list() == ["'=1+1", "'+cmd", "'-2 apples", "'@x", "'\t=1", *cells[5:]]
    assert made["n"].to_list() == list(range(10))
