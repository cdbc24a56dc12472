"""Outliers, twins, bridges and hidden gems, on graphs small enough to know what they are."""

from __future__ import annotations

import numpy as np

from atlas_assets.stages.bundle import remarkable
from atlas_assets.stages.relation.knn_graph import KnnGraph

K = 5


def _graph(n: int = 60) -> tuple[KnnGraph, np.ndarray, np.ndarray]:
    """Two rings of thirty with neighbours on both sides, similarity 0.5: (graph, popularity, coarsest region)."""
    half = n // 2
    indices = np.array([[(i // half) * half + (i + step) % half for step in (1, 2, 3, -1, -2)] for i in range(n)])
    similarity = np.full((n, K), 0.5)
    popularity = np.arange(n, dtype=float) % half + 1
    return _of(indices, similarity), popularity, np.repeat([0, 1], half)


def _of(indices: np.ndarray, similarity: np.ndarray) -> KnnGraph:
    none = np.zeros((0, 2), np.int32)
    return KnnGraph(
        indices.astype(np.int32),
        similarity.astype(np.float32),
        None,
        np.zeros(indices.shape, bool),
        none,
        np.zeros(0, np.float32),
    )


def _tours(graph: KnnGraph, popularity: np.ndarray, coarse: np.ndarray | None) -> dict[str, list[dict]]:
    n = len(popularity)
    found = remarkable.tours(
        remarkable.measure(graph, popularity, coarse),
        graph=graph,
        ids=[f"id {i}" for i in range(n)],
        labels=[f"Book {i}" for i in range(n)],
        popularity=popularity,
        coarse=coarse,
        names={0: "crime", 1: "poetry"},
        entity=["book", "books"],
    )
    return {tour["title"]: tour["stops"] for tour in found}


def test_a_bridge_is_one_whose_neighbours_lie_in_several_regions() -> None:
    graph, popularity, coarse = _graph()
    indices = np.asarray(graph.indices).copy()
    for row, others in ((20, [21, 22, 50, 51, 52]), (25, [26, 27, 56, 57, 58]), (55, [54, 53, 24, 23, 22])):
        indices[row] = others
    figures = remarkable.measure(_of(indices, np.asarray(graph.similarity)), popularity, coarse)
    assert np.isclose(figures.bridge[20], 1 - 0.4**2 - 0.6**2)
    assert figures.bridge[10] == 0


def test_twins_are_each_others_nearest() -> None:
    graph, popularity, coarse = _graph()
    indices, similarity = np.asarray(graph.indices).copy(), np.asarray(graph.similarity).copy()
    for one, other in ((16, 20), (46, 50)):
        indices[one, 0], indices[other, 0] = other, one
        similarity[[one, other], 0] = 0.9
    figures = remarkable.measure(_of(indices, similarity), popularity, coarse)
    assert figures.partner[16] == 20
    assert figures.partner[20] == 16
    assert figures.partner[10] == -1  # 11 is nearest to it, but 12 to 11
    assert np.isnan(figures.twin[10])
    assert np.isclose(figures.twin[16], 0.9)


def test_a_gem_is_little_known_among_the_known() -> None:
    graph, popularity, coarse = _graph()
    popularity = np.where(np.arange(60) % 30 == 15, 1.0, 100.0 + np.arange(60))
    figures = remarkable.measure(graph, popularity, coarse)
    assert set(np.argsort(-figures.gem)[:2].tolist()) == {15, 45}
    assert np.isnan(remarkable.measure(graph, np.ones(60), coarse).gem).all()


def test_an_outlier_is_like_nothing_and_little_known_ones_are_not_told() -> None:
    graph, popularity, _ = _graph(300)
    coarse = np.repeat(np.arange(10), 30)
    similarity = np.asarray(graph.similarity).copy()
    lonely = [149, 110, 290, 260]  # well known, and of different regions
    similarity[lonely] = 0.01
    similarity[2] = 0.001  # hardly known
    stops = _tours(_of(np.asarray(graph.indices), similarity), popularity, coarse)["Outliers"]
    views = [stop["view"] for stop in stops]
    assert "select=id%202" not in views
    assert {f"select=id%20{row}" for row in lonely} <= set(views)


def test_walks_see_the_map_and_are_left_out_where_they_are_short() -> None:
    graph, popularity, coarse = _graph()
    assert "Twins" not in _tours(graph, popularity, coarse)  # no two are each other's nearest
    assert "Bridges" not in _tours(graph, popularity, None)


def test_few_neighbours_say_nothing() -> None:
    graph, popularity, coarse = _graph()
    few = np.asarray(graph.indices).copy()
    few[7, 2:] = -1
    figures = remarkable.measure(_of(few, np.asarray(graph.similarity)), popularity, coarse)
    assert np.isnan([figures.nearness[7], figures.bridge[7], figures.gem[7]]).all()
