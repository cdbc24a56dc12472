"""Files that are not what they should be: read, or refused with a sentence; never a traceback."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atlas_assets.builders.reading import read
from atlas_assets.errors import AtlasError
from atlas_assets.sources.memory import Memory
from atlas_assets.spec.loading import validate
from atlas_assets.stages.artifact import no_progress

READ, REFUSED = "read", "refused"


@dataclass(frozen=True)
class Input:
    """content: of the file ``name``, a text (UTF-8), bytes, or what makes it. said: in the refusal, a pattern."""

    name: str
    content: str | bytes | Callable[[Path], object]
    outcome: Literal["read", "refused"]
    said: str = ""
    kind: str = "interactions"
    columns: dict[str, Any] = field(default_factory=dict)


ROWS = "".join(f"u{i % 7},b{i % 11}\n" for i in range(60))
CSV = "user,item\n" + ROWS
U_I = {"collection": "user", "entity": "item"}
S_T = {"source": "source", "target": "target"}
JSONL = "".join(json.dumps({"user": f"u{i % 7}", "item": f"b{i % 11}"}) + "\n" for i in range(60))
EDGES = "source,target\n" + "".join(f"a{i},a{i + 1}\n" for i in range(20))
FRAME = pl.DataFrame({"user": [f"u{i % 7}" for i in range(60)], "item": [i % 11 for i in range(60)]})


def csv(name: str, content: str | bytes, outcome: Any, said: str = "", **columns: Any) -> Input:
    return Input(f"{name}.csv", content, outcome, said, columns=columns or U_I)


def ids(name: str, *values: str, outcome: Any = READ, said: str = "") -> Input:
    """Each value as the id of an item that two users have."""
    rows = "".join(f"u{i},{value}\nv{i},{value}\n" for i, value in enumerate(values))
    return Input(f"ids {name}.csv", "user,item\n" + rows, outcome, said, columns=U_I)


def jsonl(name: str, content: str | bytes, outcome: Any, said: str = "") -> Input:
    return Input(f"{name}.jsonl", content, outcome, said, columns=U_I)


def parquet(name: str, frame: pl.DataFrame, outcome: Any, said: str = "") -> Input:
    return Input(f"{name}.parquet", frame.write_parquet, outcome, said, columns=U_I)


def weight(name: str, value: str, outcome: Any, said: str = "") -> Input:
    content = CSV.replace("user,item\n", "user,item,weight\n").replace("\n", ",1\n").replace("weight,1", "weight")
    return Input(f"{name}.csv", content + f"u1,b1,{value}\n", outcome, said, columns=U_I | {"weight": "weight"})


def edges(name: str, content: str, outcome: Any, said: str = "", **columns: Any) -> Input:
    return Input(f"{name}.csv", content, outcome, said, "edges", S_T | columns)


def vectors(name: str, array: np.ndarray | bytes, outcome: Any, said: str = "") -> Input:
    def write(path: Path) -> None:
        path.write_bytes(array) if isinstance(array, bytes) else np.save(path, array)
        rows = len(array) if isinstance(array, np.ndarray) else 5
        (path.parent / "ids.csv").write_text("id,name\n" + "".join(f"{i},n{i}\n" for i in range(rows)))

    return Input(f"{name}.npy", write, outcome, said, "vectors")


def gz(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_csv", ".csv"), content)
    return out.getvalue()


def bomb(path: Path) -> None:
    """1 GB of rows in 3 MB."""
    path.write_bytes(gz(CSV.encode()) + gz(ROWS.encode() * 20_000) * 100)


def archive_of_vectors(flags: int = 0, method: int = 8, *, garbled: bool = False) -> Callable[[Path], object]:
    """Whose two directories say of its member what they like. method: 8 is what it is packed with."""

    def write(path: Path) -> None:
        np.savez_compressed(path, vectors=np.arange(600.0).reshape(200, 3) % 7)
        content = bytearray(path.read_bytes())
        for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = content.index(start) + at
            content[place : place + 4] = flags.to_bytes(2, "little") + method.to_bytes(2, "little")
        if garbled:
            content[100:140] = b"\xff" * 40
        path.write_bytes(content)

    return write


def array_bomb(path: Path) -> None:
    """300 MB of zeros as an array in an archive, which nothing but its reader unpacks."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", bytes(300 << 20))


def parquet_bytes() -> bytes:
    out = io.BytesIO()
    FRAME.write_parquet(out)
    return out.getvalue()


def not_utf8(path: Path) -> None:
    """Texts of Parquet that are none, which Polars would take for UTF-8 where Arrow has read them."""
    texts = pa.array([f"u{i % 7}".encode() for i in range(59)] + [b"br\xa3k"], pa.binary())
    users = pa.Array.from_buffers(pa.string(), len(texts), texts.buffers())
    pq.write_table(pa.table({path.stem.split()[-1]: users, "item": FRAME["item"].to_arrow()}), path)


MARKET = "%%MatrixMarket matrix coordinate real general\n3 3 3\n1 1 1\n"
PARQUET = parquet_bytes()
INPUTS = [
    csv("plain", CSV, READ),
    csv("UTF-16 with a mark", CSV.encode("utf-16"), READ),
    csv("UTF-8 with a mark", CSV.encode("utf-8-sig"), READ),
    csv("Latin-1", (CSV + "é,ü\n").encode("latin-1"), READ),
    csv("Windows line ends", CSV.replace("\n", "\r\n"), READ),
    csv("old Macintosh line ends", CSV.replace("\n", "\r"), READ),
    csv("mixed line ends", CSV + ROWS.replace("\n", "\r\n"), READ),
    csv("no last line end", CSV.rstrip(), READ),
    csv("a zero byte in a value", CSV + "u\0x,b1\n", READ),
    csv("only zeros", bytes(1000), REFUSED),
    csv("only one byte", b"x", REFUSED),
    csv("a control character", CSV + "u\x01,b1\n", READ),
    csv("empty", "", REFUSED, "is empty"),
    csv("only blanks", "  \n\n \n", REFUSED),
    csv("only a header", "user,item\n", REFUSED),
    csv("a header twice", "user,item,item\n" + ROWS.replace("\n", ",1\n"), REFUSED),
    csv("a header without names", ",\n" + ROWS, REFUSED),
    csv("columns that are not there", "a,b\n" + ROWS, REFUSED, "column 'user' is missing"),
    csv("a column that is called as ours", CSV.replace("item", "item,__row", 1).replace("\nu", "\nu", 1), REFUSED),
    csv(
        "a column __row beside",
        "user,item,__row\n" + ROWS.replace("\n", ",7\n"),
        READ,
    ),
    csv("an id column __row", "user,__row\n" + ROWS, READ, collection="user", entity="__row"),
    csv("a quotation mark that stays open", CSV + 'u1,"b\n', READ),
    csv("a quotation mark inside", CSV + 'u1,b"1\n', READ),
    csv("inches", CSV + 'u1,5" disk\nu2,3" disk\n', READ),
    csv("doubled quotation marks", CSV + 'u1,"a ""b"" c"\n', READ),
    csv("a line end in a value", CSV + 'u1,"a\nb"\n', READ),
    csv("a row too short", CSV + "u1\n", REFUSED, "line 62|fields"),
    csv("a row too long", CSV + "u1,b1,c1\n", REFUSED, "line 62|fields"),
    csv("blank lines between", CSV.replace("\nu3", "\n\nu3"), READ),
    csv("semicolons", CSV.replace(",", ";"), READ),
    csv("tabs", CSV.replace(",", "\t"), READ),
    csv("bars", CSV.replace(",", "|"), READ),
    csv("a value of a million characters", CSV + f"u1,{'x' * 1_000_000}\n", READ),
    csv("a value of 10 MB", CSV + f"u1,{'x' * 10_000_000}\n", READ),
    csv("a header of 200,000 characters", f"user,item,{'x' * 200_000}\n" + ROWS.replace("\n", ",1\n"), READ),
    csv(
        "2,000 columns", "user,item," + ",".join(f"c{i}" for i in range(2000)) + "\n" + "u,b" + ",1" * 2000 + "\n", READ
    ),
    csv("no ids in any row", "user,item\n" + ",\n" * 20, REFUSED),
    csv("a PNG", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, REFUSED),
    csv("an HTML page", "<!doctype html><html><body>Not found</body></html>\n", REFUSED),
    csv("an ELF program", b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 4, REFUSED),
    csv("a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", REFUSED),
    csv("Parquet that is called CSV", PARQUET, READ),
    csv("gzip that is called CSV", gz(CSV.encode()), READ),
    ids("with markup", "<script>alert(1)</script>", "[bold]x[/bold]", "{{x}}", "${x}", "`x`"),
    ids("like paths", "../../etc/passwd", "/etc/passwd", "C:\\x", "a/b", "."),
    ids("like formulas", "=1+1", "@sum(a)", "+1", "-1x"),
    ids("of Python", "__proto__", "constructor", "__class__", "None"),
    ids("not numbers", "nan", "inf", "-inf", "NULL", "N/A"),
    ids("with blanks", " a", "a ", "a", "a b"),
    ids("with odd blanks", "a\u00a0b", "a\u200bb", "\ufeffx", "a\u2028b"),
    ids("composed and not", "é", "e\u0301"),
    ids("right to left", "\u202eabc", "\u05d0\u05d1", "\u0627"),
    ids("of emoji", "👩‍👩‍👧‍👦", "🏳️‍🌈", "𝔘𝔫𝔦"),
    ids("with leading zeros", "007", "07", "7"),
    ids("of 64 bits", "9223372036854775807", "-9223372036854775808", "18446744073709551615"),
    ids("of 400 digits", "9" * 400, "8" * 400),
    ids("in scientific notation", "1e5", "1E5", "100000"),
    ids("of signed zeros", "0", "-0", "+0"),
    ids("of 20,000 characters", "x" * 20_000, "y" * 20_000),
    ids("of one character", *"abcdefgh"),
    ids("with delete and escape", "a\x7fb", "a\x1b[31mb"),
    weight("weight: negative", "-1", REFUSED, "-1"),
    weight("weight: not a number", "NaN", READ),
    weight("weight: infinite", "inf", REFUSED),
    weight("weight: text", "heavy", REFUSED, "heavy"),
    weight("weight: empty", "", READ),
    weight("weight: zero", "0", READ),
    weight("weight: 1e30", "1e30", READ),
    weight("weight: 1e300", "1e300", REFUSED, r"row 61 .*is 1e\+300; expected 0, or a number between"),
    weight("weight: 1e-300", "1e-300", REFUSED, "is 1e-300; expected 0, or a number between"),
    weight("weight: of 5,000 digits", "9" * 5000, REFUSED),
    jsonl("plain objects", JSONL, READ),
    jsonl("empty objects", "{}\n{}\n", REFUSED),
    jsonl("JSONL: empty", "", REFUSED, "is empty"),
    jsonl("JSONL: blank", "\n\n\n", REFUSED),
    jsonl("JSONL: cut off", JSONL[:-9], REFUSED),
    jsonl("JSONL: with a mark", JSONL.encode("utf-8-sig"), READ),
    jsonl("JSONL: numbers and text as ids", JSONL + '{"user": 1, "item": 2}\n', READ),
    jsonl("JSONL: an array", "[" + JSONL.strip().replace("\n", ",") + "]", READ),
    jsonl("JSONL: a text a line", '"a"\n"b"\n', REFUSED),
    jsonl("JSONL: a number a line", "1\n2\n", REFUSED),
    jsonl("JSONL: null a line", "null\nnull\n", REFUSED),
    jsonl("JSONL: NaN", JSONL + '{"user": NaN, "item": 1}\n', REFUSED),
    jsonl("JSONL: nested 5,000 deep", JSONL + '{"user":' + "[" * 5000 + "]" * 5000 + ', "item": 1}\n', REFUSED),
    jsonl("JSONL: a number of 5,000 digits", JSONL + '{"user": ' + "9" * 5000 + ', "item": 1}\n', REFUSED),
    jsonl("JSONL: a key twice", JSONL + '{"user": "a", "user": "b", "item": "c"}\n', READ),
    jsonl("JSONL: ids that are objects", '{"user": {"a": 1}, "item": "b"}\n' * 5, REFUSED),
    jsonl("JSONL: half an escape", JSONL + '{"user": "\\ud800", "item": "b"}\n', READ),
    jsonl("JSONL: not UTF-8", JSONL.encode() + b'{"user": "\xff", "item": "b"}\n', REFUSED),
    jsonl("JSONL: a column __row", JSONL.replace('"user"', '"__row": 3, "user"'), READ),
    *(  # SciPy's parser ran beyond the file, and ended the process
        Input(f"MatrixMarket: {name}.mtx", MARKET + more, REFUSED, said)
        for name, more, said in [
            ("more in the last line, which does not end", "2 2 0.5%%more", "cannot be read"),
            ("a zero byte", "2 2 0.5\0\n", "zero byte"),
        ]
    ),
    Input("MatrixMarket: the last line does not end.mtx", MARKET + "2 2 1\n3 1 1", READ),
    Input("NPZ: locked with a password.npz", archive_of_vectors(flags=1), REFUSED, "cannot be read .*password"),
    Input("NPZ: packed in a way nobody knows.npz", archive_of_vectors(method=98), REFUSED, "cannot be read"),
    Input("NPZ: packed bytes are others.npz", archive_of_vectors(garbled=True), REFUSED, "cannot be read"),
    parquet("Parquet", FRAME, READ),
    parquet("Parquet: no rows", FRAME.head(0), REFUSED),
    parquet("Parquet: no columns", pl.DataFrame(), REFUSED),
    parquet("Parquet: only nulls", FRAME.with_columns(item=pl.lit(None)), REFUSED),
    parquet("Parquet: truth as ids", FRAME.with_columns(item=pl.lit(True)), REFUSED),
    parquet("Parquet: objects as ids", FRAME.with_columns(item=pl.struct("user")), REFUSED),
    parquet("Parquet: bytes as ids", FRAME.with_columns(item=pl.lit(b"\xff\xfe")), REFUSED),
    Input("Parquet: no UTF-8 in user.parquet", not_utf8, REFUSED, "cannot be read", columns=U_I),
    Input("Parquet: no UTF-8, to be guessed in user.parquet", not_utf8, REFUSED, "cannot be read"),
    Input("Parquet: no UTF-8 in ends, source.parquet", not_utf8, REFUSED, "cannot be read", "edges"),
    parquet("Parquet: categories", FRAME.with_columns(pl.col("user").cast(pl.Categorical)), READ),
    parquet("Parquet: decimals", FRAME.with_columns(pl.col("item").cast(pl.Decimal(10, 2))), READ),
    parquet("Parquet: unsigned 64 bits", FRAME.with_columns(item=pl.lit(2**64 - 1, dtype=pl.UInt64)), READ),
    parquet("Parquet: durations", FRAME.with_columns(d=pl.duration(seconds=3)), READ),
    parquet("Parquet: a column __row", FRAME.with_columns(__row=pl.lit(1)), READ),
    Input("Parquet: cut off.parquet", PARQUET[:-50], REFUSED, "", columns=U_I),
    Input("Parquet: only its marks.parquet", b"PAR1PAR1", REFUSED, "", columns=U_I),
    Input("Parquet: a footer too long.parquet", b"PAR1" + b"\xff\xff\xff\x7fPAR1", REFUSED, "", columns=U_I),
    Input("Parquet: noise.parquet", b"PAR1" + bytes(range(256)) * 8 + b"PAR1", REFUSED, "", columns=U_I),
    Input("Parquet: text.parquet", CSV.encode(), READ, "", columns=U_I),
    Input("gzip.csv.gz", gz(CSV.encode()), READ, "", columns=U_I),
    Input("gzip: two members.csv.gz", gz(CSV.encode()) + gz(ROWS.encode()), READ, "", columns=U_I),
    Input("gzip: cut off.csv.gz", gz(CSV.encode() * 50)[:-20], REFUSED, "", columns=U_I),
    Input("gzip: noise.csv.gz", b"\x1f\x8b" + bytes(range(200)), REFUSED, "", columns=U_I),
    Input("gzip: a wrong checksum.csv.gz", gz(CSV.encode())[:-8] + bytes(8), REFUSED, "", columns=U_I),
    Input("gzip: of nothing.csv.gz", gz(b""), REFUSED, "", columns=U_I),
    Input("gzip: 50 MB of zeros.csv.gz", gz(bytes(50_000_000)), REFUSED, "", columns=U_I),
    Input("gzip: text.csv.gz", CSV.encode(), READ, "", columns=U_I),
    Input("gzip: 1 GB of zeros.csv.gz", gz(bytes(10_000_000)) * 100, REFUSED, "unpacks to .* or more", columns=U_I),
    Input("gzip: 1 GB of rows.csv.gz", bomb, REFUSED, "unpacks to .* or more", columns=U_I),
    Input("bzip2: noise.csv.bz2", b"BZh9" + bytes(range(200)), REFUSED, "", columns=U_I),
    Input("zstd: noise.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(range(200)), REFUSED, "", columns=U_I),
    Input("zip.zip", zipped(x_csv=CSV.encode()), READ, "", columns=U_I),
    Input("zip: empty.zip", zipped(), REFUSED, "", columns=U_I),
    Input("zip: 100 MB of zeros.zip", zipped(x_csv=bytes(100_000_000)), REFUSED, "", columns=U_I),
    Input("zip: cut off.zip", zipped(x_csv=CSV.encode())[:-30], REFUSED, "", columns=U_I),
    Input("zip: a name outside.zip", zipped(**{"../../evil_csv": CSV.encode()}), READ, "", columns=U_I),
    Input("NPZ: 300 MB of zeros.npz", array_bomb, REFUSED, "unpacks to 300 MiB or more", "vectors"),
    Input("an unknown ending.xyz", bytes(range(256)), REFUSED, "", columns=U_I),
    Input("no ending", CSV, READ, "", columns=U_I),
    Input("[brackets].csv", CSV, READ, "", columns=U_I),
    Input("[bold]markup[/bold]".replace("/", "_") + ".csv", CSV, READ, "", columns=U_I),
    Input("a name of 200 letters" + "x" * 200 + ".csv", CSV, READ, "", columns=U_I),
    Input("näme ünd 👀.csv", CSV, READ, "", columns=U_I),
    edges("edges: a path", EDGES, READ),
    edges("edges: a star", "source,target\n" + "".join(f"hub,a{i}\n" for i in range(50)), READ),
    edges("edges: only loops", "source,target\na,a\nb,b\n", READ),
    edges("edges: both ways", "source,target\na,b\nb,a\n", READ),
    edges("edges: one", "source,target\na,b\n", READ),
    edges("edges: without targets", "source,target\na,\nb,\n", REFUSED),
    edges("edges: a negative weight", "source,target,w\na,b,-3\n", REFUSED, "-3", weight="w"),
    edges("edges: a weight that is none", "source,target,w\na,b,nan\n", READ, "", weight="w"),
    vectors("vectors", np.eye(20, 4, dtype=np.float32), READ),
    vectors("vectors: of one dimension", np.arange(20.0), REFUSED),
    vectors("vectors: of three dimensions", np.zeros((4, 3, 2)), REFUSED),
    vectors("vectors: none", np.zeros((0, 4)), REFUSED),
    vectors("vectors: without length", np.zeros((5, 0)), REFUSED),
    vectors("vectors: text", np.array([["a", "b"], ["c", "d"]]), REFUSED),
    vectors("vectors: complex", np.ones((5, 2), complex), REFUSED),
    vectors(
        "vectors: objects", b"\x93NUMPY\x01\x00" + (np.uint16(70)).tobytes() + b"{'descr': '|O', " + b" " * 54, REFUSED
    ),
    vectors("vectors: nan", np.full((5, 2), np.nan), REFUSED),
    vectors("vectors: infinite", np.full((5, 2), np.inf), REFUSED),
    vectors("vectors: 1e39", np.full((5, 2), 1e39), REFUSED),
    vectors("vectors: half precision", np.ones((5, 2), np.float16), READ),
    vectors("vectors: big-endian", np.ones((5, 2), ">f4"), READ),
    vectors("vectors: column by column", np.asfortranarray(np.ones((5, 2))), READ),
    vectors("vectors: empty", b"", REFUSED),
    vectors("vectors: only the mark", b"\x93NUMPY", REFUSED),
    vectors("vectors: noise", b"\x93NUMPY\x01\x00\xff\xff" + bytes(100), REFUSED),
]


def written(one: Input, folder: Path) -> Path:
    path = folder / one.name
    if callable(one.content):
        one.content(path)
    else:
        path.write_bytes(one.content.encode() if isinstance(one.content, str) else one.content)
    return path


def result_of(one: Input, folder: Path) -> str:
    """``read``, or the message of the refusal. Anything else that is raised is a defect."""
    path = written(one, folder)
    pattern = str(path).replace("[", "[[]")
    out = folder / "out"
    out.mkdir()
    try:
        beside = (
            {"entities": "ids.csv", "entity_columns": {"id": "id", "label": "name"}} if one.kind == "vectors" else {}
        )
        source = {one.kind: [pattern], "columns": one.columns} | beside
        spec = validate({"source": source}, file=folder / "defs/x/defs.yaml")
        read(spec.source, out, base=folder, progress=no_progress, memory=Memory())
    except AtlasError as error:
        return str(error)
    return READ


@pytest.mark.parametrize("one", INPUTS, ids=lambda one: one.name[:60])
def test_a_hostile_file_is_read_or_refused_in_a_sentence(
    one: Input, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("outcome", one.outcome)
    found = result_of(one, tmp_path)
    assert (READ if found == READ else REFUSED) == one.outcome, found
    if one.outcome == REFUSED:
        assert re.search(one.said, found), found
        assert "Traceback" not in found
        assert len(found) < 2_000


@pytest.mark.parametrize("name", ["~.csv", "~nobody.csv", "-x.csv", "$HOME.csv", "a b .csv", "e\u0301.csv", "%41.csv"])
def test_a_file_is_found_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    """A name that begins with ~ used to be a traceback, unless there was a user of that name."""
    (tmp_path / name).write_text(CSV)
    spec = validate({"source": {"interactions": [name]}}, file=tmp_path / "defs/x/defs.yaml")
    out = tmp_path / "out"
    out.mkdir()
    report = read(spec.source, out, base=tmp_path, progress=no_progress, memory=Memory())
    assert report["rows"] == 60
