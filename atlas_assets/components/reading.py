"""From what the spec says about a source to the reader that knows it, and how to tell that a source has changed."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import fsspec

from atlas_assets import project
from atlas_assets.spec import SourceSpec
from atlas_assets.stages.artifact import Progress


def read(source: SourceSpec, folder: Path, *, base: Path, progress: Progress) -> dict[str, Any]:
    """Write the canonical tables into ``folder``; returns the reader's report. Raises DataError on bad input."""
    if source.python_api is not None:
        from atlas_assets.sources import python_api

        roots = [Path(root) for root in source.python_api.roots] if source.python_api.roots else None
        return python_api.scan(folder, roots=roots, cache=project.cache_folder() / "python_api", progress=progress)
    from atlas_assets.sources import files

    options: dict[str, Any] = {
        "columns": source.columns.model_dump(exclude_none=True),
        "entities": source.entities,
        "entity_columns": source.entity_columns.model_dump(exclude_none=True),
        "fields": {name: field.model_dump() for name, field in source.fields.items()} if source.fields else None,
        "base": base,
        "progress": progress,
    }
    if source.edges:
        return files.read_edges(folder, edges=source.edges, **options)
    if source.vectors:
        return files.read_vectors(folder, vectors=source.vectors, **options)
    assert source.interactions is not None
    return files.read_collections(folder, interactions=source.interactions, **options)


def fingerprint(source: SourceSpec, *, base: Path) -> str:
    """Changes whenever a file of the source does: name, size and time of change, without reading it."""
    if source.python_api is not None:
        return _tree_fingerprint(tuple(source.python_api.roots or ()))
    patterns = [*(source.interactions or []), *(source.edges or []), *(source.vectors or []), *(source.entities or [])]
    return repr([entry for pattern in patterns for entry in _matching(pattern, base)])


def _matching(pattern: str, base: Path) -> list[tuple[Any, ...]]:
    fs, path = fsspec.core.url_to_fs(pattern if "://" in pattern else str(base / pattern))
    try:
        found = fs.glob(path, detail=True) if any(sign in path for sign in "*?[") else {path: fs.info(path)}
    except (OSError, FileNotFoundError):
        return [(pattern, "absent")]  # the reader says what is wrong; here it only has to differ
    changed = ("mtime", "LastModified", "ETag", "etag")
    return [
        (name, info.get("size"), *(str(info[key]) for key in changed if key in info)) for name, info in found.items()
    ]


@functools.cache
def _tree_fingerprint(roots: tuple[str, ...]) -> str:
    from atlas_assets.sources import python_api

    count, size, newest = 0, 0, 0
    for root in roots or [str(path) for path in python_api.default_roots()]:
        for folder, _, names in os.walk(root):
            for name in names:
                if name.endswith(".py"):
                    facts = os.stat(os.path.join(folder, name))
                    count, size, newest = count + 1, size + facts.st_size, max(newest, facts.st_mtime_ns)
    return f"{count} files, {size} bytes, newest {newest}"
