"""What lies in a store: the versions of each artifact, found by looking, whatever the pointers say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

VERSION_LENGTH = 16  # hexadecimal digits of the content's hash


@dataclass
class Held:
    """One version. changed: seconds since 1970 of its newest file; None where the file system does not say.

    objects: its files where the store is not a local folder.
    """

    path: str
    changed: float | None
    objects: dict[str, int] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(self.objects.values()) if self.objects else size_of(Path(self.path))


@dataclass
class Artifacts:
    """What is below one address. files: those beside the versions, such as the pointer."""

    versions: dict[str, Held] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


Place = tuple[str, str | None]
"""A stage and a partition."""


def is_version(name: str) -> bool:
    """Whether a folder is a version, not a partition."""
    return len(name) == VERSION_LENGTH and set(name) <= set("0123456789abcdef")


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; 0 where it is gone."""
    if path.is_dir():
        return sum(entry.lstat().st_size for entry in path.rglob("*") if entry.is_file())
    return path.lstat().st_size if path.exists() else 0


def local(atlas: Path) -> dict[Place, Artifacts]:
    """The artifacts in the folder of one atlas. Without a look at any file, so it takes milliseconds."""
    found: dict[Place, Artifacts] = {}
    for stage in _folders(atlas):
        for path in _entries(Path(stage.path)):
            if path.is_dir() and not is_version(path.name):
                for below in _entries(Path(path.path)):
                    _note(found, (stage.name, path.name), below)
            else:
                _note(found, (stage.name, None), path)
    return found


def remote(fs: Any, atlas: str) -> dict[Place, Artifacts]:
    """The artifacts of one atlas in any fsspec file system, from one listing."""
    fs.invalidate_cache()  # s3fs would go by what it has listed before
    found: dict[Place, Artifacts] = {}
    for path, info in fs.find(atlas, detail=True).items():
        stage, *rest = path[len(atlas) :].lstrip("/").split("/")
        version = next((i for i, name in enumerate(rest[:2]) if is_version(name) and i < len(rest) - 1), None)
        if version is None:
            if len(rest) in (1, 2):
                place = (stage, rest[0] if len(rest) == 2 else None)
                found.setdefault(place, Artifacts()).files.append(path)
            continue
        held = found.setdefault((stage, rest[0] if version else None), Artifacts()).versions.setdefault(
            rest[version], Held("/".join([atlas, stage, *rest[: version + 1]]), 0.0)
        )
        held.objects[path] = info["size"]
        when = changed(info)
        held.changed = None if when is None or held.changed is None else max(held.changed, when)
    return found


def _note(found: dict[Place, Artifacts], place: Place, entry: os.DirEntry[str]) -> None:
    if entry.is_dir() and is_version(entry.name):
        artifacts = found.setdefault(place, Artifacts())
        artifacts.versions[entry.name] = Held(entry.path, entry.stat().st_mtime)
    elif entry.is_file():
        found.setdefault(place, Artifacts()).files.append(entry.path)


def _folders(folder: Path) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in _entries(folder) if entry.is_dir())


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []


def changed(info: dict[str, Any]) -> float | None:
    """When an object was written, in the words of s3fs, gcsfs, adlfs, sftp and memory."""
    for name in ("LastModified", "updated", "last_modified", "mtime", "created"):
        when = info.get(name)
        if isinstance(when, str):
            when = datetime.fromisoformat(when)
        if isinstance(when, datetime):
            return when.timestamp()
        if isinstance(when, (int, float)):
            return float(when)
    return None
