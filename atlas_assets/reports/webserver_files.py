"""Files that the Dagster webserver hands out.

Dagster has no route for artifacts; the one folder that its webserver serves is that of the compute logs
(``/logs/<path>/<suffix>``, undocumented, seen in 1.13.27). A picture put there is shown on an asset's page by a short
link: Markdown of 1,000 characters or more, such as an embedded picture, is folded away behind a button.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from atlas_assets import project
from atlas_assets.store import atomic_file

FOLDER = ".dagster/files"  # as compute_logs.base_dir in dagster.yaml; a test holds the two together
PREFIX = "atlas"
UNSEEN_SECONDS = 3600.0  # a file is published before the event that shows it; one run may take so long in between
_LINK = re.compile(rf"/logs/{PREFIX}/([0-9a-f]{{24}})/(\w+)")
_NAME = re.compile(r"[0-9a-f]{24}\.\w+")


def is_possible() -> bool:
    """Whether storage is local: else runs and webserver need not share a disk."""
    return "://" not in project.storage_root()


def publish(data: bytes, suffix: str) -> str | None:
    """Put a file where the webserver finds it; returns the path of its URL, or None where that is not possible."""
    if not is_possible():
        return None
    name = hashlib.sha256(data).hexdigest()[:24]
    path = project.root() / FOLDER / PREFIX / f"{name}.{suffix}"
    try:
        os.utime(path)  # so that nobody takes it for one that is not shown any more
    except FileNotFoundError:
        atomic_file.write(path, data)
    return f"/logs/{PREFIX}/{name}/{suffix}"


def published(*, before: float) -> list[Path]:
    """What was published long enough before that time (seconds since 1970) for the event that shows it to be there."""
    found = []
    for path in sorted((project.root() / FOLDER / PREFIX).glob("*")):
        with suppress(FileNotFoundError):  # another process may be tidying
            if _NAME.fullmatch(path.name) and path.stat().st_mtime < before - UNSEEN_SECONDS:
                found.append(path)
    return found


def linked(text: str) -> set[str]:
    """The names of the published files that a text shows or links to."""
    return {f"{name}.{suffix}" for name, suffix in _LINK.findall(text)}


def publish_download(source: Path, name: str) -> str | None:
    """Put a file where one click on its URL saves it as ``name``: the newest of that name, so that they do not pile up.

    Not below PREFIX: the webserver would make a part of the name out of each folder. It shares the disk space of
    ``source`` where the file system can do that; whoever renews ``source`` replaces it.
    """
    if not is_possible():
        return None
    stem, _, suffix = name.rpartition(".")
    path = project.root() / FOLDER / name
    with atomic_file.replacing(path) as draft:
        try:
            os.link(source, draft)
        except OSError:  # another disk
            shutil.copyfile(source, draft)
    return f"/logs/{stem}/{suffix}"
