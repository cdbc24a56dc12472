"""A project folder of its own for every case."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the current folder."""
    (tmp_path / "dagster.yaml").touch()
    monkeypatch.setenv("ATLAS_DEFS", str(tmp_path / "defs"))
    monkeypatch.chdir(tmp_path)
    return tmp_path
