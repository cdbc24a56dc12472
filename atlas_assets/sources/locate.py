"""From what a user typed (paths, globs, URLs) to plain local files: fetched, unpacked, named as the user knows them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa

from atlas_assets.errors import DataError, Found
from atlas_assets.sources.listing import COMPRESSIONS, READABLE, RemoteErrors, format_of, list_all

_COPY_BYTES = 1 << 22


@dataclass(frozen=True)
class Located:
    """A plain file on this machine. ``name``: what messages and reports call it; ``bytes``: its size at its origin."""

    path: Path
    name: str
    bytes: int
    format: str


def locate(patterns: Sequence[str], *, base: Path, scratch: Path) -> list[Located]:
    """The files that ``patterns`` name, in the order of the patterns and by name inside one; none twice.

    patterns: paths relative to ``base``, globs, folders (every readable file in them), or URLs that fsspec knows.
    Remote and compressed files are copied to ``scratch`` in their plain form. Raises DataError where nothing is found.
    """
    return [fetch(file.name, scratch / str(i)) for i, file in enumerate(list_all(patterns, base=base))]


def fetch(name: str, target: Path) -> Located:
    """The file as a plain one on this machine: itself, or a copy at ``target`` with another ending."""
    format_ = format_of(name)
    if format_ is None:
        raise DataError(
            file=name,
            where="",
            found=Found("has an unknown ending"),
            expected=READABLE,
            remedy="Rename the file, or convert it.",
        )
    suffix = Path(name.split("?")[0]).suffix.lower()
    compression = COMPRESSIONS.get(suffix)
    remote = "://" in name
    size = None if remote else Path(name).stat().st_size
    if size == 0:
        raise DataError(
            file=name,
            where="",
            found=Found("is empty"),
            expected="a header and rows",
            remedy="Write the data again, or leave the file out.",
        )
    if compression is None and not remote:
        return Located(Path(name), name, size or 0, format_)
    target.parent.mkdir(parents=True, exist_ok=True)
    plain = target.with_suffix(f".{format_}" if format_ != "csv" else Path(name.removesuffix(suffix)).suffix or ".csv")
    with RemoteErrors(name), fsspec.open(name, "rb") as source, plain.open("wb") as sink:
        try:
            shutil.copyfileobj(_unpacked(source, compression), sink, _COPY_BYTES)
            size = source.tell() if size is None else size  # type: ignore[union-attr]
        except (pa.ArrowException, EOFError, OSError) as error:
            if compression is None:
                raise
            raise DataError(
                file=name,
                where="",
                found=Found(f"cannot be unpacked ({error})"),
                expected=f"a whole {compression} file",
                remedy="Download or compress it again.",
            ) from error
    return Located(plain, name, size or plain.stat().st_size, format_)


def _unpacked(source: Any, compression: str | None) -> Any:
    return source if compression is None else pa.CompressedInputStream(pa.PythonFile(source, mode="r"), compression)
