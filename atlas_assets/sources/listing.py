"""Which files a path, a glob, a folder or a URL names now, and a mark of each that changes with its content.

Nothing is opened. This is asked at every look at a source, so it must be cheap and must not trust remembered listings.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import fsspec

from atlas_assets.errors import DataError, Found, UnreachableError
from atlas_assets.redact import harmless
from atlas_assets.sources.forms import databases, hugging_face, registry

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".npy": "npy",
}
"""What the endings of plain files stand for; those of other forms are theirs to say."""
COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz", ".zip")
READABLE = registry.READABLE
# What the file systems of fsspec say about when and what an object was last written.
_TIMES = ("mtime", "LastModified", "last_modified", "updated", "created")
_TAGS = ("ETag", "etag", "md5Hash", "content_md5")


@dataclass(frozen=True)
class Listed:
    """One file: absolute path or URL, size, a text that differs whenever its content does, and when it changed.

    bytes and changed (unix seconds) are None where the store does not say.
    """

    name: str
    bytes: int | None
    mark: str
    changed: float | None


def split_part(name: str) -> tuple[str, str | None]:
    """A path or URL, and which part of the file is meant: what stands behind the last #, unless that is its name."""
    address, sign, part = name.rpartition("#")
    if not sign or not part or ("://" not in name and os.path.lexists(name)):
        return name, None
    return address, part


def list_files(pattern: str, *, base: Path) -> list[Listed]:
    """The files that ``pattern`` names, sorted; relative paths start at ``base``. Raises DataError where none is."""
    if databases.is_url(pattern):
        return [_listed_database(pattern, base)]
    if "://" not in pattern:
        pattern = str(base / os.path.expanduser(pattern)) if "#" in pattern else pattern
    address, part = split_part(pattern)
    if part is not None:
        return [dataclasses.replace(file, name=f"{file.name}#{part}") for file in list_files(address, base=base)]
    remote = "://" in pattern
    address = pattern if remote else str(base / os.path.expanduser(pattern))
    with RemoteErrors(pattern):
        fs, path = fsspec.core.url_to_fs(address)
        fs.invalidate_cache()  # a process that looks again and again would see its first listing for ever
        # Of a web address, what is behind a question mark is no pattern but a part of it.
        asked = path.partition("?")[0] if pattern.startswith(("http://", "https://")) else path
        if any(sign in asked for sign in "*?[") and (remote or not os.path.lexists(path)):
            found = {name: info for name, info in fs.glob(path, detail=True).items() if info["type"] != "directory"}
            if not found:
                raise DataError(
                    file=pattern,
                    where="",
                    found=Found("matches no file"),
                    expected="a pattern that matches some",
                    remedy=_neighbours(address) if not remote else "Check the pattern and your access to the bucket.",
                )
        elif not remote and fs.isdir(path):
            found = {info["name"]: info for info in fs.ls(path, detail=True)}
            found = {name: info for name, info in found.items() if info["type"] == "file" and _is_readable(name)}
            if saved := hugging_face.data_files(Path(path), pattern):
                found = {str(file): {} for file in saved}
            if not found:
                raise DataError(
                    file=pattern,
                    where="",
                    found=Found("is a folder without readable files"),
                    expected=READABLE,
                    remedy="Name the files, or a pattern such as folder/*.csv.",
                )
        else:
            if not remote and not fs.exists(path):
                raise DataError(
                    file=pattern,
                    where="",
                    found=Found("does not exist"),
                    expected="a file",
                    remedy=_neighbours(address),
                )
            found = {address: fs.info(path)}
        protocol = pattern.split("://")[0]
        full = {f"{protocol}://{name}" if remote and "://" not in name else name: info for name, info in found.items()}
        return [_listed(name, full[name]) for name in sorted(full)]


def list_all(patterns: Sequence[str], *, base: Path) -> list[Listed]:
    """The files that ``patterns`` name, in the order of the patterns and by name inside one; none twice."""
    found: dict[str, Listed] = {}
    for pattern in patterns:
        for file in list_files(pattern, base=base):
            found.setdefault(file.name, file)
    return list(found.values())


def format_of(name: str) -> str | None:
    """The format that a file's ending stands for; None where that says nothing."""
    return FORMATS.get(_suffix(name))


def _is_readable(name: str) -> bool:
    """Whether a file of a folder is meant, by its ending."""
    return _suffix(name) in FORMATS or _suffix(name) in registry.SUFFIXES


def _suffix(name: str) -> str:
    """The last ending that says what a file is."""
    path = Path(name.split("?")[0] if "://" in name else split_part(name)[0])
    return (path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path).suffix.lower()


def _listed_database(address: str, base: Path) -> Listed:
    """A database by its URL. A server does not say when it changed, so it never seems to have."""
    url, part = split_part(address)
    file = databases.file_of(url)
    if file is None:
        return Listed(address, None, "", None)
    found = list_files(str(base / file), base=base)[0]
    return dataclasses.replace(found, name=f"{found.name}#{part}" if part else found.name)


def _listed(name: str, info: Mapping[str, Any]) -> Listed:
    if "://" not in name:
        facts = os.stat(name)
        return Listed(name, facts.st_size, str(facts.st_mtime_ns), facts.st_mtime)
    times = [info[key] for key in _TIMES if info.get(key) is not None]
    tags = [info[key] for key in _TAGS if info.get(key) is not None]
    return Listed(
        name, info.get("size"), " ".join(map(str, (tags or times)[:1])), _seconds(times[0]) if times else None
    )


def _seconds(time: Any) -> float | None:
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time)
        except ValueError:
            return None
    return time.timestamp() if isinstance(time, datetime) else float(time)


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


class RemoteErrors:
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
        error = next(filter(self._is_theirs, _with_causes(error)), error)  # s3fs stumbles over some of its own
        if missing_library or self._is_theirs(error):
            remedy = "Check the address, your network and your credentials."
            if missing_library:
                remedy = "Install what this kind of address needs, for s3:// with: pip install 'atlas-assets[s3]'."
            kind_of_error = DataError if missing_library or isinstance(error, FileNotFoundError) else UnreachableError
            raise kind_of_error(
                file=self.name,
                where="",
                found=Found(f"cannot be opened ({type(error).__name__}: {error})"),
                expected="a readable file",
                remedy=remedy,
            ) from harmless(error)

    def _is_theirs(self, error: BaseException) -> bool:
        return isinstance(error, (OSError, ValueError)) or type(error).__module__.split(".")[0] in self._LIBRARIES


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
