"""The files of a bundle: packed, named by their content, and counted."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from atlas_assets.stages import encoding

DIGITS = 16
"""Of a file's SHA-256 in its name: enough to tell damage and mixed versions by, short enough for a list of all."""


class Writer:
    """Puts files below ``folder``, named by their content, and keeps count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bytes_per_part: dict[str, int] = {}
        self.files = 0

    def put(self, part: str, name: str, data: bytes) -> dict[str, Any]:
        """Store ``data`` packed; the suffix says nothing of gzip, or some servers would announce it as an encoding."""
        return self.put_plain(part, name, encoding.pack(data), "bin")

    def put_lines(self, part: str, lines: list[str], buckets: list[slice]) -> list[dict[str, Any]]:
        return [self.put(part, str(i), encoding.encode_lines(lines[rows])) for i, rows in enumerate(buckets)]

    def put_plain(self, part: str, name: str, data: bytes, suffix: str) -> dict[str, Any]:
        """Store ``data`` as it is, under a suffix that servers know."""
        # Safe everywhere: no case to be folded, nothing that starts with "_" or ".", which some hosts do not serve.
        stem = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:60] or "x"
        path = f"{part}/{stem}.{hashlib.sha256(data).hexdigest()[:DIGITS]}.{suffix}"
        (self._folder / part).mkdir(parents=True, exist_ok=True)
        (self._folder / path).write_bytes(data)
        self.bytes_per_part[part] = self.bytes_per_part.get(part, 0) + len(data)
        self.files += 1
        return {"path": path, "bytes": len(data)}


def describe_file(path: Path, published_as: str) -> dict[str, Any]:
    """A download as the manifest and ``downloads.json`` list it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "path": published_as, "bytes": path.stat().st_size, "sha256": digest}
