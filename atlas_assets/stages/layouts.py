"""UMAP and t-SNE on given neighbour lists and start positions: arrays in, positions out, the same for the same seed.

Neither searches neighbours itself, so both lay out a graph as readily as an embedding. Orientation and scale are
left as they come; ``projection`` aligns them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy.sparse import coo_array

from atlas_assets.methods import neighbors_wanted
from atlas_assets.stages.artifact import Progress, no_progress
from atlas_assets.stages.layout_inputs import LayoutInputs

# Width of a grid cell of the interpolated repulsion: 2 instead of 1 takes a quarter of the time (mtg-decks, 5,105
# entities: 9 s instead of 33 s) at the same recall (0.1425 and 0.1423); 3 loses some (0.1396).
TSNE_GRID = 2
TSNE_SMALL = 2_000  # fewer entities than this are faster by a tree than by a grid
UMAP_EPOCHS_SMALL, UMAP_EPOCHS_LARGE, UMAP_LARGE = 500, 200, 20_000
TSNE_EARLY_ITERATIONS, TSNE_ITERATIONS, TSNE_EXAGGERATION = 250, 500, 12


def umap(
    inputs: LayoutInputs, start: np.ndarray, *, warm: bool, seed: int, progress: Progress = no_progress,
    n_neighbors: int, min_dist: float,
) -> np.ndarray:  # fmt: skip
    """UMAP (McInnes, Healy & Melville 2018) of the fuzzy graph of n_neighbors, from start (m, dims).

    Runs on one thread, because umap-learn's parallel sampling is not reproducible.
    """
    progress(0.0, "weighing neighbours")
    fuzzy = inputs.fuzzy_graph(n_neighbors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import warns about TensorFlow, which is not used
        from umap.umap_ import find_ab_params, simplicial_set_embedding
    a, b = find_ab_params(1.0, min_dist)
    progress(0.1, "laying out")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        positions, _ = simplicial_set_embedding(
            None, coo_array(fuzzy), start.shape[1], 1.0, a, b, 1.0, 5,
            UMAP_EPOCHS_SMALL if len(start) <= UMAP_LARGE else UMAP_EPOCHS_LARGE, start.astype(np.float32),
            np.random.RandomState(seed), "euclidean", {}, False, {}, False, parallel=False,
        )  # fmt: skip
    progress(1.0, "laid out")
    return positions


def tsne(
    inputs: LayoutInputs, start: np.ndarray, *, warm: bool, seed: int, progress: Progress = no_progress,
    perplexity: float,
) -> np.ndarray:  # fmt: skip
    """t-SNE (van der Maaten & Hinton 2008) of the affinities at this perplexity, from start (m, dims), by openTSNE.

    Repulsion by interpolation (FIt-SNE, Linderman et al. 2019) in two dimensions, by a Barnes-Hut tree in three and
    below TSNE_SMALL entities. One thread, because sums over several differ in their last bits.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities

    progress(0.0, "weighing neighbours")
    n = len(start)
    wanted = neighbors_wanted("tsne", {"perplexity": perplexity})
    affinities = PrecomputedAffinities(inputs.affinities(perplexity, n_neighbors=wanted), normalize=False)
    # the usual tiny start: large start positions would freeze before the clusters have formed
    small = start / max(float(start.std(axis=0).max()), 1e-12) * 1e-4
    by_grid = start.shape[1] == 2 and n >= TSNE_SMALL
    embedding = TSNEEmbedding(
        small.astype(np.float64), affinities, negative_gradient_method="fft" if by_grid else "bh",
        ints_in_interval=TSNE_GRID, random_state=seed, n_jobs=1, learning_rate="auto",
    )  # fmt: skip
    total = TSNE_EARLY_ITERATIONS + TSNE_ITERATIONS

    def report(done: int):
        return lambda iteration, error, _: progress((done + iteration) / total, f"divergence {error:.3f}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        embedding = embedding.optimize(
            TSNE_EARLY_ITERATIONS, exaggeration=min(TSNE_EXAGGERATION, max(n / 20, 1)), momentum=0.8,
            callbacks=report(0), callbacks_every_iters=50,
        )  # fmt: skip
        embedding = embedding.optimize(
            TSNE_ITERATIONS, exaggeration=1, momentum=0.8, callbacks=report(TSNE_EARLY_ITERATIONS),
            callbacks_every_iters=50,
        )  # fmt: skip
    return np.asarray(embedding)


def leading_axes(
    inputs: LayoutInputs, start: np.ndarray, *, warm: bool, seed: int, progress: Progress = no_progress
) -> np.ndarray:
    """The embedding's first principal axes, (m, dims); with as many as it has dimensions, the embedding itself."""
    return inputs.start(start.shape[1])


LAYOUTS: dict[str, Callable[..., np.ndarray]] = {
    "umap": umap,
    "tsne": tsne,
    "pca": leading_axes,
    "mde": leading_axes,
}
