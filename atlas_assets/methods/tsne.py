"""t-SNE (van der Maaten & Hinton 2008): who is next to whom, evenly spread."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from atlas_assets.methods import devices
from atlas_assets.methods.method import Cost, Library, Method, Parameter, Values

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_array

    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.projection.layout_inputs import LayoutInputs

PERPLEXITY_NEIGHBOURS = 3  # neighbours per unit of perplexity: farther ones weigh next to nothing
# Of k listed neighbours: more perplexity weighs them ever more alike (recall on mtg-decks, k = 15: 0.142 with 10, 0.137
# with 15, where all weigh the same).
MOST_PERPLEXITY = 2 / 3

# With early exaggeration, and after it: a start that has the shape of the whole needs little of the first. With 20, 60
# and 125 iterations of it mtg-decks has 0.175, 0.174 and 0.175 of the held-out pairs, 0.625, 0.622 and 0.619 of the
# triplets; 450 after it change neither, here or on python_api.
EARLY, LATE = 40, 300
EXAGGERATION, MOMENTUM = 12.0, 0.8
# Standard deviation of a start along its longest axis, of the n-th root of entities in n dimensions: half of a finished
# map's. From openTSNE's 1e-4, maps take longer and now and then fold: triplets on mtg-decks 0.57 or 0.62. With 0.1, 0.2
# and 0.3 in two dimensions, mtg-decks has 0.613, 0.622, 0.624, python_api 0.681, 0.685, 0.693, reddit 0.537, 0.547,
# 0.556 of the triplets, at the same recall.
START = {2: 0.25, 3: 0.3}
WARM_ITERATIONS = 50
LARGE = 20_000  # entities from which on their order in memory is worth renewing
RENEWED = 100  # after so many iterations each time

# For openTSNE. Width of a grid cell of the interpolated repulsion: 2 instead of 1 takes a quarter of the time
# (mtg-decks, 5,105 entities: 9 s instead of 33 s) at the same recall (0.1425 and 0.1423); 3 loses some (0.1396).
LIBRARY_GRID = 2
SMALL = 2_000  # fewer entities than this are faster by a tree than by a grid
# The library's 250 and 500 make python (13,710) no better in twice the time: recall 0.094 and triplet accuracy 0.689
# both; but reddit (51,487) 0.061, 0.538 instead of 0.061, 0.531.
LIBRARY_SMALL, LIBRARY_LARGE = (125, 375), (250, 500)
LIBRARY_START = 1e-4  # larger start positions would freeze before the clusters have formed


def neighbors(values: Values) -> int:
    """How many of the nearest are weighed."""
    return 0 if values["similarity_power"] else round(PERPLEXITY_NEIGHBOURS * values["perplexity"])


def limits(n_listed: int) -> dict[str, float]:
    return {"perplexity": MOST_PERPLEXITY * n_listed}


def affinities(inputs: LayoutInputs, perplexity: float, similarity_power: float) -> csr_array:
    """What pulls: by perplexity, or where a power is given and a graph is laid out, by its similarities."""
    if similarity_power and inputs.source == "graph":
        return inputs.similarity_affinities(similarity_power)
    return inputs.affinities(perplexity, n_neighbors=round(PERPLEXITY_NEIGHBOURS * perplexity))


def lay_out(
    inputs: LayoutInputs,
    start: np.ndarray,
    *,
    warm: float,
    seed: int,
    progress: Progress,
    perplexity: float,
    similarity_power: float,
) -> np.ndarray:
    """t-SNE of the affinities at this perplexity, or of similarities to this power, from start (m, dims).

    ``warm``: start is an earlier map, which goes on without early exaggeration; 1: with WARM_ITERATIONS. Repulsion is
    that of all pairs. Nothing is drawn: the seed plays no part.
    """
    from atlas_assets.kernels.order import along_curve

    progress(0.0, "weighing neighbours")
    pulls = affinities(inputs, perplexity, similarity_power)
    n = len(start)
    if warm:
        begin, phases = start, [(max(1, round(warm * WARM_ITERATIONS)), 1.0)]
    else:
        width = START[start.shape[1]] * n ** (1 / start.shape[1])
        begin = start * (width / max(float(start.std(axis=0).max()), 1e-12))
        phases = [(EARLY, min(EXAGGERATION, max(n / 20, 1.0))), (LATE, 1.0)]
    total = sum(iterations for iterations, _ in phases)

    def descend(descent_by: Any) -> np.ndarray:
        descent, done = descent_by(begin, pulls), 0
        for iterations, exaggeration in phases:
            descent.restart()
            for _ in range(iterations):
                if n > LARGE and done % RENEWED == 0:
                    descent.reorder(along_curve(descent.y))
                descent.step(rate=n / exaggeration, momentum=MOMENTUM, exaggeration=exaggeration)
                done += 1
                progress(done / total, f"iteration {done} of {total}")
        return descent.positions()

    return devices.descend("tsne", inputs, descend)


def lay_out_by_library(
    inputs: LayoutInputs,
    start: np.ndarray,
    *,
    warm: float,
    seed: int,
    progress: Progress,
    perplexity: float,
    similarity_power: float,
) -> np.ndarray:
    """The same by openTSNE, on one thread: its sums over several differ in their last bits.

    ``warm``: start is an earlier map, which goes on without early exaggeration; 1: with WARM_ITERATIONS. Repulsion by
    interpolation (FIt-SNE, Linderman et al. 2019) in two dimensions, by a Barnes-Hut tree in three and below SMALL
    entities.
    """
    import numpy as np
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities
    from scipy.sparse import csr_matrix

    from atlas_assets.stages.projection.single_thread import single_thread

    progress(0.0, "weighing neighbours")
    n = len(start)
    # a copy: openTSNE multiplies them by the exaggeration and divides again, in place, which moves their last bits
    shared = csr_matrix(affinities(inputs, perplexity, similarity_power), dtype=np.float64, copy=True)
    by_grid = start.shape[1] == 2 and n >= SMALL

    if warm:
        begin, phases = start, [(max(1, round(warm * WARM_ITERATIONS)), 1.0)]
    else:
        begin = start / max(float(start.std(axis=0).max()), 1e-12) * LIBRARY_START
        early, late = LIBRARY_SMALL if n <= LARGE else LIBRARY_LARGE
        phases = [(early, min(EXAGGERATION, max(n / 20, 1))), (late, 1.0)]
    total, done = sum(iterations for iterations, _ in phases), 0
    with single_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        made = TSNEEmbedding(
            np.array(begin, np.float64),
            PrecomputedAffinities(shared, normalize=False),
            negative_gradient_method="fft" if by_grid else "bh",
            ints_in_interval=LIBRARY_GRID,
            random_state=seed,
            n_jobs=1,
            learning_rate="auto",
        )
        for iterations, exaggeration in phases:

            def report(iteration: int, error: float, _: object, done: int = done) -> None:
                progress((done + iteration) / total, f"divergence {error:.3f}")

            made = made.optimize(
                iterations, exaggeration=exaggeration, momentum=MOMENTUM, callbacks=report, callbacks_every_iters=50
            )
            done += iterations
    return np.asarray(made)


METHOD = Method(
    name="tsne",
    label="t-SNE",
    nickname="Detailed",
    about="Spreads everything evenly; who is next to whom is what it gets right.",
    parameters={
        "perplexity": Parameter(
            "p",
            30,
            2,
            500,
            False,
            "Roughly the neighbours that count; more blurs detail.",
            "about {} neighbours count",
            usual=(5, 60),
        ),
        "similarity_power": Parameter(
            "sp",
            0,
            0,
            8,
            False,
            "From the graph: neighbours pull by their similarity to this power (1.5 is good), "
            "not by perplexity; 0: by perplexity.",
            "neighbours pull by similarity to the power of {}",
            in_key="when set",
            instead_of="perplexity",
            source="graph",
        ),
    },
    sources=("embedding", "graph"),
    lay_out=lay_out,
    library=Library("openTSNE", lay_out_by_library, Cost(6.0, 0.05, in_3d=1.5)),
    neighbors=neighbors,
    limits=limits,
    cost=Cost(1.5, 0.01, in_3d=3.0),
    stuck=True,
)
