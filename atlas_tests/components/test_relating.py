"""From the index to the neighbour graph through Dagster: what is made, when, from what, and what its pages show."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from atlas_assets.orchestration import sensor
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import validate
from atlas_assets.stages.index.entity_index import CollectionIndex
from atlas_assets.stages.relation.cooccurrence import Cooccurrence
from atlas_assets.stages.relation.knn_graph import KnnGraph
from atlas_assets.stages.relation.neighbours import Neighbours
from atlas_assets.store.artifacts import Address
from atlas_tests import toy
from atlas_tests.components.test_command import Command, atlas  # noqa: F401
from atlas_tests.components.world import World, messages

SOURCE = ["raw_collections", "entity_index"]
LAYOUT = {"projections": [{"method": "tsne", "perplexity": 5, "from": "graph"}]}


def relation(**options: Any) -> AtlasSpec:
    return toy.spec(relation=options, sweep=LAYOUT | {"n_neighbors": [5]})


def graphs(*n_neighbors: int) -> AtlasSpec:
    return toy.spec(sweep=LAYOUT | {"n_neighbors": list(n_neighbors)})


def make(world: World, spec: AtlasSpec, *stages: str) -> None:
    for stage in stages:
        for key in Pipeline(spec, base=world.folder).stages[stage].keys or (None,):
            result = world.materialise(spec, stage, key)
            assert result.success, (stage, key, messages(result))


def append(folder: Path, rows: Iterable[tuple[str, int, int | str]]) -> None:
    with (folder / "ratings.csv").open("a", newline="") as file:
        csv.writer(file).writerows(rows)


NEW_READERS = [(f"later {reader}", book, 5) for reader in range(6) for book in (0, 1, 2, 70 + reader % 2)]


def test_cooccurrence_is_not_due_when_what_it_is_made_from_changes(world: World) -> None:
    spec = graphs(5)
    pipeline = Pipeline(spec, base=world.folder)
    projection = "projection k5_tsne-p5"  # is not made here
    make(world, spec, "raw_collections", "entity_index", "cooccurrence", "neighbours", "knn_graph")
    assert sensor.due_of(pipeline, world.store, with_source=True) == [projection]
    append(world.folder, NEW_READERS)
    for stage in ("raw_collections", "entity_index", "neighbours"):
        assert set(sensor.due_of(pipeline, world.store, with_source=True)) - {projection} == {stage}
        make(world, spec, stage)
    assert sensor.due_of(pipeline, world.store, with_source=True) == ["knn_graph k5"]


def test_atlas_run_makes_cooccurrence_only_when_it_is_named(atlas: Command) -> None:  # noqa: F811
    world, address = atlas.world, Address("toy", "cooccurrence")
    assert atlas.run(graphs(5))[0]
    assert world.store.current(Address("toy", "site_record"))
    assert world.store.current(address) is None

    assert atlas.run(graphs(5), stages=["cooccurrence"])[0]
    made = world.store.current(address)
    append(world.folder, NEW_READERS)
    assert atlas.run(graphs(5))[0]
    assert world.store.current(address) == made

    assert atlas.run(graphs(5), stages=["cooccurrence"])[0]
    index, matrix = world.load(CollectionIndex, "entity_index"), world.load(Cooccurrence, "cooccurrence")
    assert matrix.n_entities == index.n_entities == 63  # with the two books that the new readers brought
    assert matrix.total == np.count_nonzero(np.diff(index.indptr))


def test_a_graph_with_more_neighbours_than_are_listed_is_as_if_they_had_been(world: World) -> None:
    first, longer = graphs(5), graphs(5, 20)
    make(world, first, *SOURCE, "neighbours", "knn_graph")
    lists = world.versions(first)["toy/neighbours"]
    assert world.load(Neighbours, "neighbours").n_neighbors < 20

    assert world.materialise(longer, "knn_graph", "k20").success
    assert world.versions(longer)["toy/neighbours"] == lists
    alone = world.versions(longer)["toy/knn_graph/k20"]

    make(world, longer, "neighbours", "knn_graph")
    assert world.versions(longer)["toy/neighbours"] != lists
    assert world.versions(longer)["toy/knn_graph/k20"] == alone
    assert world.versions(longer)["toy/knn_graph/k5"] == world.versions(first)["toy/knn_graph/k5"]


def test_graphs_of_one_sweep_begin_alike(world: World) -> None:
    spec = graphs(5, 8)
    make(world, spec, *SOURCE, "neighbours", "knn_graph")
    five, eight = world.load(KnnGraph, "knn_graph", "k5"), world.load(KnnGraph, "knn_graph", "k8")
    assert not five.filled.any()
    np.testing.assert_array_equal(five.indices, eight.indices[:, :5])
    np.testing.assert_array_equal(five.similarity, eight.similarity[:, :5])


def test_entities_keep_their_rows_when_the_source_grows(world: World) -> None:
    spec = toy.spec(filter={"min_collections": 2})
    make(world, spec, *SOURCE)
    before = world.load(CollectionIndex, "entity_index").ids["id"].to_list()
    # ids between and before those that are there: by id alone, they would move every row
    append(world.folder, [(f"later {reader}", book, 5) for reader in range(40) for book in (-3, 7, 61)])
    make(world, spec, *SOURCE)
    after = world.load(CollectionIndex, "entity_index").ids["id"].to_list()
    assert after == [*before, -3, 61]


def test_neighbours_show_what_they_were_judged_by_and_how_evenly_they_are_spread(world: World) -> None:
    append(world.folder, [("someone", 3, ""), ("someone", 4, "")])
    spec = relation(similarity="cosine", value_weights={1: 0, 2: 1}, value_closeness="linear")
    make(world, spec, *SOURCE, "neighbours")
    shown = world.metadata("neighbours")
    assert shown["similarity"] == "cosine"
    assert "rows have weight 0 and take no part" in shown["weights"]
    assert "2 of" in shown["weights"]
    assert "values are unknown: relation.value_closeness is 1 there" in shown["weights"]
    assert "lists)" in shown["largest_hub"]
    assert {"hubness_skewness", "on_no_list", "examples"} <= set(shown)


def test_a_closeness_of_values_that_the_source_turns_out_not_to_have_leaves_what_was_there(world: World) -> None:
    """The columns are guessed from the file, so that the spec alone cannot tell."""
    lines = [line.rsplit(",", 1)[0] for line in (world.folder / "ratings.csv").read_text().splitlines()]
    (world.folder / "ratings.csv").write_text("\n".join(lines) + "\n")
    guessed = {"source": {"interactions": "ratings.csv"}, "sweep": LAYOUT | {"n_neighbors": [5]}}
    plain = validate(guessed, file=Path("defs/toy/defs.yaml"))
    make(world, plain, *SOURCE, "neighbours", "knn_graph")
    before = world.versions(plain)

    close = validate(guessed | {"relation": {"value_closeness": "linear"}}, file=Path("defs/toy/defs.yaml"))
    result = world.materialise(close, "neighbours")
    assert not result.success
    [message] = messages(result)
    assert "relation.value_closeness" in message
    assert "source.columns.value" in message
    assert world.versions(close) == before
