"""UMAP of a fuzzy graph by umap-learn: from scratch, or on from an earlier map. The same bits for the same seed."""

from __future__ import annotations

import io
import re

import numpy as np

from atlas_assets.stages import umap_library
from atlas_assets.stages.artifact import Progress, no_progress
from atlas_assets.stages.layout_inputs import LayoutInputs

EPOCHS_SMALL, EPOCHS_LARGE, LARGE = 500, 200, 20_000  # epochs, and above how many entities the fewer are enough
WARM_SHARE, WARM_RATE = 5, 0.05  # of the epochs from scratch one in so many, and the step they begin with
NEGATIVES = 5  # repulsive samples per attractive one
EXTENT = 10.0  # of the start positions, umap-learn's own choice


def umap(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress = no_progress,
    n_neighbors: int, min_dist: float,
) -> np.ndarray:  # fmt: skip
    """UMAP (McInnes, Healy & Melville 2018) of the fuzzy graph of n_neighbors, from start (m, dims).

    ``warm``: start is an earlier map, which moves with a small step; 1: for one WARM_SHARE-th of the epochs. Runs on
    one thread, because umap-learn's parallel sampling is not reproducible.
    """
    progress(0.0, "weighing neighbours")
    fuzzy = inputs.fuzzy_graph(n_neighbors)
    library, layouts = umap_library.load()
    a, b = (float(value) for value in library.find_ab_params(1.0, min_dist))
    full = EPOCHS_SMALL if len(start) <= LARGE else EPOCHS_LARGE
    epochs = max(1, round(warm * full / WARM_SHARE)) if warm else full
    attractive = fuzzy.tocoo()
    drawn = attractive.data >= attractive.data.max() / full  # fainter ones would never be drawn
    head, tail, weights = attractive.row[drawn], attractive.col[drawn], attractive.data[drawn]
    positions = np.array(start if warm else _boxed(start, seed), np.float32)
    progress(0.1, "laying out")
    laid_out = layouts.optimize_layout_euclidean(
        positions, positions, head, tail, epochs, len(start), library.make_epochs_per_sample(weights, epochs), a, b,
        np.random.RandomState(seed).randint(-(2**31) + 1, 2**31 - 1, 3).astype(np.int64), 1.0,
        WARM_RATE if warm else 1.0, NEGATIVES, parallel=False, move_other=True,
        tqdm_kwds={"disable": False, "file": _Epochs(epochs, progress), "bar_format": "{n}", "mininterval": 0.5},
    )  # fmt: skip
    return np.asarray(laid_out)


def _boxed(start: np.ndarray, seed: int) -> np.ndarray:
    """Every axis stretched to 0...EXTENT as umap-learn does, and no two entities on one spot."""
    noise = np.random.RandomState(seed).normal(scale=1e-4 * EXTENT, size=start.shape)
    low, high = start.min(axis=0), start.max(axis=0)
    return EXTENT * (start - low) / np.where(high > low, high - low, 1) + noise


class _Epochs(io.StringIO):
    """Where umap-learn's progress bar is written: told on as progress, its only way out."""

    def __init__(self, epochs: int, progress: Progress) -> None:
        super().__init__()
        self._epochs, self._progress = epochs, progress

    def write(self, text: str) -> int:
        if found := re.search(r"\d+", text):
            done = int(found[0])
            self._progress(0.1 + 0.9 * min(done / self._epochs, 1), f"epoch {done} of {self._epochs}")
        return len(text)
