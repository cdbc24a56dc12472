"""The layouts behind ``methods.METHODS``, by name: shared inputs and start positions in, positions out.

``layout(inputs, start, *, warm, seed, progress, **parameters)``: start (m, dims) are positions to begin from. warm: 0
from scratch; above, start is an earlier map, and this share of a warm start's steps is taken. Orientation and size of
the result are left as they come; ``projection`` aligns it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from atlas_assets.stages.artifact import Progress, no_progress
from atlas_assets.stages.layout_inputs import LayoutInputs
from atlas_assets.stages.layout_pacmap import localmap, pacmap
from atlas_assets.stages.layout_tsne import tsne
from atlas_assets.stages.layout_umap import umap


def leading_axes(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress = no_progress
) -> np.ndarray:
    """The embedding's first principal axes, (m, dims); with as many as it has dimensions, the embedding itself."""
    return inputs.start(start.shape[1])


LAYOUTS: dict[str, Callable[..., np.ndarray]] = {
    "umap": umap,
    "tsne": tsne,
    "localmap": localmap,
    "pacmap": pacmap,
    "pca": leading_axes,
    "mde": leading_axes,
}
