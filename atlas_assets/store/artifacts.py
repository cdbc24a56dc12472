"""Where artifacts live: a store of immutable versions with one pointer per artifact.

``<root>/<atlas>/<stage>/[<partition>/]<version>/…`` holds the files of one version, named by the hash of its content;
``current.json`` beside the versions says which one is current, from what it was made (``recipe``) and what it cost;
``failed.json`` says which recipe could not be made, until something is stored. A
version is written completely before the pointer is replaced, in one rename locally and one object write elsewhere, so
a reader never sees half an artifact and a failed or killed run leaves the earlier one in place. Before a process reads
a version for the first time, its content is compared with its name; what is broken is set aside (``.broken``).
The root may be a local folder or any fsspec URL; remote versions are copied to a local cache before they are read, so
stages see folders only.
Versions that nothing refers to any more are taken away by ``pruning``, never by a write.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.redact import within
from atlas_assets.store import below, inventory, records
from atlas_assets.store.content import BrokenArtifact, content_hash, fault_of, look_of
from atlas_assets.store.inventory import Artifacts
from atlas_assets.store.reaching import reach
from atlas_assets.store.staging import Staging, remove_all

POINTER = "current.json"
FAILURE = "failed.json"
STAGING = ".staging"
RUNS = ".runs"  # what steps of runs hand to each other
BROKEN = ".broken"  # what is not as it was written, out of the way
ASIDE = "%Y%m%dT%H%M%S%f"  # when it was put there (UTC), at the end of its name
EARLIER_NAMED = 50  # as many as anybody would keep
R = TypeVar("R")
_ASIDE = re.compile(r"-\d{8}T\d{12}$")
# Folders of versions that this process has compared with their names, and how they looked then.
_known_whole: dict[str, tuple[tuple[str, int, int], ...]] = {}


@dataclasses.dataclass(frozen=True)
class Address:
    """What an artifact is called: its atlas, its stage and, where the stage is swept, its partition key."""

    atlas: str
    stage: str
    partition: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.atlas, self.stage, self.partition) if part)


@dataclasses.dataclass(frozen=True)
class Stored:
    """The current version of an artifact, as ``current.json`` records it.

    lineage: what it and the swept stages before it were told, whatever the data were. predecessor: version and lineage
    of the artifact that it was made to resemble. earlier: the versions that were current before, newest first.
    grown_from: versions by address that a later update starts from. inputs: versions by address of all that it was
    made from. broken: why the version was set aside, until another one is stored. All may be missing from records of
    earlier releases.
    """

    version: str
    recipe: str
    created: str
    bytes: int
    files: list[str]
    cost: dict[str, Any]
    lineage: str = ""
    predecessor: dict[str, str] | None = None
    read_from: dict[str, Any] | None = None
    earlier: list[str] | None = None
    grown_from: dict[str, str] | None = None
    inputs: dict[str, str] | None = None
    broken: str | None = None

    @property
    def refers_to(self) -> str | None:
        """The earlier version of the same artifact that has to stay as long as this one is current."""
        return (self.predecessor or {}).get("version")


@dataclasses.dataclass(frozen=True)
class Failure:
    """The last attempt at an artifact, if it failed: with the same recipe it would fail again."""

    recipe: str
    message: str
    at: str


class Pointers(Protocol):
    """What can be asked which version of an artifact is current: a store, or what it was at one moment."""

    def current(self, address: Address) -> Stored | None: ...

    def failure(self, address: Address) -> Failure | None: ...


class Snapshot:
    """What is current, asked of the store only once each: many recipes are of the same few artifacts."""

    def __init__(self, store: Pointers) -> None:
        self._store = store
        self._current: dict[Address, Stored | None] = {}
        self._failures: dict[Address, Failure | None] = {}

    def current(self, address: Address) -> Stored | None:
        if address not in self._current:
            self._current[address] = self._store.current(address)
        return self._current[address]

    def failure(self, address: Address) -> Failure | None:
        if address not in self._failures:
            self._failures[address] = self._store.failure(address)
        return self._failures[address]


@dataclasses.dataclass
class Draft:
    """An artifact being written: put the files into ``folder``; ``stored`` is filled in when the block ends well."""

    folder: Path
    cost: dict[str, Any] = dataclasses.field(default_factory=dict)
    lineage: str = ""
    predecessor: dict[str, str] | None = None
    read_from: dict[str, Any] | None = None
    grown_from: dict[str, str] | None = None
    stored: Stored | None = None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def recipe_hash(**ingredients: Any) -> str:
    """Hash of everything an artifact depends on; equal recipes need not be cooked twice."""
    text = json.dumps(ingredients, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class ArtifactStore:
    """Artifacts below one root, a local folder or an fsspec URL such as ``s3://bucket/atlas``."""

    def __init__(self, root: str | os.PathLike[str], *, cache: Path | None = None, **storage_options: Any) -> None:
        self._fs: Any
        self._fs, path = reach(os.fspath(root), **storage_options)
        self.root = path.rstrip("/")
        self.is_local = "file" in (self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,))
        self.cache = cache or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "atlas"
        self.staging = Staging(Path(self.path(STAGING)) if self.is_local else self.cache / STAGING)

    def path(self, *parts: str) -> str:
        """The full path of something below the root, in the store's own file system."""
        return "/".join([self.root, *parts])

    def current(self, address: Address) -> Stored | None:
        """The current version, or None where nothing was stored yet, or what was is gone or was set aside."""
        stored = self.record(address)
        if stored is None or stored.broken is not None:
            return None
        if self.is_local and not Path(self.path(str(address), stored.version)).is_dir():
            return None
        return stored

    def record(self, address: Address) -> Stored | None:
        """What the pointer says, whether the version it names is there or not. Raises AtlasError for a broken one."""
        stored = self._parsed(Stored, str(address), POINTER)
        if stored is not None and not (inventory.is_version(stored.version) and all(map(below.is_name, stored.files))):
            raise records.BrokenRecord(self.path(str(address), POINTER), "names a version or files outside its folder")
        return stored

    def failure(self, address: Address) -> Failure | None:
        """What came of the last attempt, if it failed and nothing was stored since."""
        return self._parsed(Failure, str(address), FAILURE)

    def remember_failure(self, address: Address, *, recipe: str, message: str) -> None:
        """Keep that this recipe could not be made, and why, until something is stored."""
        self.write_record(dataclasses.asdict(Failure(recipe, message, _now())), str(address), FAILURE)

    def version(self, address: Address, version: str) -> Path | None:
        """A local folder with the files of a version, also of one that is not current any more; None where it is gone.

        Read only. Raises BrokenArtifact where it is not what was written.
        """
        stored = self.record(address)
        known = stored.files if stored and stored.version == version else None
        if self.is_local:
            path = Path(self.path(str(address), version))
            return self._compared(address, version, path, known) if path.is_dir() else None
        names = self._names(address, version)
        return self._compared(address, version, self._cached(address, version, names), known) if names else None

    def folder(self, address: Address) -> Path:
        """A local folder with the current version's files. Read only.

        Raises AtlasError where there is none, and BrokenArtifact where it is not what was written.
        """
        stored = self.current(address)
        if stored is None:
            raise AtlasError(self._not_there(address))
        if self.is_local:
            path = Path(self.path(str(address), stored.version))
        else:
            path = self._cached(address, stored.version, stored.files)
        return self._compared(address, stored.version, path, stored.files)

    def file(self, address: Address, version: str, name: str) -> Path | None:
        """One file of a version, also of one that is not current any more; None where it is not kept.

        Raises BrokenArtifact where a local version is not what was written; one file of a remote one cannot be told.
        """
        if self.is_local:
            folder = self.version(address, version)
            return folder / name if folder and (folder / name).exists() else None
        target = self.cache / str(address) / f"{version}.files" / name
        if not target.exists():
            draft = self.staging.new_path()
            try:
                self._fs.get_file(self.path(str(address), version, name), str(draft))
            except FileNotFoundError:
                return None
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(target)
        return target

    @contextlib.contextmanager
    def write(self, address: Address, *, recipe: str, reads: Mapping[str, str] | None = None) -> Iterator[Draft]:
        """Write an artifact: fill ``draft.folder`` inside the block. If the block raises, nothing changes.

        Content that is stored already is not stored again; only the pointer is renewed. reads: what it is made from,
        versions by address, which are not taken away meanwhile.
        """
        self.staging.sweep()
        with self.staging.draft(reads) as folder:
            draft = Draft(folder)
            yield draft
            version, files, size = content_hash(folder)
            with self.staging.publishing():
                before = self._record_before(address)
                self._publish(address, version, folder, files)
                draft.stored = Stored(
                    version,
                    recipe,
                    _now(),
                    size,
                    files,
                    draft.cost,
                    draft.lineage,
                    draft.predecessor,
                    draft.read_from,
                    _earlier(version, before),
                    draft.grown_from,
                    None if reads is None else dict(reads),
                )
                self.write_record(dataclasses.asdict(draft.stored), str(address), POINTER)
                self.remove([FAILURE], str(address))

    def held(self, atlas: str) -> dict[Address, Artifacts]:
        """What lies there of one atlas, by address, whether anything points to it or not."""
        folder = self.path(atlas)
        found = inventory.local(Path(folder)) if self.is_local else inventory.remote(self._fs, folder)
        return {Address(atlas, *place): artifacts for place, artifacts in found.items()}

    def set_aside(self, address: Address, version: str, fault: str) -> str:
        """Move a version that is broken out of the way; returns where to. fault: what is wrong, kept with the pointer.

        Somebody else may have done so meanwhile. Raises OSError where the store cannot be written to.
        """
        source = self.path(str(address), version)
        target = self.path(BROKEN, str(address), f"{version}-{datetime.now(UTC):{ASIDE}}")
        with contextlib.suppress(FileNotFoundError):
            if self.is_local:
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                Path(source).rename(target)
            else:
                self._fs.invalidate_cache()
                for path in self._fs.find(source):
                    self._fs.mv(path, target + path.removeprefix(source))
        _known_whole.pop(source, None)
        stored = self.record(address)
        if stored is not None and stored.version == version:
            marked = dataclasses.replace(stored, broken=fault)
            self.write_record(dataclasses.asdict(marked), str(address), POINTER)
        return target

    def set_record_aside(self, *parts: str) -> str:
        """Move a record that cannot be read out of the way; returns where to."""
        target = self.path(BROKEN, *parts[:-1], f"{parts[-1]}-{datetime.now(UTC):{ASIDE}}")
        if self.is_local:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self._fs.mv(self.path(*parts), target)
        return target

    def broken_ones(self, atlas: str) -> dict[str, list[str]]:
        """What was set aside of an atlas: the paths to remove, by address and name."""
        root, found = self.path(BROKEN, atlas), dict[str, list[str]]()
        with contextlib.suppress(FileNotFoundError):
            for path in self._fs.find(root):
                parts = path.removeprefix(f"{root}/").split("/")
                end = next((at for at, part in enumerate(parts) if _ASIDE.search(part)), None)
                if end is not None:
                    place = "/".join([atlas, *parts[: end + 1]])
                    found.setdefault(place, []).append(self.path(BROKEN, place) if self.is_local else path)
        return {place: list(dict.fromkeys(paths)) for place, paths in found.items()}

    def take_away(self, paths: Iterable[str]) -> Callable[[], None]:
        """Make files and folders of the store disappear at once; the call that is returned frees their space."""
        paths = list(paths)
        if not self.is_local:
            if paths:
                self._fs.rm(paths)
            return lambda: None
        away = []
        for path in paths:
            away.append(self.staging.new_path())
            with contextlib.suppress(FileNotFoundError):
                Path(path).rename(away[-1])
        for folder in sorted({parent for path in paths for parent in Path(path).parents[:2]}, reverse=True):
            with contextlib.suppress(OSError):  # most are not empty
                folder.rmdir()
        return lambda: remove_all(away)

    def forget(self, folder: str, *, before: float) -> int:
        """Delete the files below a folder that were written before that time (seconds since 1970); returns how many."""
        root = self.path(folder)
        with contextlib.suppress(FileNotFoundError):
            if not self.is_local:
                self._fs.invalidate_cache()
            listed = self._fs.find(root, detail=True).items()
            old = [path for path, info in listed if (inventory.changed(info) or before) < before]
            for path in old:
                self.remove([path.removeprefix(f"{self.root}/")])
            if self.is_local:
                for below in sorted(Path(root).rglob("*"), reverse=True):
                    if below.is_dir() and not any(below.iterdir()):
                        below.rmdir()
            return len(old)
        return 0

    def read_record(self, *parts: str) -> Any:
        """A small JSON file beside the artifacts; None where there is none."""
        content = self.read(*parts)
        return None if content is None else records.parsed(content, self.path(*parts))

    def write_record(self, record: Any, *parts: str) -> None:
        """Replace a small JSON file in one go."""
        self._replace(self.path(*parts), json.dumps(within(record), indent=1, sort_keys=True).encode())

    def read(self, *parts: str) -> bytes | None:
        """One file below the root; None where there is none."""
        try:
            return self._fs.cat_file(self.path(*parts))
        except FileNotFoundError:
            return None

    def upload(self, folder: Path, names: Iterable[str], *parts: str) -> None:
        """Copy files of a local folder below the root, in this order."""
        for name in names:
            self._fs.put_file(str(folder / name), self.path(*parts, name))

    def remove(self, names: Iterable[str], *parts: str) -> None:
        """Remove files below the root; one that is gone already is no mistake."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                self._fs.rm_file(self.path(*parts, name))

    def _parsed(self, kind: type[R], *parts: str) -> R | None:
        content = self.read(*parts)
        return None if content is None else records.as_record(kind, content, self.path(*parts))

    def _record_before(self, address: Address) -> Stored | None:
        """What the new version comes after. A pointer that cannot be read is set aside, and its history is lost."""
        try:
            return self.record(address)
        except records.BrokenRecord:
            self.set_record_aside(str(address), POINTER)
            return None

    def _not_there(self, address: Address) -> str:
        stored = self.record(address)
        if stored is None:
            why = "has not been made yet"
        elif stored.broken:
            why = f"was set aside, because {stored.broken}"
        else:
            why = f"is gone: {self.path(str(address), stored.version)} does not exist"
        return f"{address} {why}. Materialise it in the Dagster UI, or run: atlas run {address.atlas}"

    def _compared(self, address: Address, version: str, path: Path, files: list[str] | None = None) -> Path:
        """The folder of a version, once it is known to hold what was written. Raises BrokenArtifact where not."""
        with contextlib.suppress(OSError):
            if _known_whole.get(str(path)) == look_of(path, files):
                return path
        fault = fault_of(path, version, files)
        if fault and not self.is_local:  # the copy, perhaps, and not the original
            remove_all([path])
            path = self._cached(address, version, files or self._names(address, version))
            fault = fault_of(path, version, files)
        if fault:
            raise self.broken(address, version, fault)
        _known_whole[str(path)] = look_of(path, files)
        return path

    def broken(self, address: Address, version: str, fault: str) -> BrokenArtifact:
        """Set a version aside; returns the error that says so."""
        told = f"{address}, version {version}, is broken: {fault}."
        try:
            told += f" It was moved to {self.set_aside(address, version, fault)}."
        except OSError as error:
            told += f" It could not be moved away ({error}): delete {self.path(str(address), version)}."
        remedy = f"Make it again with: atlas run {address.atlas}"
        return BrokenArtifact(str(address), version, f"{told} {remedy}")

    def _names(self, address: Address, version: str) -> list[str]:
        folder = self.path(str(address), version)
        return [name.removeprefix(f"{folder}/") for name in self._fs.find(folder)]

    def _publish(self, address: Address, version: str, folder: Path, files: list[str]) -> None:
        target = self.path(str(address), version)
        if not self.is_local:
            # Objects of one version never change, so an upload that was cut off is simply repeated.
            for name in files:
                self._fs.put_file(str(folder / name), f"{target}/{name}")
            return
        if Path(target).exists():
            fault = fault_of(Path(target), version, files)  # the same bytes are there, or should be
            if fault is None:
                return
            self.set_aside(address, version, fault)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.rename(target)
        except OSError:
            if not Path(target).exists():  # else another run published the same content first
                raise
        else:
            _known_whole[target] = look_of(Path(target), files)

    def _replace(self, path: str, content: bytes) -> None:
        if not self.is_local:
            self._fs.pipe_file(path, content)
            return
        draft = self.staging.new_path()
        draft.write_bytes(content)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(draft, path)

    def _cached(self, address: Address, version: str, names: Iterable[str]) -> Path:
        target = self.cache / str(address) / version
        if target.exists():
            return target
        draft = self.staging.new_path()
        for name in names:
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            self._fs.get_file(f"{self.path(str(address), version)}/{name}", str(draft / name))
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # another process fetched it meanwhile
            draft.rename(target)
        return target


def project_store() -> ArtifactStore:
    """The store of the project, for what runs without Dagster."""
    return ArtifactStore(project.storage_root())


def _earlier(version: str, before: Stored | None) -> list[str]:
    """The versions before ``version``, newest first."""
    known = [before.version, *(before.earlier or [])] if before else []
    return [name for name in known if name != version][:EARLIER_NAMED]
