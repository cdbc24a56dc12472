"""UMAP (McInnes, Healy & Melville 2018): close groups, and space between them."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any

from atlas_assets.methods.method import Cost, Library, Method, Parameter, as_listed, as_named

if TYPE_CHECKING:
    import numpy as np

    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.layout_inputs import LayoutInputs

# Of umap-learn. A sheet of 200 entities moves by 0.06 of its width and keeps its neighbours (recall 0.77, before 0.76);
# with rates of 0.5 and 1 it loses some (0.72, 0.69).
WARM_EPOCHS, WARM_RATE = 100, 0.1


def lay_out(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress,
    n_neighbors: int, min_dist: float, spread: float, negative_sample_rate: int,
) -> np.ndarray:  # fmt: skip
    """UMAP of the fuzzy graph of the n_neighbors nearest, from start (m, dims)."""
    return lay_out_by_library(
        inputs, start, warm=warm, seed=seed, progress=progress, n_neighbors=n_neighbors, min_dist=min_dist,
        spread=spread, negative_sample_rate=negative_sample_rate,
    )  # fmt: skip


def lay_out_by_library(
    inputs: LayoutInputs, start: np.ndarray, *, warm: float, seed: int, progress: Progress,
    n_neighbors: int, min_dist: float, spread: float, negative_sample_rate: int,
) -> np.ndarray:  # fmt: skip
    """The same by umap-learn, on one thread: its parallel sampling is not reproducible.

    ``warm``: start is an earlier map, which moves with small steps; 1: WARM_EPOCHS of them. umap-learn stretches any
    start to a square first, so that entities move more than they would have to.
    """
    import numpy as np

    from atlas_assets.stages.single_thread import single_thread

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow is not installed, new points cannot be added: neither is needed
        from umap import UMAP

        make: Any = UMAP

        progress(0.0, "weighing neighbours")
        listed = inputs.lists(n_neighbors)
        n = len(listed.indices)
        # umap-learn counts an entity among its own neighbours, at distance 0
        near = np.concatenate([np.arange(n, dtype=np.int32)[:, None], listed.indices], axis=1)
        away = np.concatenate([np.zeros((n, 1)), listed.distances], axis=1).astype(np.float32)
        # a missing one is as far away as the last there is, or it would widen its row
        away = np.minimum(away, np.where(near < 0, -np.inf, away).max(axis=1, keepdims=True))
        unused = np.zeros((n, 1), np.float32)  # vectors, of which it looks at nothing but their number
        bar = {"disable": False, "file": _Epochs(progress), "bar_format": "{n}/{total}", "mininterval": 0.5}
        with single_thread():
            made = make(
                n_components=start.shape[1], n_neighbors=near.shape[1], min_dist=min_dist, spread=spread,
                negative_sample_rate=negative_sample_rate, precomputed_knn=(near, away), init=_distinct(start, seed),
                n_epochs=max(1, round(warm * WARM_EPOCHS)) if warm else None, learning_rate=WARM_RATE if warm else 1.0,
                random_state=seed, n_jobs=1, force_approximation_algorithm=True, tqdm_kwds=bar,
            ).fit_transform(unused)  # fmt: skip
    return np.asarray(made)


def _distinct(start: np.ndarray, seed: int) -> np.ndarray:
    """start with a little noise: no two entities on one spot, and no axis without extent, which it would divide by."""
    import numpy as np

    noise = np.random.default_rng(seed).standard_normal(start.shape)
    return (start + noise * 1e-4 * max(float(np.ptp(start, axis=0).max()), 1e-6)).astype(np.float32)


class _Epochs(io.StringIO):
    """Where umap-learn's progress bar is written: told on as progress."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def write(self, text: str) -> int:
        if found := re.search(r"(\d+)/(\d+)", text):
            done, epochs = int(found[1]), int(found[2])
            self._progress(0.1 + 0.9 * done / max(epochs, 1), f"epoch {done} of {epochs}")
        return len(text)


METHOD = Method(
    name="umap",
    label="UMAP",
    about="Draws close groups together and leaves space between them.",
    parameters={
        "n_neighbors": Parameter(
            "nn", 15, 2, 500, True, "Neighbours per point; more shows the large picture.",
            "looks at the {} nearest", usual=(5, 100),
        ),
        "min_dist": Parameter(
            "md", 0.1, 0.0, 1.0, False, "How close points may lie; less makes tighter clumps.",
            "points may come as close as {}", usual=(0.0, 0.8),
        ),
        "spread": Parameter(
            "sp", 1.0, 1.0, 10.0, False, "How wide groups are drawn beside min_dist; more loosens them.",
            "groups are spread by {}", in_key="when set",
        ),
        "negative_sample_rate": Parameter(
            "ns", 5, 1, 100, True, "Strangers that push for each neighbour that pulls; more parts groups, slower.",
            "{} strangers push for each neighbour that pulls", in_key="when set",
        ),
    },
    sources=("embedding", "graph"),
    lay_out=lay_out,
    library=Library("umap-learn", lay_out_by_library, Cost(6.0, 0.05, in_3d=1.5)),
    neighbors=as_named,
    limits=as_listed,
    cost=Cost(6.0, 0.05, in_3d=1.5),
)  # fmt: skip
