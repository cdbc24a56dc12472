"""umap-learn, imported without its warnings and with its compiled code kept between processes.

It has numba compile its inner loops in every process anew, some of them while it is imported; in a pool of workers
each would pay that before its first map.
"""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import numba
import numba.core.config as numba_config

from atlas_assets.project import cache_folder

# Searches for neighbours, which are given here; importing it compiles for most of a second.
UNUSED = {
    "pynndescent": {"NNDescent": object},
    "pynndescent.distances": {"named_distances": {}},
    "pynndescent.sparse": {"sparse_named_distances": {}},
}


@functools.cache
def load() -> tuple[ModuleType, ModuleType]:
    """The modules umap.umap_ and umap.layouts."""
    before = numba_config.CACHE_DIR  # type: ignore[attr-defined]
    if not os.environ.get("NUMBA_CACHE_DIR"):
        numba_config.CACHE_DIR = str(cache_folder() / "umap")  # type: ignore[attr-defined]
    try:
        with warnings.catch_warnings(), _without_unused(), _compiled_once():
            warnings.simplefilter("ignore")  # the import warns about TensorFlow, which is not used
            from umap import layouts, umap_
        step = getattr(layouts, "_nb_optimize_layout_euclidean_single_epoch", None)  # a private name: may be gone
        for compiled in (umap_.smooth_knn_dist, umap_.compute_membership_strengths, step):
            if compiled is not None:
                compiled.enable_caching()
    finally:
        numba_config.CACHE_DIR = before  # type: ignore[attr-defined]
    return umap_, layouts


@contextmanager
def _without_unused() -> Iterator[None]:
    """Inside, imports find empty modules in the place of UNUSED, unless these were imported before."""
    empty = {name: ModuleType(name) for name in UNUSED if "pynndescent" not in sys.modules}
    for name, module in empty.items():
        vars(module).update(UNUSED[name], __path__=[])
    sys.modules.update(empty)
    try:
        yield
    finally:
        for name in empty:
            del sys.modules[name]


@contextmanager
def _compiled_once() -> Iterator[None]:
    """Inside, functions that are compiled as they are defined, because their types are given, are kept."""
    njit = numba.njit

    def kept(*given, **options):
        typed = bool(given) and not callable(given[0])
        return njit(*given, **({"cache": True} if typed else {}) | options)

    numba.njit = kept
    try:
        yield
    finally:
        numba.njit = njit
