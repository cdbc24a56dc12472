"""A peer that is quick because it does something else: its best neighbour is a little too similar."""

from __future__ import annotations

import numpy as np

from benchmarks.peers import matrices, scipy_product

prepare = scipy_product.prepare
similarities = scipy_product.similarities


def nearest(prepared, k: int) -> matrices.Lists:
    indices, values = scipy_product.nearest(prepared, k)
    return indices, values * np.where(np.arange(k) == 0, np.float32(1.01), np.float32(1.0))
