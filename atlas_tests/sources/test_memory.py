"""Reading only what is new of a source that has grown: always the tables that reading everything gives."""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.sources import canonical, files, infer, tables
from atlas_assets.sources.memory import Memory
from atlas_assets.store.artifacts import content_hash


@pytest.fixture(autouse=True, scope="module")
def small_batches() -> Iterator[None]:
    """So that a few rows are many batches and parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BATCH_ROWS", 4)
        patch.setattr(infer, "SAMPLE_ROWS", 6)
        patch.setattr(canonical, "PART_ROWS", 7)
        yield


class Source:
    """Files below a folder, read again and again with what the reading before left."""

    def __init__(self, folder: Path, kind: str = "collections", pattern: str = "part-*", **options: Any) -> None:
        self.folder, self.memory, self.count = folder, Memory(), 0
        self.reader = getattr(files, f"read_{kind}")
        relation = {"collections": "interactions"}.get(kind, kind)
        self.options = {relation: [pattern], "base": folder} | options

    def read(self) -> int:
        """Read with and without memory; returns how many rows had not to be read again."""
        self.count += 1
        anew, out = self.folder / f"anew{self.count}", self.folder / f"out{self.count}"
        record = Memory.of_record(self.memory.folder, self.memory.as_record()) if self.memory.folder else Memory()
        try:
            self.reader(anew, **self.options)
        except DataError as error:
            with pytest.raises(DataError, match=re.escape(str(error))):
                self.reader(out, memory=record, **self.options)
            return 0
        self.reader(out, memory=record, **self.options)
        assert content_hash(out) == content_hash(anew)
        self.memory = Memory(out, record.known)
        return record.n_kept


def rows(n: int, first: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {"user": [f"u{(first + i) // 3}" for i in range(n)], "book": [(first + i) * 7 % 23 for i in range(n)]}
    )


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "parquet"])
def test_of_whole_new_files_only_these_are_read(tmp_path: Path, ending: str) -> None:
    def put(name: str, table: pl.DataFrame) -> None:
        path = tmp_path / f"{name}.{ending}"
        if ending == "csv.gz":
            path.write_bytes(gzip.compress(table.write_csv().encode()))
        else:
            {"csv": table.write_csv, "jsonl": table.write_ndjson, "parquet": table.write_parquet}[ending](path)

    source = Source(tmp_path)
    put("part-1", rows(10))
    put("part-2", rows(5, 10))
    assert source.read() == 0
    assert source.read() == 15  # nothing is new
    put("part-3", rows(9, 12))
    assert source.read() == 15
    put("part-2", rows(6, 11))  # from there on
    assert source.read() == 10
    put("part-0", rows(3))  # before all that is known
    assert source.read() == 0
    (tmp_path / f"part-3.{ending}").unlink()
    assert source.read() == 19
    earlier, now = (tmp_path / f"out{i}" / "interactions.parquet" / "000001.parquet" for i in (5, 6))
    assert earlier.samefile(now)  # full parts are not even copied


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "csv.gz"])
def test_of_a_text_file_that_has_grown_only_the_end_is_read(tmp_path: Path, ending: str) -> None:
    def put(table: pl.DataFrame) -> None:
        separator = "\t" if ending == "tsv" else ","
        text = table.write_ndjson() if ending == "jsonl" else table.write_csv(separator=separator)
        path = tmp_path / f"part-1.{ending}"
        path.write_bytes(gzip.compress(text.encode()) if ending == "csv.gz" else text.encode())

    source = Source(tmp_path)
    put(rows(20))
    assert source.read() == 0
    put(rows(24))
    assert source.read() == 20
    os.utime(tmp_path / f"part-1.{ending}", ns=(1, 1))  # written again as it was
    assert source.read() == 24
    put(rows(30, 1))  # another beginning
    assert source.read() == 0
    put(rows(29, 1))
    assert source.read() == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("user,book\n" + "u,1\n" * 5, "u,2\n"),  # too few to have told what the columns are
        ("user,book\n" + "u,1\n" * 20 + "u,1", "2\nv,3\n"),  # the last line was not finished
        ('user,book\n"a\nb",1\n' + "u,1\n" * 20, "u,2\n"),  # a line need not be a row
        ("user,book\n" + "u,1\n" * 20, "user,book\nv,2\n"),  # a file with its own header was added
    ],
)
def test_what_might_be_read_otherwise_as_a_whole_is_read_as_a_whole(tmp_path: Path, before: str, after: str) -> None:
    source = Source(tmp_path)
    (tmp_path / "part-1.csv").write_text(before)
    source.read()
    append(tmp_path / "part-1.csv", after)
    assert source.read() == 0


def test_a_mistake_in_new_rows_is_told_with_their_place_in_the_whole(tmp_path: Path) -> None:
    source = Source(tmp_path, columns={"collection": "user", "entity": "book", "value": "stars"})
    (tmp_path / "part-1.csv").write_text("user,book,stars\n" + "u,1,2\n" * 20)
    source.read()
    append(tmp_path / "part-1.csv", "v,2,many\n")
    with pytest.raises(DataError, match="row 21 below the header, column 'stars' is 'many'"):
        files.read_collections(tmp_path / "out", memory=source.memory, **source.options)


def test_objects_of_a_store_that_are_known_are_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket, store = f"memory://{tmp_path.name}", fsspec.filesystem("memory")
    source = Source(tmp_path, pattern=f"{bucket}/*.csv")
    store.pipe_file(f"{bucket}/1.csv", rows(10).write_csv().encode())
    source.read()
    store.pipe_file(f"{bucket}/2.csv", rows(10, 5).write_csv().encode())
    fetched: list[str] = []
    opened = fsspec.open
    monkeypatch.setattr(fsspec, "open", lambda name, mode: fetched.append(name) or opened(name, mode))
    assert source.read() == 10
    assert [name[-5:] for name in fetched] == ["1.csv", "2.csv", "2.csv"]  # the first two to read anew, for comparison


IDS = st.sampled_from(["1", "2", "3", "17", "007", "a", "b b", "", "5.0", "Ω", '"q"'])
TIMES = st.sampled_from(["", "0", "1600000000", "1600000000000", "2020-01-02", "2020-01-02T03:04:05Z"])
VALUES = st.sampled_from(["", "1", "2.5", "-3", "NA"])
ROW = st.tuples(IDS, IDS, VALUES, TIMES)
NAMES = st.sampled_from(["part-1", "part-2", "part-3"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), NAMES, st.lists(ROW, max_size=9)),
        st.tuples(st.just("append"), NAMES, st.lists(st.tuples(IDS, IDS, st.just("1"), st.just("7")), max_size=30)),
        st.tuples(st.just("write"), NAMES, st.lists(ROW, min_size=1, max_size=30)),
        st.tuples(st.just("remove"), NAMES, st.just([])),
        st.tuples(st.just("cut"), NAMES, st.just([])),
    ),
    min_size=2,
    max_size=5,
)


@pytest.mark.parametrize("ending", ["csv", pytest.param("jsonl", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("kind", "names", "named"),
    [
        ("collections", ["user", "book", "stars", "when"], ["collection", "entity", "value", "timestamp"]),
        ("collections", ["user_id", "book_id", "rating", "time"], []),
        ("edges", ["source", "target", "weight", "x"], ["source", "target", "weight"]),
    ],
)
@settings(max_examples=15, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 99))
def test_any_history_of_files_gives_the_tables_of_reading_everything(ending, kind, names, named, steps, seed) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = Source(folder, kind, columns=dict(zip(named, names, strict=False)))
        random_ = random.Random(seed)
        start = [(str(random_.randrange(9)), str(random_.randrange(30)), "1", "1600000000") for _ in range(25)]
        for step, part, table in [("write", "part-1", start), *steps]:
            apply(step, folder / f"{part}.{ending}", table, names)
            if list(folder.glob(f"part-*.{ending}")):
                source.read()
            for old in range(1, source.count - 1):
                shutil.rmtree(folder / f"anew{old}", ignore_errors=True)


def apply(step: str, path: Path, table: list[tuple[str, ...]], names: list[str]) -> None:
    if step == "remove":
        path.unlink(missing_ok=True)
    elif step == "cut":
        if path.exists():
            path.write_bytes(path.read_bytes()[:-7])
    else:
        frame = pl.DataFrame(table, schema=dict.fromkeys(names, pl.String), orient="row")
        if path.suffix == ".jsonl":
            text = frame.write_ndjson()
        else:
            text = frame.write_csv(include_header=step == "write" or not path.exists(), quote_style="necessary")
        if step == "write":
            path.write_text(text, encoding="utf-8")
        else:
            append(path, text)
