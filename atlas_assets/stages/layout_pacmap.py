"""PaCMAP and LocalMAP of given neighbours by pacmap: from scratch, or on from an earlier map."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from atlas_assets.stages.artifact import Progress, no_progress
from atlas_assets.stages.layout_inputs import LayoutInputs

FEWEST = 30  # below, there are not enough entities to draw its pairs from, and the start positions are the map
OUTLINE_DIMS = 10  # dimensions of the start positions among which mid-near pairs are drawn, for a graph
MN_RATIO, FP_RATIO = 0.5, 2.0  # the library's own
WARM_ITERATIONS, FEWEST_ITERATIONS, WARM_RATE = 50, 30, 0.1  # with 13, ten refreshes lost 6 % of neighbour recall


def pacmap(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress = no_progress,
    n_neighbors: int, MN_ratio: float = MN_RATIO, FP_ratio: float = FP_RATIO,
) -> np.ndarray:  # fmt: skip
    """PaCMAP (Wang, Huang, Rudin & Shaposhnik 2021) of the n_neighbors nearest, from start (m, dims).

    Mid-near pairs, which make the large shape, are drawn by distance in the embedding, or for a graph by distance among
    its start positions in OUTLINE_DIMS dimensions. ``warm``: start is an earlier map, which goes on in the last
    of the three phases with a small step.
    """
    return _fit("PaCMAP", inputs, start, warm, seed, progress, n_neighbors, MN_ratio=MN_ratio, FP_ratio=FP_ratio)


def localmap(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress = no_progress,
    n_neighbors: int, low_dist_thres: float,
) -> np.ndarray:  # fmt: skip
    """LocalMAP (Wang et al. 2025): PaCMAP that in its last phase repels what lies nearer than low_dist_thres.

    It draws on numba's random state of the thread it runs on: the same bits only on one thread, as ``project`` sees to.
    """
    return _fit("LocalMAP", inputs, start, warm, seed, progress, n_neighbors, low_dist_thres=low_dist_thres)


def _fit(
    name: str, inputs: LayoutInputs, start: np.ndarray, warm: float, seed: int, progress: Progress, n_neighbors: int,
    **options: Any,
) -> np.ndarray:  # fmt: skip
    n, dims = start.shape
    per_neighbour = 1 + options.get("MN_ratio", MN_RATIO) + options.get("FP_ratio", FP_RATIO)
    n_neighbors = min(n_neighbors, int((n - 1) / per_neighbour) - 1)
    if n < FEWEST or n_neighbors < 1:
        return start
    progress(0.0, "drawing pairs")
    import pacmap as library

    logging.getLogger("pacmap.pacmap").setLevel(logging.ERROR)  # it warns that a seed was given
    listed = inputs.lists(n_neighbors).indices
    # an entity paired with itself pulls on nothing: what a row with fewer neighbours is filled with
    partners = np.where(listed < 0, np.arange(n)[:, None], listed)
    pairs = np.stack([np.repeat(np.arange(n), partners.shape[1]), partners.ravel()], axis=1).astype(np.int32)
    reducer = getattr(library, name)(
        n_components=dims, n_neighbors=partners.shape[1], pair_neighbors=pairs, random_state=seed, apply_pca=False,
        num_iters=(100, 100, 250), **options,
    )  # fmt: skip
    if warm:
        n_farther = int(partners.shape[1] * options.get("FP_ratio", FP_RATIO))
        return _refine(reducer, start, n_farther, seed, max(FEWEST_ITERATIONS, round(warm * WARM_ITERATIONS)), progress)
    outline = inputs.start(OUTLINE_DIMS) if inputs.source == "graph" else inputs.embedded
    outline = np.pad(outline, ((0, 0), (0, max(0, dims - outline.shape[1])))).astype(np.float32)
    progress(0.1, "laying out")
    return reducer.fit_transform(outline, init=start.astype(np.float32))


def _refine(
    reducer: Any, start: np.ndarray, n_farther: int, seed: int, iterations: int, progress: Progress
) -> np.ndarray:  # fmt: skip
    """The last phase from start, where mid-near pairs have no weight; the library shrinks every start to a point."""
    from pacmap import pacmap as library

    positions = np.array(start, np.float32)
    near = getattr(reducer, "low_dist_thres", None)  # LocalMAP's
    neighbours, middle = reducer.pair_neighbors, np.zeros((0, 2), np.int32)
    farther = library.sample_FP_pair_deterministic(positions, neighbours, reducer.n_neighbors, n_farther, seed)

    def strangers(positions: np.ndarray) -> np.ndarray:
        """The farther pairs: for LocalMAP those that lie near each other, drawn anew."""
        if near is None:
            return farther
        return library.sample_FP_pair_nearby(positions, neighbours, farther, positions, np.float32(near))

    def gradient(positions: np.ndarray, farther: np.ndarray) -> np.ndarray:
        pull, none, push = np.float32(1), np.float32(0), np.float32(1)
        if near is None:
            return library.pacmap_grad(positions, neighbours, middle, farther, pull, none, push)
        return library.pacmap_grad_nearby_recip_sqrt(
            positions, neighbours, middle, farther, pull, none, push, np.float32(near / 2)
        )

    first, second = np.zeros_like(positions), np.zeros_like(positions)
    for iteration in range(iterations):
        if iteration % 10 == 0:
            farther = strangers(positions)
            progress(0.1 + 0.9 * iteration / iterations, f"iteration {iteration}")
        library.update_embedding_adam(
            positions, gradient(positions, farther), first, second, 0.9, 0.999, WARM_RATE, iteration
        )
    return positions
