"""The default source: how the Python packages installed here use each other.

A collection is a source file, its entities are the qualified names that it uses, as far as its imports tell. Files are
read, never imported. Which thing a name means is decided in ``python_resolve``; what a file says in ``python_names``.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import canonical
from atlas_assets.sources.python_api import docs as python_docs
from atlas_assets.sources.python_api import parse as python_parse
from atlas_assets.sources.python_api import tree as python_tree
from atlas_assets.sources.python_api.resolve import Meaning, Resolver, is_private, public_names
from atlas_assets.stages.artifact import Progress, no_progress

FIELDS: list[dict[str, str | None]] = [
    {"name": "distribution", "label": "Distribution", "type": "category", "unit": None},
    {"name": "module", "label": "Module", "type": "category", "unit": None},
    {"name": "kind", "label": "Kind", "type": "category", "unit": None},
    {"name": "packages", "label": "Packages that use it", "type": "number", "unit": None},
    {"name": "summary", "label": "Summary", "type": "text", "unit": None},
    {"name": "documentation", "label": "Documentation", "type": "link", "unit": None},
]
_SCHEMA = {
    "id": pl.String,
    "label": pl.String,
    "distribution": pl.String,
    "module": pl.String,
    "kind": pl.String,
    "packages": pl.Int32,
    "summary": pl.String,
    "documentation": pl.String,
}
_TEST_FOLDERS = frozenset({"test", "tests"})
_OTHERS_FOR_PRIVATE = 2
default_roots = python_tree.default_roots


def scan(
    out: Path,
    *,
    roots: Sequence[Path] | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Write the canonical tables of the Python source below ``roots`` into ``out``; returns the report.

    roots: folders as on ``sys.path``; default: the standard library and site-packages of this interpreter. cache: a
    folder in which what was read is kept, so that the next scan reads only what has changed. Collections are paths
    below their root; entities are the names people write (``torch.nn.Linear``, not ``torch.nn.modules.linear.Linear``).
    Builtins are left out, they would be in every file; so are a file's own names, and names marked private that no
    other distribution uses. Identical files count once. Raises DataError where nothing can be found.
    """
    folders = list(roots) if roots is not None else default_roots()
    progress(0.0, "looking for Python files")
    tree = python_tree.find(folders)
    records, n_cached = python_parse.read_all(
        tree.files, cache=cache, workers=workers, progress=lambda share, text: progress(0.02 + 0.83 * share, text)
    )
    progress(0.86, "resolving names")
    usage = _resolve(tree, records)
    if not usage.names:
        raise DataError(
            file=", ".join(map(str, folders)),
            where="",
            found=Found(f"holds {len(tree.files):,} Python files and no use of an imported name"),
            expected="installed Python packages",
            remedy="Set source.python_api.roots to a site-packages folder.",
        )
    progress(0.95, "writing tables")
    entities = _entities(usage, tree)
    rows = [(collection, name) for collection, names in usage.names.items() for name in names]
    interactions = pl.DataFrame(rows, schema={"collection": pl.String, "entity": pl.String}, orient="row")
    report = {
        "rows": len(rows),
        "collections": len(usage.names),
        "entities": entities.height,
        "python_files": len(tree.files),
        "files_not_parsed": usage.n_failed,
        "files_identical_to_another": usage.n_identical,
        "files": [{"path": str(folder), "bytes": 0} for folder in folders],
        "notes": usage.notes,
    }
    canonical.write_collections(out, interactions=interactions, entities=entities, fields=FIELDS, report=report)
    progress(1.0, f"{len(usage.names):,} files use {entities.height:,} names")
    return report | {"files_read_from_cache": n_cached}


class _Usage:
    """names: {collection: sorted public names}; meanings: {public name: what it is}."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}
        self.distributions: dict[str, str] = {}
        self.meanings: dict[str, Meaning] = {}
        self.n_failed = 0
        self.n_identical = 0
        self.notes: list[str] = []


def _resolve(tree: python_tree.Tree, records: list[dict[str, Any]]) -> _Usage:
    usage = _Usage()
    seen: set[str] = set()
    modules: dict[str, dict[str, Any]] = {}
    readable: list[tuple[python_tree.SourceFile, dict[str, Any]]] = []
    for file, record in zip(tree.files, records, strict=True):
        if "error" in record:
            usage.n_failed += 1
            if len(usage.notes) < 20:
                usage.notes.append(f"{file.collection} {record['error']}")
            continue
        modules.setdefault(file.module, record | {"is_package": file.is_package})
        if record["digest"] in seen:
            usage.n_identical += 1
            continue
        seen.add(record["digest"])
        readable.append((file, record))
    resolver = Resolver(modules, tree.compiled)
    meant: dict[str, tuple[str, Meaning]] = {}  # as written -> (cut where the meaning ends, meaning)
    spellings: dict[str, Meaning] = {}
    users: Counter[str] = Counter()
    used: list[set[str]] = []
    for file, record in readable:
        names: set[str] = set()
        for dotted in (*record["uses"], *record["imports"]):
            if dotted not in meant:
                meant[dotted] = resolver.resolve(dotted)
            spelled, meaning = meant[dotted]
            if meaning.home == file.module and meaning.kind != "module":
                continue
            names.add(spelled)
            # one file may call what another only mentions: the call tells more
            if spelled not in spellings or spellings[spelled].kind == "attribute":
                spellings[spelled] = meaning
        used.append(names)
        users.update(names)
    strangers: Counter[str] = Counter()
    for (file, _), names in zip(readable, used, strict=True):
        strangers.update(n for n in names if _owner(tree, n.split(".")[0]) != file.distribution)
    public = public_names(resolver, spellings, users=users, strangers=strangers, owner_of=lambda top: _owner(tree, top))
    crossing: dict[str, set[str]] = defaultdict(set)
    for (file, _), names in zip(readable, used, strict=True):
        for spelled in names:
            crossing[public[spellings[spelled].key]].add(file.distribution)
    for (file, _), names in zip(readable, used, strict=True):
        kept = {public[spellings[spelled].key] for spelled in names}
        kept = {name for name in kept if _is_interface(name, crossing[name] - {_owner(tree, name.split(".")[0])})}
        if kept:
            usage.names[file.collection] = sorted(kept)
            usage.distributions[file.collection] = file.distribution
    for meaning in spellings.values():
        name = public[meaning.key]
        if name not in usage.meanings or usage.meanings[name].kind == "attribute":
            usage.meanings[name] = meaning
    return usage


def _is_interface(name: str, others: set[str]) -> bool:
    """Whether a name is meant for others: not the helper of a test suite, and private only if others use it anyway."""
    if not _TEST_FOLDERS.isdisjoint(name.split(".")):
        return False
    return not is_private(name) or len(others) >= _OTHERS_FOR_PRIVATE


def _owner(tree: python_tree.Tree, top: str) -> str:
    if top in tree.owners:
        return tree.owners[top]
    return python_tree.STANDARD_LIBRARY if top in sys.stdlib_module_names else f"{top} (not installed)"


def _entities(usage: _Usage, tree: python_tree.Tree) -> pl.DataFrame:
    packages: dict[str, set[str]] = defaultdict(set)
    for collection, names in usage.names.items():
        for name in names:
            packages[name].add(usage.distributions[collection])
    rows = []
    for name in sorted(packages):
        meaning = usage.meanings[name]
        distribution = _owner(tree, name.split(".")[0])
        module = _module_part(name, meaning)
        page = python_docs.link(
            name, module=module, kind=meaning.kind, is_standard=distribution == python_tree.STANDARD_LIBRARY
        )
        rows.append((name, name, distribution, module, meaning.kind, len(packages[name]), meaning.doc or None, page))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _module_part(name: str, meaning: Meaning) -> str:
    """The module by which people write ``name``: as many parts as remain without those inside its home module."""
    if meaning.kind == "module":
        return name
    n_inside = meaning.key.count(".") - meaning.home.count(".")
    parts = name.split(".")
    return ".".join(parts[: max(1, len(parts) - n_inside)])
