"""Bytes that nobody chose, given to every reader: rows, or a refusal in a sentence; no traceback, no hang.

Files that are right are cut, spliced and sprinkled with what readers stumble over. The normal run tries some, the slow
one thousands.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_assets.builders.reading import read
from atlas_assets.errors import AtlasError
from atlas_assets.sources.memory import Memory
from atlas_assets.spec.loading import load, validate
from atlas_assets.stages.artifact import no_progress

ROWS = [(f"u{i % 5}", f"b{i % 9}", str(i % 4 + 1), f"2024-01-{i % 28 + 1:02}") for i in range(40)]
TEXTS = {
    "csv": "user,item,rating,date\n" + "".join(",".join(row) + "\n" for row in ROWS),
    "tsv": "".join("\t".join(f'"{value}"' for value in row) + "\r\n" for row in ROWS),
    "jsonl": "".join(json.dumps(dict(zip(("user", "item", "n", "at"), row, strict=True))) + "\n" for row in ROWS),
    "json": json.dumps([{"id": i, "items": [{"name": f"b{j}"} for j in range(i % 5)]} for i in range(20)]),
    "dat": "".join(f"{a}::{b}::{n}::978300760\n" for a, b, n, _ in ROWS),
    "edges": "# a comment\n" + "".join(f"{i % 7} {i % 11} 0.5\n" for i in range(40)),
    "mtx": "%%MatrixMarket matrix coordinate real general\n5 9 20\n"
    + "".join(f"{i % 5 + 1} {i % 9 + 1} {i / 4}\n" for i in range(20)),
    "gml": "graph [\n"
    + "".join(f'  node [ id {i} label "n{i}" ]\n' for i in range(5))
    + "  edge [ source 0 target 1 ]\n]",
    "net": '*Vertices 3\n1 "a"\n2 "b"\n3 "c"\n*Edges\n1 2 1\n2 3 1\n',
    "graphml": "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'><graph edgedefault='undirected'><node id='a'/>"
    "<node id='b'/><edge source='a' target='b'/></graph></graphml>",
    "vec": "4 3\n" + "".join(f"word{i} {i}.5 0.25 -1e-3\n" for i in range(4)),
    "basket": "".join(",".join(f"b{(i * j) % 9}" for j in range(1, i % 4 + 2)) + "\n" for i in range(30)),
}


def _written(write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "file"))
        return next(path for path in Path(folder).iterdir()).read_bytes()


def _sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table rows (user text, item text, n int, at text)")
        database.executemany("insert into rows values (?, ?, ?, ?)", ROWS)


FRAME = pl.DataFrame(ROWS, schema=["user", "item", "n", "at"], orient="row")
MATRIX = np.arange(60.0).reshape(20, 3) % 7
BINARY = {
    "parquet": _written(FRAME.write_parquet),
    "arrow": _written(FRAME.write_ipc),
    "xlsx": _written(lambda path: FRAME.write_excel(path.with_suffix(".xlsx"))),
    "sqlite": _written(_sqlite),
    "npy": _written(lambda path: np.save(path, MATRIX)),
    "npz": _written(lambda path: np.savez_compressed(path, vectors=MATRIX, ids=np.arange(20))),
    "csv.gz": gzip.compress(TEXTS["csv"].encode(), mtime=0),
}
STUMBLING = (
    *(b"\0", b'"', b"'", b"\\", b"\r", b"\n\n", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3", b"\x1a", b"\x85"),
    *(b"NaN", b"1e999", b"-0", b"9" * 30, b"null", b"{", b"[", b"]}", b"<!ENTITY a 'b'>", b"&a;", b"::", b";", b"\t"),
    *(b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"BZh9", b"\x93NUMPY", b"SQLite format 3\0", b"\x80\x04"),
    "\u2028".encode(),
    "\ud7ff\U0010ffff".encode(),
)


@st.composite
def broken_files(draw: st.DrawFn) -> tuple[str, bytes]:
    """(ending, content) of a file that was right, or of none at all."""
    ending = draw(st.sampled_from([*TEXTS, *BINARY]))
    if draw(st.integers(0, 9)) == 0:
        return ending, draw(st.binary(max_size=200))
    if ending in BINARY:
        content = BINARY[ending]
    else:
        content = TEXTS[ending].encode(draw(st.sampled_from(["utf-8"] * 6 + ["utf-16", "utf-16-le", "utf-32"])))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["insert", "insert", "cut", "drop", "repeat", "flip"])):
            case "insert":
                content = content[:at] + draw(st.sampled_from(STUMBLING)) + content[at:]
            case "cut":
                content = content[:at]
            case "drop":
                content = content[:at] + content[at + draw(st.integers(1, 40)) :]
            case "repeat":
                content = content[:at] + content[max(at - draw(st.integers(1, 300)), 0) :]
            case "flip" if at < len(content):
                content = content[:at] + bytes([content[at] ^ draw(st.integers(1, 255))]) + content[at + 1 :]
    return ending, content


kinds = st.sampled_from(["interactions", "edges", "vectors"])


def give_to_the_reader(file: tuple[str, bytes], kind: str) -> None:
    """Anything that is raised but an AtlasError is a defect, and so is a message that does not name the file."""
    if said := _refusal(file, kind):
        assert f"x.{file[0]}" in said
        assert len(said) < 5_000


def _refusal(file: tuple[str, bytes], kind: str) -> str:
    folder = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    ending, content = file
    path = folder / f"x.{ending}"
    path.write_bytes(content)
    try:
        (folder / "out").mkdir()
        spec = validate({"source": {kind: [str(path)]}}, file=folder / "defs/x/defs.yaml")
        read(spec.source, folder / "out", base=folder, progress=no_progress, memory=Memory())
    except AtlasError as error:
        return str(error)
    finally:
        shutil.rmtree(folder)
    return ""


def give_to_the_spec(content: bytes) -> None:
    folder = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    path = folder / "x" / "defs.yaml"
    path.parent.mkdir()
    path.write_bytes(content)
    try:
        with contextlib.suppress(AtlasError):  # anything else is a defect
            load(path)
    finally:
        shutil.rmtree(folder)


SPEC = b"""type: atlas_assets.components.Atlas
attributes:
  title: &a Books
  source: {interactions: [x.csv], columns: {collection: user, entity: item}}
  filter: {min_collections: 5, drop: ["a"]}
  sweep: {n_neighbors: [15], projections: [{method: umap, n_neighbors: [15, 50], min_dist: 0.1}]}
  display: {entity: [book, books], colour: year, accent: "#c2410c"}
"""


@st.composite
def broken_specs(draw: st.DrawFn) -> bytes:
    content = SPEC
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content)))
        more = draw(
            st.sampled_from([*STUMBLING, b"*a", b"&a ", b"<<: ", b"? ", b"- ", b"!!python/name:os", b"|\n", b"\n  "])
        )
        end = at + draw(st.integers(0, 20))
        content = content[:at] + more + content[end:]
    return content


@pytest.mark.timeout(300)
@settings(max_examples=100)
@given(broken_files(), kinds)
def test_a_broken_file_is_read_or_refused_in_a_sentence(file: tuple[str, bytes], kind: str) -> None:
    give_to_the_reader(file, kind)


def test_texts_that_lie_outside_of_their_file_are_refused_in_a_sentence() -> None:
    """Of an Arrow file: whoever follows such an offset ends the process."""
    offsets = pa.py_buffer(np.array([0, 2_000_000_000, 2], np.int32))
    texts = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"ab"))
    made = io.BytesIO()
    with pa.ipc.new_file(made, pa.schema([("source", pa.string()), ("target", pa.string())])) as file:
        file.write_batch(pa.record_batch([pa.array(["a", "b"]), texts], ["source", "target"]))
    assert "x.arrow" in (_refusal(("arrow", made.getvalue()), "edges") or "")


def test_a_parquet_file_that_is_damaged_inside_is_refused_in_a_sentence() -> None:
    content = bytearray(BINARY["parquet"])
    content[8:40] = bytes(32)
    assert "x.parquet is damaged inside" in (_refusal(("parquet", bytes(content)), "edges") or "")


@pytest.mark.timeout(300)
@settings(max_examples=100)
@given(broken_specs())
def test_a_broken_spec_is_valid_or_refused_in_a_sentence(content: bytes) -> None:
    give_to_the_spec(content)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=5_000)
@given(broken_files(), kinds)
def test_thousands_of_broken_files_are_read_or_refused_in_a_sentence(file: tuple[str, bytes], kind: str) -> None:
    give_to_the_reader(file, kind)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=5_000)
@given(broken_specs())
def test_thousands_of_broken_specs_are_valid_or_refused_in_a_sentence(content: bytes) -> None:
    give_to_the_spec(content)
