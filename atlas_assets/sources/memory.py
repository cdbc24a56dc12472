"""What one reading of a relation leaves for the next, so that only what is new is read: exactly as if all were anew.

Rows and codes are in the order of the files, so what is known of a file holds as long as it and all files before it are
the same. A text file that has grown at its end is known up to there, if its beginning has not changed by a byte.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from atlas_assets.sources import canonical, tables
from atlas_assets.sources.listing import Listed, format_of
from atlas_assets.sources.locate import Located
from atlas_assets.sources.text.dialect import Dialect

_BLOCK = 1 << 22
_READER = "4"  # raised when the same bytes are read in another way


@dataclass(frozen=True)
class Content:
    """The bytes of a plain file: how many, their hash, and whether the last is the end of a line."""

    bytes: int
    digest: str
    whole_lines: bool


@dataclass(frozen=True)
class Known:
    """One file as it was read. n_read, n_rows, n_ids: rows seen, rows kept, distinct ids, of it and all files before.

    mark: as in ``Listed``; size: bytes at its origin; columns: of each role; schema: all columns of the file, as text;
    facts, types: what decides how ids are read; clock: how its times are written; numbers: how those of each role are;
    told: what was guessed about it. may_grow: whether rows appended to it would be read as they would be with the rows
    before them. brought_entities: whether the table of the entities is taken from it, so that it must be read every
    time; dialect: of a text table.
    """

    name: str
    bytes: int | None
    mark: str
    size: int
    columns: dict[str, str]
    schema: dict[str, str]
    facts: dict[str, Any]
    types: dict[str, str]
    clock: str | None
    numbers: dict[str, str]
    told: list[str]
    n_read: int
    n_rows: int
    n_ids: dict[str, int]
    content: Content
    may_grow: bool
    brought_entities: bool = False
    dialect: Dialect | None = None

    def is_same(self, listed: Listed) -> bool:
        return (self.name, self.bytes, self.mark) == (listed.name, listed.bytes, listed.mark) and bool(self.mark)

    @property
    def named(self) -> Located:
        """The file as messages call it; its content may not be on this machine any more."""
        return Located(Path(self.name), self.name, self.size, format_of(self.name) or "")

    @property
    def is_typed(self) -> bool:
        return tables.is_typed(self.named)


@dataclass
class Memory:
    """folder: the tables of an earlier reading, None where there is none; known: its files, in order. A reading puts
    there what it has read, and into n_kept how many of its rows it had not to read.
    """

    folder: Path | None = None
    known: list[Known] = field(default_factory=list)
    n_kept: int = 0

    def as_record(self) -> list[dict[str, Any]]:
        """``known`` as plain values, as they are read back: lists where there were tuples."""
        return json.loads(json.dumps([asdict(file) for file in self.known]))

    @classmethod
    def of_record(cls, folder: Path, record: Sequence[dict[str, Any]]) -> Memory:
        return cls(folder, [_known(file) for file in record])


def _known(record: dict[str, Any]) -> Known:
    written = record["dialect"]
    if written:
        tuples = {name: tuple(written[name]) for name in ("names", "left_out")}
        written = Dialect(**{**written, **tuples, "n_rows": None})
    return Known(**{**record, "content": Content(**record["content"]), "dialect": written})


def look(path: Path, *, begin: Content | None = None) -> tuple[Content, bool]:
    """The content of a file, and whether it begins with ``begin``; one pass over it."""
    digest, n, last, begins = hashlib.sha256(), 0, b"", False
    with path.open("rb") as source:
        while True:
            left = begin.bytes - n if begin and n < begin.bytes else _BLOCK
            block = source.read(min(left, _BLOCK))
            if not block:
                break
            digest.update(block)
            n, last = n + len(block), block[-1:]
            if begin and n == begin.bytes:
                begins = digest.hexdigest() == begin.digest
    return Content(n, digest.hexdigest(), last == b"\n"), begins


def tail(file: Located, before: Known, target: Path) -> Located:
    """A file with the rows of a text file behind its beginning, below its header where it has one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_suffix(file.path.suffix)
    with file.path.open("rb") as source, made.open("wb") as sink:
        for _ in range(before.dialect.skip if before.dialect else 0):
            sink.write(source.readline())
        source.seek(before.content.bytes)
        shutil.copyfileobj(source, sink, _BLOCK)
    dialect = dataclasses.replace(before.dialect, n_rows=None) if before.dialect else None
    return dataclasses.replace(file, path=made, dialect=dialect)


def dtype_name(dtype: pl.DataType) -> str:
    """As much of a column's type as tells what its ids are."""
    return "integer" if dtype.is_integer() else "decimal" if dtype.is_float() else "text"


def dtype_of(name: str) -> pl.DataType:
    return {"integer": pl.Int64(), "decimal": pl.Float64()}.get(name, pl.String())


def versions() -> list[str]:
    """Whatever else the bytes of a table depend on."""
    return [_READER, pl.__version__, pa.__version__, str(tables.BATCH_ROWS), str(canonical.PART_ROWS)]
