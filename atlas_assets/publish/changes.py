"""What has to happen at a destination, so that it shows a site: which files to bring, which to take away.

A destination keeps a record of what Atlas has put there and what it was (``.published.json``). So only what changed is
brought, nothing that somebody else has put there is ever touched, and a publication that was cut off is completed by
the next one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from atlas_assets.errors import AtlasError, DataError, Found
from atlas_assets.stages.site import site
from atlas_assets.stages.site import versions as site_versions
from atlas_assets.stages.site.versions import VERSIONS, Succession, Version
from atlas_assets.store import below

RECORD = ".published.json"


@dataclass(frozen=True)
class There:
    """What is known of a destination: its versions, the hashes of Atlas's files (None: cut off), all names in it.

    links: those of the names that are no files but lead elsewhere. sizes: bytes by name, as far as they are told.
    """

    versions: list[Version]
    record: dict[str, str | None]
    names: frozenset[str]
    links: frozenset[str] = frozenset()
    sizes: Mapping[str, int] = field(default_factory=dict)

    def holds(self, name: str, digest: str, size: int) -> bool:
        """Whether Atlas brought this very file, and it is still there, or one of its size."""
        return self.record.get(name) == digest and name in self.names and self.sizes.get(name, size) == size


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
    needed = {name for version in kept for name in version.files}
    # Of what only the destination lists, nothing is taken from here, whatever lies under that name.
    own = needed & {name for version in ours for name in version.files}
    here = {name for name in own if below.path(folder, name).is_file()}
    hashes = {name: _hash(folder / name) for name in here}
    _no_links({*needed, *there.record, VERSIONS, RECORD}, there.links)
    foreign = sorted((here - there.record.keys()) & there.names)
    if foreign and not take_over:
        raise AtlasError(
            f"{', '.join(foreign[:3])}{' and others' if len(foreign) > 3 else ''} at the destination "
            "have not been put there by Atlas. Publish to an empty place, or replace them with --take-over."
        )
    holds = {name for name in here if there.holds(name, hashes[name], (folder / name).stat().st_size)}
    changed = sorted(here - holds, key=_last_the_page)
    stays = {name: known for name, known in there.record.items() if name in needed}
    return Changes(
        bring={name: folder / name for name in changed},
        remove=sorted(there.record.keys() - needed - {VERSIONS}),
        unchanged=len(here) - len(changed),
        versions=site_versions.written(kept),
        record=stays | hashes,
    )


def read_record(data: bytes | None) -> dict[str, str | None]:
    """What a ``.published.json`` lists; nothing where there is none. Raises DataError where it leads elsewhere."""
    if not data:
        return {}
    file = f"{RECORD} at the destination"
    try:
        listed = dict(json.loads(data)["files"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(
            file=file,
            where="",
            found=Found("is not a record of what was published"),
            expected='JSON as {"files": {name: hash}}',
            remedy="Delete it and publish with --take-over, or publish to an empty place.",
        ) from error
    return {below.checked(name, file=file): known for name, known in listed.items()}


def write_record(record: Mapping[str, str | None]) -> bytes:
    return json.dumps({"by": "atlas publish", "files": record}, indent=0, sort_keys=True).encode()


def _no_links(names: set[str], links: frozenset[str]) -> None:
    """Refuse to write to, or to delete, what a link at the destination leads to."""
    for name in sorted(names) if links else ():
        steps = [name, *(parent.as_posix() for parent in PurePosixPath(name).parents)]
        if found := next((step for step in steps if step in links), None):
            raise AtlasError(below.link_found("The destination", found))


def _last_the_page(name: str) -> tuple[int, str]:
    """The page names all others, so it is brought when they are there; its compressed twins go with it."""
    return (0 if not name.startswith(site.INDEX) else 2 if name == site.INDEX else 1, name)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
