"""Inner loops (numba, torch), each beside the naive reference its test compares it with.

What needs torch is in modules ``torch_...``, which are imported when they are used: torch alone takes 3 seconds.

Compiled code is kept between processes. numba looks only at the file that a function stands in to tell whether what it
kept is still right, but kernels call each other across files; so that of each module is kept in a folder of its own for
every version of it and of those that it imports.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
from graphlib import TopologicalSorter
from pathlib import Path

import numba.core.config as numba_config

from atlas_assets.project import cache_folder

# Threads that wait by spinning take the core from whoever they wait for: beside one other busy process, an iteration of
# the embedding of 51,000 entities takes 169 ms instead of 25. Read when numba starts its threads, which is later.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

_IMPORTED = re.compile(rf"^\s*from {re.escape(__name__)}\.(\w+) import", re.MULTILINE)


def _load() -> None:
    sources = {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted(Path(__file__).parent.glob("*.py"))
        if path.stem != "__init__" and not path.stem.startswith("torch_")
    }
    imported = {name: set(_IMPORTED.findall(source)) & sources.keys() for name, source in sources.items()}
    versions: dict[str, str] = {}
    before = numba_config.CACHE_DIR  # type: ignore[attr-defined]
    try:  # where compiled code goes is decided when a function is decorated; other libraries keep their own place
        for name in TopologicalSorter(imported).static_order():
            told = [sources[name], *(versions[other] for other in sorted(imported[name]))]
            versions[name] = hashlib.sha256("\0".join(told).encode()).hexdigest()[:12]
            if not os.environ.get("NUMBA_CACHE_DIR"):
                folder = cache_folder() / "kernels" / f"{name}-{versions[name]}"
                numba_config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
            importlib.import_module(f"{__name__}.{name}")
    finally:
        numba_config.CACHE_DIR = before  # type: ignore[attr-defined]


_load()
