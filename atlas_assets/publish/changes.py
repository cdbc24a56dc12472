"""What has to happen at a destination, so that it shows a site: which files to bring, which to take away.

A destination keeps a record of what Atlas has put there and what it was (``.published.json``). So only what changed is
brought, nothing that somebody else has put there is ever touched, and a publication that was cut off is completed by
the next one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from atlas_assets.errors import AtlasError
from atlas_assets.stages.site import site
from atlas_assets.stages.site import versions as site_versions
from atlas_assets.stages.site.versions import VERSIONS, Succession, Version

RECORD = ".published.json"


@dataclass(frozen=True)
class There:
    """What is known of a destination: its versions, the hashes of Atlas's files (None: cut off), all names in it."""

    versions: list[Version]
    record: dict[str, str | None]
    names: frozenset[str]


@dataclass(frozen=True)
class Changes:
    """bring: files by name, ``index.html`` last. versions, record: the files of that name after the publication."""

    bring: dict[str, Path]
    remove: list[str]
    unchanged: int
    versions: bytes
    record: dict[str, str | None]

    @property
    def size(self) -> int:
        return sum(path.stat().st_size for path in self.bring.values())

    @property
    def meanwhile(self) -> dict[str, str | None]:
        """The record while files are brought: none of them can be relied on, and none is without a record."""
        return self.record | dict.fromkeys([*self.bring, *self.remove])


def changes(folder: Path, there: There, *, keep: int, take_over: bool = False) -> Changes:
    """From the site in ``folder`` to a destination; the versions of the last ``keep`` maps are kept there.

    Earlier versions that only the destination has stay there as well. Raises AtlasError where files of the same name
    have been put there by somebody else, unless these are to be replaced (``take_over``).
    """
    ours = site_versions.read(folder)
    if not ours or not (folder / site.INDEX).exists():
        raise AtlasError(f"{folder} holds no site.")
    kept = there.versions
    for version in ours:
        kept = list(Succession.of(kept, version, keep=keep).kept)
    here = {name for version in kept for name in version.files if (folder / name).is_file()}
    hashes = {name: _hash(folder / name) for name in here}
    needed = {name for version in kept for name in version.files}
    foreign = sorted((here - there.record.keys()) & there.names)
    if foreign and not take_over:
        raise AtlasError(
            f"{', '.join(foreign[:3])}{' and others' if len(foreign) > 3 else ''} at the destination "
            "have not been put there by Atlas. Publish to an empty place, or replace them with --take-over."
        )
    changed = sorted((name for name in here if there.record.get(name) != hashes[name]), key=_last_the_page)
    stays = {name: known for name, known in there.record.items() if name in needed}
    return Changes(
        bring={name: folder / name for name in changed},
        remove=sorted(there.record.keys() - needed - {VERSIONS}),
        unchanged=len(here) - len(changed),
        versions=site_versions.written(kept),
        record=stays | hashes,
    )


def read_record(data: bytes | None) -> dict[str, str | None]:
    return dict(json.loads(data)["files"]) if data else {}


def write_record(record: Mapping[str, str | None]) -> bytes:
    return json.dumps({"by": "atlas publish", "files": record}, indent=0, sort_keys=True).encode()


def _last_the_page(name: str) -> tuple[int, str]:
    """The page names all others, so it is brought when they are there; its compressed twins go with it."""
    return (0 if not name.startswith(site.INDEX) else 2 if name == site.INDEX else 1, name)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
