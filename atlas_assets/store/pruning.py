"""What a store can do without, and taking it away.

Of every artifact stay the current version, the ``retention.versions`` newest, the one that the current one was made to
resemble, the one that a later update starts from, and whatever a living process is reading. Points that the sweep does
not have any more stay for ``retention.removed_points`` after that was noticed. What nothing points to was left behind
by a kill. A site's own versions are its own business (``stages.site``), and files that Atlas did not write stay.

Local stores are locked meanwhile, against writers in other processes. Elsewhere there is no such lock: there nothing
goes that was written in the last hour, which a writer on another machine may be about to point to.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from atlas_assets.store.artifacts import ASIDE, POINTER, Address, ArtifactStore, Stored
from atlas_assets.store.inventory import Artifacts, Held, is_version, size_of
from atlas_assets.store.staging import remove_all

REMOVED = "removed.json"  # in an atlas's folder: since when the sweep is known not to have an address any more
UPLOAD_SECONDS = 3600.0
BROKEN_SECONDS = 7 * 24 * 3600.0  # what was set aside stays so long, for who wants to know what happened to it
CACHED_SECONDS = 24 * 3600.0  # copies of remote artifacts stay so long, for who may be reading them

Kind = Literal[
    "earlier version",
    "unfinished version",
    "removed point",
    "left by a killed run",
    "cached copy",
    "broken version",
    "record of a run",
    "picture of a run",
]


class Retention(Protocol):
    """versions: kept of every artifact, the current one included. removed_points: seconds for which artifacts stay that
    the atlas does not have any more; None for ever.
    """

    @property
    def versions(self) -> int: ...
    @property
    def removed_points(self) -> float | None: ...


@dataclass(frozen=True)
class Waste:
    """Something that can go."""

    kind: Kind
    name: str
    bytes: int


@dataclass
class Pruned:
    """What went, or would go. waiting: removed points, and when they will go (seconds since 1970)."""

    gone: list[Waste] = field(default_factory=list)
    waiting: dict[str, float] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(waste.bytes for waste in self.gone)


def prune(
    store: ArtifactStore,
    atlas: str,
    *,
    live: Iterable[Address],
    stages: Iterable[str],
    retention: Retention,
    now: float | None = None,
    dry_run: bool = False,
) -> Pruned:
    """Take away what the folder of one atlas can do without. live: every address that the atlas has. stages: names that
    an atlas's artifacts may have; what is in other folders is somebody else's, unless a pointer lies there.

    dry_run: only say what would go. now: seconds since 1970, for tests.
    """
    now = time.time() if now is None else now
    locked = store.is_local and not dry_run
    with store.staging.taking_away() if locked else contextlib.nullcontext():
        look = _Look(store, atlas, set(live), set(stages), retention, now)
        look.at_points()
        look.at_versions()
        look.at_broken()
        result = Pruned([waste for waste, _ in look.waste], look.waiting)
        if dry_run:
            free: Callable[[], None] = lambda: None  # noqa: E731
        else:
            free = store.take_away(path for _, paths in look.waste for path in paths)
            look.remember()
    free()
    leftovers = store.staging.left_behind() + ([] if store.is_local else list(_cached(store, atlas, look.kept, now)))
    result.gone += [_leftover(path, store) for path in leftovers]
    if not dry_run:
        remove_all(leftovers)
    return result


class _Look:
    """One look at an atlas in a store."""

    def __init__(
        self,
        store: ArtifactStore,
        atlas: str,
        live: set[Address],
        stages: set[str],
        retention: Retention,
        now: float,
    ) -> None:
        self._store, self._atlas, self._live, self._retention, self._now = store, atlas, live, retention, now
        self._since: dict[str, float] = store.read_record(atlas, REMOVED) or {}
        self._known_since = dict(self._since)
        self._held = {
            address: found
            for address, found in store.held(atlas).items()
            if address.stage in stages or any(path.endswith(f"/{POINTER}") for path in found.files)
        }
        self._stored = {address: store.record(address) for address in self._held}
        self._removed = {address for address, stored in self._stored.items() if stored and address not in live}
        self._reads = store.staging.reads()
        self.waste: list[tuple[Waste, list[str]]] = []
        self.waiting: dict[str, float] = {}
        self.kept: dict[str, set[str]] = {}

    def at_points(self) -> None:
        """What the sweep does not have any more. A point that came back starts anew if it is removed again."""
        removed = {str(address) for address in self._removed}
        self._since = {name: when for name, when in self._since.items() if name in removed}
        for address in sorted(self._removed, key=str):
            since = self._since.setdefault(str(address), self._now)
            if self._retention.removed_points is None:
                continue
            goes = since + self._retention.removed_points
            if goes > self._now or any(name == str(address) for name, _ in self._reads):
                self.waiting[str(address)] = goes
                continue
            found = self._held.pop(address)
            paths = sorted(
                [*found.files, *_paths(found.versions.values())], key=lambda path: not path.endswith(POINTER)
            )
            self._add("removed point", str(address), found.versions.values(), paths)
            del self._since[str(address)]

    def at_versions(self) -> None:
        """What nothing refers to."""
        kept = [stored for address in self._held if (stored := self._stored[address])]
        needed = self._reads.union(*((stored.grown_from or {}).items() for stored in kept))
        for address, found in sorted(self._held.items(), key=lambda item: str(item[0])):
            stored = self._stored[address]
            if (
                stored is None and address not in self._live and found.files
            ):  # why a point failed that was removed since
                self._add("removed point", str(address), [], found.files)
            stay = self._stay(found, stored) | {version for name, version in needed if name == str(address)}
            known = {stored.version, *(stored.earlier or [])} if stored else set()
            stay |= {version for version, held in found.versions.items() if self._is_being_written(held)}
            self.kept[str(address)] = stay
            for version, held in found.versions.items():
                if version in stay:
                    continue
                legacy = stored is not None and stored.earlier is None
                kind: Kind = "earlier version" if version in known or legacy else "unfinished version"
                self._add(kind, f"{address} {version}", [held], _paths([held]))

    def at_broken(self) -> None:
        """What was set aside long enough ago, by the time in its name."""
        for place, paths in self._store.broken_ones(self._atlas).items():
            version, _, when = place.rpartition("-")
            with contextlib.suppress(ValueError):  # a name that is not ours
                since = datetime.strptime(when, ASIDE).replace(tzinfo=UTC).timestamp()
                if self._now - since > BROKEN_SECONDS:
                    size = sum(size_of(Path(path)) for path in paths) if self._store.is_local else 0
                    self.waste.append((Waste("broken version", version, size), paths))

    def remember(self) -> None:
        """Keep since when points are known to be removed."""
        if self._since != self._known_since:
            self._store.write_record(self._since, self._atlas, REMOVED)

    def _stay(self, found: Artifacts, stored: Stored | None) -> set[str]:
        if stored is None:
            return set()
        earlier = stored.earlier
        if earlier is None:  # a record of an earlier release
            earlier = sorted(found.versions, key=lambda version: found.versions[version].changed or 0, reverse=True)
        others = [version for version in earlier if version in found.versions and version != stored.version]
        newest = [stored.version, *others][: self._retention.versions]
        return set(newest) | ({stored.refers_to} if stored.refers_to else set())

    def _is_being_written(self, held: Held) -> bool:
        if self._store.is_local:
            return False  # nobody publishes while the store is locked
        return held.changed is None or self._now - held.changed < UPLOAD_SECONDS

    def _add(self, kind: Kind, name: str, versions: Iterable[Held], paths: list[str]) -> None:
        self.waste.append((Waste(kind, name, sum(held.bytes for held in versions)), paths))


def _paths(versions: Iterable[Held]) -> list[str]:
    return [path for held in versions for path in held.objects or [held.path]]


def _cached(store: ArtifactStore, atlas: str, kept: dict[str, set[str]], now: float) -> Iterable[Path]:
    """Copies of versions that the store does not keep."""
    for path in (store.cache / atlas).glob("**/*"):
        version = path.name.removesuffix(".files")
        if not (is_version(version) and path.is_dir()):
            continue
        address = path.parent.relative_to(store.cache).as_posix()
        with contextlib.suppress(FileNotFoundError):
            if version not in kept.get(address, set()) and now - path.stat().st_mtime > CACHED_SECONDS:
                yield path


def _leftover(path: Path, store: ArtifactStore) -> Waste:
    kind: Kind = "left by a killed run" if path.parent == store.staging.folder else "cached copy"
    return Waste(kind, path.name, size_of(path))
