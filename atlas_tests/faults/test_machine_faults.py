"""What the machine refuses while the store is used: noticed, said in a sentence, and nothing is lost."""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from atlas_assets import limits, project
from atlas_assets.builders.reading import read
from atlas_assets.errors import AtlasError, DataError, UnreachableError, of_the_machine
from atlas_assets.orchestration import state
from atlas_assets.sources.memory import Memory
from atlas_assets.spec.loading import validate
from atlas_assets.stages.artifact import no_progress
from atlas_assets.store.artifacts import ArtifactStore
from atlas_tests.corpus import test_fuzzing
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
    (ImportError("libx.so.1: failed to map segment from shared object"), "not enough memory"),
    (RuntimeError("could not spawn threads: ThreadPoolBuildError"), "not enough memory"),  # Polars
    (RuntimeError("ENOSPC: no space left on device, write"), "the disk is full"),  # Node
    (RuntimeError("[RangeError: WebAssembly.instantiate(): Out of memory: Cannot allocate"), "not enough memory"),
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


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow", "npz", "gml", "mtx", "xlsx"])
def test_a_file_that_the_machine_does_not_open_is_not_called_broken(tmp_path: Path, ending: str) -> None:
    """Whoever catches what a library raises of a bad file also catches what the machine refuses."""
    path = tmp_path / f"x.{ending}"
    path.write_bytes(test_fuzzing.BINARY.get(ending) or test_fuzzing.TEXTS[ending].encode())
    columns = None if ending in ("npz", "gml", "mtx") else {"collection": "user", "entity": "item"}
    kind = {"npz": "vectors", "gml": "edges", "mtx": "interactions"}.get(ending, "interactions")
    spec = validate(
        {"source": {kind: [str(path)]} | ({"columns": columns} if columns else {})}, file=tmp_path / "d.yaml"
    )

    def make() -> None:
        out = Path(tempfile.mkdtemp(dir=tmp_path))
        read(spec.source, out, base=tmp_path, progress=no_progress, memory=Memory())

    make()
    free = os.dup(0)
    os.close(free)
    for more in range(3):
        with limited(resource.RLIMIT_NOFILE, free + more), pytest.raises(Exception) as raised:  # noqa: PT011
            make()
        assert "ulimit -n" in str(of_the_machine(raised.value)), raised.value


@pytest.mark.parametrize(
    ("what", "to", "said"),
    [
        (resource.RLIMIT_AS, 800 << 20, "may have 800 MB of address space.*ulimit -v"),
        (resource.RLIMIT_NOFILE, 32, "may have 32 files open.*ulimit -n"),
    ],
)
def test_limits_that_libraries_do_not_live_with_are_said_before_they_are_loaded(
    tmp_path: Path, what: int, to: int, said: str
) -> None:
    """Of 800 MB a publication used to hang, a run to end with the traceback of an import."""
    done = subprocess.run(
        [sys.executable, "-m", "atlas_assets.cli", "doctor"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(project.PACKAGE.parent)},
        preexec_fn=lambda: resource.setrlimit(what, (to, to)),
        check=False,
    )
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (1, "", False)
    assert re.search(said, done.stderr)


def test_as_many_files_are_opened_as_may_be(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with limited(resource.RLIMIT_NOFILE, 256):
        limits.ensure_room()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(hard, limits.OPEN_FILES), hard)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == soft


def test_a_limit_of_the_process_is_a_limit_of_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "address_space", lambda: 2 << 30)
    monkeypatch.delenv("ATLAS_MEMORY", raising=False)
    assert project.memory_budget() <= 1 << 30


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


def test_a_database_that_cannot_be_opened_or_written_says_why(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unopened = sqlite3.OperationalError("unable to open database file")
    assert re.search(r"\.dagster cannot be opened.*ulimit -n", str(state.trouble_with_databases(unopened)))
    told_nothing = sqlite3.OperationalError("disk I/O error")  # as SQLite says where the disk is full, too
    full = shutil.disk_usage(runs)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: full)
    assert "the disk is full" in str(state.trouble_with_databases(told_nothing))


def test_databases_on_a_read_only_disk_are_not_called_broken(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small_disk / ".dagster/storage/runs.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")  # as Dagster's: read with files beside it
        database.execute("create table runs (id integer)")
        database.commit()
    monkeypatch.setattr(project, "root", lambda: small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert state.trouble_with_databases() is None


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


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://me:geheim@127.0.0.1:1/x", r"ftp://\*\*\*@127\.0\.0\.1:1/x cannot be read or written"),  # asked at once
        ("nowhere://x", "nowhere://x cannot be used: Protocol not known"),
    ],
)
def test_a_storage_that_is_not_reached_at_all_is_said_with_its_address(address: str, said: str) -> None:
    with pytest.raises(AtlasError, match=said):
        ArtifactStore(address)


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
