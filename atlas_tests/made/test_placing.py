"""``atlas place``: what an atlas does not have finds its place beside what it keeps company with; nothing changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from atlas_assets.cli import app
from atlas_assets.errors import AtlasError
from atlas_assets.frames import Atlas


def atlas(*arguments: str) -> str:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False).output


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".dagster" not in path.parts)
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_new_books_stand_with_those_that_their_readers_read(project: Path, books: Atlas, tmp_path: Path) -> None:
    rows = pl.read_parquet(project / "rows.parquet")
    readers = rows.filter(pl.col("book_id") < 30)["user_id"].unique(maintain_order=True).head(12)
    new = pl.DataFrame({"user_id": readers, "book_id": [900] * 12})
    new = pl.concat(
        [new, pl.DataFrame({"user_id": ["nobody else"], "book_id": [901]}), rows.select(new.columns).head(3)]
    )
    new.write_csv(tmp_path / "new.csv")
    before = contents(project)
    target = tmp_path / "places.parquet"
    told = CliRunner().invoke(
        app, ["place", "books", str(tmp_path / "new.csv"), "-o", str(target)], catch_exceptions=False
    )
    assert "1 of 2 are near nothing that the atlas has" in told.output
    assert contents(project) == before
    placed = pl.read_parquet(target)
    assert placed["id"].to_list() == [900, 901]
    assert all(label.startswith(("Crime", "The Bridge")) for label in placed["near"][0])
    key = books.recommended
    crime = books.map().filter(pl.col("label").str.starts_with("Crime")).select("x", "y").to_numpy()
    space = books.map().filter(pl.col("label").str.starts_with("Space")).select("x", "y").to_numpy()
    at = placed.select(f"x__{key}", f"y__{key}").row(0)
    assert np.linalg.norm(crime.mean(axis=0) - at) < np.linalg.norm(space.mean(axis=0) - at)
    assert placed.select(f"x__{key}", f"y__{key}").row(1) == (None, None)
    assert "900" in atlas("place", "books", str(tmp_path / "new.csv"))


def test_what_is_there_already_is_not_placed(project: Path, tmp_path: Path) -> None:
    pl.read_parquet(project / "rows.parquet").head(5).write_csv(tmp_path / "old.csv")
    with pytest.raises(AtlasError, match="holds nothing that is new"):
        atlas("place", "books", str(tmp_path / "old.csv"))
    with pytest.raises(AtlasError, match=r"neither \.csv nor \.parquet"):
        atlas("place", "books", str(tmp_path / "old.csv"), "-o", "x.xlsx")
