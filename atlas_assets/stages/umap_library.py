"""umap-learn, imported without its warnings and with its compiled code kept between processes.

It has numba compile its inner loops in every process anew; in a pool of workers each would pay that before its first
map.
"""

from __future__ import annotations

import functools
import os
import warnings
from types import ModuleType

import numba.core.config as numba_config

from atlas_assets.project import cache_folder


@functools.cache
def load() -> tuple[ModuleType, ModuleType]:
    """The modules umap.umap_ and umap.layouts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import warns about TensorFlow, which is not used
        from umap import layouts, umap_
    before = numba_config.CACHE_DIR  # type: ignore[attr-defined]
    if not os.environ.get("NUMBA_CACHE_DIR"):
        numba_config.CACHE_DIR = str(cache_folder() / "umap")  # type: ignore[attr-defined]
    try:
        step = getattr(layouts, "_nb_optimize_layout_euclidean_single_epoch", None)  # a private name: may be gone
        for compiled in (umap_.smooth_knn_dist, umap_.compute_membership_strengths, step):
            if compiled is not None:
                compiled.enable_caching()
    finally:
        numba_config.CACHE_DIR = before  # type: ignore[attr-defined]
    return umap_, layouts
