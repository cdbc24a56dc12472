"""One at a time makes an atlas, whatever becomes of the one that does."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from atlas_assets import project
from atlas_assets.store import lock

HOLD = """
import sys
from pathlib import Path
from atlas_assets import project
from atlas_assets.store import lock
project.root = lambda: Path(sys.argv[1])
with lock.held("books", "atlas run"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def other(folder: Path):
    """Another process that holds the lock of `books`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_who_holds_a_lock_can_be_asked_without_taking_it() -> None:
    assert lock.holder("books") is None
    with lock.held("books", "a refresh"):
        assert str(lock.holder("books")).startswith("a refresh (process ")
        assert lock.holder("films") is None
    assert lock.holder("books") is None


def test_who_comes_second_is_told_and_waits(other: subprocess.Popen) -> None:
    told: list[lock.Holder] = []
    heard = threading.Event()

    def waiting(holder: lock.Holder) -> None:
        told.append(holder)
        heard.set()

    def second() -> None:
        with lock.held("books", "a refresh", waiting=waiting):
            taken.set()

    taken = threading.Event()
    thread = threading.Thread(target=second, daemon=True)
    thread.start()
    assert heard.wait(10)
    assert not taken.is_set()
    assert str(told[0]).startswith(f"atlas run (process {other.pid} on ")
    other.communicate("")  # it lets go
    assert taken.wait(10)
    thread.join()
    assert len(told) == 1


def test_a_killed_process_holds_no_lock(other: subprocess.Popen) -> None:
    assert lock.holder("books") is not None
    other.kill()
    other.wait()
    assert lock.holder("books") is None
    with lock.held("books", "a refresh"):
        pass
