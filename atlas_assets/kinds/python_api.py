"""Installed Python source: files are collections, the qualified names that they use are entities."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from atlas_assets.kinds.collections import COLLECTIONS
from atlas_assets.kinds.kind import Reading, SourceKind, last_parts

if TYPE_CHECKING:
    from atlas_assets.sources.listing import Listed

TREE_SECONDS = 10  # how long a tree of Python files is taken to be the same: it is looked at file by file


class PythonApi(BaseModel):
    """Scan installed Python source: files are collections, the qualified names they use are entities."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roots: list[str] | None = Field(None, description="Folders to scan. Default: standard library and site-packages.")


def read(folder: Path, options: PythonApi, reading: Reading) -> dict[str, Any]:
    """What each file uses of what the others define."""
    from atlas_assets.sources.python_api import scan

    roots = [Path(root) for root in options.roots] if options.roots else None
    return scan.scan(folder, roots=roots, cache=reading.cache / "python_api", progress=reading.progress)


def patterns(options: PythonApi) -> Iterator[str]:
    """The folders."""
    from atlas_assets.sources.python_api import tree

    yield from options.roots or map(str, tree.default_roots())


def listed(root: str, options: PythonApi, base: Path) -> list[Listed]:
    """A folder as one file."""
    from atlas_assets.sources.python_api.listing import list_python

    return [list_python(root, edited=options.roots is not None, moment=int(time.monotonic() / TREE_SECONDS))]


PYTHON_API = SourceKind(
    name="python_api",
    about="Use the Python source installed here; needs no files.",
    relation=COLLECTIONS,
    read=read,
    options=PythonApi,
    patterns=patterns,
    listed=listed,
    tables=False,
    watched=False,  # it changes with every package that is installed
    told=lambda options: {"roots": last_parts(options.roots or [])},
)
