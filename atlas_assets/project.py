"""Where things are on this machine: the project folder, its atlases and its state.

A project is a folder with a ``dagster.yaml``: this repository's checkout, or any folder in which ``atlas new`` was run
with the installed package. All relative paths, in specs and in ``dagster.yaml``, start there.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path

from atlas_assets import limits
from atlas_assets.errors import AtlasError

PACKAGE = Path(__file__).parent
# Written by `atlas new` where there is none, so that an installed package makes the same kind of project as a checkout.
MARKER = "dagster.yaml"


def root() -> Path:
    """The project: the nearest folder at or above the current one with a dagster.yaml, else the checkout, else here."""
    return above() or checkout() or Path.cwd()


def above() -> Path | None:
    """The nearest folder at or above the current one that is a project."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / MARKER).exists()), None)


def checkout() -> Path | None:
    """The repository that holds this package, or None where it was installed from a wheel."""
    folder = PACKAGE.parent
    return folder if (folder / "pyproject.toml").exists() and (folder / MARKER).exists() else None


def template(name: str) -> Path:
    """A file that makes a folder a project: the checkout's own, or the copy inside an installed package."""
    packaged = PACKAGE / "_project" / name
    return packaged if packaged.exists() else PACKAGE.parent / name


def make(folder: Path) -> list[Path]:
    """Make a folder a project, so that Dagster keeps its state there. Returns the files that it lacked."""
    folder.mkdir(parents=True, exist_ok=True)
    lacking = [folder / name for name in (MARKER, "workspace.yaml") if not (folder / name).exists()]
    for target in lacking:
        shutil.copy(template(target.name), target)
    return lacking


def defs_folder(of: Path | None = None) -> Path:
    """The folder with one folder per atlas: ATLAS_DEFS, else the checkout's, else ``defs`` in the project.

    of: the project; this one without.
    """
    if given := os.environ.get("ATLAS_DEFS"):
        return Path(given).resolve()
    home = of or root()
    return PACKAGE / "defs" if checkout() == home else home / "defs"


def spec_files() -> list[Path]:
    """Every atlas's defs.yaml: the one that ships with the package, and the user's own."""
    folders = dict.fromkeys([PACKAGE / "defs", defs_folder()])
    return [path for folder in folders for path in sorted(folder.glob("*/defs.yaml"))]


def storage_root() -> str:
    """Where artifacts and sites go: ATLAS_STORAGE (a folder or a URL), else ``data`` in the project.

    Raises AtlasError for a URL with one slash, which would be a folder of that name.
    """
    given = os.environ.get("ATLAS_STORAGE")
    if given and (meant := meant_url(given)):
        raise AtlasError(f"ATLAS_STORAGE is {given!r}, which has one slash or none; expected {meant!r}, or a folder.")
    return given or str(root() / "data")


def meant_url(address: str) -> str | None:
    """The URL that an address was meant to be which has one slash, or none, behind its scheme: s3:/bucket."""
    found = re.fullmatch(r"(s3a?|gs|gcs|az|abfss?|adl|sftp|ssh|ftp|hdfs|smb|https?):(/?[^/].*)", address)
    return f"{found[1]}://{found[2].lstrip('/')}" if found else None


def public_url(name: str) -> str | None:
    """Where the site of an atlas will be found, from ATLAS_PUBLIC_URL: ``{atlas}`` in it stands for the name."""
    given = os.environ.get("ATLAS_PUBLIC_URL")
    return given.replace("{atlas}", name) if given else None


def cache_folder() -> Path:
    """Where results that can be computed again are kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "atlas"


def output_file(output: Path | None, name: str) -> Path:
    """Where a command writes: the file or folder that was asked for, else the current folder. Raises AtlasError."""
    target = output / name if output and output.is_dir() else output or Path(name)
    if not target.absolute().parent.is_dir():
        raise AtlasError(f"{target.parent} is no folder; make it first, or write elsewhere.")
    return target


def memory_budget() -> int:
    """Bytes that one step may use beyond its inputs: ATLAS_MEMORY ("8G", "500M" or bytes), else half the machine's.

    A target, not a hard limit. The machine's memory is the container's where that is limited. Raises AtlasError for an
    ATLAS_MEMORY that cannot be read.
    """
    return _memory_given() or machine_memory() // 2


def memory_of_a_run() -> int:
    """Bytes that a whole run may come to use: ATLAS_MEMORY, else the machine's. Raises AtlasError as above."""
    return _memory_given() or machine_memory()


def _memory_given() -> int | None:
    given = os.environ.get("ATLAS_MEMORY")
    if not given:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", given.lower())
    if found is None or float(found[1]) <= 0:
        raise AtlasError(f"ATLAS_MEMORY is {given!r}; expected a number of bytes, or one such as 500M or 8G.")
    return int(float(found[1]) * 1024 ** " kmgt".index(found[2] or " "))


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine_memory() -> int:
    """Bytes of memory that this process may use at most."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            total = min(total, int(Path(limit).read_text()))
    return min(total, limits.address_space() or total)
