"""The files of a bundle: packed, named by their content, and counted."""

from __future__ import annotations

import hashlib
import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from atlas_assets import project
from atlas_assets.stages.bundle import encoding

# Beside the manifest, for people; no page loads them.
PROVENANCE, POSTER = "provenance.json", "poster.png"
DIGITS = 16
"""Of a file's SHA-256 in its name: enough to tell damage and mixed versions by, short enough for a list of all."""


class Writer:
    """Puts files below ``folder``, named by their content, and keeps count.

    They are packed on all cores, beside whatever makes the next ones: what ``put`` returns is filled in, and everything
    is counted, when ``finish`` has returned.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bytes_per_part: dict[str, int] = {}
        self.files = 0
        self._pool, self._lock = ThreadPoolExecutor(project.cores()), threading.Lock()
        self._room = threading.Semaphore(4 * project.cores())  # of what waits to be packed, all is in memory
        self._put: list[Future[None]] = []

    def put(self, part: str, name: str, data: bytes) -> dict[str, Any]:
        """Store ``data`` packed; the suffix says nothing of gzip, or some servers would announce it as an encoding."""
        entry: dict[str, Any] = {}
        self.bytes_per_part.setdefault(part, 0)  # in the order in which they are asked for

        def store() -> None:
            try:
                entry.update(self.put_plain(part, name, encoding.pack(data), "bin"))
            finally:
                self._room.release()

        self._room.acquire()
        self._put.append(self._pool.submit(store))
        return entry

    def finish(self) -> None:
        """Wait until everything is stored."""
        self._pool.shutdown()
        for stored in self._put:
            stored.result()

    def put_lines(self, part: str, lines: list[str], buckets: list[slice]) -> list[dict[str, Any]]:
        return [self.put(part, str(i), encoding.encode_lines(lines[rows])) for i, rows in enumerate(buckets)]

    def put_plain(self, part: str, name: str, data: bytes, suffix: str) -> dict[str, Any]:
        """Store ``data`` as it is, under a suffix that servers know."""
        # Safe everywhere: no case to be folded, nothing that starts with "_" or ".", which some hosts do not serve.
        stem = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:60] or "x"
        path = f"{part}/{stem}.{hashlib.sha256(data).hexdigest()[:DIGITS]}.{suffix}"
        (self._folder / part).mkdir(parents=True, exist_ok=True)
        (self._folder / path).write_bytes(data)
        with self._lock:
            self.bytes_per_part[part] = self.bytes_per_part.get(part, 0) + len(data)
            self.files += 1
        return {"path": path, "bytes": len(data)}


def describe_file(path: Path, published_as: str) -> dict[str, Any]:
    """A download as the manifest and ``downloads.json`` list it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "path": published_as, "bytes": path.stat().st_size, "sha256": digest}
