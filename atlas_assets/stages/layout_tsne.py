"""t-SNE of given affinities by openTSNE: from scratch, or on from an earlier map. The same bits for the same seed."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.optimize import fminbound

from atlas_assets.methods import neighbors_wanted
from atlas_assets.stages.artifact import Progress, no_progress
from atlas_assets.stages.layout_inputs import LayoutInputs

# Width of a grid cell of the interpolated repulsion: 2 instead of 1 takes a quarter of the time (mtg-decks, 5,105
# entities: 9 s instead of 33 s) at the same recall (0.1425 and 0.1423); 3 loses some (0.1396).
GRID = 2
SMALL = 2_000  # fewer entities than this are faster by a tree than by a grid
EARLY_ITERATIONS, ITERATIONS, EXAGGERATION = 125, 375, 12
WARM_ITERATIONS = 50
SMALL_START = 1e-4  # larger start positions would freeze before the clusters have formed
SCALES = (0.5, 500.0)  # root mean square radii that an earlier map may have had before it was resized


def tsne(
    inputs: LayoutInputs, start: np.ndarray, *, warm: bool, seed: int, progress: Progress = no_progress,
    perplexity: float,
) -> np.ndarray:  # fmt: skip
    """t-SNE (van der Maaten & Hinton 2008) of the affinities at this perplexity, from start (m, dims), by openTSNE.

    ``warm``: start is an earlier map. It is blown up to the size at which its divergence is least, and goes on without
    early exaggeration. Repulsion by interpolation (FIt-SNE, Linderman et al. 2019) in two dimensions, by a Barnes-Hut
    tree in three and below SMALL entities. One thread, because sums over several differ in their last bits.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities

    progress(0.0, "weighing neighbours")
    n = len(start)
    wanted = neighbors_wanted("tsne", {"perplexity": perplexity})
    affinities = PrecomputedAffinities(inputs.affinities(perplexity, n_neighbors=wanted), normalize=False)
    by_grid = start.shape[1] == 2 and n >= SMALL

    def embedding(positions: np.ndarray) -> TSNEEmbedding:
        return TSNEEmbedding(
            np.array(positions, np.float64), affinities, negative_gradient_method="fft" if by_grid else "bh",
            ints_in_interval=GRID, random_state=seed, n_jobs=1, learning_rate="auto",
        )  # fmt: skip

    def divergence(size: float) -> float:
        """That of start at this logarithm of a radius; a callback is the only way to it, and ends the optimisation."""
        found: list[float] = []
        embedding(start * (np.exp(size) / radius)).optimize(
            1, exaggeration=1, callbacks=lambda _, error, __: found.append(error) or True, callbacks_every_iters=1
        )
        return found[0]

    radius = np.sqrt(((start - start.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0
    phases = [(ITERATIONS, 1.0)] if not warm else [(WARM_ITERATIONS, 1.0)]
    if warm:
        made = embedding(start * (np.exp(fminbound(divergence, *np.log(SCALES), xtol=0.02)) / radius))
    else:
        made = embedding(start / max(float(start.std(axis=0).max()), 1e-12) * SMALL_START)
        phases.insert(0, (EARLY_ITERATIONS, min(EXAGGERATION, max(n / 20, 1))))
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
