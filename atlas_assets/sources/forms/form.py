"""What a form is: how its files are recognised, what they give, and how they become plain files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import polars as pl

from atlas_assets.errors import DataError, Found, of_the_machine

Role = Literal["collections", "edges", "vectors", "entities"]
ROLES: tuple[Role, ...] = ("collections", "edges", "vectors", "entities")
HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class Options:
    """What a spec says about reading: form, a name, or ``table``; query, of a database; trust, of pickles.

    n_rows: how many rows a table must have that is put beside vectors without ids. separator: between the entities of
    one cell.
    """

    form: str | None = None
    query: str | None = None
    trust: bool = False
    n_rows: int | None = None
    separator: str | None = None


@dataclass(frozen=True)
class Head:
    """The beginning of a plain file. name: as the user knows it; whole: whether ``bytes`` are all of it."""

    name: str
    bytes: bytes
    whole: bool

    @classmethod
    def of(cls, path: Path, name: str) -> Head:
        with path.open("rb") as source:
            start = source.read(HEAD_BYTES)
            return cls(name, start, not source.read(1))

    @property
    def suffix(self) -> str:
        return Path(self.name.partition("?")[0] if "://" in self.name else self.name).suffix.lower()

    @cached_property
    def lines(self) -> list[str]:
        """Its whole lines, without those that are blank; none where the bytes are no text in 8-bit characters."""
        text = self.bytes.removeprefix(b"\xef\xbb\xbf")
        if b"\0" in text:
            return []
        try:
            lines = text.decode("utf-8").splitlines()
        except UnicodeDecodeError as error:
            cut = error.end >= len(text) - 3  # a character that the end of the head divides
            lines = text.decode("utf-8", errors="ignore") if cut else text.decode("cp1252", errors="replace")
            lines = lines.splitlines()
        return [line for line in (lines if self.whole else lines[:-1]) if line.strip()]


@dataclass(frozen=True)
class Given:
    """One file to be read. path: plain, on this machine; name: what messages call it; part: which of what it holds.

    role: what its rows are wanted for; folder: where to write; options: as in the spec.
    """

    path: Path
    name: str
    role: Role
    folder: Path
    part: str | None = None
    options: Options = field(default_factory=Options)

    @property
    def head(self) -> Head:
        return Head.of(self.path, self.name)

    def target(self, name: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / name

    def wrong(self, found: str, *, expected: str, remedy: str, where: str = "") -> DataError:
        """An error about this file; ``found`` is a clause such as "has no rows"."""
        return DataError(file=self.name, where=where, found=Found(found), expected=expected, remedy=remedy)

    def unreadable(self, error: Exception, form: str) -> Exception:
        """What a library says about a file that is not as it should be; ``error`` where the machine is to blame."""
        if of_the_machine(error):
            return error
        said = " ".join(str(error).split())[:200] or type(error).__name__
        return self.wrong(
            f"begins like {form} but cannot be read ({said})",
            expected=f"{form} that is whole",
            remedy="Download it or write it again.",
        )


@dataclass(frozen=True)
class Pieces:
    """What a form made of a file. path: rows of a relation or of entities, or the matrix of vectors without ids, in the
    plain form ``format`` (parquet, jsonl, npy); entities: a table of the entities, where the file has one, as Parquet.

    told: one sentence per decision that could have been another.
    """

    path: Path
    format: str
    entities: Path | None = None
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """One form of files.

    name: as in ``source.form``; title: for people, "a MatrixMarket file"; suffixes: that its files have; gives: what
    they can be read as; recognises: by the beginning, for a role; read: makes plain files; needs: what must be
    installed, as an extra of this package; says: whether a spec should name it, because its files do not say so.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    gives: frozenset[Role]
    recognises: Callable[[Head, Role], bool]
    read: Callable[[Given], Pieces]
    needs: str | None = None
    says: bool = False


ANY = frozenset(ROLES)
RELATIONS: frozenset[Role] = frozenset({"collections", "edges"})
COLUMNS: Mapping[Role, tuple[str, ...]] = {
    "collections": ("collection", "entity", "value", "timestamp"),
    "edges": ("source", "target", "weight"),
}
"""What columns are called that have no name of their own, by their place."""


def missing(given: Given, extra: str, error: ImportError) -> DataError:
    """What to install. extra: of this package."""
    return given.wrong(
        f"needs a library that is not installed ({error.name})",
        expected=f"what reads {Path(given.name).suffix or 'such'} files",
        remedy=f"Install it with: pip install 'atlas-assets[{extra}]'",
    )


def write_parquet(given: Given, table: pl.DataFrame | pl.LazyFrame, name: str = "table.parquet") -> Path:
    """A table in the folder of ``given``."""
    target = given.target(name)
    if isinstance(table, pl.LazyFrame):
        table.sink_parquet(target, compression="lz4")
    else:
        table.write_parquet(target, compression="lz4")
    return target


def no_rows(given: Given) -> DataError:
    return given.wrong("has no rows", expected="at least one row", remedy="Check what wrote the file, or leave it out.")


def records(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of plain values as a table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame([column(name, [row.get(name) for row in rows]) for name in names])


def column(name: str, values: list[Any]) -> pl.Series:
    """Plain values as a column; values of several types become text."""
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        if all(isinstance(value, (int, float, type(None))) for value in values):
            return pl.Series(name, values, dtype=pl.Float64, strict=False)
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
