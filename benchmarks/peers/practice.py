"""Maps as they are made by hand with SciPy, implicit, PyMDE, umap-learn, openTSNE, pacmap and dire-rapids.

The steps of ``routes``, and what our layouts are compared with. Nothing of Atlas in here, and of the libraries nothing
but what they offer to everybody. Lists are (indices (n, k), similarities (n, k)), most similar first, -1 and 0 where an
entity has fewer; positions are (n, dims). Seeded, as far as the libraries let one and it costs them no threads.
"""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array, csr_matrix, diags_array

from benchmarks.peers import Memberships, matrices

Lists = tuple[np.ndarray, np.ndarray]


def threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def counts(data: Memberships) -> csr_matrix:
    """(n, n): in how many collections every two entities are together; on the diagonal, in how many each is."""
    matrix = matrices.matrix_of(data)
    return matrix.T.tocsr() @ matrix


def similarities(together: csr_matrix, n_collections: int, *, kind: str) -> csr_matrix:
    """count, cosine, jaccard, or normalised pointwise mutual information, entry by entry."""
    values, columns = together.data.astype(np.float64), together.indices
    each = together.diagonal().astype(np.float64)
    a, b = np.repeat(each, np.diff(together.indptr)), each[columns]
    if kind == "cosine":
        values = values / np.sqrt(a * b)
    elif kind == "jaccard":
        values = values / (a + b - values)
    elif kind == "npmi":
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log(values * n_collections / (a * b)) / -np.log(values / n_collections)
        values = np.maximum(np.nan_to_num(values), 0.0)
    elif kind != "count":
        raise ValueError(kind)
    return csr_matrix((values, columns, together.indptr), shape=together.shape)


def nearest(data: Memberships, k: int, *, kind: str) -> Lists:
    """The k most similar entities of each."""
    indices, values = matrices.top_k(similarities(counts(data), data.n_collections, kind=kind), k)
    return np.where(values > 0, indices, -1), np.maximum(values, 0)


def edges_of(lists: Lists) -> tuple[np.ndarray, np.ndarray]:
    """Edges (m, 2), first < second, and weights: 2 where both list each other, else 1."""
    indices = lists[0]
    n, k = indices.shape
    listed = indices.ravel() >= 0
    rows = np.repeat(np.arange(n), k)[listed]
    graph = csr_array((np.ones(rows.size), (rows, indices.ravel()[listed])), shape=(n, n))
    both = coo_array(graph + graph.T)
    upper = both.row < both.col
    return np.stack([both.row[upper], both.col[upper]], axis=1).astype(np.int64), both.data[upper]


def mde(lists: Lists, *, dims: int, ratio: float = 1.0, iterations: int = 300, seed: int = 0) -> np.ndarray:
    """Stock PyMDE: the lists' edges attract (Log1p), ``ratio`` times as many random pairs repel (Log)."""
    import pymde
    import torch
    from pymde.preprocess import sample_edges

    pymde.seed(seed)
    attracted, weights = edges_of(lists)
    n = len(lists[0])
    repelled = sample_edges(n, round(ratio * len(attracted)), exclude=torch.tensor(attracted)).numpy()
    signed = np.concatenate([weights, -np.ones(len(repelled))])
    return mde_problem(np.concatenate([attracted, repelled]), signed, n=n, dims=dims).embed(max_iter=iterations).numpy()


def mde_problem(pairs: np.ndarray, weights: np.ndarray, *, n: int, dims: int) -> Any:
    """``pymde.MDE`` of pairs (m, 2) that attract (Log1p) where their weight is positive and else repel (Log)."""
    import pymde
    import torch

    penalties: Any = pymde.penalties
    function = penalties.PushAndPull(
        torch.tensor(weights, dtype=torch.float32), attractive_penalty=penalties.Log1p, repulsive_penalty=penalties.Log
    )
    return pymde.MDE(n, dims, torch.tensor(pairs), function, constraint=pymde.Centered())


def centred(start: np.ndarray) -> Any:
    """Positions as ``embed`` takes them."""
    import torch

    return torch.tensor(start - start.mean(axis=0), dtype=torch.float32)


def umap(
    vectors: np.ndarray,
    *,
    n_neighbors: int,
    min_dist: float,
    metric: str = "euclidean",
    dims: int = 2,
    seed: int | None = 0,
    epochs: int | None = None,
) -> np.ndarray:
    """umap-learn from scratch, with its own number of epochs. With a seed it runs on one thread; without, on all."""
    return _umap(
        n_epochs=epochs,
        n_components=dims,
        n_neighbors=n_neighbors,
        min_dist=min_dist,
        metric=metric,
        random_state=seed,
        n_jobs=1 if seed is not None else threads(),
    ).fit_transform(vectors)


def umap_of_lists(
    lists: Lists, *, min_dist: float, seed: int | None = 0, start: np.ndarray | None = None
) -> np.ndarray:
    """umap-learn on a graph: it takes given neighbours, and counts an entity among its own at distance 0.

    start (n, dims): where to begin, else it makes a spectral start. Without a seed it runs on all threads.
    """
    indices, similarity = lists
    n, k = indices.shape
    near = np.concatenate([np.arange(n)[:, None], indices], axis=1)
    away = np.concatenate([np.zeros((n, 1)), distances(similarity)], axis=1)
    # a missing one is as far away as the last there is, or it would widen its row
    away = np.minimum(away, np.where(near < 0, 0, away).max(axis=1, keepdims=True)).astype(np.float32)
    # asked for vectors though the neighbours are given; they decide nothing but the number of rows
    vectors = np.zeros((n, 1), np.float32)
    return _umap(
        n_neighbors=k + 1,
        min_dist=min_dist,
        random_state=seed,
        n_jobs=1 if seed is not None else threads(),
        precomputed_knn=(near, away, None),
        force_approximation_algorithm=True,
        init="spectral" if start is None else start.astype(np.float32),
    ).fit_transform(vectors)


def _umap(**options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

    return UMAP(**options)


def tsne(
    vectors: np.ndarray, *, perplexity: float, dims: int = 2, metric: str = "euclidean", seed: int = 0
) -> np.ndarray:
    """openTSNE from scratch, on all threads."""
    from openTSNE import TSNE

    make: Any = TSNE
    return np.asarray(
        make(n_components=dims, perplexity=perplexity, metric=metric, n_jobs=threads(), random_state=seed).fit(vectors)
    )


def tsne_of_lists(lists: Lists, *, perplexity: float, seed: int = 0) -> np.ndarray:
    """openTSNE on a graph, from a spectral start."""
    from openTSNE import TSNE, affinity, initialization, nearest_neighbors

    weigh: Any = affinity.PerplexityBasedNN
    make: Any = TSNE
    indices, similarity = lists
    # a missing one is the entity itself, which pulls on nothing
    near = np.where(indices < 0, np.arange(len(indices))[:, None], indices)
    index = nearest_neighbors.PrecomputedNeighbors(near, distances(similarity))
    affinities = weigh(perplexity=perplexity, knn_index=index, k_neighbors=near.shape[1])
    start = initialization.spectral(affinities.P, n_components=2, random_state=seed)
    return np.asarray(
        make(n_jobs=threads(), random_state=seed, perplexity=perplexity).fit(
            affinities=affinities, initialization=start
        )
    )


def tsne_of_affinities(weights: csr_array, start: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """openTSNE as it is, but from given affinities (n, n) that sum to 1 and from a start, as small as it asks for."""
    from openTSNE import TSNE
    from openTSNE.affinity import PrecomputedAffinities

    make: Any = TSNE
    weigh: Any = PrecomputedAffinities
    given = weigh(csr_matrix(weights, dtype=np.float64), normalize=False)
    return np.asarray(make(n_jobs=threads(), random_state=seed).fit(affinities=given, initialization=_small(start)))


def tsne_in_less(weights: csr_array, start: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """The same with the settings that take least time for about the same map.

    From 2,000 entities on a grid, of cells twice as wide, and up to 20,000 half the iterations.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities

    make: Any = TSNEEmbedding
    weigh: Any = PrecomputedAffinities
    given = weigh(csr_matrix(weights, dtype=np.float64), normalize=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        made = make(
            _small(start),
            given,
            negative_gradient_method="fft" if len(start) >= 2_000 else "bh",
            ints_in_interval=2,
            random_state=seed,
            n_jobs=threads(),
            learning_rate="auto",
        )
        early, late = (125, 375) if len(start) <= 20_000 else (250, 500)
        made = made.optimize(early, exaggeration=12, momentum=0.8)
        return np.asarray(made.optimize(late, momentum=0.8))


def _small(start: np.ndarray) -> np.ndarray:
    """A start as openTSNE recommends it: of standard deviation 1e-4 along the longest axis."""
    return start / start.std(axis=0).max() * 1e-4


def pacmap_of_lists(lists: Lists, outline: np.ndarray, start: np.ndarray, *, local: bool) -> np.ndarray:
    """PaCMAP, or with ``local`` LocalMAP, of a graph, by pacmap on all threads. Without a seed, as that is slower.

    outline (n, d): where entities lie roughly, by which it draws its mid-near pairs.
    """
    indices, n = lists[0], len(start)
    partners = np.where(indices < 0, np.arange(n)[:, None], indices)  # one paired with itself pulls on nothing
    pairs = np.stack([np.repeat(np.arange(n), partners.shape[1]), partners.ravel()], axis=1).astype(np.int32)
    made = _pacmap(local, n_neighbors=partners.shape[1], pair_neighbors=pairs, apply_pca=False)
    return np.asarray(made.fit_transform(outline.astype(np.float32), init=start.astype(np.float32)))


def pacmap(vectors: np.ndarray, *, local: bool) -> np.ndarray:
    """PaCMAP or LocalMAP of vectors, as pacmap does it where it is told nothing: its own neighbours, from a PCA."""
    return np.asarray(_pacmap(local).fit_transform(vectors.astype(np.float32)))


def _pacmap(local: bool, **options: Any) -> Any:
    from pacmap import LocalMAP, PaCMAP

    logging.getLogger("pacmap").setLevel(logging.ERROR)  # it warns that vectors are not reduced first
    return (LocalMAP if local else PaCMAP)(**options)


def dire(vectors: np.ndarray, *, n_neighbors: int, min_dist: float, seed: int = 0, iterations: int = 128) -> np.ndarray:
    """dire-rapids on the CPU, from a PCA. It searches neighbours itself and takes none.

    Its search holds the distances between all rows and 50,000 at once, or with ``memory_efficient`` fewer.
    """
    from dire_rapids import create_dire  # pyright: ignore[reportMissingImports]

    return create_dire(
        backend="pytorch_cpu",
        n_neighbors=n_neighbors,
        min_dist=min_dist,
        random_state=seed,
        verbose=False,
        max_iter_layout=iterations,
        memory_efficient=len(vectors) > 20_000,
    ).fit_transform(vectors.astype(np.float32))


def distances(similarity: np.ndarray) -> np.ndarray:
    """1 - similarity; for counts, 1 less the share of the largest on a logarithmic scale."""
    if similarity.max() > 1.0 + 1e-6:
        similarity = np.log1p(similarity) / np.log1p(similarity.max())
    return np.maximum(1.0 - similarity, 0.0)


def als(data: Memberships, *, factors: int, seed: int = 0) -> np.ndarray:
    """implicit: factors of the entities by alternating least squares, as for recommendations."""
    from implicit.als import AlternatingLeastSquares  # pyright: ignore[reportMissingImports]
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # as it asks for: its own threads call BLAS
        model = AlternatingLeastSquares(factors=factors, random_state=seed, num_threads=threads())
        model.fit(matrices.matrix_of(data), show_progress=False)
    return np.asarray(model.item_factors)


def ppmi_svd(data: Memberships, *, factors: int, seed: int = 0) -> np.ndarray:
    """Leading factors of positive pointwise mutual information, scaled by the root of their singular values."""
    from sklearn.utils.extmath import randomized_svd

    together = counts(data)
    each = 1.0 / np.maximum(together.diagonal().astype(np.float64), 1.0)
    together.setdiag(0)
    ratio = diags_array(each) @ together @ diags_array(each) * data.n_collections
    ratio.eliminate_zeros()
    ratio.data = np.maximum(np.log(ratio.data), 0.0)
    left, values, _ = randomized_svd(csr_matrix(ratio), factors, random_state=seed)
    return left * np.sqrt(values)
