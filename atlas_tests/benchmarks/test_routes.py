"""The steps that routes are made of, and every route from collections to a map."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from atlas_assets.stages.relation import knn_graph, neighbours
from benchmarks import judge, routes
from benchmarks.peers import Memberships, ours, practice, published
from benchmarks.routes import Clock

SHORT = [
    name for name in routes.ROUTES if name.startswith(("published", "PPMI", "npmi, MDE x3, t-SNE", "cosine, UMAP"))
]


def grouped(n_collections: int = 1_200) -> Memberships:
    """Collections of 8 from one of ten groups of 30."""
    random = np.random.default_rng(5)
    rows = [np.sort(random.permutation(30)[:8] + 30 * random.integers(0, 10)) for _ in range(n_collections)]
    return Memberships(np.arange(n_collections + 1) * 8, np.concatenate(rows).astype(np.int32), 300)


@pytest.mark.parametrize("kind", ["count", "cosine", "jaccard", "npmi"])
def test_neighbours_by_hand_are_those_of_atlas(kind: str) -> None:
    data = grouped()
    expected = neighbours.from_collections(ours.prepare(data), n_neighbors=10, similarity=kind)  # type: ignore[arg-type]

    indices, similarities = practice.nearest(data, 10, kind=kind)

    np.testing.assert_allclose(similarities, expected.similarity, rtol=1e-6)
    assert ((indices >= 0) == (expected.indices >= 0)).all()


def test_edges_weigh_two_where_both_list_each_other() -> None:
    lists = practice.nearest(grouped(), 10, kind="jaccard")
    listed = neighbours.Neighbours(lists[0].astype(np.int32), lists[1], None, "jaccard", guaranteed=10)

    edges, weights = practice.edges_of(lists)

    expected = knn_graph.build(listed, n_neighbors=10)
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    assert np.array_equal(edges[order], expected.edges)
    assert np.array_equal(weights[order], expected.edge_weights)


def test_the_published_recipe_keeps_the_largest_counts_above_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "TOP", 2)
    counts = csr_matrix(np.array([[0, 9, 5, 7], [9, 0, 2, 0], [5, 2, 0, 3], [7, 0, 3, 0]], np.float32))
    monkeypatch.setattr(published.recipe, "cooccurrences", lambda data: counts)

    lengths = published.lengths(grouped(1))

    kept = np.array([[0, 9, 0, 7], [9, 0, 0, 0], [5, 0, 0, 3], [7, 0, 3, 0]])
    expected = np.divide(1, np.log(np.maximum(kept, 2)), where=kept > 0, out=np.zeros(kept.shape))
    np.testing.assert_allclose(lengths.toarray(), expected, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the libraries: they say that threads, seeds and components are as they are
@pytest.mark.parametrize("name", SHORT)
def test_a_route_leads_to_a_map_that_knows_the_groups(name: str) -> None:
    data, clock = grouped(), Clock()

    route = routes.ROUTES[name]
    if route.peer == "dire-rapids":
        pytest.importorskip("dire_rapids")
    positions = (route.warm or route.make)(data, clock)

    assert positions.shape == (300, 2)
    assert np.isfinite(positions).all()
    assert all(seconds > 0 for seconds in clock.seconds.values())
    if route.warm is None:  # else it was cut short
        assert judge.held_out_recall(positions, grouped(300)) > 3 * judge.NEIGHBOURS / 299


def test_every_route_of_the_design_is_there() -> None:
    wanted = {
        "published recipe",
        "count, MDE, UMAP",
        "ALS(64), UMAP",
        "PPMI-SVD(64), UMAP",
        "cosine, MDE, UMAP",
        "npmi, MDE, UMAP",
        "npmi, MDE x3, UMAP",
        "npmi, MDE x3, t-SNE",
        "cosine, UMAP",
        "cosine, t-SNE",
        "npmi, UMAP",
        "npmi, t-SNE",
    }

    assert set(routes.ROUTES) >= wanted
