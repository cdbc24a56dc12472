"""The toy atlas, made once from frames, for what is done with an atlas that was made."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import atlas_assets as atlas
from atlas_assets.frames import Atlas
from atlas_assets.store.artifacts import ArtifactStore
from atlas_tests import toy


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """The toy atlas, from frames."""
    folder = tmp_path_factory.mktemp("frames")
    toy.write_tables(folder)
    (folder / "project").mkdir()
    toy.put_viewer(ArtifactStore(folder / "project" / "data"), recipe=toy.viewer_recipe())
    return atlas.map(
        pd.read_csv(folder / "ratings.csv"),
        collection="user_id",
        entity="book_id",
        entities=pl.read_csv(folder / "books.csv"),
        name="books",
        folder=folder / "project",
        filter={"min_collections": 1},
        sweep={"n_neighbors": [5], "projections": [{"method": "pca"}]},
    )


@pytest.fixture
def project(books: Atlas, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a shell in the project of the atlas."""
    folder = Path(books._store.root).parent
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ATLAS_STORAGE", str(folder / "data"))
    monkeypatch.setenv("ATLAS_DEFS", str(folder / "defs"))
    return folder
