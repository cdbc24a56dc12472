"""Names of files that were read from somewhere: they lie below the folder that they are meant for, or are refused.

A list of files may come from a destination that others can write to, or from a storage that was tampered with. So
``../elsewhere``, absolute paths and patterns are no names, and a link on the way to a file is never followed.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from atlas_assets.errors import AtlasError, DataError, Found

MOST_BYTES = 1024  # of a name; object stores take no more
# Patterns, because file systems that are asked for several names at once would take them as such.
_PART = re.compile(r"[^\x00-\x1f\x7f/\\*?\[\]]{1,255}")
_DRIVE = re.compile(r"[A-Za-z]:")


def is_name(name: object) -> bool:
    """Whether it names a file below any folder: ``a/b.txt`` does, ``../b``, ``/b``, ``a//b`` and ``a/*`` do not."""
    if not isinstance(name, str) or len(name.encode(errors="replace")) > MOST_BYTES or _DRIVE.match(name):
        return False
    return all(_PART.fullmatch(part) and part not in (".", "..") for part in name.split("/"))


def checked(name: object, *, file: object, where: str = "") -> str:
    """``name``, which ``file`` says. Raises DataError where it leads elsewhere than below a folder."""
    if isinstance(name, str) and is_name(name):
        return name
    raise DataError(
        file=file,
        where=where,
        found=Found(f"names {name!r:.200}"),
        expected="names of files below its own folder",
        remedy="Somebody has tampered with it, or it is broken. Nothing was changed; look at it before you delete it.",
    )


def path(root: Path, name: str) -> Path:
    """``name`` below ``root``. Raises AtlasError where a link is on the way, the file itself included."""
    target = root / checked(name, file=root)
    if link := first_link(root, name):
        raise AtlasError(link_found(root, link))
    return target


def first_link(root: Path, name: str) -> str | None:
    """The first part of the way from ``root`` to ``name`` that is a link, as a name; None where there is none."""
    steps = [PurePosixPath(name), *PurePosixPath(name).parents][-2::-1]
    return next((step.as_posix() for step in steps if (root / step).is_symlink()), None)


def link_found(root: object, link: str) -> str:
    """What is said of a link where files are to be written or read."""
    return (
        f"{root}/{link} is a link, and none is followed there: it could lead anywhere. "
        "Delete the link, or name the place that it leads to."
    )
