"""How many entities a source has, told before it is read; and what `atlas new` makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets import scaffold
from atlas_assets.sources.extent import entities_of
from atlas_assets.sources.infer import Inference
from atlas_assets.sources.locate import locate

GIB = 1 << 30


def counted(kind: str, folder: Path, *names: str, **columns: str) -> int | None:
    return entities_of(kind, locate(names, base=folder, scratch=folder / "scratch"), columns)


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


@pytest.mark.parametrize(
    ("kind", "n", "gib", "top", "said"),
    [
        ("edges", None, 16, None, []),
        ("edges", 5_000, 16, None, []),
        ("edges", 689_517, 16, None, ["689,517 entities -> .* 8 min .* 6 GiB of memory$"]),
        ("edges", 4_000_000, 16, 2_010_000, ["this machine has 16 GiB, so the 2,010,000 best-connected are taken"]),
        ("vectors", 4_000_000, 16, None, ["this machine has 16 GiB: it may end for want of memory"]),
        ("edges", 100_000, 1, 20_000, ["best-connected are taken"]),
    ],
)
def test_everything_is_taken_that_fits_into_memory_and_said(
    kind: str, n: int | None, gib: int, top: int | None, said: list[str]
) -> None:
    found = Inference(kind, {}, {}, {}, [], n_entities=n)
    chosen, told = scaffold.fitting(found, gib * GIB)
    assert chosen == top
    assert len(told) == len(said)
    for sentence, pattern in zip(told, said, strict=True):
        assert re.search(pattern, sentence), sentence
