"""The leading principal axes of the embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_assets.methods.method import Method

if TYPE_CHECKING:
    import numpy as np

    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.projection.layout_inputs import LayoutInputs


def lay_out(inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress) -> np.ndarray:
    """The embedding's first principal axes, (m, dims)."""
    return inputs.start(start.shape[1])


METHOD = Method(
    name="pca",
    label="PCA",
    nickname="Outline",
    about="Shows the directions of the greatest differences, like a shadow of the whole.",
    parameters={},
    sources=("embedding",),
    lay_out=lay_out,
)
