"""t-SNE of given affinities by openTSNE: from scratch, or on from an earlier map. The same bits for the same seed."""

from __future__ import annotations

import warnings

import numpy as np

from atlas_assets.methods import neighbors_wanted
from atlas_assets.stages.artifact import Progress, no_progress
from atlas_assets.stages.layout_inputs import LayoutInputs

# Width of a grid cell of the interpolated repulsion: 2 instead of 1 takes a quarter of the time (mtg-decks, 5,105
# entities: 9 s instead of 33 s) at the same recall (0.1425 and 0.1423); 3 loses some (0.1396).
GRID = 2
SMALL = 2_000  # fewer entities than this are faster by a tree than by a grid
# With early exaggeration, and after it. The library's 250 and 500 make python (13,710) no better in twice the time:
# recall 0.094 and triplet accuracy 0.689 both; but reddit (51,487) 0.061, 0.538 instead of 0.061, 0.531.
ITERATIONS_SMALL, ITERATIONS_LARGE, LARGE = (125, 375), (250, 500), 20_000
EXAGGERATION = 12
WARM_ITERATIONS = 50
SMALL_START = 1e-4  # larger start positions would freeze before the clusters have formed


def tsne(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress = no_progress,
    perplexity: float,
) -> np.ndarray:  # fmt: skip
    """t-SNE (van der Maaten & Hinton 2008) of the affinities at this perplexity, from start (m, dims), by openTSNE.

    ``warm``: start is an earlier map, which goes on without early exaggeration; 1: with WARM_ITERATIONS. Repulsion by
    interpolation (FIt-SNE, Linderman et al. 2019) in two dimensions, by a Barnes-Hut tree in three and below SMALL
    entities. One thread, because sums over several differ in their last bits.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities

    progress(0.0, "weighing neighbours")
    n = len(start)
    wanted = neighbors_wanted("tsne", {"perplexity": perplexity})
    # a copy: openTSNE multiplies them by the exaggeration and divides again, in place, which moves their last bits
    shared = inputs.affinities(perplexity, n_neighbors=wanted)
    affinities = PrecomputedAffinities(shared.copy(), normalize=False)
    by_grid = start.shape[1] == 2 and n >= SMALL

    if warm:
        begin, phases = start, [(max(1, round(warm * WARM_ITERATIONS)), 1.0)]
    else:
        begin = start / max(float(start.std(axis=0).max()), 1e-12) * SMALL_START
        early, late = ITERATIONS_SMALL if n <= LARGE else ITERATIONS_LARGE
        phases = [(early, min(EXAGGERATION, max(n / 20, 1))), (late, 1.0)]
    made = TSNEEmbedding(
        np.array(begin, np.float64), affinities, negative_gradient_method="fft" if by_grid else "bh",
        ints_in_interval=GRID, random_state=seed, n_jobs=1, learning_rate="auto",
    )  # fmt: skip
    total, done = sum(iterations for iterations, _ in phases), 0
    for iterations, exaggeration in phases:

        def report(iteration: int, error: float, _: object, done: int = done) -> None:
            progress((done + iteration) / total, f"divergence {error:.3f}")

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            made = made.optimize(
                iterations, exaggeration=exaggeration, momentum=0.8, callbacks=report, callbacks_every_iters=50
            )
        done += iterations
    return np.asarray(made)
