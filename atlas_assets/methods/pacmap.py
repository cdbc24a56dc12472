"""PaCMAP (Wang, Huang, Rudin & Shaposhnik 2021): near, mid-near and far pairs, for groups and the overall shape."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from atlas_assets.methods import devices
from atlas_assets.methods.method import NEIGHBOURS, Cost, Library, Method, Parameter, as_listed, as_named

if TYPE_CHECKING:
    import numpy as np

    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.projection.layout_inputs import LayoutInputs

FEWEST = 30  # below, there are not enough entities to draw its pairs from, and the start positions are the map
OUTLINE_DIMS = 10  # dimensions of the start positions among which mid-near pairs are drawn, for a graph
MN_RATIO, FP_RATIO = 0.5, 2.0  # the library's own
PHASES = (100, 100, 250)  # iterations: mid-near pairs lead, balance, are gone
# PHASES would keep less in LocalMAP: 0.147 of 4,486 cards' held-out pairs; these 0.152 in the same time, as pacmap.
LOCAL_PHASES = (40, 40, 350)
MIDDLE_FIRST, MIDDLE_THEN = (
    1_000.0,
    3.0,
)  # weight of a mid-near pair at the beginning, and at the end of the first phase
NEAR = (2.0, 3.0, 1.0)  # weight of a near pair
RATE, START = 1.0, 1e-4  # Adam's step, and the standard deviation of a start
# By so much of it the step falls over the last phase: strangers are drawn anew in every step, and shake the map. With
# 0 and 0.9, PaCMAP's recall is 0.129 and 0.135 on mtg-decks, 0.058 and 0.063 on python_api. LocalMAP's map goes on
# growing, and parting groups: with 0, 0.2, 0.5 and 0.9, 0.151, 0.151, 0.146, 0.146 of the pairs, 0.599, 0.599, 0.600,
# 0.602 of the triplets.
FALL, LOCAL_FALL = 0.9, 0.2
DRAWN_EVERY = 25  # iterations, strangers nearby; 10, as published, keeps as much
WARM_ITERATIONS, FEWEST_ITERATIONS, WARM_RATE = 50, 30, 0.05  # with 13, ten refreshes lost 6 % of neighbour recall
LARGE, RENEWED = 20_000, (0, 60, 150, 250)  # entities from which on, and iterations at which, their order is renewed


def lay_out(
    inputs: LayoutInputs,
    start: np.ndarray,
    *,
    warm: float,
    seed: int,
    progress: Progress,
    n_neighbors: int,
    MN_ratio: float,
    FP_ratio: float,
) -> np.ndarray:
    """PaCMAP of the n_neighbors nearest, from start (m, dims); see ``descend``."""
    return descend(
        inputs, start, warm, seed, progress, n_neighbors, middle_ratio=MN_ratio, farther_ratio=FP_ratio, reach=0.0
    )


def descend(
    inputs: LayoutInputs,
    start: np.ndarray,
    warm: float,
    seed: int,
    progress: Progress,
    n_neighbors: int,
    *,
    middle_ratio: float,
    farther_ratio: float,
    reach: float,
) -> np.ndarray:
    """The three phases of both methods; with a reach above 0, strangers of the last are those within it: LocalMAP.

    Mid-near pairs, which make the large shape, are drawn by distance in the embedding, or for a graph by distance among
    its start positions in OUTLINE_DIMS dimensions. ``warm``: start is an earlier map, which goes on in the last of the
    phases with a small step.
    """
    import numpy as np

    from atlas_assets.kernels.order import along_curve
    from atlas_assets.kernels.pacmap import draw_mid_near

    n = len(start)
    n_neighbors = min(n_neighbors, int((n - 1) / (1 + middle_ratio + farther_ratio)) - 1)
    if n < FEWEST or n_neighbors < 1:
        return start
    progress(0.0, "drawing pairs")
    listed = inputs.lists(n_neighbors).indices
    middle = None
    if not warm and middle_ratio:
        outline = inputs.start(OUTLINE_DIMS) if inputs.source == "graph" else inputs.embedded
        outline = np.ascontiguousarray(outline, np.float32)
        middle = _pairs(draw_mid_near(outline, max(1, int(n_neighbors * middle_ratio)), seed))
    farther = max(1, int(n_neighbors * farther_ratio))
    begin = start if warm else (start - start.mean(axis=0)) / np.maximum(start.std(axis=0), 1e-12) * START
    near = _pairs(listed)
    first, second, last = LOCAL_PHASES if reach else PHASES
    if warm:
        first, second, last = 0, 0, max(FEWEST_ITERATIONS, round(warm * WARM_ITERATIONS))
    total = first + second + last

    def run(descent_by: Any) -> np.ndarray:
        descent = descent_by(begin, near, middle, farther=farther, seed=seed)
        for iteration in range(total):
            if n > LARGE and iteration in RENEWED:
                descent.reorder(along_curve(descent.y))
            begun = iteration - first - second
            if begun < 0:
                phase, weight = (0, iteration / first) if iteration < first else (1, 1.0)
                middle_weight = (1 - weight) * MIDDLE_FIRST + weight * MIDDLE_THEN
                descent.step(near=NEAR[phase], middle=middle_weight, rate=RATE)
            else:
                if reach and (begun % DRAWN_EVERY == 0 or (n > LARGE and iteration in RENEWED)):
                    descent.draw_nearby(reach)
                rate = WARM_RATE if warm else RATE * (1 - (LOCAL_FALL if reach else FALL) * begun / last)
                descent.step(near=NEAR[2], middle=0.0, rate=rate, local=reach / 2)
            progress(0.1 + 0.9 * (iteration + 1) / total, f"iteration {iteration + 1} of {total}")
        return descent.positions()

    return devices.descend("pacmap", inputs, run)


def _pairs(listed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Symmetric CSR of listed partners (n, k), -1 for none: how often each two are a pair."""
    import numpy as np

    from atlas_assets.kernels.unions import union_of_lists

    ones = np.ones(listed.shape, np.float32)
    joined = union_of_lists(np.ascontiguousarray(listed, np.int32), ones)
    return joined.indptr, joined.indices, joined.data


def lay_out_by_library(
    inputs: LayoutInputs,
    start: np.ndarray,
    *,
    warm: float,
    seed: int,
    progress: Progress,
    n_neighbors: int,
    MN_ratio: float,
    FP_ratio: float,
) -> np.ndarray:
    """The same by pacmap, see ``fit``."""
    return fit("PaCMAP", inputs, start, seed, progress, n_neighbors, MN_ratio=MN_ratio, FP_ratio=FP_ratio)


def fit(
    name: Literal["PaCMAP", "LocalMAP"],
    inputs: LayoutInputs,
    start: np.ndarray,
    seed: int,
    progress: Progress,
    n_neighbors: int,
    **options: Any,
) -> np.ndarray:
    """A layout by a class of the library, on one thread: it draws on numba's random state of the thread it runs on.

    Mid-near pairs, which make the large shape, are drawn by distance in the embedding, or for a graph by distance among
    its start positions in OUTLINE_DIMS dimensions. It takes all of its steps whether start is an earlier map or not:
    it shrinks any start to a point, so that there is no going on in small steps.
    """
    import numpy as np

    from atlas_assets.stages.projection.single_thread import single_thread

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
        n_components=dims,
        n_neighbors=partners.shape[1],
        pair_neighbors=pairs,
        random_state=seed,
        apply_pca=False,
        **options,
    )
    progress(0.1, "laying out")
    with single_thread():
        return np.asarray(reducer.fit_transform(outline, init=start.astype(np.float32)))


METHOD = Method(
    name="pacmap",
    label="PaCMAP",
    nickname="Landscape",
    about="Keeps both close groups and the overall arrangement.",
    parameters={
        "n_neighbors": NEIGHBOURS,
        "MN_ratio": Parameter(
            "mn",
            0.5,
            0.0,
            10.0,
            False,
            "Mid-near pairs per neighbour; they make the shape.",
            "{} mid-near pairs per neighbour",
            usual=(0.1, 2.0),
        ),
        "FP_ratio": Parameter(
            "fp",
            2.0,
            0.5,
            20.0,
            False,
            "Farther pairs per neighbour: they spread the map.",
            "{} farther pairs per neighbour",
            usual=(0.5, 5.0),
        ),
    },
    sources=("embedding", "graph"),
    lay_out=lay_out,
    library=Library("pacmap", lay_out_by_library, Cost(6.0, 0.05, in_3d=1.5)),
    neighbors=as_named,
    limits=as_listed,
    cost=Cost(0.6, 0.02, in_3d=1.2),
    stuck=True,
)
