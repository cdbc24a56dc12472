"""Which Python files are installed, which module each is, and which distribution it came with. Imports none of them."""

from __future__ import annotations

import csv
import importlib.machinery
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from atlas_assets.errors import DataError, Found

STANDARD_LIBRARY = "standard library"
_SITE = ("site-packages", "dist-packages")
# Copies of other people's packages: each would count its users twice under another name.
VENDOR_FOLDERS = frozenset({"_vendor", "_vendored", "_vendored_packages", "vendor", "vendored", "extern", "externals"})
_EXTENSIONS = tuple(importlib.machinery.EXTENSION_SUFFIXES)


@dataclass(frozen=True)
class SourceFile:
    """One Python file. ``collection`` is its id on any machine: the path below its root, after ``stdlib/`` there."""

    path: str
    collection: str
    module: str
    is_package: bool
    distribution: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Tree:
    """What is installed. ``compiled``: modules without Python source; ``owners``: top-level name -> distribution."""

    files: list[SourceFile]
    compiled: frozenset[str]
    owners: dict[str, str]


def default_roots() -> list[Path]:
    """The standard library and every site-packages folder of the running interpreter, in its own search order."""
    paths = sysconfig.get_paths()
    found = [paths["stdlib"], paths["purelib"], paths["platlib"]]
    found += [entry for entry in sys.path if Path(entry).name in _SITE]
    unique = dict.fromkeys(Path(os.path.realpath(path)) for path in found)
    return [path for path in unique if path.is_dir()]


def find(roots: Sequence[Path]) -> Tree:
    """Every Python file below ``roots``, sorted by collection id; the first root wins where two hold the same path.

    Left out: copies in vendor folders, hidden folders, and folders that no import statement can name. Raises DataError
    where a root is missing.
    """
    standard = Path(os.path.realpath(sysconfig.get_paths()["stdlib"]))
    files: dict[str, SourceFile] = {}
    compiled: set[str] = set()
    owners: dict[str, str] = {}
    for root in roots:
        if not root.is_dir():
            raise DataError(
                file=root,
                where="",
                found=Found("is not a folder"),
                expected="a folder with Python source",
                remedy="Correct source.python_api.roots, or leave it out to scan the installed packages.",
            )
        is_standard = Path(os.path.realpath(root)) == standard
        recorded = {} if is_standard else _recorded(root)
        for entry, parts in _walk(root):
            stem = _stem(entry.name)
            if stem is None:
                continue
            names = parts if stem == "__init__" else [*parts, stem]
            if not names:
                continue
            module, relative = ".".join(names), "/".join([*parts, entry.name])
            owner = STANDARD_LIBRARY if is_standard else recorded.get(relative, names[0])
            owners.setdefault(names[0], owner)
            if not entry.name.endswith(".py"):
                compiled.add(module)
                continue
            collection = f"stdlib/{relative}" if is_standard else relative
            facts = entry.stat()
            file = SourceFile(
                entry.path, collection, module, stem == "__init__", owner, facts.st_size, facts.st_mtime_ns
            )
            files.setdefault(collection, file)
    return Tree([files[key] for key in sorted(files)], frozenset(compiled), owners)


def _stem(name: str) -> str | None:
    if name.endswith(".py"):
        return name[:-3]
    suffix = next((suffix for suffix in _EXTENSIONS if name.endswith(suffix)), None)
    return name.removesuffix(suffix) if suffix else None


def _walk(root: Path) -> Iterator[tuple[os.DirEntry[str], list[str]]]:
    """Files below ``root`` with the names of the folders above them."""
    stack: list[tuple[str, list[str]]] = [(str(root), [])]
    while stack:
        folder, parts = stack.pop()
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name.isidentifier() and entry.name not in VENDOR_FOLDERS | {"__pycache__"}:
                        stack.append((entry.path, [*parts, entry.name]))
                elif entry.is_file():
                    yield entry, parts


def _recorded(root: Path) -> dict[str, str]:
    """{path below ``root``: distribution}, from the RECORD that every installer leaves."""
    found: dict[str, str] = {}
    for folder in sorted(root.glob("*.dist-info")):
        record = folder / "RECORD"
        if not record.is_file():
            continue
        name = folder.name.removesuffix(".dist-info").rsplit("-", 1)[0].replace("_", "-").lower()
        with record.open(encoding="utf-8", errors="replace", newline="") as rows:
            for row in csv.reader(rows):
                if row and row[0].endswith((".py", *_EXTENSIONS)):
                    found.setdefault(row[0], name)
    return found
