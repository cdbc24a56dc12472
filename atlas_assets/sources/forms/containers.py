"""Files in files: gzip, Zstandard, bzip2, xz and zip, told by their first bytes, unpacked within limits.

A few kilobytes can unpack to petabytes. What is packed more than ``MOST_RATIO`` times and has unpacked to more than
``FREE_BYTES``, or to more than ``MOST_BYTES`` whatever the ratio, is left.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as pa

from atlas_assets.errors import DataError, Found, of_the_machine

MOST_BYTES = 64 << 30
MOST_RATIO = 200
FREE_BYTES = 256 << 20
_BLOCK = 1 << 20
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
}
# What the readers of packed files raise at bytes that are not theirs; NotImplementedError at a compression they lack.
_BROKEN = (
    UnicodeDecodeError,  # names of members
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    pa.ArrowException,
    NotImplementedError,
)
# A zip archive that is itself a file of some form.
_WHOLE = ("[content_types].xml", "mimetype", ".npy")
_BESIDE = ("readme", "license", "licence", "copying", "__macosx", ".")


def packing(start: bytes, path: Path, name: str) -> str | None:
    """How the file that begins with ``start`` is packed; None where it is not, or where that is part of its form.

    name: what messages call the file. Raises DataError where that is part of its form, and unpacks to too much.
    """
    kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
    return None if kind == "zip" and _is_a_form(path, name) else kind


def _is_a_form(path: Path, name: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except _BROKEN:
        return False
    if not any(member.filename.lower().endswith(_WHOLE) for member in members):
        return False
    _refuse_more(sum(member.file_size for member in members), path.stat().st_size, name)
    return True


def unpack(path: Path, kind: str, name: str, part: str | None, target: Path) -> tuple[str, bool]:
    """Write to ``target`` what ``path`` holds; returns its name, and whether ``part`` named it.

    name: what messages call the file. part: of an archive of several files, the one that is wanted. Raises DataError
    for what is broken, locked, too large, or more than one file.
    """
    inner, used = PurePosixPath(name).stem, False
    try:
        if kind != "zip":
            with _opened(path, kind) as source:
                _copy(source, target, path.stat().st_size, name)
            return inner, False
        with zipfile.ZipFile(path) as archive:
            member = _member(archive, name, part)
            used = member.filename == part
            if member.flag_bits & 1:
                raise DataError(
                    file=name,
                    where=member.filename,
                    found=Found("is locked with a password"),
                    expected="an archive without one",
                    remedy="Unpack it and give the file itself.",
                )
            with archive.open(member) as source:
                _copy(source, target, member.compress_size, name)
            return PurePosixPath(member.filename).name, used
    except _BROKEN as error:
        if of_the_machine(error) is not None:  # a full disk is no fault of the file
            raise
        raise DataError(
            file=name,
            where="",
            found=Found(f"cannot be unpacked ({error})"),
            expected=f"a whole {kind} file",
            remedy="Download or compress it again.",
        ) from error


def _opened(path: Path, kind: str) -> IO[bytes]:
    openers: dict[str, Callable[..., Any]] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
    if kind in openers:
        return openers[kind](path, "rb")
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


def _copy(source: IO[bytes], target: Path, packed: int, name: str) -> None:
    n = 0
    with target.open("wb") as sink:
        while block := source.read(_BLOCK):
            n += sink.write(block)
            _refuse_more(n, packed, name)


def _refuse_more(n: int, packed: int, name: str) -> None:
    """Raise DataError where ``n`` bytes are more than ``packed`` ones may unpack to."""
    if n > MOST_BYTES or (n > FREE_BYTES and n > MOST_RATIO * packed):
        raise DataError(
            file=name,
            where="",
            found=Found(f"unpacks to {n / 2**20:,.0f} MiB or more, from {packed / 2**20:,.1f}"),
            expected=f"at most {MOST_RATIO} times its size, and {MOST_BYTES >> 30} GiB",
            remedy="If it is meant, unpack it yourself and give the file itself.",
        )


def _member(archive: zipfile.ZipFile, name: str, part: str | None) -> zipfile.ZipInfo:
    members = [one for one in archive.infolist() if not one.is_dir() and one.file_size]
    chosen = [one for one in members if one.filename == part]
    if part is not None and not chosen and len(members) > 1:
        raise _choose(name, members, f"holds no {part!r}")
    data = [one for one in members if not any(p.lower().startswith(_BESIDE) for p in PurePosixPath(one.filename).parts)]
    chosen = chosen or data or members
    if len(chosen) != 1:
        raise _choose(name, chosen, f"holds {len(chosen)} files")
    return chosen[0]


def _choose(name: str, members: list[zipfile.ZipInfo], found: str) -> DataError:
    names = [member.filename for member in members]
    shown = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
    remedy = f"Name one of them behind a #: {PurePosixPath(name).name}#{names[0]}" if names else "Pack it again."
    return DataError(
        file=name, where="", found=Found(f"{found} ({shown})" if names else "is empty"), expected="one", remedy=remedy
    )
