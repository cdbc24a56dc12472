"""PaCMAP (Wang, Huang, Rudin & Shaposhnik 2021): near, mid-near and far pairs, for groups and the overall shape."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from atlas_assets.methods.method import Cost, Library, Method, Parameter, as_listed, as_named

if TYPE_CHECKING:
    import numpy as np

    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.layout_inputs import LayoutInputs

FEWEST = 30  # below, there are not enough entities to draw its pairs from, and the start positions are the map
OUTLINE_DIMS = 10  # dimensions of the start positions among which mid-near pairs are drawn, for a graph
MN_RATIO, FP_RATIO = 0.5, 2.0  # the library's own


def lay_out(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress,
    n_neighbors: int, MN_ratio: float, FP_ratio: float,
) -> np.ndarray:  # fmt: skip
    """PaCMAP of the n_neighbors nearest, from start (m, dims)."""
    return lay_out_by_library(
        inputs, start, warm=warm, seed=seed, progress=progress, n_neighbors=n_neighbors, MN_ratio=MN_ratio,
        FP_ratio=FP_ratio,
    )  # fmt: skip


def lay_out_by_library(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress,
    n_neighbors: int, MN_ratio: float, FP_ratio: float,
) -> np.ndarray:  # fmt: skip
    """The same by pacmap, see ``fit``."""
    return fit("PaCMAP", inputs, start, seed, progress, n_neighbors, MN_ratio=MN_ratio, FP_ratio=FP_ratio)


def fit(
    name: Literal["PaCMAP", "LocalMAP"], inputs: LayoutInputs, start: np.ndarray, seed: int, progress: Progress,
    n_neighbors: int, **options: Any,
) -> np.ndarray:  # fmt: skip
    """A layout by a class of the library, on one thread: it draws on numba's random state of the thread it runs on.

    Mid-near pairs, which make the large shape, are drawn by distance in the embedding, or for a graph by distance among
    its start positions in OUTLINE_DIMS dimensions. It takes all of its steps whether start is an earlier map or not:
    it shrinks any start to a point, so that there is no going on in small steps.
    """
    import numpy as np

    from atlas_assets.stages.single_thread import single_thread

    n, dims = start.shape
    per_neighbour = 1 + options.get("MN_ratio", MN_RATIO) + options.get("FP_ratio", FP_RATIO)
    n_neighbors = min(n_neighbors, int((n - 1) / per_neighbour) - 1)
    if n < FEWEST or n_neighbors < 1:
        return start
    progress(0.0, "drawing pairs")
    import pacmap

    logging.getLogger("pacmap").setLevel(logging.ERROR)  # it warns that a seed was given
    listed = inputs.lists(n_neighbors).indices
    # an entity paired with itself pulls on nothing: what a row with fewer neighbours is filled with
    partners = np.where(listed < 0, np.arange(n)[:, None], listed)
    pairs = np.stack([np.repeat(np.arange(n), partners.shape[1]), partners.ravel()], axis=1).astype(np.int32)
    outline = inputs.start(OUTLINE_DIMS) if inputs.source == "graph" else inputs.embedded
    outline = np.pad(outline, ((0, 0), (0, max(0, dims - outline.shape[1])))).astype(np.float32)
    reducer = getattr(pacmap, name)(
        n_components=dims, n_neighbors=partners.shape[1], pair_neighbors=pairs, random_state=seed, apply_pca=False,
        **options,
    )  # fmt: skip
    progress(0.1, "laying out")
    with single_thread():
        return np.asarray(reducer.fit_transform(outline, init=start.astype(np.float32)))


METHOD = Method(
    name="pacmap",
    label="PaCMAP",
    about="Keeps both close groups and the overall arrangement.",
    parameters={
        "n_neighbors": Parameter(
            "nn", 15, 2, 500, True, "Neighbours per point; more shows the large picture.",
            "looks at the {} nearest", usual=(5, 100),
        ),
        "MN_ratio": Parameter(
            "mn", 0.5, 0.0, 10.0, False, "Mid-near pairs per neighbour; they make the shape.",
            "{} mid-near pairs per neighbour", usual=(0.1, 2.0),
        ),
        "FP_ratio": Parameter(
            "fp", 2.0, 0.5, 20.0, False, "Farther pairs per neighbour: they spread the map.",
            "{} farther pairs per neighbour", usual=(0.5, 5.0),
        ),
    },
    sources=("embedding", "graph"),
    lay_out=lay_out,
    library=Library("pacmap", lay_out_by_library, Cost(6.0, 0.05, in_3d=1.5)),
    neighbors=as_named,
    limits=as_listed,
    cost=Cost(6.0, 0.05, in_3d=1.5),
    stuck=True,
)  # fmt: skip
