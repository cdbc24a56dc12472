"""UMAP and t-SNE on given neighbour lists and start positions: arrays in, positions out, the same for the same seed.

Neither searches neighbours itself, so both lay out a graph as readily as an embedding. Orientation and scale are
left as they come; ``projection`` aligns them.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.sparse import coo_array, csr_matrix

from atlas_assets.kernels.perplexity import conditional_probabilities
from atlas_assets.stages.artifact import Progress, no_progress
from atlas_assets.stages.neighbour_lists import NeighbourLists

# Width of a grid cell of the interpolated repulsion: 2 instead of 1 takes a quarter of the time (mtg-decks, 5,105
# entities: 9 s instead of 33 s) at the same recall (0.1425 and 0.1423); 3 loses some (0.1396).
TSNE_GRID = 2
TSNE_SMALL = 2_000  # fewer entities than this are faster by a tree than by a grid
UMAP_EPOCHS_SMALL, UMAP_EPOCHS_LARGE, UMAP_LARGE = 500, 200, 20_000
TSNE_EARLY_ITERATIONS, TSNE_ITERATIONS, TSNE_EXAGGERATION = 250, 500, 12


def umap(
    lists: NeighbourLists, start: np.ndarray, *, n_neighbors: int, min_dist: float, seed: int,
    progress: Progress = no_progress,
) -> np.ndarray:  # fmt: skip
    """UMAP (McInnes, Healy & Melville 2018) of the first n_neighbors of each list, from start (n, dims).

    Fewer entries in a row than n_neighbors are allowed; its entity is then held by those it has. Runs on one thread,
    because umap-learn's parallel sampling is not reproducible.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import warns about TensorFlow, which is not used
        from umap.umap_ import compute_membership_strengths, find_ab_params, simplicial_set_embedding, smooth_knn_dist
    n = len(start)
    lists = lists.first(n_neighbors)
    progress(0.0, "weighing neighbours")
    # umap-learn counts the row itself among its neighbours, at distance 0
    indices = np.concatenate([np.arange(n, dtype=np.int32)[:, None], lists.indices], axis=1)
    distances = np.concatenate([np.zeros((n, 1)), lists.distances], axis=1).astype(np.float32)
    missing = indices < 0
    # a missing neighbour must not widen its row: it takes part in the fit as a copy of the last real one
    distances = np.minimum(distances, np.where(missing, -np.inf, distances).max(axis=1, keepdims=True))
    sigmas, rhos = smooth_knn_dist(distances, float(indices.shape[1]), local_connectivity=1.0)
    rows, columns, strengths, _ = compute_membership_strengths(indices, distances, sigmas, rhos)
    one_way = coo_array((strengths, (rows, columns)), shape=(n, n)).tocsr()
    one_way.eliminate_zeros()
    fuzzy_union = one_way + one_way.T - one_way.multiply(one_way.T)
    a, b = find_ab_params(1.0, min_dist)
    progress(0.1, "laying out")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        positions, _ = simplicial_set_embedding(
            None, coo_array(fuzzy_union), start.shape[1], 1.0, a, b, 1.0, 5,
            UMAP_EPOCHS_SMALL if n <= UMAP_LARGE else UMAP_EPOCHS_LARGE, start.astype(np.float32),
            np.random.RandomState(seed), "euclidean", {}, False, {}, False, parallel=False,
        )  # fmt: skip
    progress(1.0, "laid out")
    return positions


def tsne(
    lists: NeighbourLists, start: np.ndarray, *, perplexity: float, seed: int, progress: Progress = no_progress
) -> np.ndarray:
    """t-SNE (van der Maaten & Hinton 2008) on the lists, from start (n, dims), by openTSNE.

    Repulsion by interpolation (FIt-SNE, Linderman et al. 2019) in two dimensions, by a Barnes-Hut tree in three and
    below TSNE_SMALL entities. A row with fewer neighbours than the perplexity weighs all of them alike. One thread,
    because sums over several differ in their last bits.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities

    progress(0.0, "weighing neighbours")
    n = len(start)
    conditional = conditional_probabilities(lists.indices, lists.distances, perplexity=perplexity)
    listed = lists.indices >= 0
    rows = np.repeat(np.arange(n), listed.sum(axis=1))
    matrix = csr_matrix((conditional[listed], (rows, lists.indices[listed])), shape=(n, n))
    affinities = PrecomputedAffinities(csr_matrix(matrix + matrix.T), normalize=True)
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
