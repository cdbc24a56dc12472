"""Files that the Dagster webserver hands out.

Dagster has no route for artifacts; the one folder that its webserver serves is that of the compute logs
(``/logs/<path>/<suffix>``, undocumented, seen in 1.13.27). A picture put there is shown on an asset's page by a short
link: Markdown of 1,000 characters or more, such as an embedded picture, is folded away behind a button.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from atlas_assets import project, whole_file

FOLDER = ".dagster/files"  # as compute_logs.base_dir in dagster.yaml; a test holds the two together
PREFIX = "atlas"


def is_possible() -> bool:
    """Whether storage is local: else runs and webserver need not share a disk."""
    return "://" not in project.storage_root()


def publish(data: bytes, suffix: str) -> str | None:
    """Put a file where the webserver finds it; returns the path of its URL, or None where that is not possible."""
    if not is_possible():
        return None
    name = hashlib.sha256(data).hexdigest()[:24]
    path = project.root() / FOLDER / PREFIX / f"{name}.{suffix}"
    if not path.exists():
        whole_file.write(path, data)
    return f"/logs/{PREFIX}/{name}/{suffix}"


def publish_download(source: Path, name: str) -> str | None:
    """Put a file where one click on its URL saves it as ``name``: the newest of that name, so that they do not pile up.

    Not below PREFIX: the webserver would make a part of the name out of each folder. It shares the disk space of
    ``source`` where the file system can do that; whoever renews ``source`` replaces it.
    """
    if not is_possible():
        return None
    stem, _, suffix = name.rpartition(".")
    path = project.root() / FOLDER / name
    with whole_file.replacing(path) as draft:
        try:
            os.link(source, draft)
        except OSError:  # another disk
            shutil.copyfile(source, draft)
    return f"/logs/{stem}/{suffix}"
