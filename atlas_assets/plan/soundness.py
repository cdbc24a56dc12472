"""``atlas doctor --verify``: every version in a store compared with its name, and what was made from a broken one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from atlas_assets.plan.pipeline import Pipeline, folders
from atlas_assets.store.artifacts import POINTER, Address, ArtifactStore, Stored
from atlas_assets.store.content import BrokenArtifact
from atlas_assets.store.records import BrokenRecord


@dataclass
class Verified:
    """What came of comparing one atlas. bytes, versions: how much was read; broken: a sentence for each fault."""

    atlas: str
    versions: int = 0
    bytes: int = 0
    broken: list[str] = field(default_factory=list)


def verify(
    store: ArtifactStore, atlas: str, pipeline: Pipeline | None = None, *, looking: Callable[[str], object] = str
) -> Verified:
    """Compare every version of an atlas, current or earlier, with its name; set aside what is broken.

    pipeline: to name what was made from it. looking: told of each version before it is read.
    """
    done, ours = Verified(atlas), folders()
    for address, found in sorted(store.held(atlas).items(), key=lambda item: str(item[0])):
        if address.stage not in ours and not any(path.endswith(f"/{POINTER}") for path in found.files):
            continue  # somebody else's, such as the folder of the site
        try:
            store.record(address)
            store.failure(address)
        except BrokenRecord as error:
            done.broken.append(str(error) if error.newer else _mended(store, address, error))
            if error.newer:
                continue  # which files belong to it, that release knows
        for version, held in found.versions.items():
            looking(f"{address} {version}")
            done.versions, done.bytes = done.versions + 1, done.bytes + held.bytes
            try:
                store.version(address, version)
            except BrokenArtifact as error:
                made = made_from(pipeline, store, str(address), version) if pipeline else []
                done.broken.append(f"{error}. Made from it are: {', '.join(made)}" if made else str(error))
        done.broken += _gone(store, address)
    return done


def made_from(pipeline: Pipeline, store: ArtifactStore, address: str, version: str) -> list[str]:
    """What is current of an atlas and was made from this version, or from what was: addresses, and the site's date."""
    broken, found = {(address, version)}, list[str]()
    for own, stored in _records(pipeline, store):
        if broken & set((stored.inputs or {}).items()):
            broken.add((str(own), stored.version))
            if str(own) != address:
                published = own.stage == pipeline.stages["site"].stored_as
                found.append(f"the site of {stored.created[:16]}" if published else str(own))
    return found


def _records(pipeline: Pipeline, store: ArtifactStore) -> Iterable[tuple[Address, Stored]]:
    """Upstream first."""
    for stage in pipeline.stages.values():
        for key in stage.keys or (None,):
            own = pipeline.address(stage.stored_as or stage.name, key)
            with contextlib.suppress(BrokenRecord):
                stored = store.record(own)
                if stored is not None:
                    yield own, stored


def _mended(store: ArtifactStore, address: Address, error: BrokenRecord) -> str:
    name = error.path.rsplit("/", 1)[-1]
    moved = store.set_record_aside(str(address), name)
    return (
        f"{error.path} {error.what}. It was moved to {moved}; make the artifact again with: atlas run {address.atlas}"
    )


def _gone(store: ArtifactStore, address: Address) -> list[str]:
    """A pointer to a version that is not there; what was set aside is known already."""
    stored = store.record(address)
    if stored is None or stored.broken or not store.is_local:
        return []
    folder = Path(store.path(str(address), stored.version))
    return [] if folder.is_dir() else [f"{folder} is gone. Make it again with: atlas run {address.atlas}"]
