"""UMAP (McInnes, Healy & Melville 2018): close groups, and space between them."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any

from atlas_assets.methods import devices
from atlas_assets.methods.method import NEIGHBOURS, Cost, Library, Method, Parameter, as_listed, as_named

if TYPE_CHECKING:
    import numpy as np

    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.projection.layout_inputs import LayoutInputs

# Epochs, and with how many entities fewer are enough: reddit (50,000) keeps 0.026 of held-out pairs with 200 and 0.028
# with 100 of twice the rate.
EPOCHS, EPOCHS_LARGE, LARGE = 200, 100, 40_000
# Of the first epoch, falling to 0. Twice that loses recall on mtg-decks with 200 epochs (0.150 for 0.154).
RATE, RATE_LARGE = 0.1, 0.2
# Strangers per entity and epoch. mtg-decks with 16, 32, 64: 0.151, 0.154, 0.152; python_api 0.073, 0.075, 0.074.
STRANGERS = 32
# Of the start positions along each axis: about that of the map. From umap-learn's own 10, triplet accuracy is lower:
# billboard 0.79 for 0.81, python_api 0.700 for 0.708, mtg-decks 0.618 for 0.622.
EXTENT = 20.0
WARM_EPOCHS, WARM_RATE = 40, 0.02
RENEWED = (0.0, 0.1, 0.4)  # shares of the epochs after which the order in memory is renewed, of LARGE

# Of umap-learn. A sheet of 200 entities moves by 0.06 of its width and keeps its neighbours (recall 0.77, before 0.76);
# with rates of 0.5 and 1 it loses some (0.72, 0.69).
LIBRARY_WARM_EPOCHS, LIBRARY_WARM_RATE = 100, 0.1


def lay_out(
    inputs: LayoutInputs,
    start: np.ndarray,
    *,
    warm: float,
    seed: int,
    progress: Progress,
    n_neighbors: int,
    min_dist: float,
    spread: float,
    negative_sample_rate: int,
) -> np.ndarray:
    """UMAP of the fuzzy graph of the n_neighbors nearest, from start (m, dims); all entities at once in every epoch.

    ``warm``: start is an earlier map, which moves with small steps; 1: WARM_EPOCHS of them.
    """
    from atlas_assets.kernels.order import along_curve

    progress(0.0, "weighing neighbours")
    fuzzy = inputs.fuzzy_graph(n_neighbors)
    a, b = curve(min_dist, spread)
    large = len(start) > LARGE
    epochs, rate = (EPOCHS_LARGE, RATE_LARGE) if large else (EPOCHS, RATE)
    if warm:
        epochs, rate = max(1, round(warm * WARM_EPOCHS)), WARM_RATE
    renewed = {round(share * epochs) for share in RENEWED} if large else ()

    def descend(descent_by: Any) -> np.ndarray:
        descent = descent_by(
            start if warm else _boxed(start, seed),
            fuzzy,
            a=a,
            b=b,
            negative_sample_rate=negative_sample_rate,
            strangers=STRANGERS,
            seed=seed,
        )
        for epoch in range(epochs):
            if epoch in renewed:
                descent.reorder(along_curve(descent.y))
            descent.epoch(rate * (1 - epoch / epochs))
            progress((epoch + 1) / epochs, f"epoch {epoch + 1} of {epochs}")
        return descent.positions()

    return devices.descend("umap", inputs, descend)


def curve(min_dist: float, spread: float) -> tuple[float, float]:
    """a and b of 1 / (1 + a d^2b), as close as can be to 1 up to min_dist and falling by ``spread`` beyond."""
    import numpy as np
    from scipy.optimize import curve_fit

    away = np.linspace(0, 3 * spread, 300)
    wanted = np.where(away < min_dist, 1.0, np.exp(-(away - min_dist) / spread))
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), away, wanted)
    return float(a), float(b)


def _boxed(start: np.ndarray, seed: int) -> np.ndarray:
    """Every axis stretched to 0...EXTENT, and no two entities on one spot."""
    import numpy as np

    noise = np.random.default_rng(seed).normal(scale=1e-4 * EXTENT, size=start.shape)
    low, high = start.min(axis=0), start.max(axis=0)
    return (EXTENT * (start - low) / np.where(high > low, high - low, 1) + noise).astype(np.float32)


def lay_out_by_library(
    inputs: LayoutInputs,
    start: np.ndarray,
    *,
    warm: float,
    seed: int,
    progress: Progress,
    n_neighbors: int,
    min_dist: float,
    spread: float,
    negative_sample_rate: int,
) -> np.ndarray:
    """The same by umap-learn, on one thread: its parallel sampling is not reproducible.

    ``warm``: start is an earlier map, which moves with small steps; 1: LIBRARY_WARM_EPOCHS of them. umap-learn
    stretches any start to a square first, so that entities move more than they would have to.
    """
    import numpy as np

    from atlas_assets.stages.projection.single_thread import single_thread

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
                n_components=start.shape[1],
                n_neighbors=near.shape[1],
                min_dist=min_dist,
                spread=spread,
                negative_sample_rate=negative_sample_rate,
                precomputed_knn=(near, away),
                init=_distinct(start, seed),
                n_epochs=max(1, round(warm * LIBRARY_WARM_EPOCHS)) if warm else None,
                learning_rate=LIBRARY_WARM_RATE if warm else 1.0,
                random_state=seed,
                n_jobs=1,
                force_approximation_algorithm=True,
                tqdm_kwds=bar,
            ).fit_transform(unused)
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
    nickname="Overview",
    about="Draws close groups together and leaves space between them.",
    parameters={
        "n_neighbors": NEIGHBOURS,
        "min_dist": Parameter(
            "md",
            0.1,
            0.0,
            1.0,
            False,
            "How close points may lie; less makes tighter clumps.",
            "points may come as close as {}",
            usual=(0.0, 0.8),
        ),
        "spread": Parameter(
            "sp",
            1.0,
            1.0,
            10.0,
            False,
            "How wide groups are drawn beside min_dist; more loosens them.",
            "groups are spread by {}",
            in_key="when set",
        ),
        "negative_sample_rate": Parameter(
            "ns",
            5,
            1,
            100,
            True,
            "Strangers that push for each neighbour that pulls; more parts groups, slower.",
            "{} strangers push for each neighbour that pulls",
            in_key="when set",
        ),
    },
    sources=("embedding", "graph"),
    lay_out=lay_out,
    library=Library("umap-learn", lay_out_by_library, Cost(6.0, 0.05, in_3d=1.5)),
    neighbors=as_named,
    limits=as_listed,
    cost=Cost(0.5, 0.01, in_3d=1.3),
)
