"""The cases of ``relate``: where each one's rows are, made or found, and the matrix that kernels start from."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.store.artifacts import Address, ArtifactStore
from benchmarks import measure
from benchmarks.generate import generate

PYTHON_API = "python_api"
DEFAULT = ("mtg-decks", "reddit-title-words", "goodbooks-10k", PYTHON_API)
MORE = (
    "acl-authors-2019",
    "billboard-hot-100",
    "book-crossing",
    "crates-dependencies",
    "github-trending",
    "movielens-latest-2k-users",
    "movielens-latest-small",
    "steam-200k",
)
SHARED = dict.fromkeys((*DEFAULT[:-1], *MORE), ("collection_id", "entity_id"))
_GENERATED = re.compile(r"generated-(\d+)([km])")
SEED = 2026


class Absent(Exception):
    """The data of a case is not on this machine; the message says where it was looked for."""


@dataclass(frozen=True)
class Case:
    """A Parquet file with one row per (collection, entity), and the names of these two columns."""

    name: str
    path: Path
    collection: str
    entity: str


def find(name: str, *, cache: Path) -> Case:
    """The rows of a case; generated ones are made, the installed Python is scanned, and both are kept in ``cache``.

    ``generated-<number>k`` or ``m``: that many thousand or million rows. Raises Absent.
    """
    if name in SHARED:
        return Case(name, shared_folder(name) / "interactions.parquet", *SHARED[name])
    if name == PYTHON_API:
        return Case(name, _python_api(cache) / "interactions.parquet", "collection", "entity")
    if match := _GENERATED.fullmatch(name):
        rows = int(match[1]) * (1_000 if match[2] == "k" else 1_000_000)
        path = cache / f"{name}-{SEED}.parquet"
        if not path.exists():
            generate(path, n_rows=rows, seed=SEED)
        return Case(name, path, "collection", "entity")
    raise Absent(f"no such case; known are {', '.join((*DEFAULT, *MORE))}, generated-1m, generated-100m")


def shared_folder(name: str, file: str = "interactions.parquet") -> Path:
    """The folder of a data set with that file and entities.parquet. Raises Absent."""
    folder = Path(os.environ.get("ATLAS_SHARED_DATA") or measure.REPOSITORY.parent / "shared" / "data")
    if not (folder / name / file).exists():
        raise Absent(f"no {name}/{file} in {folder} (set ATLAS_SHARED_DATA)")
    return folder / name


def prepared(case: Case, *, cache: Path) -> Path:
    """A folder with the case's memberships as arrays, for ``matrix.load``; made once, in a process of its own."""
    facts = case.path.stat()
    key = hashlib.sha256(f"{case.path} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[:12]
    folder = cache / f"{case.name}-{key}"
    if not (folder / "about.json").exists():
        arguments = {"path": str(case.path), "columns": [case.collection, case.entity], "out": str(folder)}
        outcome = measure.run(measure.Job("benchmarks.matrix:prepare", arguments), measure.Limits())
        if outcome.values is None:
            raise AtlasError(f"The matrix of {case.name} could not be made: {outcome.note}")
    return folder


def _python_api(cache: Path) -> Path:
    """The default atlas's rows: those it has stored, else a scan of the Python installed here."""
    try:
        return ArtifactStore(project.storage_root()).folder(Address(PYTHON_API, "raw_collections"))
    except AtlasError:  # not made yet
        pass
    folder = cache / PYTHON_API
    if not (folder / "report.json").exists():
        from atlas_assets.sources.python_api import scan as python_api

        python_api.scan(folder, cache=project.cache_folder() / PYTHON_API)
    return folder
