"""Where files are before they are published, and who may publish or take away meanwhile.

A draft is ``<folder>/<process>-<random>/``: ``files/`` is what will be published, ``reads.json`` the versions that it
is being made from. Drafts of processes that are gone were left behind by a kill, and are removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from atlas_assets.store import processes

READS, FILES, LOCK = "reads.json", "files", "lock"
UNKNOWN_MAX_AGE_SECONDS = 2 * 24 * 3600  # of drafts of other machines, whose processes cannot be seen from here


class Staging:
    """A folder of drafts, on the disk to which they are moved when they are complete."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def draft(self, reads: Mapping[str, str] | None = None) -> Iterator[Path]:
        """An empty folder to fill, gone at the end of the block. reads: versions by address that stay meanwhile."""
        own = self.new_path()
        own.mkdir()
        try:
            (own / READS).write_text(json.dumps(dict(reads or {})))
            (own / FILES).mkdir()
            yield own / FILES
        finally:
            shutil.rmtree(own, ignore_errors=True)

    def new_path(self) -> Path:
        """A free path for a file or a folder of this process, recognised as left behind once the process is gone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{processes.this()}-{uuid.uuid4().hex}"

    def reads(self) -> set[tuple[str, str]]:
        """(address, version) of everything that drafts of living processes are being made from."""
        found: set[tuple[str, str]] = set()
        for path in self._entries():
            if not _left_behind(path):
                with contextlib.suppress(OSError, ValueError):  # finished meanwhile, or only just begun
                    found |= set(json.loads((path / READS).read_text()).items())
        return found

    def left_behind(self) -> list[Path]:
        """What killed processes left."""
        return [path for path in self._entries() if _left_behind(path)]

    def sweep(self) -> None:
        """Remove what killed processes left."""
        remove_all(self.left_behind())

    @contextlib.contextmanager
    def publishing(self) -> Iterator[None]:
        """Inside, nothing is taken away; any number may publish at the same time."""
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def taking_away(self) -> Iterator[None]:
        """Inside, nobody publishes: what nothing refers to now is what nothing will refer to."""
        with self._locked(fcntl.LOCK_EX):
            yield

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("a") as file:
            fcntl.flock(file, how)  # the kernel lets go of it when the process dies
            yield

    def _entries(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if path.name != LOCK] if self.folder.exists() else []


def remove_all(paths: Iterable[Path]) -> None:
    """Remove files and folders, as far as they are there and let themselves be removed."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _left_behind(path: Path) -> bool:
    owner = processes.parse(path.name)
    alive = owner.is_alive() if owner else None
    if alive is not None:
        return not alive
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > UNKNOWN_MAX_AGE_SECONDS
    return False
