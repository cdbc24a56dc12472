"""``place``: 1,000 of 10,000 vectors put on a map of the other 9,000, beside the transforms of other libraries.

Recall: of the ten nearest in the data, how many are among the ten nearest on the map, of those that were put there.
``rebuild`` is our own map of all 10,000, which placing is to stand in for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.placing.space import closest
from atlas_assets.stages.geometry import beside as placed
from atlas_assets.stages.projection.layout_inputs import LayoutInputs
from atlas_assets.stages.projection.projection import project
from atlas_assets.stages.relation import knn_graph, neighbours
from benchmarks import data
from benchmarks.report import Row

CASES = ("mnist-test-10k", "fashion-mnist-part", "notmnist-10k")
NEW, NEAREST, LISTED, SEED = 1_000, 10, 15, 0
OURS: dict[str, dict[str, Any]] = {"umap": {"n_neighbors": 15}, "tsne": {"perplexity": 10}}
Transform = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, float]]
"""Vectors known and new to places known and new, and the seconds that the new ones took."""


def run(case: str, *, progress: Callable[[str], None] = lambda text: None) -> Iterator[Row]:
    """The rows of a case, as they come."""
    try:
        file = data.shared_folder(case, "vectors.parquet") / "vectors.parquet"
    except data.Absent as absent:
        yield Row("place", case, "recall", "", None, None, note=str(absent))
        return
    numbers = pl.read_parquet(file).select(pl.selectors.array() | pl.selectors.list()).to_series()
    vectors = np.array(numbers.to_list())
    vectors = vectors.astype(np.float32)
    drawn = np.random.default_rng(SEED).permutation(len(vectors))[:10_000]
    known, new = vectors[drawn[NEW:]], vectors[drawn[:NEW]]
    truth = _nearest(np.concatenate([known, new]), len(known))
    for layout, peers in (("umap", (_umap,)), ("tsne", (_opentsne,)), ("umap", (_pacmap,))):
        progress(f"{case}: {layout}")
        ours = _placed(known, new, layout)
        rebuilt = _laid_out(np.concatenate([known, new]), layout)
        recall, whole = _recall(*ours[:2], truth), _recall(rebuilt[: len(known)], rebuilt[len(known) :], truth)
        yield Row("place", case, f"recall by {layout}", "rebuild", recall, whole, kind="gain")
        for peer in peers:
            progress(f"{case}: {peer.__doc__}")
            try:
                theirs = peer(known, new)
            except ModuleNotFoundError as missing:
                yield Row("place", case, f"recall by {layout}", str(peer.__doc__), recall, None, note=str(missing))
                continue
            name = str(peer.__doc__)
            yield Row("place", case, f"recall by {layout}", name, recall, _recall(*theirs[:2], truth), kind="gain")
            yield Row("place", case, f"seconds by {layout}", name, ours[2], theirs[2])


def _placed(known: np.ndarray, new: np.ndarray, layout: str) -> tuple[np.ndarray, np.ndarray, float]:
    positions = _laid_out(known, layout)
    closest(new[:2], known, metric="euclidean")  # compiled and loaded
    begin = time.perf_counter()
    indices, similarity = closest(new, known, metric="euclidean")
    places = placed.beside(positions, indices[:, : placed.NEAREST], similarity[:, : placed.NEAREST])
    return positions, places, time.perf_counter() - begin


def _laid_out(vectors: np.ndarray, layout: str) -> np.ndarray:
    class Index:
        def __init__(self) -> None:
            self.vectors, self.ids = vectors, pl.DataFrame({"id": np.arange(len(vectors))})
            self.n_entities = len(vectors)

    lists = neighbours.from_vectors(Index(), n_neighbors=2 * LISTED, metric="euclidean")  # type: ignore[arg-type]
    graph = knn_graph.build(lists, n_neighbors=2 * LISTED)
    laid_out = project(layout, inputs=LayoutInputs(graph, seed=SEED), params=OURS[layout], seed=SEED)
    places = graph.places
    return laid_out.positions if places is None else laid_out.positions[np.asarray(places)]


def _umap(known: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """umap-learn"""
    import umap

    model = umap.UMAP(n_neighbors=15, random_state=None)
    positions = model.fit_transform(known)
    model.transform(new[:10])
    begin = time.perf_counter()
    places = model.transform(new)
    return np.asarray(positions), np.asarray(places), time.perf_counter() - begin


def _opentsne(known: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """openTSNE"""
    import openTSNE

    fitted = openTSNE.TSNE(perplexity=30, n_jobs=-1, random_state=SEED).fit(known)
    fitted.transform(new[:10])
    begin = time.perf_counter()
    places = fitted.transform(new)
    return np.asarray(fitted), np.asarray(places), time.perf_counter() - begin


def _pacmap(known: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """PaCMAP"""
    import pacmap

    model = pacmap.PaCMAP(n_neighbors=15, save_tree=True, random_state=SEED)
    positions = model.fit_transform(known)
    model.transform(new[:10], basis=known)
    begin = time.perf_counter()
    places = model.transform(new, basis=known)
    return np.asarray(positions), np.asarray(places), time.perf_counter() - begin


def _nearest(vectors: np.ndarray, begin: int) -> np.ndarray:
    """Of the rows from ``begin`` on, the ten nearest of those before; new ones do not know each other."""
    return closest(vectors[begin:], vectors[:begin], metric="euclidean")[0][:, :NEAREST]


def _recall(positions: np.ndarray, places: np.ndarray, truth: np.ndarray) -> float:
    from scipy.spatial import KDTree

    near = np.asarray(KDTree(positions).query(places, NEAREST)[1])
    return float(np.mean([len(set(a) & set(b)) / NEAREST for a, b in zip(near.tolist(), truth.tolist(), strict=True)]))
