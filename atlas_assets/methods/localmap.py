"""LocalMAP (Wang et al. 2025): PaCMAP that in its last phase repels strangers nearer than a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_assets.methods.method import NEIGHBOURS, Cost, Library, Method, Parameter, as_listed, as_named
from atlas_assets.methods.pacmap import FP_RATIO, MN_RATIO, descend, fit

if TYPE_CHECKING:
    import numpy as np

    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.projection.layout_inputs import LayoutInputs


def lay_out(
    inputs: LayoutInputs,
    start: np.ndarray,
    *,
    warm: float,
    seed: int,
    progress: Progress,
    n_neighbors: int,
    low_dist_thres: float,
) -> np.ndarray:
    """LocalMAP of the n_neighbors nearest, from start (m, dims); see ``pacmap.descend``."""
    return descend(
        inputs,
        start,
        warm,
        seed,
        progress,
        n_neighbors,
        middle_ratio=MN_RATIO,
        farther_ratio=FP_RATIO,
        reach=low_dist_thres,
    )


def lay_out_by_library(
    inputs: LayoutInputs,
    start: np.ndarray,
    *,
    warm: float,
    seed: int,
    progress: Progress,
    n_neighbors: int,
    low_dist_thres: float,
) -> np.ndarray:
    """The same by pacmap, see ``pacmap.fit``."""
    return fit("LocalMAP", inputs, start, seed, progress, n_neighbors, low_dist_thres=low_dist_thres)


METHOD = Method(
    name="localmap",
    label="LocalMAP",
    nickname="Islands",
    about="Parts groups sharply, so that their borders show.",
    parameters={
        "n_neighbors": NEIGHBOURS,
        "low_dist_thres": Parameter(
            "ld",
            10,
            1,
            100,
            False,
            "Strangers nearer than this part; less parts more.",
            "groups are parted from a distance of {}",
            usual=(5, 20),
        ),
    },
    sources=("embedding", "graph"),
    lay_out=lay_out,
    library=Library("pacmap", lay_out_by_library, Cost(6.0, 0.05, in_3d=1.5)),
    neighbors=as_named,
    limits=as_listed,
    cost=Cost(1.2, 0.05, in_3d=1.2),
    stuck=True,
)
