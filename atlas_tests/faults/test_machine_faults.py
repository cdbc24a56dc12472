"""What the machine refuses while the store is used: noticed, said in a sentence, and nothing is lost."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from atlas_assets import project
from atlas_assets.errors import AtlasError, DataError, UnreachableError, of_the_machine
from atlas_assets.orchestration import state
from atlas_assets.store.artifacts import ArtifactStore
from atlas_tests.faults.place import ADDRESS, Place


@pytest.fixture(autouse=True)
def _counted(record_property: Callable[[str, object], None]) -> None:
    """Every test here is a fault."""
    record_property("outcome", "said, nothing lost")


SAID = [
    (OSError(errno.ENOSPC, "No space", "a.npy"), r"a\.npy cannot be written: the disk is full.*ATLAS_STORAGE"),
    (OSError(errno.EDQUOT, "Quota", "a.npy"), "the quota is used up"),
    (OSError(errno.EROFS, "Read-only", "a.npy"), "the file system is read-only"),
    (PermissionError(errno.EACCES, "Denied", "a.npy"), "may not be read or written by this user"),
    (OSError(errno.EMFILE, "Too many", "a.npy"), "ulimit -n"),
    (OSError(errno.EIO, "I/O", "a.npy"), "atlas doctor --verify"),
    (OSError("1000 requested and 0 written"), "the disk is full"),
    (RuntimeError("IO error: No space left on device (os error 28)"), "the disk is full"),
    (MemoryError(), "ATLAS_MEMORY"),
]


@pytest.mark.parametrize(("error", "said"), SAID, ids=lambda one: repr(one)[:50])
def test_what_the_machine_refuses_is_said_with_a_remedy(error: Exception, said: str) -> None:
    wrapped = RuntimeError("a step failed")
    wrapped.__cause__ = error
    for one in (error, wrapped):
        with pytest.raises(AtlasError, match=said):
            raise of_the_machine(one) or AssertionError("not told")


def test_a_defect_and_a_mistake_of_the_users_are_not_taken_for_the_machines() -> None:
    mistake = DataError(file="x", where="", found="y", expected="z", remedy="Mend it.")
    assert of_the_machine(ValueError("x")) is None
    assert of_the_machine(mistake) is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("a small disk needs the right to mount one")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_what_was_stored(small_disk: Path) -> None:
    place = Place.filled(small_disk)
    (small_disk / "filler").write_bytes(bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize))
    with pytest.raises(OSError) as raised:  # noqa: PT011 (numpy has no number for it)
        place.write("three")
    assert "the disk is full" in str(of_the_machine(raised.value))
    assert place.read() == "two"
    (small_disk / "filler").unlink()
    place.write("three")
    assert place.read() == "three"


@contextmanager
def limited(what: int, to: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (to, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def test_too_many_open_files_leave_what_was_stored(tmp_path: Path) -> None:
    place = Place.filled(tmp_path / "data")
    free = os.dup(0)  # the lowest number that is free: all below it are taken
    os.close(free)
    with limited(resource.RLIMIT_NOFILE, free), pytest.raises(OSError) as raised:  # noqa: PT011
        place.write("three")
    assert "ulimit -n" in str(of_the_machine(raised.value))
    assert place.read() == "two"


def test_a_clock_that_is_set_back_changes_neither_order_nor_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place.filled(tmp_path / "data")
    monkeypatch.setattr("atlas_assets.store.artifacts._now", lambda: "1970-01-01T00:00:00+00:00")
    place.write("three")
    assert place.read() == "three"
    stored = place.store.current(ADDRESS)
    assert stored is not None
    assert [len(stored.earlier or []), stored.created[:4]] == [2, "1970"]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of Dagster's databases in a project."""
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    path = tmp_path / ".dagster/storage/history/runs.db"
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as database:
        database.execute("create table runs (id integer)")
        database.executemany("insert into runs values (?)", [(i,) for i in range(5_000)])
    database.close()
    return path


BREAKING = {
    "text": lambda content: b"not a database, but text that is long enough " * 50,
    "its head is gone": lambda content: bytes(100) + content[100:],
    "pages of noise": lambda content: content[:4096] + os.urandom(len(content) - 4096),
    "cut off": lambda content: content[: len(content) // 2],
}


@pytest.mark.parametrize("how", BREAKING)
def test_a_broken_database_is_named_with_the_command_that_moves_it_away(runs: Path, how: str) -> None:
    assert state.trouble_with_databases() is None
    runs.write_bytes(BREAKING[how](runs.read_bytes()))
    told = str(state.trouble_with_databases())
    assert f"{runs} cannot be read as a database" in told
    assert f"mv {runs} .dagster/broken" in told


def test_a_locked_database_is_told_as_that(runs: Path) -> None:
    locked = sqlite3.OperationalError("database is locked")
    assert "locked by another process" in str(state.trouble_with_databases(locked))


class Faulty(MemoryFileSystem):
    """A host that answers every call with an error."""

    protocol = "faulty"
    error: Exception = OSError("")

    def _open(self, *args: Any, **options: Any) -> Any:
        raise self.error

    def cat_file(self, *args: Any, **options: Any) -> Any:
        raise self.error

    def pipe_file(self, *args: Any, **options: Any) -> Any:
        raise self.error


ANSWERS = [
    OSError(errno.EBUSY, "SlowDown: reduce your request rate"),
    OSError(errno.EIO, "InternalError: we encountered an internal error"),
    PermissionError(errno.EACCES, "AccessDenied"),
    ConnectionResetError("connection reset by peer"),
    TimeoutError("read timed out"),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda error: str(error)[:30])
def test_a_host_that_does_not_answer_is_said_with_its_address(answer: Exception, tmp_path: Path) -> None:
    fsspec.register_implementation("faulty", Faulty, clobber=True)
    Faulty.error = answer
    address = f"faulty://{uuid.uuid4().hex}"
    store = ArtifactStore(address, cache=tmp_path)
    for ask in (lambda: store.current(ADDRESS), lambda: store.write_record({}, "x")):
        with pytest.raises(UnreachableError, match=f"{address} cannot be read or written.*credentials"):
            ask()


WRITES_TOO_MUCH = """
import resource, sys
import numpy as np
from atlas_assets.errors import of_the_machine
from atlas_tests.faults.place import ADDRESS, Place

place = Place(sys.argv[1])
used = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize")).split()[1]) << 10
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), -1))
try:
    with place.store.write(ADDRESS, recipe="r") as draft:
        np.save(draft.folder / "a.npy", np.ones(10))
        np.save(draft.folder / "b.npy", np.ones(1 << 28))
except MemoryError as error:
    print(of_the_machine(error))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="how much memory is used is read from /proc")
def test_too_little_memory_in_a_write_is_said_and_leaves_what_was_stored(tmp_path: Path) -> None:
    place = Place.filled(tmp_path / "data")
    done = subprocess.run(
        [sys.executable, "-c", WRITES_TOO_MUCH, str(place.root)], capture_output=True, text=True, check=True
    )
    assert "There is not enough memory. Close other programs" in done.stdout
    assert place.read() == "two"
    assert list(place.staging.glob("*-*")) == []
