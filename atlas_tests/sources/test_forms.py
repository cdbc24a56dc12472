"""Forms of files: what the library of each form wrote is what its reader gives."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import pickle
import random
import sqlite3
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from atlas_assets.errors import DataError
from atlas_assets.sources import files
from atlas_assets.sources.forms.containers import packing, unpack
from atlas_assets.sources.forms.form import Options, Role
from atlas_assets.sources.infer import infer
from atlas_assets.sources.locate import Located, fetch

ROWS = pl.DataFrame({"user": ["ann", "ann", "bob"], "book": [1, 2, 2], "rating": [5.0, 3.5, None]})
MATRIX = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -3.0]], np.float32)
COUNTS = np.array([[0, 2, 0], [1, 0, 3]])


def located(path: Path, role: Role = "collections", part: str | None = None, **options: Any) -> Located:
    name = f"{path}#{part}" if part else str(path)
    return fetch(name, path.parent / f"made-{path.name}-{role}", role=role, options=Options(**options))


def table(found: Located) -> pl.DataFrame:
    return {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}[found.format](found.path)


def vectors(found: Located) -> np.ndarray:
    return np.load(found.path) if found.format == "npy" else table(found)["vector"].to_numpy()


def _workbook(path: Path, **sheets: pl.DataFrame) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        for name, frame in sheets.items():
            frame.write_excel(book, worksheet=name)
    return path


def test_a_workbook(tmp_path):
    path = _workbook(tmp_path / "a.xlsx", loans=ROWS, notes=pl.DataFrame())
    found = located(path)
    assert_frame_equal(table(found), ROWS, check_dtypes=False)
    assert found.told == (f"{path}: the sheet 'loans'; not read: 'notes'",)


def test_a_workbook_of_several_sheets_says_how_to_name_one(tmp_path):
    path = _workbook(tmp_path / "a.xlsx", loans=ROWS, books=ROWS.select("book"))
    with pytest.raises(DataError, match=r"has 2 sheets \(loans, books\).*a.xlsx#loans"):
        located(path)
    assert table(located(path, part="books")).columns == ["book"]


def _sqlite(path: Path) -> Path:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE loans (user TEXT, book INTEGER, rating REAL)")
        connection.executemany("INSERT INTO loans VALUES (?, ?, ?)", ROWS.rows())
    connection.close()
    return path


def _duckdb(path: Path) -> Path:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE loans (user VARCHAR, book BIGINT, rating DOUBLE)")
        connection.executemany("INSERT INTO loans VALUES (?, ?, ?)", ROWS.rows())
    return path


@pytest.mark.parametrize("write", [_sqlite, _duckdb])
def test_a_database_in_a_file(tmp_path, write: Callable[[Path], Path]):
    path = write(tmp_path / "a.db")
    before = path.read_bytes()
    assert_frame_equal(table(located(path)), ROWS)
    asked = table(located(path, query="SELECT user, count(*) AS n FROM loans GROUP BY user ORDER BY user"))
    assert asked.rows() == [("ann", 2), ("bob", 1)]
    for query in ("DROP TABLE loans", "WITH a AS (SELECT 1) DELETE FROM loans", "SELECT 1; DROP TABLE loans"):
        with pytest.raises(DataError, match=r"source\.query"):
            located(path, query=query)
    with pytest.raises(DataError, match=r"has no table 'books'.*one of loans"):
        located(path, part="books")
    assert path.read_bytes() == before


def test_a_database_by_its_url(tmp_path):
    _sqlite(tmp_path / "a.db")
    found = fetch(f"sqlite:///{tmp_path}/a.db#loans", tmp_path / "made", role="collections")
    assert_frame_equal(table(found), ROWS)


def test_anndata(tmp_path):
    anndata = pytest.importorskip("anndata")
    import pandas as pd

    obs = pd.DataFrame({"tissue": pd.Categorical(["lung", "skin"])}, index=["c1", "c2"])  # pyright: ignore
    var = pd.DataFrame(index=["g1", "g2", "g3"])  # pyright: ignore
    X = sp.csr_matrix(COUNTS.astype(np.float32))
    anndata.AnnData(X, obs, var, obsm={"X_pca": MATRIX, "X_umap": MATRIX[:, :2]}).write_h5ad(tmp_path / "a.h5ad")
    found = located(tmp_path / "a.h5ad", "vectors")
    assert np.array_equal(vectors(found), MATRIX)
    assert table(found)["id"].to_list() == ["c1", "c2"]
    assert found.own_entities is not None
    assert table(found.own_entities).rows() == [("c1", "lung"), ("c2", "skin")]
    rows = table(located(tmp_path / "a.h5ad", "collections")).rows()
    assert rows == [("c1", "g2", 2.0), ("c2", "g1", 1.0), ("c2", "g3", 3.0)]
    assert np.array_equal(vectors(located(tmp_path / "a.h5ad", "vectors", part="X")), COUNTS)


def test_pickles_are_read_only_where_they_are_trusted(tmp_path):
    import pandas as pd

    path = tmp_path / "a.pkl"
    pd.DataFrame({"user": ["ann", "bob"], "book": [1, 2]}).to_pickle(path)
    with pytest.raises(DataError, match="--trust"):
        located(path)
    assert table(located(path, trust=True)).rows() == [("ann", 1), ("bob", 2)]
    path.write_bytes(pickle.dumps({"ann": MATRIX[0], "bob": MATRIX[1]}))
    with pytest.raises(DataError, match="--trust"):
        located(path, "vectors")
    found = located(path, "vectors", trust=True)
    assert table(found)["id"].to_list() == ["ann", "bob"]
    assert np.array_equal(vectors(found), MATRIX)


@pytest.mark.parametrize("form", ["graphml", "gexf", "gml"])
@pytest.mark.parametrize("directed", [False, True])
def test_graphs(tmp_path, form, directed):
    import networkx as nx

    graph = nx.DiGraph() if directed else nx.Graph()
    graph.add_node(0, title="Emma", year=1815)
    graph.add_node(1, title="Persuasion", year=1817)
    graph.add_edge(0, 1, weight=2.5)
    path = tmp_path / f"a.{form}"
    getattr(nx, f"write_{form}")(graph, path)
    found = located(path, "edges")
    assert [(str(a), str(b), w) for a, b, w in table(found).rows()] == [("0", "1", 2.5)]
    assert f"{'directed' if directed else 'undirected'}, 2 nodes and 1 edges" in found.told[0]
    assert found.own_entities is not None
    nodes = table(found.own_entities)
    assert nodes["year"].to_list() == [1815, 1817]
    assert "Emma" in nodes.row(0)


def _binary(tokens: list[str], matrix: np.ndarray, end: bytes) -> bytes:
    """As word2vec's C code writes it (with a line end behind a vector), or gensim (without)."""
    lines = [token.encode() + b" " + row.tobytes() + end for token, row in zip(tokens, matrix, strict=True)]
    return f"{len(tokens)} {matrix.shape[1]}\n".encode() + b"".join(lines)


@settings(max_examples=10, deadline=None)
@given(
    numbers=st.lists(st.lists(st.floats(-1e4, 1e4, width=32), min_size=3, max_size=3), min_size=2, max_size=6),
    end=st.sampled_from([b"", b"\n"]),
)
def test_word2vec_in_binary(tmp_path_factory, numbers, end):
    matrix = np.array(numbers, np.float32)
    tokens = [f"Wort_ü{i}" for i in range(len(matrix))]
    path = tmp_path_factory.mktemp("w2v") / "a.bin"
    path.write_bytes(_binary(tokens, matrix, end))
    found = located(path, "vectors", form="word2vec_binary")
    assert table(found)["id"].to_list() == tokens
    assert np.array_equal(vectors(found), matrix)


def test_word2vec_in_binary_is_known_by_its_first_bytes_and_must_be_whole(tmp_path):
    path = tmp_path / "a.bin"
    whole = _binary(["emma", "odd"], MATRIX, b"\n")
    path.write_bytes(whole)
    assert located(path, "vectors").form == "word2vec_binary"
    path.write_bytes(whole[:-6])
    with pytest.raises(DataError, match=r"ends after 1 vectors.*2, as its first line says"):
        located(path, "vectors")


@pytest.mark.parametrize("header", ["2 3\n", ""])
def test_words_and_their_numbers(tmp_path, header):
    lines = [" ".join([token, *map(str, row)]) for token, row in zip(["emma", "odd"], MATRIX, strict=True)]
    (tmp_path / "a.vec").write_text(header + "\n".join(lines) + "\n")
    found = located(tmp_path / "a.vec", "vectors")
    assert table(found)["id"].to_list() == ["emma", "odd"]
    assert np.array_equal(vectors(found), MATRIX)


def _zip(data: bytes, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", "about")
        archive.writestr("data/rows.csv", data)


PACKERS: dict[str, Callable[[bytes, Path], Any]] = {
    "gz": lambda data, path: path.write_bytes(gzip.compress(data[:9]) + gzip.compress(data[9:])),  # two members
    "bz2": lambda data, path: path.write_bytes(bz2.compress(data)),
    "xz": lambda data, path: path.write_bytes(lzma.compress(data)),
    "zst": lambda data, path: path.write_bytes(pa.compress(data, "zstd", asbytes=True)),
    "zip": _zip,
}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("named", [True, False])
def test_packed_files_are_known_by_their_first_bytes(tmp_path, packer, named):
    path = tmp_path / (f"rows.csv.{packer}" if named else "rows.csv")
    PACKERS[packer](ROWS.write_csv().encode(), path)
    assert_frame_equal(table(located(path)), ROWS)


@pytest.mark.parametrize("packer", PACKERS)
def test_a_packed_file_that_is_cut_off_is_told(tmp_path, packer):
    path = tmp_path / "rows.csv"
    PACKERS[packer](ROWS.write_csv().encode() * 50, path)
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DataError, match=r"cannot be unpacked.*Download or compress it again"):
        located(path)


@pytest.mark.parametrize("packer", PACKERS)
@given(places=st.lists(st.integers(40, 400), min_size=1, max_size=8), byte=st.integers(1, 255))
def test_bytes_that_changed_in_a_packed_file_are_told_or_change_nothing(tmp_path_factory, packer, places, byte):
    path = tmp_path_factory.mktemp("changed") / "rows.csv"
    whole = "\n".join(["a,b", *(f"x{i * 7919 % 1009},{i}" for i in range(400))]).encode()
    PACKERS[packer](whole, path)
    packed = bytearray(path.read_bytes())
    for place in places:
        packed[place] ^= byte
    path.write_bytes(packed)
    kind = packing(bytes(packed[:16]), path, path.name)
    assert kind is not None
    try:
        unpack(path, kind, path.name, None, path.with_name("unpacked"))
    except DataError:
        return
    # Zstandard as Arrow writes it has no sum of what it holds.
    assert packer == "zst" or path.with_name("unpacked").read_bytes() == whole


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_full_while_a_file_is_unpacked_is_no_fault_of_the_file(tmp_path):
    path, disk = tmp_path / "rows.csv.gz", tmp_path / "disk"
    path.write_bytes(gzip.compress(random.Random(0).randbytes(1 << 20)))
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        with pytest.raises(OSError, match="No space left"):
            unpack(path, "gzip", path.name, None, disk / "rows.csv")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


ARROW: dict[str, Callable[[pa.Table, Path], Any]] = {
    "stream": lambda rows, path: _ipc(pa.ipc.new_stream, rows, path),
    "file": lambda rows, path: _ipc(pa.ipc.new_file, rows, path),
    "feather": lambda rows, path: feather.write_feather(rows, str(path), compression="zstd"),
}


def _ipc(writer: Any, rows: pa.Table, path: Path) -> None:
    with writer(str(path), rows.schema) as sink:
        for batch in rows.to_batches(max_chunksize=2):
            sink.write_batch(batch)


@pytest.mark.parametrize("kind", ARROW)
def test_arrow(tmp_path, kind):
    path = tmp_path / "a.arrow"
    ARROW[kind](ROWS.to_arrow(), path)
    assert_frame_equal(table(located(path)), ROWS)


@pytest.mark.parametrize("kind", ARROW)
def test_arrow_without_rows_is_told(tmp_path, kind):
    path = tmp_path / "a.arrow"
    ARROW[kind](ROWS.head(0).to_arrow(), path)
    with pytest.raises(DataError, match="has no rows"):
        located(path)


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_vectors_in_bytes(tmp_path, dtype):
    rows = pa.table({"id": ["a", "b"], "vector": [row.astype(dtype).tobytes() for row in MATRIX]})
    pq.write_table(rows, tmp_path / "a.parquet")
    found = located(tmp_path / "a.parquet", "vectors")
    assert np.array_equal(np.array(table(found)["vector"].to_list(), np.float32), MATRIX)
    assert "from bytes" in found.told[0]


def test_pictures_are_left_out_and_said(tmp_path):
    picture = {"bytes": struct.pack("<5B", 137, 80, 78, 71, 255), "path": "a.png"}
    pq.write_table(pa.table({"id": ["a", "b"], "image": [picture, picture]}), tmp_path / "a.parquet")
    found = located(tmp_path / "a.parquet", "entities")
    assert table(found).columns == ["id"]
    assert found.told == (f"{tmp_path}/a.parquet: image -> left out: it holds pictures",)


@pytest.mark.parametrize("name", ["sparse.mtx", "dense.mtx", "sparse.npz", "dense.npz"])
def test_matrices(tmp_path, name):
    path = tmp_path / name
    matrix: Any = sp.coo_array(COUNTS) if name.startswith("sparse") else COUNTS
    if name.endswith(".mtx"):
        scipy.io.mmwrite(path, matrix)
    elif name.startswith("sparse"):
        sp.save_npz(path, matrix)
    else:
        np.savez(path, counts=matrix)
    assert table(located(path)).rows() == [(0, 1, 2.0), (1, 0, 1.0), (1, 2, 3.0)]
    assert np.array_equal(vectors(located(path, "vectors")), COUNTS)


@settings(max_examples=10, deadline=None)
@given(numbers=st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=4, max_size=4))
def test_a_square_matrix_is_edges(tmp_path_factory, numbers):
    matrix = np.array(numbers)
    n_edges = {
        (i, j): int(matrix[i, j])
        for i in range(4)
        for j in range(4)
        if matrix[i, j] and i != j and ((matrix != matrix.T).any() or i < j)
    }
    path = tmp_path_factory.mktemp("mtx") / "a.mtx"
    scipy.io.mmwrite(path, sp.coo_array(matrix), symmetry="general")
    if not n_edges:
        with pytest.raises(DataError, match="has no rows"):
            located(path, "edges")
        return
    assert {(a, b): w for a, b, w in table(located(path, "edges")).rows()} == n_edges


def test_an_npz_with_ids_beside_its_matrix(tmp_path):
    np.savez(tmp_path / "a.npz", vectors=MATRIX, words=np.array(["emma", "odd"]), mean=MATRIX.mean(0))
    found = located(tmp_path / "a.npz", "vectors")
    assert table(found)["words"].to_list() == ["emma", "odd"]
    assert np.array_equal(vectors(found), MATRIX)
    assert "the arrays mean are not one value per vector, and were left out" in found.told[1]


@pytest.mark.parametrize("yes", ["1", "TRUE"])
def test_a_column_for_every_entity_is_members(tmp_path, yes):
    (tmp_path / "a.csv").write_text(f"user,rye,oat,salt,plum\nann,{yes},0,0,{yes}\nbob,0,,{yes},0\ncid,0,0,0,0\n")
    found = located(tmp_path / "a.csv")
    assert table(found).rows() == [("ann", "rye", 1.0), ("ann", "plum", 1.0), ("bob", "salt", 1.0)]
    assert "3 rows are collections, 4 columns entities" in found.told[0]
    assert located(tmp_path / "a.csv", form="table").format == "csv"


def test_an_adjacency_table_is_edges_between_its_names(tmp_path):
    (tmp_path / "a.csv").write_text(";A;B;C\nA;0;1;2\nB;1;0;0\nC;2;0;0\n")
    assert table(located(tmp_path / "a.csv", "edges")).rows() == [("A", "B", 1.0), ("A", "C", 2.0)]


@pytest.mark.parametrize(
    "text", ["user,book,rating,year\na,x,5,1999\nb,x,4,2001\nc,y,0,2002\n", "v1\tv1\tva\n" * 5, "a\tb\nb\tc\nc\ta\n"]
)
def test_a_small_table_stays_a_table(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    assert located(tmp_path / "a.csv").form not in ("baskets", "wide")


@pytest.mark.parametrize(("text", "label"), [("emma\nodd\n", "label"), ("word\nemma\nodd\n", "word")])
def test_one_label_per_line_beside_vectors_without_ids(tmp_path, text, label):
    np.save(tmp_path / "x.npy", MATRIX)
    (tmp_path / "labels.txt").write_text(text)
    found = infer(vectors=["x.npy"], entities=["labels.txt"], base=tmp_path)
    assert found.entity_columns == {"id": "id", "label": label}
    files.read_vectors(
        tmp_path / "out",
        vectors=["x.npy"],
        entities=["labels.txt"],
        entity_columns=found.entity_columns,
        base=tmp_path,
    )
    assert pl.read_parquet(tmp_path / "out/entities.parquet").rows() == [(0, "emma"), (1, "odd")]


def test_vectors_as_text_may_stand_in_braces_but_not_be_shortened(tmp_path):
    columns = {"id": "id", "vector": "v"}
    (tmp_path / "a.csv").write_text('id,v\na,"{0.5,-1,2}"\nb,"{1.5,0.25,-3}"\n')
    files.read_vectors(tmp_path / "out", vectors=["a.csv"], columns=columns, base=tmp_path)
    (tmp_path / "b.csv").write_text('id,v\na,"[0.5 1 2]"\nb,"[1.5 ... -3]"\n')
    with pytest.raises(DataError, match=r"(row 2|line 3).*printed with …"):
        files.read_vectors(tmp_path / "out", vectors=["b.csv"], columns=columns, base=tmp_path)
