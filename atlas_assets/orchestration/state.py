"""The state of Dagster in this project, for commands."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import yaml

from atlas_assets import project
from atlas_assets.errors import AtlasError, of_the_machine
from atlas_assets.spec import yaml_file
from atlas_assets.store import atomic_file

DATABASES = ".dagster/storage/**/*.db"
OUT_OF_ORDER = ("not a database", "malformed", "file is encrypted", "no such table", "no such column")
UNCAPTURED = Path(__file__).with_name("uncaptured.yaml")


def instance() -> dg.DagsterInstance:
    """The state that ``dagster dev`` uses in this project, by the same dagster.yaml.

    Only the output of steps is not captured: that takes over the terminal on which progress is drawn. Their log is in
    the events anyway.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or project.root())
    os.chdir(project.root())  # the paths in dagster.yaml are relative
    state = project.root() / ".dagster"
    state.mkdir(exist_ok=True)
    given = home / project.MARKER
    settings = ((given.exists() and yaml_file.read(given)) or {}) | yaml_file.read(UNCAPTURED)
    with atomic_file.replacing(state / "command.yaml") as draft:
        draft.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return dg.DagsterInstance.from_config(str(state), "command.yaml")


def trouble_with_databases(error: BaseException | None = None) -> AtlasError | None:
    """What is wrong with Dagster's databases in this project, with the files and a remedy; None where nothing is.

    error: what was raised; without it, the files are looked at.
    """
    said = " ".join(str(one) for one in _causes(error))
    if "database is locked" in said:
        return AtlasError(
            "Dagster's database is locked by another process, longer than this one waits. End it, or wait, and run the "
            "same command again. On network file systems locks fail: keep .dagster on a disk of this machine."
        )
    if "disk I/O error" in said and not shutil.disk_usage(project.root()).free:  # SQLite does not tell
        return of_the_machine(OSError(errno.ENOSPC, "", str(project.root() / ".dagster")))
    if "unable to open database file" in said:
        return AtlasError(
            f"Dagster's databases below {project.root() / '.dagster'} cannot be opened. They may not be written by "
            "this user, or this process has as many files open as it may: raise that limit with: ulimit -n 4096"
        )
    if "Can't locate revision" in said:
        return AtlasError(
            f"Dagster's databases below {project.root() / '.dagster/storage'} were written by a newer release of "
            "Dagster. Update it with: pip install -U atlas-assets"
        )
    if error is not None and not any(text in said for text in OUT_OF_ORDER):
        return None
    broken = [path for path in sorted(project.root().glob(DATABASES)) if not _is_sound(path)]
    if not broken:
        return None
    few = broken[:3]
    moved = few if len(broken) == len(few) else [project.root() / ".dagster/storage"]
    return AtlasError(
        f"{', '.join(map(str, few))}{' and others' if moved != few else ''} cannot be read as a database. Dagster "
        "keeps its history of runs there, and no data: maps and sites stay. Move it away, and Dagster begins anew: "
        f"mkdir -p .dagster/broken && mv {' '.join(shlex.quote(str(path)) for path in moved)} .dagster/broken"
    )


def _is_sound(path: Path) -> bool:
    for how in ("mode=ro", "immutable=1"):  # on a read-only disk the first would have to make files beside it
        try:
            with closing(sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=1)) as database:
                return database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                return True
        except sqlite3.DatabaseError:
            return False
    return False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
