"""Where sweeps look and what the smart one chooses: spaces as people write them, and a known hill to climb."""

from __future__ import annotations

import itertools
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import AtlasError
from atlas_assets.plan import search, search_space
from atlas_assets.plan.search import Measured
from atlas_assets.plan.search_space import Space
from atlas_assets.plan.sweep_request import Budget, Record, Request
from atlas_assets.spec.sweep import ProjectionPoint
from atlas_assets.store.artifacts import ArtifactStore


def space(*methods: str, k: str | None = None, dim: str | None = None) -> Space:
    return search_space.parse(methods, k=k, dim=dim, known_k=[15], known_dim=[3])


def test_a_grid_is_every_combination_of_lists_and_of_steps_through_ranges() -> None:
    grid = space("umap:n_neighbors=5..100,min_dist=0.0/0.5,from=graph", "pca", k="10,15", dim="3..5").grid(3)
    keys = [point.key for point in grid]
    assert len(keys) == len(set(keys)) == 2 * (3 * 2) + 2 * 3
    assert {dict(p.parameters)["n_neighbors"] for p in grid if p.method == "umap"} == {5, 22, 100}  # by ratios
    assert {p.embedding.embedding_dim for p in grid if p.embedding} == {3, 4, 5}
    assert keys[0] == "k10_umap-nn5-md0"


def test_without_parameters_all_take_their_usual_range_with_some_the_others_their_default() -> None:
    usual, some = space("umap").branches[0], space("umap:n_neighbors=20").branches[0]
    assert [(axis.low, axis.high) for axis in usual.axes] == [(5, 100), (0.0, 0.8)]
    assert [axis.values for axis in some.axes] == [(20,), (0.1,)]
    assert {branch.source for branch in space("umap").branches} == {"graph", "embedding"}
    assert [branch.source for branch in space("pca").branches] == ["embedding"]
    assert {point.key for point in space("pca").grid(3)} == {"k15_d3_pca"}  # the graphs and embeddings that are there


@pytest.mark.parametrize(
    ("method", "k", "message"),
    [
        ("umpa", None, "'umpa' is not a method.*Did you mean 'umap'"),
        ("umap:min_dits=0", None, "umap has no 'min_dits'; expected one of n_neighbors, min_dist, .*from, dims"),
        ("umap:min_dist=0..7", None, r"min_dist is '0..7'; expected numbers from 0 to 1: a range such as 0.1..0.4"),
        ("umap:n_neighbors=50..5", None, "n_neighbors is '50..5'; expected whole numbers"),
        ("umap:n_neighbors", None, "'n_neighbors' says nothing"),
        ("pca:from=graph", None, "from is 'graph'; expected embedding"),
        ("umap", "1,2", "--k is '1,2'; expected whole numbers from 2 to 1000"),
    ],
)
def test_a_mistake_is_said_with_what_would_be_right(method: str, k: str | None, message: str) -> None:
    with pytest.raises(AtlasError, match=message):
        space(method, k=k)


@given(st.integers(0, 2**32))
def test_drawn_points_lie_in_the_space_and_differ(seed: int) -> None:
    drawn_from = space("umap:n_neighbors=5..100,min_dist=0..0.8", "tsne:perplexity=5/30", k="10..30")
    drawn = list(itertools.islice(drawn_from.draws(random.Random(seed)), 20))
    assert len({point.key for point in drawn}) == 20
    for point in drawn:
        parameters = dict(point.parameters)
        assert 10 <= point.graph.n_neighbors <= 30
        if point.method == "umap":
            assert 5 <= parameters["n_neighbors"] <= 100
            assert 0 <= parameters["min_dist"] <= 0.8
        else:
            assert parameters["perplexity"] in (5, 30)


def test_a_space_that_is_exhausted_ends() -> None:
    small = space("tsne:perplexity=5/30", "pca", k="10,15")
    assert len(list(small.draws(random.Random(0)))) == len(small.grid(3)) == 2 * (2 * 2 + 1)
    everything = search.choose(small, [], 99, seconds=lambda point: 1.0, seed=0, per_second=False)
    assert len({point.key for point in everything}) == 10


@pytest.mark.parametrize(
    ("text", "points", "seconds"), [("20", 20, None), ("10m", None, 600), ("90s", None, 90), ("2h", None, 7200)]
)
def test_a_budget_is_a_number_of_points_or_a_time(text: str, points: int | None, seconds: float | None) -> None:
    assert Budget.parse(text, "smart") == Budget(points, seconds)


@pytest.mark.parametrize("text", ["0", "ten", "10 parsecs", "-3"])
def test_no_other_budget_is_taken(text: str) -> None:
    with pytest.raises(AtlasError, match=r"expected a number of points such as 20, or a time such as 90s, 10m or 2h"):
        Budget.parse(text, "smart")


def test_a_request_goes_on_and_another_one_begins(tmp_path) -> None:
    store = ArtifactStore(tmp_path)
    record = Record.of("toy", Request(seed=1), store)
    assert record.keys == []
    record.keys.append("k15_d3_pca")
    record.save()
    assert Record.of("toy", Request(seed=1), store).keys == ["k15_d3_pca"]
    assert Record.of("toy", Request(seed=2), store).keys == []


SPACE = space("umap", "tsne", "localmap", k="5..50", dim="2..5")


def height(point: ProjectionPoint) -> float:
    """A hill: t-SNE of the graph is best, at a perplexity of 20 and a k of 25; each parameter has a best value."""
    best = {
        "umap": (0.10, {"n_neighbors": 30, "min_dist": 0.2}),
        "tsne": (0.15, {"perplexity": 20}),
        "localmap": (0.12, {"n_neighbors": 12, "low_dist_thres": 9}),
    }
    top, places = best[point.method]
    off = sum((math.log((value + 0.1) / (places[name] + 0.1)) / 2) ** 2 for name, value in point.parameters)
    off += (math.log(point.graph.n_neighbors / 25) / 2) ** 2
    return (top + (0.01 if point.source == "graph" else 0.0)) * math.exp(-off)


def climbed(seed: int, n: int, *, seconds=lambda point: 1.0) -> list[Measured]:
    measured: list[Measured] = []
    while len(measured) < n:
        chosen = search.choose(SPACE, measured, 2, seconds=seconds, seed=seed, per_second=False)
        measured += [Measured(point, height(point)) for point in chosen]
    return measured


def test_the_smart_search_climbs_higher_than_drawing_at_random() -> None:
    smart = [max(m.value or 0 for m in climbed(seed, 16)) for seed in range(3)]
    drawn = []
    for seed in range(200):
        points = SPACE.draws(random.Random(seed))
        drawn.append(max(height(next(points)) for _ in range(16)))
    assert min(smart) > statistics.quantiles(drawn, n=10)[-1]  # the worst of it beats nine in ten
    assert statistics.mean(smart) > 0.155  # of 0.16


def test_it_begins_with_a_usual_point_of_every_method_and_chooses_the_same_again() -> None:
    first = search.choose(SPACE, [], 3, seconds=lambda point: 1.0, seed=5, per_second=False)
    assert [point.method for point in first] == ["umap", "tsne", "localmap"]
    assert dict(first[1].parameters) == {"perplexity": 30}
    assert [m.point for m in climbed(5, 8)] == [m.point for m in climbed(5, 8)]


def test_what_is_dear_is_left_unless_it_promises_more() -> None:
    dear = lambda point: 100.0 if point.embedding else 1.0  # noqa: E731
    some = climbed(0, 6)
    chosen = search.choose(SPACE, some, 6, seconds=dear, seed=0, per_second=True)
    assert all(point.embedding is None for point in chosen)


def test_a_point_that_failed_is_as_bad_as_the_worst_and_stops_nothing() -> None:
    measured = climbed(1, 6)
    failed = [Measured(m.point, None) if m.point.method == "umap" else m for m in measured]
    chosen = search.choose(SPACE, failed, 4, seconds=lambda point: 1.0, seed=1, per_second=False)
    assert len(chosen) == 4
    assert "umap" not in {point.method for point in chosen[:2]}
