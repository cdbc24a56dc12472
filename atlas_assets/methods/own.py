"""Coordinates that the data itself has, named in ``source.coordinates``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_assets.methods.method import Method

if TYPE_CHECKING:
    import numpy as np

    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.projection.layout_inputs import LayoutInputs


def lay_out(inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress) -> np.ndarray:
    """The positions to begin from, (m, dims): ``stages.projection.given`` has those of the data."""
    return start


METHOD = Method(
    name="own",
    label="Own coordinates",
    nickname="Own places",
    about="Shows everything where the data says that it is.",
    parameters={},
    sources=("graph",),
    lay_out=lay_out,
    given=True,
)
