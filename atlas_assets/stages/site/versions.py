"""The versions of a site that are kept: visitors choose one of them, and pages that are open keep finding its files.

``versions.json`` at the site's root lists them, newest last. It is a live file: in no version, no hash, no archive.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from atlas_assets.errors import DataError, Found
from atlas_assets.store import below

VERSIONS = "versions.json"
PUBLICATIONS_PER_MAP = 2  # one map that several viewers showed: the newest, and one for pages that are open


@dataclass(frozen=True)
class Version:
    """One publication: its name, when it was new (ISO, UTC), how many entities it shows, its manifest, its files."""

    version: str
    published: str
    n: int
    manifest: str
    files: list[str]


def manifest_of(map_name: str) -> str:
    """Where the manifest of a map lies, below the site's root."""
    return f"data/{map_name}/manifest.json"


def now() -> str:
    """The present as ``published`` records it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read(site_folder: Path) -> list[Version]:
    """What ``versions.json`` lists; nothing where there is none.

    Raises DataError where it is no such list, or names files that are not below the site.
    """
    record = site_folder / VERSIONS
    return _parsed(record.read_bytes(), record, site_folder) if record.exists() else []


def parse(listed: bytes | None, *, file: str = VERSIONS) -> list[Version]:
    """What a ``versions.json`` lists that lies elsewhere; nothing where there is none. Raises DataError as ``read``."""
    return _parsed(listed, file, None) if listed else []


def written(versions: Sequence[Version]) -> bytes:
    """``versions.json``."""
    return json.dumps([asdict(version) for version in versions], separators=(",", ":")).encode()


@dataclass(frozen=True)
class Succession:
    """What a publication does to the list: ``kept`` comes after ``earlier``; the last one kept is the new one."""

    earlier: Sequence[Version]
    kept: Sequence[Version]

    @classmethod
    def of(cls, earlier: Sequence[Version], new: Version, *, keep: int) -> Succession:
        """Keep the versions of the last ``keep`` maps. What is published again without a change keeps its date."""
        if earlier and earlier[-1].version == new.version:
            new = replace(new, published=earlier[-1].published)
        kept: list[Version] = []
        for version in reversed([*_others(earlier, new), new]):
            maps = [one.manifest for one in kept]
            same = maps.count(version.manifest)
            if same < PUBLICATIONS_PER_MAP and (same or len(set(maps)) < max(1, keep)):
                kept.append(version)
        return cls(earlier, kept[::-1])

    @property
    def meanwhile(self) -> bytes:
        """``versions.json`` until obsolete files are gone: killed at any moment, no file is without a version."""
        return written([*_others(self.earlier, self.kept[-1]), self.kept[-1]])

    @property
    def obsolete(self) -> set[str]:
        """Files that no version needs any more."""
        needed = {name for version in self.kept for name in version.files}
        return {name for version in self.earlier for name in version.files} - needed

    @property
    def to_send(self) -> set[str]:
        """Files of the new version without those that another version has brought already."""
        there = {name for version in self.earlier for name in version.files if never_changes(name)}
        return set(self.kept[-1].files) - there


def _others(versions: Sequence[Version], new: Version) -> list[Version]:
    return [one for one in versions if one.version != new.version]


def never_changes(name: str) -> bool:
    """Whether a file's name stands for its content: one of that name that is published already is the same one."""
    return name.startswith(("assets/", "data/")) and "manifest.json" not in name


def _parsed(listed: bytes, file: object, site_folder: Path | None) -> list[Version]:
    try:
        versions = [_version(entry, site_folder) for entry in json.loads(listed)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(
            file=file,
            where="",
            found=Found("is not a list of versions"),
            expected="what Atlas writes there, by this release or an earlier one",
            remedy="Delete it, and the site is taken for one without earlier versions.",
        ) from error
    for version in versions:
        for name in (version.manifest, *version.files):
            below.checked(name, file=file, where=f"version {version.version}")
    return versions


def _version(entry: dict[str, Any], site_folder: Path | None) -> Version:
    """An entry, also one by an earlier release, which recorded the name and the files only."""
    manifest = entry.get("manifest") or manifest_of(entry["version"])
    known: dict[str, Any] = {"published": "", "n": 0}
    if "published" not in entry and site_folder is not None:
        path = below.path(site_folder, manifest)
        with contextlib.suppress(OSError, ValueError, KeyError):
            when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            known["published"] = when.isoformat(timespec="seconds").replace("+00:00", "Z")
            known["n"] = json.loads(path.read_text(encoding="utf-8"))["n"]
    version = Version(**{**known, "manifest": manifest, **entry})
    if not isinstance(version.files, list):
        raise TypeError("files is no list")
    return version
