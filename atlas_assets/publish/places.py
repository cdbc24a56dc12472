"""Destinations that hold files one by one: a folder, and any object store or server that fsspec knows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from atlas_assets.errors import AtlasError
from atlas_assets.publish.changes import RECORD, Changes, There, read_record, write_record
from atlas_assets.publish.web import FOR_A_YEAR, TYPES, is_unchanging
from atlas_assets.stages.site import versions as site_versions
from atlas_assets.stages.site.versions import VERSIONS
from atlas_assets.store import atomic_file, below
from atlas_assets.store.reaching import reach

_REMEDY = (
    "Check the address, your network and your credentials. Visitors find what was there before; the same command "
    "goes on from there."
)
MOST_OF_A_RECORD = 64 << 20


class Place(Protocol):
    """Somewhere files can be put under a name. sizes: of all that is there, None where it is not told."""

    def read(self, name: str) -> bytes | None: ...
    def write(self, name: str, data: bytes) -> None: ...
    def remove(self, names: list[str]) -> None: ...
    def sizes(self) -> dict[str, int | None]: ...
    def links(self) -> frozenset[str]: ...
    def sweep(self) -> None: ...


def look(place: Place) -> There:
    sizes = place.sizes()
    for name in (VERSIONS, RECORD):
        if (size := sizes.get(name) or 0) > MOST_OF_A_RECORD:
            raise AtlasError(
                f"{name} at the destination has {size:,} bytes, and Atlas wrote no such file. Delete it, or "
                "publish to an empty place."
            )
    listed = site_versions.parse(place.read(VERSIONS), file=f"{VERSIONS} at the destination")
    known = {name: size for name, size in sizes.items() if size is not None}
    return There(listed, read_record(place.read(RECORD)), frozenset(sizes), place.links(), known)


def bring(place: Place, changes: Changes, progress: Any) -> None:
    """Files first, then the list of versions, then the page; what is obsolete goes when nobody is led to it."""
    place.sweep()
    if not changes.bring and not changes.remove and place.read(VERSIONS) == changes.versions:
        return
    place.write(RECORD, write_record(changes.meanwhile))
    names = list(changes.bring)
    page = [name for name in names if name.startswith("index.html")]
    for name in names[: len(names) - len(page)]:
        place.write(name, changes.bring[name].read_bytes())
        progress(name)
    place.write(VERSIONS, changes.versions)
    for name in page:
        place.write(name, changes.bring[name].read_bytes())
        progress(name)
    place.remove(changes.remove)
    place.write(RECORD, write_record(changes.record))


class Folder:
    """A folder of this machine, or one that is mounted here."""

    def __init__(self, root: Path) -> None:
        self._root = root
        if root.exists() and not root.is_dir():
            raise AtlasError(f"{root} is a file; expected a folder, or a name that is not taken yet.")

    def read(self, name: str) -> bytes | None:
        path = below.path(self._root, name)
        return path.read_bytes() if path.is_file() else None

    def write(self, name: str, data: bytes) -> None:
        atomic_file.write(below.path(self._root, name), data)

    def remove(self, names: list[str]) -> None:
        for name in names:
            path = below.path(self._root, name)
            path.unlink(missing_ok=True)
            for parent in path.relative_to(self._root).parents:
                folder = self._root / parent
                if folder != self._root and folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()

    def sizes(self) -> dict[str, int | None]:
        return {path.relative_to(self._root).as_posix(): path.lstat().st_size for path in self._entries()}

    def links(self) -> frozenset[str]:
        return frozenset(path.relative_to(self._root).as_posix() for path in self._entries() if path.is_symlink())

    def sweep(self) -> None:
        """Remove what publications from this machine were writing when they were killed."""
        for path in self._entries():
            if atomic_file.is_left_behind(path):
                path.unlink(missing_ok=True)

    def _entries(self) -> Iterator[Path]:
        """All but folders; links are listed, and not followed."""
        for at, folders, files in os.walk(self._root):
            yield from (Path(at, name) for name in files)
            yield from (Path(at, name) for name in folders if Path(at, name).is_symlink())


class Store:
    """A URL that fsspec knows, such as ``s3://bucket/maps``; types and caching are said where the protocol can."""

    def __init__(self, url: str) -> None:
        self._fs: Any
        self._fs, path = reach(url, remedy=_REMEDY)
        self._root = path.rstrip("/")
        protocols = self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,)
        self._dialect = next((p for p in protocols if p in ("s3", "gs")), "")

    def read(self, name: str) -> bytes | None:
        try:
            return self._fs.cat_file(self._path(name))
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        if "/" in name and not self._dialect:
            self._fs.makedirs(self._path(name).rsplit("/", 1)[0], exist_ok=True)
        self._fs.pipe_file(self._path(name), data, **said_of(name, self._dialect))

    def remove(self, names: list[str]) -> None:
        if names:
            self._fs.rm([self._path(name) for name in names])

    def links(self) -> frozenset[str]:
        return frozenset()

    def sweep(self) -> None:
        """Nothing: an object is there as a whole or not at all."""

    def sizes(self) -> dict[str, int | None]:
        self._fs.invalidate_cache()
        try:
            found = self._fs.find(self._root, detail=True)
        except FileNotFoundError:
            return {}
        return {path.removeprefix(f"{self._root}/"): facts.get("size") for path, facts in found.items()}

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def said_of(name: str, dialect: str) -> dict[str, Any]:
    """What an object store is told of a file, in its own words: the type, and how long it may be kept."""
    kind = TYPES.get(Path(name).suffix, "application/octet-stream")
    cache = FOR_A_YEAR if is_unchanging(name) else "no-cache"
    if dialect == "s3":
        return {"ContentType": kind, "CacheControl": cache}
    if dialect == "gs":
        return {"content_type": kind, "fixed_key_metadata": {"cache_control": cache}}
    return {}
