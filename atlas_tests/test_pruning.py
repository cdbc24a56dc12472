"""Whatever is written, removed, killed and pruned: what is referred to stays and loads, what is not goes."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from atlas_assets.spec.refresh import RetentionSpec
from atlas_assets.store import processes
from atlas_assets.store.artifacts import POINTER, Address, ArtifactStore
from atlas_assets.store.content import content_hash
from atlas_assets.store.inventory import Artifacts
from atlas_assets.store.pruning import Pruned, prune
from atlas_tests import s3

HOUR, DAY = 3600.0, 86400.0
STAGES = ["entity_index", "neighbours", "projection"]
POINTS = [Address("films", "projection", key) for key in ("k15_a", "k15_b")]
INDEX, NEIGHBOURS = Address("films", "entity_index"), Address("films", "neighbours")
DEAD = dataclasses.replace(processes.this(), pid=2**22 - 1, began="1")


class Killed(Exception):
    """Stands for a kill signal."""


class MortalStore(ArtifactStore):
    """A store whose process can be killed after the files of a version are there and before they are pointed to."""

    killed = False

    def write_record(self, record: Any, *parts: str) -> None:
        if self.killed and parts[-1] == POINTER:
            raise Killed
        super().write_record(record, *parts)


class Pruning(RuleBasedStateMachine):
    """A store, and a plain account of what was done to it."""

    remote: str | None = None  # the URL of an object store
    versions, removed_points = 2, 14 * DAY

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="atlas-prune-"))
        root = f"{self.remote}/{uuid.uuid4().hex}" if self.remote else self.folder / "data"
        self.store = MortalStore(root, cache=self.folder / "cache")
        self.ahead = 0.0  # seconds that the clock of the machine that prunes is ahead of today
        self.live = {*POINTS, INDEX, NEIGHBOURS}
        self.order: dict[Address, list[str]] = defaultdict(list)  # versions as they became current, newest first
        self.written: dict[tuple[Address, str], float] = {}
        self.removed_since: dict[Address, float] = {}
        self.reading: list[tuple[Address, str]] = []
        self.drafts = contextlib.ExitStack()

    def teardown(self) -> None:
        self.drafts.close()
        shutil.rmtree(self.folder)
        if self.remote and self.order:
            self.store.take_away([path for found in self.store.held("films").values() for path in _objects(found)])

    @property
    def now(self) -> float:
        return time.time() + self.ahead

    @rule(address=st.sampled_from([*POINTS, INDEX, NEIGHBOURS]), content=st.integers(0, 4), follow=st.booleans())
    def write(self, address: Address, content: int, follow: bool) -> None:
        if address not in self.live:
            return
        before = self.store.current(address)
        with self.store.write(address, recipe="r") as draft:
            (draft.folder / "positions.npy").write_text(f"{content}")
            if follow and before:
                draft.predecessor = {"version": before.version, "lineage": ""}
            if address == NEIGHBOURS and (index := self.store.current(INDEX)):
                draft.grown_from = {str(INDEX): index.version}
        assert draft.stored is not None
        version = draft.stored.version
        self.order[address] = [version, *(v for v in self.order[address] if v != version)]
        self.written[address, version] = time.time()

    @rule(address=st.sampled_from(POINTS), content=st.integers(5, 9))
    def is_killed_before_the_pointer(self, address: Address, content: int) -> None:
        self.store.killed = True
        with contextlib.suppress(Killed), self.store.write(address, recipe="r") as draft:
            (draft.folder / "positions.npy").write_text(f"{content}")
            self.written[address, content_hash(draft.folder)[0]] = time.time()
        self.store.killed = False

    @rule()
    def is_killed_while_drafting(self) -> None:
        left = self.store.staging.new_path()
        (left / "files").mkdir(parents=True)
        (left / "reads.json").write_text('{"films/entity_index": "0123456789abcdef"}')
        left.rename(left.parent / f"{DEAD}-{uuid.uuid4().hex}")

    @precondition(lambda self: len(self.reading) < 3)
    @rule(address=st.sampled_from([*POINTS, INDEX]))
    def begin_to_read(self, address: Address) -> None:
        if stored := self.store.current(address):
            self.drafts.enter_context(self.store.staging.draft({str(address): stored.version}))
            self.reading.append((address, stored.version))

    @rule()
    def end_reading(self) -> None:
        self.drafts.close()
        self.reading.clear()

    @rule(address=st.sampled_from(POINTS))
    def remove_or_bring_back(self, address: Address) -> None:
        self.live ^= {address}

    @rule(hours=st.sampled_from([0.5, 2, 30, 15 * 24]))
    def wait(self, hours: float) -> None:
        self.ahead += hours * HOUR

    @rule()
    def prune(self) -> None:
        foreseen = self._prune(dry_run=True)
        now = self.now
        done = self._prune()
        assert [waste.name for waste in foreseen.gone] == [waste.name for waste in done.gone]
        self._expect_points(now, done)
        for address, found in self.store.held("films").items():
            assert set(found.versions) <= self._may_stay(address, now), address
        assert not self.store.staging.left_behind()
        assert self._prune().gone == []

    @invariant()
    def what_is_referred_to_is_there(self) -> None:
        for address in self.order:
            stored = self.store.current(address)
            if stored is None:
                continue
            assert content_hash(self.store.folder(address))[0] == stored.version
            if stored.refers_to:
                assert self.store.file(address, stored.refers_to, "positions.npy") is not None
            for name, version in (stored.grown_from or {}).items():
                assert version in self._held(name), name
        for address, version in self.reading:
            assert version in self._held(str(address))

    @invariant()
    def what_the_atlas_has_is_not_taken_away(self) -> None:
        for address, order in self.order.items():
            if address in self.live and order:
                stored = self.store.current(address)
                assert stored is not None
                assert stored.version == order[0]

    def _prune(self, *, dry_run: bool = False) -> Pruned:
        retention = RetentionSpec.model_validate({"versions": self.versions, "removed_points": "14d"})
        known: dict[str, Any] = {"live": self.live, "stages": STAGES, "retention": retention}
        return prune(self.store, "films", **known, now=self.now, dry_run=dry_run)

    def _expect_points(self, now: float, done: Pruned) -> None:
        for address in POINTS:
            if address in self.live or not self.order[address]:
                self.removed_since.pop(address, None)
                continue
            since = self.removed_since.setdefault(address, now)
            read = any(name == address for name, _ in self.reading)
            if now - since < self.removed_points - 60 or read:
                assert done.waiting[str(address)] == pytest.approx(since + self.removed_points, abs=60)
            elif now - since > self.removed_points + 60:
                assert not self._held(str(address))
                del self.removed_since[address]
                self.order[address] = []

    def _may_stay(self, address: Address, now: float) -> set[str]:
        held = self._held(str(address))
        order = [version for version in self.order[address] if version in held]
        stay = set(order[: self.versions])
        stay |= {version for name, version in self.reading if name == address}
        for other in self.order:
            if stored := self.store.current(other):
                stay |= {v for name, v in (stored.grown_from or {}).items() if name == str(address)}
                if other == address and stored.refers_to:
                    stay.add(stored.refers_to)
        if self.remote:
            stay |= {v for (name, v), when in self.written.items() if name == address and now - when < HOUR + 60}
        return stay

    def _held(self, address: str) -> set[str]:
        held = {str(known): found for known, found in self.store.held("films").items()}
        return set(held[address].versions) if address in held else set()


class PruningInMemory(Pruning):
    remote = "memory://prune"


FEW = settings(max_examples=25, stateful_step_count=20, deadline=None)
MANY = settings(FEW, max_examples=200, stateful_step_count=40)


@pytest.mark.parametrize("machine", [Pruning, PruningInMemory])
def test_what_is_referred_to_stays_and_what_is_not_goes(machine: type[Pruning]) -> None:
    run_state_machine_as_test(machine, settings=FEW)


@pytest.mark.slow
@pytest.mark.parametrize("machine", [Pruning, PruningInMemory])
def test_what_is_referred_to_stays_and_what_is_not_goes_at_length(machine: type[Pruning]) -> None:
    run_state_machine_as_test(machine, settings=MANY)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with s3.served() as endpoint:
        s3.use(monkeypatch, endpoint)
        fsspec.filesystem("s3").mkdir("atlas")
        yield "s3://atlas"


@pytest.mark.slow
def test_it_is_so_on_s3_too(bucket: str) -> None:
    machine = type("PruningOnS3", (Pruning,), {"remote": bucket})
    run_state_machine_as_test(machine, settings=settings(FEW, max_examples=5))


def test_files_that_atlas_did_not_write_stay(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    mine = ["films/site/data/0123456789abcdef/a.bin", "films/notes/0123456789abcdef/note.txt", "films/notes.txt"]
    for name in mine:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    for days in (0, 100):
        assert _prune(store, days=days).gone == []
    assert all((tmp_path / name).exists() for name in mine)


def test_a_removed_point_that_only_began_to_be_deleted_is_deleted_the_next_time(tmp_path: Path) -> None:
    """On an object store the pointer goes first, and a kill leaves versions that nothing points to."""
    store = ArtifactStore(f"memory://{uuid.uuid4().hex}", cache=tmp_path)
    with store.write(POINTS[0], recipe="r") as draft:
        (draft.folder / "a").write_text("a")
    _prune(store)
    store.take_away([store.path(str(POINTS[0]), POINTER)])
    _prune(store, days=15)
    assert store.held("films") == {}


def test_why_a_point_failed_goes_with_the_point(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    store.remember_failure(POINTS[0], recipe="r", message="out of memory")
    assert _prune(store, live=POINTS).gone == []
    _prune(store)
    assert store.held("films") == {}


def test_versions_of_an_earlier_release_go_by_their_age(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    versions = []
    for text in ("one", "two", "three"):
        with store.write(INDEX, recipe="r") as draft:
            (draft.folder / "a").write_text(text)
        assert draft.stored is not None
        versions.append(draft.stored.version)
    record = store.read_record(str(INDEX), POINTER)
    store.write_record({k: v for k, v in record.items() if k not in ("earlier", "grown_from")}, str(INDEX), POINTER)
    done = _prune(store, live=[INDEX])
    assert [waste.name for waste in done.gone] == [f"{INDEX} {versions[0]}"]
    assert [waste.bytes for waste in done.gone] == [3]


def _objects(found: Artifacts) -> list[str]:
    return [*found.files, *(path for held in found.versions.values() for path in held.objects)]


def _prune(store: ArtifactStore, *, days: float = 0, live: Iterable[Address] = ()) -> Pruned:
    retention = RetentionSpec.model_validate({})
    return prune(store, "films", live=live, stages=STAGES, retention=retention, now=time.time() + days * DAY)
