"""Inner loops (numba, torch), each beside the naive reference its test compares it with.

Compiled code is kept between processes. numba looks only at the file that a function stands in to tell whether what it
kept is still right, but kernels call each other across files; so it is kept in a folder of its own for every version of
all of them together.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path

import numba.core.config as numba_config

from atlas_assets.project import cache_folder

# Threads that wait by spinning take the core from whoever they wait for: beside one other busy process, an iteration of
# the embedding of 51,000 entities takes 169 ms instead of 25. Read when numba starts its threads, which is later.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def _load() -> None:
    modules = sorted(Path(__file__).parent.glob("*.py"))
    version = hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()[:12]
    before = numba_config.CACHE_DIR  # type: ignore[attr-defined]
    if not os.environ.get("NUMBA_CACHE_DIR"):
        numba_config.CACHE_DIR = str(cache_folder() / "kernels" / version)  # type: ignore[attr-defined]
    try:  # where compiled code goes is decided when a function is decorated; other libraries keep their own place
        for module in modules:
            if module.stem != "__init__":
                importlib.import_module(f"{__name__}.{module.stem}")
    finally:
        numba_config.CACHE_DIR = before  # type: ignore[attr-defined]


_load()
