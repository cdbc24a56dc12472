"""Vectors in every form give one matrix, and what does not fit is told by row."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from atlas_assets.errors import DataError
from atlas_assets.sources import files
from atlas_tests.sources.forms import write

VECTORS = np.array([[1.0, 2.0, 3.0], [4.0, 5.5, 6.0], [-7.0, 8.0, 9.0]], dtype=np.float32)


def read_vectors(folder: Path, **options) -> tuple[np.ndarray, pl.DataFrame]:
    files.read_vectors(folder / "raw", base=folder, **options)
    return np.load(folder / "raw" / "vectors.npy"), pl.read_parquet(folder / "raw" / "entities.parquet")


def test_vectors_of_any_form_are_one_matrix(tmp_path):
    lists = pl.DataFrame({"word": ["x", "y", "z"], "embedding": VECTORS.tolist()})
    lists.write_parquet(tmp_path / "lists.parquet")
    lists.with_columns(pl.col("embedding").cast(pl.Array(pl.Float32, 3))).write_parquet(tmp_path / "arrays.parquet")
    lists.write_ndjson(tmp_path / "lists.jsonl")
    wide = pl.DataFrame({"word": ["x", "y", "z"]} | {f"d{i}": VECTORS[:, i] for i in range(3)})
    wide.write_csv(tmp_path / "wide.csv")
    text = pl.Series("embedding", [str(row) for row in VECTORS.tolist()])
    lists.with_columns(text).write_csv(tmp_path / "text.csv")
    np.save(tmp_path / "matrix.npy", VECTORS)
    write(tmp_path, "words.csv", "id,label\nx,X\ny,Y\nz,Z\n")
    for name in ("lists.parquet", "arrays.parquet", "lists.jsonl", "wide.csv", "text.csv", "matrix.npy"):
        matrix, entities = read_vectors(tmp_path, vectors=[name], entities=["words.csv"])
        np.testing.assert_array_equal(matrix, VECTORS)
        assert matrix.dtype == np.float32
        assert entities.rows() == [("x", "X"), ("y", "Y"), ("z", "Z")]
    assert read_vectors(tmp_path, vectors=["lists.parquet"])[1].rows() == [("x", "x"), ("y", "y"), ("z", "z")]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([[1, 2], [3, 4], [5]], r"row 3, column 'vector' has 1 numbers; expected 2.*compute its vector again"),
        ([[1, 2], [3, 4], None], r"row 3, column 'vector' has 0 numbers; expected 2"),
        ([[1, 2], [3, 1e39], [5, 6]], r"row 2, number 2 is inf; expected a finite number.*1 vectors"),
    ],
)
def test_vectors_that_do_not_fit_are_told_by_row(tmp_path, lines, message):
    text = "".join(json.dumps({"id": f"w{i}", "vector": v}) + "\n" for i, v in enumerate(lines))
    write(tmp_path, "v.jsonl", text)
    with pytest.raises(DataError, match=message):
        read_vectors(tmp_path, vectors=["v.jsonl"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,x1,x2\na,1,2\nb,3,nan\n", r"row 2 below the header, column 'x2' is nan"),
        ("id,x1,x2\na,1,2\nb,3,\n", r"row 2 below the header, column 'x2' is nan; .*Remove the vector"),
        (
            "id,x1,x2\na,1,2\na,3,4\n",
            r"rows 1, 2 all hold the id 'a'; expected one vector per entity.*source\.columns\.id",
        ),
        ("id,x1,x2\na,1,2\n,3,4\n", r"row 2 has no id; .*Remove the row"),
        ("id,name\na,b\n", r"does not show which column is the id and which the vector: id \('a'\).*source\.columns"),
    ],
)
def test_numeric_columns_that_do_not_fit_are_told(tmp_path, content, message):
    write(tmp_path, "v.csv", content)
    with pytest.raises(DataError, match=message):
        read_vectors(tmp_path, vectors=["v.csv"])


def test_an_npy_file_is_numbered_or_beside_a_table_of_the_same_length(tmp_path):
    np.save(tmp_path / "v.npy", VECTORS)
    write(tmp_path, "e.csv", "id,label\nx,X\ny,Y\n")
    assert read_vectors(tmp_path, vectors=["v.npy"])[1].rows() == [(0, "0"), (1, "1"), (2, "2")]
    with pytest.raises(DataError, match=r"has 3 rows, the entity table 2; expected .*in order"):
        read_vectors(tmp_path, vectors=["v.npy"], entities=["e.csv"])
    np.save(tmp_path / "flat.npy", VECTORS.ravel())
    with pytest.raises(DataError, match=r"holds an array of shape \(9,\).*two-dimensional"):
        read_vectors(tmp_path, vectors=["flat.npy"])
