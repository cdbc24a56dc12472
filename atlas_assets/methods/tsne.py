"""t-SNE (van der Maaten & Hinton 2008): who is next to whom, evenly spread."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from atlas_assets.methods.method import Cost, Library, Method, Parameter, Values

if TYPE_CHECKING:
    import numpy as np

    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.layout_inputs import LayoutInputs

PERPLEXITY_NEIGHBOURS = 3  # neighbours per unit of perplexity: farther ones weigh next to nothing
# Of k listed neighbours: more perplexity weighs them ever more alike (recall on mtg-decks, k = 15: 0.142 with 10, 0.137
# with 15, where all weigh the same).
MOST_PERPLEXITY = 2 / 3

# For openTSNE. Width of a grid cell of the interpolated repulsion: 2 instead of 1 takes a quarter of the time
# (mtg-decks, 5,105 entities: 9 s instead of 33 s) at the same recall (0.1425 and 0.1423); 3 loses some (0.1396).
GRID = 2
SMALL = 2_000  # fewer entities than this are faster by a tree than by a grid
# With early exaggeration, and after it. The library's 250 and 500 make python (13,710) no better in twice the time:
# recall 0.094 and triplet accuracy 0.689 both; but reddit (51,487) 0.061, 0.538 instead of 0.061, 0.531.
ITERATIONS_SMALL, ITERATIONS_LARGE, LARGE = (125, 375), (250, 500), 20_000
EXAGGERATION = 12
WARM_ITERATIONS = 50
SMALL_START = 1e-4  # larger start positions would freeze before the clusters have formed


def neighbors(values: Values) -> int:
    """How many of the nearest are weighed."""
    return round(PERPLEXITY_NEIGHBOURS * values["perplexity"])


def limits(n_listed: int) -> dict[str, float]:
    return {"perplexity": MOST_PERPLEXITY * n_listed}


def lay_out(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress, perplexity: float
) -> np.ndarray:
    """t-SNE of the affinities at this perplexity, from start (m, dims)."""
    return lay_out_by_library(inputs, start, warm=warm, seed=seed, progress=progress, perplexity=perplexity)


def lay_out_by_library(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress, perplexity: float
) -> np.ndarray:
    """The same by openTSNE, on one thread: its sums over several differ in their last bits.

    ``warm``: start is an earlier map, which goes on without early exaggeration; 1: with WARM_ITERATIONS. Repulsion by
    interpolation (FIt-SNE, Linderman et al. 2019) in two dimensions, by a Barnes-Hut tree in three and below SMALL
    entities.
    """
    import numpy as np
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities

    from atlas_assets.stages.single_thread import single_thread

    progress(0.0, "weighing neighbours")
    n = len(start)
    # a copy: openTSNE multiplies them by the exaggeration and divides again, in place, which moves their last bits
    shared = inputs.affinities(perplexity, n_neighbors=neighbors({"perplexity": perplexity}))
    affinities = PrecomputedAffinities(shared.copy(), normalize=False)
    by_grid = start.shape[1] == 2 and n >= SMALL

    if warm:
        begin, phases = start, [(max(1, round(warm * WARM_ITERATIONS)), 1.0)]
    else:
        begin = start / max(float(start.std(axis=0).max()), 1e-12) * SMALL_START
        early, late = ITERATIONS_SMALL if n <= LARGE else ITERATIONS_LARGE
        phases = [(early, min(EXAGGERATION, max(n / 20, 1))), (late, 1.0)]
    total, done = sum(iterations for iterations, _ in phases), 0
    with single_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        made = TSNEEmbedding(
            np.array(begin, np.float64), affinities, negative_gradient_method="fft" if by_grid else "bh",
            ints_in_interval=GRID, random_state=seed, n_jobs=1, learning_rate="auto",
        )  # fmt: skip
        for iterations, exaggeration in phases:

            def report(iteration: int, error: float, _: object, done: int = done) -> None:
                progress((done + iteration) / total, f"divergence {error:.3f}")

            made = made.optimize(
                iterations, exaggeration=exaggeration, momentum=0.8, callbacks=report, callbacks_every_iters=50
            )
            done += iterations
    return np.asarray(made)


METHOD = Method(
    name="tsne",
    label="t-SNE",
    about="Spreads everything evenly; who is next to whom is what it gets right.",
    parameters={
        "perplexity": Parameter(
            "p", 30, 2, 500, False, "Roughly the neighbours that count; more blurs detail.",
            "about {} neighbours count", usual=(5, 60),
        ),
    },
    sources=("embedding", "graph"),
    lay_out=lay_out,
    library=Library("openTSNE", lay_out_by_library, Cost(6.0, 0.05, in_3d=1.5)),
    neighbors=neighbors,
    limits=limits,
    cost=Cost(6.0, 0.05, in_3d=1.5),
    stuck=True,
)  # fmt: skip
