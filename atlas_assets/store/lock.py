"""One at a time per atlas: what makes it, be it ``atlas run``, a refresh or a sweep, holds the atlas's lock.

The kernel lets go of a lock when the process that holds it dies, however it dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from atlas_assets import project
from atlas_assets.store import processes

FOLDER = ".dagster/locks"
SECONDS_BETWEEN_TRIES = 0.2


@dataclass(frozen=True)
class Holder:
    """Who holds a lock. what: such as ``atlas run``; since: ISO time in UTC."""

    what: str
    process: str
    since: str

    def __str__(self) -> str:
        process = processes.parse(self.process)
        number = f" (process {process.pid} on {process.host})" if process else ""
        return f"{self.what}{number}, since {self.since[11:16]} UTC"


@contextlib.contextmanager
def held(atlas: str, what: str, *, waiting: Callable[[Holder], object] = lambda holder: None) -> Iterator[None]:
    """Inside, this process is the only one that makes the atlas. ``waiting`` is called once if another one does."""
    told = False
    with _opened(atlas) as file:
        while not _taken(file, fcntl.LOCK_EX):
            # Nothing to read: somebody only asks who holds it, or has just come to hold it.
            if not told and (other := _read(file)):
                waiting(other)
                told = True
            time.sleep(SECONDS_BETWEEN_TRIES)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        _write(file, json.dumps(asdict(Holder(what, str(processes.this()), now))))
        try:
            yield
        finally:
            _write(file, "")


def holder(atlas: str) -> Holder | None:
    """Who makes the atlas now; None where nobody does."""
    if not _path(atlas).exists():
        return None
    with _opened(atlas) as file:
        while not _taken(file, fcntl.LOCK_SH):
            if other := _read(file):
                return other
            time.sleep(SECONDS_BETWEEN_TRIES / 10)  # it has just come to hold it
        return None


def _path(atlas: str) -> Path:
    return project.root() / FOLDER / f"{atlas}.lock"


@contextlib.contextmanager
def _opened(atlas: str) -> Iterator[int]:
    """The descriptor is not inherited by programs that this process starts, so they do not hold the lock."""
    path = _path(atlas)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield file
    finally:
        os.close(file)


def _taken(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: int) -> Holder | None:
    """What the holder wrote; None where it is about to."""
    try:
        return Holder(**json.loads(os.pread(file, 4096, 0)))
    except (ValueError, TypeError):
        return None


def _write(file: int, text: str) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, text.encode(), 0)
