"""Files that readers find in full or not at all: written under another name beside them, then renamed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atlas_assets.store import processes

DRAFTS = ".*.draft"  # what is left of a process that was killed while it wrote
_NAME = re.compile(r"\..+~(?P<owner>[A-Za-z0-9.]+-\d+-\w+)\.draft")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yields where to write: that takes the place of ``target`` when the block ends, and goes if the block raised."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}~{processes.this()}.draft")
    draft.unlink(missing_ok=True)
    try:
        yield draft
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def write(target: Path, data: bytes) -> None:
    """Write a file that others may be reading: they get the old content or the new one."""
    with replacing(target) as draft:
        draft.write_bytes(data)


def is_left_behind(path: Path) -> bool:
    """Whether it is what a process of this machine was writing when it was killed."""
    found = _NAME.fullmatch(path.name)
    owner = processes.parse(found["owner"]) if found else None
    return owner is not None and owner.is_alive() is False
