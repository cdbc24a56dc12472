"""Whether the Python below a folder has changed, without parsing any: what ``listing`` is for other sources."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections.abc import Iterator

from atlas_assets.errors import DataError, Found
from atlas_assets.sources.listing import Listed

_Seen = tuple[str, int, int]  # path, bytes, time of change in nanoseconds


@functools.lru_cache(maxsize=16)
def list_python(root: str, *, edited: bool, moment: int) -> Listed:
    """All Python below ``root`` as one file. Looked at once in each moment. Raises DataError where it is no folder.

    edited: whether files may be changed in place; then every one counts. What is only installed is told by the records
    that installers write, a few hundred files instead of tens of thousands.
    """
    if not os.path.isdir(root):
        raise DataError(
            file=root,
            where="",
            found=Found("is not a folder"),
            expected="a folder with Python source",
            remedy="Correct source.python_api.roots, or leave it out to scan the installed packages.",
        )
    seen = sorted(_python_files(root) if edited else _installed(root))
    newest = max((changed for _, _, changed in seen), default=0) / 1e9
    return Listed(root, sum(size for _, size, _ in seen), hashlib.sha256(repr(seen).encode()).hexdigest()[:16], newest)


def _python_files(root: str) -> Iterator[_Seen]:
    folders = [root]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    yield from _seen(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


def _installed(root: str) -> Iterator[_Seen]:
    """The names of packages, the records of what was installed, and single modules; not when folders changed: Python
    itself writes there.
    """
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield from _seen(entry.path)
            elif entry.name.endswith((".dist-info", ".egg-info")):
                yield from _seen(os.path.join(entry.path, "RECORD"))
            elif entry.is_dir() and entry.name != "__pycache__":
                yield entry.path, 0, 0


def _seen(path: str) -> Iterator[_Seen]:
    with contextlib.suppress(OSError):  # a link to nothing, or a package without a record
        facts = os.stat(path)
        yield path, facts.st_size, facts.st_mtime_ns
