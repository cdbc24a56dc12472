"""What lies at a source now, without reading it, and whether that is worth acting on.

``observe`` lists the files with a mark of each that changes with its content; ``judge`` compares that with what the
stored tables were read from. Whether tables hold what they should is not said here: the raw stage counts and checks.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from atlas_assets.errors import DataError
from atlas_assets.redact import redact
from atlas_assets.sources.listing import Listed, list_files
from atlas_assets.spec.atlas import SourceSpec
from atlas_assets.spec.refresh import RefreshSpec
from atlas_assets.spec.time_spans import written
from atlas_assets.store.artifacts import Stored

Role = Literal["relation", "entities"]
VerdictKind = Literal["unchanged", "small", "settling", "due", "shrunk", "missing"]


@dataclass(frozen=True)
class SourceFile:
    """One file of a source. mark: differs whenever its content does; changed: unix seconds, None where unknown."""

    role: Role
    name: str
    bytes: int
    mark: str
    changed: float | None


@dataclass(frozen=True)
class SourceState:
    """What lies at a source. missing: one sentence for each pattern that matches nothing or cannot be reached."""

    files: tuple[SourceFile, ...]
    missing: tuple[str, ...] = ()

    @functools.cached_property
    def fingerprint(self) -> str:
        """Changes whenever a file does, or whether it is there."""
        facts = [(file.role, file.name, file.bytes, file.mark) for file in self.files]
        return hashlib.sha256(json.dumps([facts, self.missing]).encode()).hexdigest()[:16]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    def as_record(self) -> dict[str, Any]:
        """As plain values, for ``of_record``."""
        return {"files": [asdict(file) for file in self.files], "missing": list(self.missing)}

    @classmethod
    def of_stored(cls, stored: Stored | None) -> SourceState | None:
        """What raw tables were read from; None where there are none, or from a release that did not record it."""
        return cls.of_record(stored.read_from["state"]) if stored and stored.read_from else None

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> SourceState:
        return cls(tuple(SourceFile(**file) for file in record["files"]), tuple(record["missing"]))


def observe(source: SourceSpec, *, base: Path) -> SourceState:
    """What lies at ``source`` now; relative paths start at ``base``. Nothing is read, and nothing is raised."""
    found: dict[tuple[Role, str], SourceFile] = {}
    missing: list[str] = []
    for role, pattern in _patterns(source):
        try:
            for file in _listed(source, role, pattern, base):
                one = SourceFile(role, redact(file.name), file.bytes or 0, file.mark, file.changed)
                found.setdefault((role, file.name), one)
        except DataError as error:
            missing.append(str(error))
    return SourceState(tuple(found.values()), tuple(missing))


def _patterns(source: SourceSpec) -> Iterator[tuple[Role, str]]:
    for pattern in source.kind.patterns(source.options):
        yield "relation", pattern
    for pattern in source.entities or []:
        yield "entities", pattern


def _listed(source: SourceSpec, role: Role, pattern: str, base: Path) -> list[Listed]:
    return list_files(pattern, base=base) if role == "entities" else source.kind.listed(pattern, source.options, base)


@dataclass(frozen=True)
class Verdict:
    """What follows from a look at a source, in one sentence that names files, what there is to see and what to do.

    unchanged: as it was read; a recipe may still differ, through the spec or a new release. small: below the threshold,
    settling: still being written; both end by themselves, at ``until`` (unix seconds) at the latest. due: to be read.
    shrunk: to be read too, since only rows tell whether too much is gone. missing: there is nothing to read.
    """

    kind: VerdictKind
    sentence: str
    changed_bytes: int = 0
    until: float | None = None

    @property
    def to_be_read(self) -> bool:
        return self.kind in ("due", "shrunk")


def judge(
    before: SourceState | None, now: SourceState, rules: RefreshSpec, *, first_seen: float, clock: float
) -> Verdict:
    """Whether what lies there now is to be read.

    before: what the stored tables were read from, None where that is not known. first_seen: when the source was first
    seen to differ from that, so that a source that always changes does not wait for ever; clock: now (unix seconds).
    """
    if now.missing:
        return Verdict("missing", f"{' '.join(now.missing)} Until then everything stays as it is.")
    if before is not None and before.fingerprint == now.fingerprint:
        return Verdict("unchanged", f"{_files(now.files)} as they were read, {_size(now.bytes)}.")
    changes = _changes(before, now)
    changed = sum(change.bytes for change in changes)
    total = before.bytes if before else 0
    told, waited = _sentence(changes, changed, total), clock - first_seen
    written_last = [
        file for file in (change.file for change in changes if change.file) if _just_now(file, rules, clock)
    ]
    if written_last and waited < max(rules.within, rules.settle):
        newest = max(written_last, key=lambda file: file.changed or 0)
        until = (newest.changed or clock) + rules.settle
        ago = written(float(max(0, round(clock - (newest.changed or clock)))))
        return Verdict(
            "settling",
            f"{_short(newest.name)} changed {ago} ago: read once it has not changed for "
            f"{written(rules.settle)} (refresh.settle).",
            changed,
            until,
        )
    if before is not None and (lost := _lost(before, now, rules)):
        return Verdict(
            "shrunk",
            f"{lost} {told} If as many rows are gone, that fails the check of the raw tables and the site "
            f"stays: restore the files, or accept the loss with: atlas run NAME --accept.",
            changed,
        )
    until = first_seen + rules.within
    if before is not None and changed < rules.threshold * total and waited < rules.within:
        when = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return Verdict(
            "small",
            f"{told} That is below {100 * rules.threshold:.4g} % (refresh.threshold) and waits for more, "
            f"until {when} at most; to take it now: atlas run NAME.",
            changed,
            until,
        )
    return Verdict("due", told, changed)


@dataclass(frozen=True)
class _Change:
    """file: as it is now, None where it is gone; bytes: how many may differ."""

    name: str
    what: str
    bytes: int
    file: SourceFile | None


def _changes(before: SourceState | None, now: SourceState) -> list[_Change]:
    old = {(file.role, file.name): file for file in before.files} if before else {}
    new = {(file.role, file.name): file for file in now.files}
    found = [_Change(f.name, "is gone", f.bytes, None) for key, f in old.items() if key not in new]
    for key, file in new.items():
        known = old.get(key)
        if known is None:
            found.append(_Change(file.name, "is new", file.bytes, file))
        elif known.bytes != file.bytes:
            verb = "grew" if file.bytes > known.bytes else "shrank"
            found.append(_Change(file.name, verb, abs(file.bytes - known.bytes), file))
        elif known.mark != file.mark:  # which of its bytes differ is not known
            found.append(_Change(file.name, "was written again", file.bytes, file))
    return found


def what_changed(before: SourceState, now: SourceState) -> str:
    """Which files differ and by how much, in one sentence."""
    changes = _changes(before, now)
    return _sentence(changes, sum(change.bytes for change in changes), before.bytes)


def _just_now(file: SourceFile, rules: RefreshSpec, clock: float) -> bool:
    """Whether it may still be being written. A time further ahead than that is of a clock that is wrong."""
    return file.changed is not None and abs(clock - file.changed) < rules.settle


def _lost(before: SourceState, now: SourceState, rules: RefreshSpec) -> str:
    """Which part of the source has lost more than it may, said; empty where none has."""
    for role, what in (("relation", "The rows' files"), ("entities", "The entity table")):
        had, has = (sum(file.bytes for file in state.files if file.role == role) for state in (before, now))
        if had - has > rules.max_shrink * had:
            return f"{what} went from {_size(had)} to {_size(has)}, more than {100 * rules.max_shrink:.4g} % less."
    return ""


def _sentence(changes: Sequence[_Change], changed: int, total: int) -> str:
    if not changes:
        return "No file differs."
    first, more = changes[0], len(changes) - 1
    share = f", {100 * changed / total:.2g} % of the source" if total else ""
    others = f", and {more} more {'file' if more == 1 else 'files'} changed" if more else ""
    return f"{_short(first.name)} {first.what}{others} ({_size(changed)}{share})."


def _files(files: Sequence[SourceFile]) -> str:
    return f"{len(files)} {'file' if len(files) == 1 else 'files'}"


def _short(name: str) -> str:
    return name if "://" in name else Path(name).name


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"
