"""From what a user typed (paths, globs, URLs) to plain local files: fetched, unpacked, named as the user knows them."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa

from atlas_assets.errors import DataError, Found

FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet", ".pq": "parquet", ".npy": "npy",
}  # fmt: skip
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
_READABLE = "a CSV, TSV, JSONL, Parquet or NPY file, also as .gz, .zst or .bz2"
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
    found: dict[str, Located] = {}
    for pattern in patterns:
        for name in _expand(pattern, base):
            if name not in found:
                found[name] = _fetch(name, scratch / str(len(found)))
    return list(found.values())


def _expand(pattern: str, base: Path) -> list[str]:
    """Names of existing files: absolute paths, or URLs."""
    remote = "://" in pattern
    address = pattern if remote else str(base / Path(pattern).expanduser())
    with _remote_errors(pattern):
        fs, path = fsspec.core.url_to_fs(address)
        protocol = pattern.split("://")[0]
        if any(sign in path for sign in "*?["):
            matches = sorted(p for p in fs.glob(path) if not fs.isdir(p))
            if not matches:
                raise DataError(
                    file=pattern, where="", found=Found("matches no file"), expected="a pattern that matches some",
                    remedy=_neighbours(address) if not remote else "Check the pattern and your access to the bucket.",
                )  # fmt: skip
        elif not remote and fs.isdir(path):
            matches = sorted(p for p in fs.ls(path, detail=False) if fs.isfile(p) and _format_of(p))
            if not matches:
                raise DataError(
                    file=pattern, where="", found=Found("is a folder without readable files"), expected=_READABLE,
                    remedy="Name the files, or a pattern such as folder/*.csv.",
                )  # fmt: skip
        elif not remote and not fs.exists(path):
            raise DataError(
                file=pattern, where="", found=Found("does not exist"), expected="a file",
                remedy=_neighbours(address),
            )  # fmt: skip
        else:
            return [address]
    return [f"{protocol}://{p}" if remote and "://" not in p else p for p in matches]


def _neighbours(address: str) -> str:
    """What to do about a path that is not there: the nearest name, or where it was looked for."""
    path = Path(address)
    folder = next((p for p in path.parents if p.is_dir()), Path("/"))
    names = sorted(p.name for p in folder.iterdir())
    missing = path.relative_to(folder).parts[0]
    close = difflib.get_close_matches(missing, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r} in {folder}?"
    shown = ", ".join(names[:5]) or "nothing"
    return f"Correct the path; {folder} holds {shown}{' …' if len(names) > 5 else ''}."


def _format_of(name: str) -> str | None:
    path = Path(name.split("?")[0] if "://" in name else name)
    suffix = path.suffix.lower()
    if suffix in COMPRESSIONS:
        suffix = path.with_suffix("").suffix.lower()
    return FORMATS.get(suffix)


def _fetch(name: str, target: Path) -> Located:
    format_ = _format_of(name)
    if format_ is None:
        raise DataError(
            file=name, where="", found=Found("has an unknown ending"), expected=_READABLE,
            remedy="Rename the file, or convert it.",
        )  # fmt: skip
    suffix = Path(name.split("?")[0]).suffix.lower()
    compression = COMPRESSIONS.get(suffix)
    remote = "://" in name
    size = None if remote else Path(name).stat().st_size
    if size == 0:
        raise DataError(
            file=name, where="", found=Found("is empty"), expected="a header and rows",
            remedy="Write the data again, or leave the file out.",
        )  # fmt: skip
    if compression is None and not remote:
        return Located(Path(name), name, size or 0, format_)
    target.parent.mkdir(parents=True, exist_ok=True)
    plain = target.with_suffix(f".{format_}" if format_ != "csv" else Path(name.removesuffix(suffix)).suffix or ".csv")
    with _remote_errors(name), fsspec.open(name, "rb") as source, plain.open("wb") as sink:
        try:
            shutil.copyfileobj(_unpacked(source, compression), sink, _COPY_BYTES)
            size = source.tell() if size is None else size  # type: ignore[union-attr]
        except (pa.ArrowException, EOFError, OSError) as error:
            if compression is None:
                raise
            raise DataError(
                file=name, where="", found=Found(f"cannot be unpacked ({error})"),
                expected=f"a whole {compression} file",
                remedy="Download or compress it again.",
            ) from error  # fmt: skip
    return Located(plain, name, size or plain.stat().st_size, format_)


def _unpacked(source: Any, compression: str | None) -> Any:
    return source if compression is None else pa.CompressedInputStream(pa.PythonFile(source, mode="r"), compression)


class _remote_errors:
    """Turns what the client libraries of remote stores raise into a DataError."""

    _LIBRARIES = ("botocore", "aiobotocore", "aiohttp", "s3fs", "gcsfs", "adlfs", "fsspec")

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, DataError):
            return
        missing_library = isinstance(error, ImportError)
        known = isinstance(error, (OSError, ValueError)) or type(error).__module__.split(".")[0] in self._LIBRARIES
        if missing_library or known:
            remedy = "Check the address, your network and your credentials."
            if missing_library:
                remedy = "Install what this kind of address needs, for s3:// with: pip install 'atlas-assets[s3]'."
            raise DataError(
                file=self.name, where="", found=Found(f"cannot be opened ({type(error).__name__}: {error})"),
                expected="a readable file", remedy=remedy,
            ) from error  # fmt: skip
