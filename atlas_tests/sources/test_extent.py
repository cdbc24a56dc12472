"""How many entities a source has, and how long its vectors are, told before it is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.sources.extent import entities_of, numbers_of
from atlas_assets.sources.forms.form import Role
from atlas_assets.sources.tables import located


def counted(kind: Role, folder: Path, *names: str, **columns: str) -> int | None:
    return entities_of(kind, located(names, base=folder, scratch=folder / "scratch", role=kind), columns)


@given(edges=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1))
def test_ends_of_edges_are_counted_once_over_columns_and_files(
    edges: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("edges")
    frame = pl.DataFrame(edges, schema=["a", "b"], orient="row")
    frame.write_parquet(folder / "one.parquet")
    frame.reverse().head(1).write_csv(folder / "two.csv")
    found = counted("edges", folder, "one.parquet", "two.csv", source="a", target="b")
    assert found == len({end for edge in edges for end in edge})


def test_vectors_are_their_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", np.zeros((7, 3), np.float32))
    pl.DataFrame({"id": [1, 2], "x": [0.0, 1.0]}).write_parquet(tmp_path / "more.parquet")
    assert counted("vectors", tmp_path, "vectors.npy") == 7
    assert counted("vectors", tmp_path, "more.parquet") == 2


def test_what_cannot_be_told_quickly_or_read_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "edges.csv").write_text("a,b\n1,2\n3,4\n")
    assert counted("edges", tmp_path, "edges.csv", source="a", target="b") == 4
    assert counted("edges", tmp_path, "edges.csv", source="a", target="gone") is None
    assert counted("collections", tmp_path, "edges.csv", collection="a", entity="b") is None
    monkeypatch.setattr("atlas_assets.sources.extent.MOST_BYTES", 3)
    assert counted("edges", tmp_path, "edges.csv", source="a", target="b") is None


def test_numbers_of_a_vector_are_told_by_a_row(tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", np.zeros((7, 3), np.float32))
    file = located(["vectors.npy"], base=tmp_path, scratch=tmp_path / "scratch", role="vectors")[0]
    table = file.__class__(tmp_path / "t.csv", "t.csv", 1, "csv")
    sample = pl.DataFrame({"id": [1], "v": [[0.5, 1.5]], "text": ["[1, 2.5,-3]"], "x": [1.0], "none": [None]})

    assert numbers_of(file, pl.DataFrame(), {}) == 3
    assert numbers_of(table, sample, {"vector": "v"}) == 2
    assert numbers_of(table, sample, {"vector": "text"}) == 3
    assert numbers_of(table, sample, {"vector": ["x", "y", "z", "u"]}) == 4
    assert numbers_of(table, sample, {"vector": "none"}) is None
