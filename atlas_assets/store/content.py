"""What a version holds: the hash that names it, and whether what lies on the disk still is what was written.

The name of a version is the hash of its content, so whatever a disk, a copy or a person changed in it shows.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.store.inventory import VERSION_LENGTH

UNREADABLE = (errno.EIO, getattr(errno, "EUCLEAN", errno.EIO), errno.EBADMSG)  # what a failing disk says
SEVERAL = 8 << 20  # bytes of a folder from which threads pay


class BrokenArtifact(AtlasError):
    """A version that is not what was written. It was set aside, so that it can be made again.

    address: of what kind of artifact; version: which one of it. Both as text, as the message has to travel between
    processes.
    """

    def __init__(self, address: str, version: str, message: str) -> None:
        self.address, self.version = address, version
        super().__init__(address, version, message)

    def __str__(self) -> str:
        return self.args[2]


def content_hash(folder: Path, names: Iterable[str] | None = None) -> tuple[str, list[str], int]:
    """Hash over the names and bytes of all files below ``folder``, with their names (sorted) and their total size.

    names: only these files, whatever else lies there. About 1 GB a second and core; its cost is in docs/reliability.md.
    """
    known = sorted(names) if names is not None else files_below(folder)
    total = sum((folder / name).stat().st_size for name in known)
    with ThreadPoolExecutor(project.cores() if total > SEVERAL else 1) as pool:  # hashing lets go of the interpreter
        hashes = list(pool.map(lambda name: _hash_of(folder / name), known))
    digest = hashlib.sha256()
    for name, one in zip(known, hashes, strict=True):
        digest.update(f"{name}\0{one}\n".encode())
    return digest.hexdigest()[:VERSION_LENGTH], known, total


def files_below(folder: Path) -> list[str]:
    """The names of all files below a folder, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def look_of(folder: Path, names: Iterable[str] | None = None) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every file: if they are as they were, the content is not read again.

    Raises FileNotFoundError where one of ``names`` is gone.
    """
    known = sorted(names) if names is not None else files_below(folder)
    stats = [(name, (folder / name).stat()) for name in known]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def fault_of(folder: Path, version: str, names: Iterable[str] | None = None) -> str | None:
    """What is wrong with a version, such as "it lacks positions.npy"; None where it is what was written."""
    known = sorted(names) if names is not None else None
    missing = [name for name in known or () if not (folder / name).is_file()]
    if missing:
        return f"it lacks {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}"
    try:
        found = content_hash(folder, known)[0]
    except OSError as error:
        if error.errno not in UNREADABLE:  # nothing is wrong with the content if one may not read it
            raise
        return f"{error.filename or 'a file'} cannot be read ({error.strerror})"
    return None if found == version else f"its content is not what was written (its hash is {found})"


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
