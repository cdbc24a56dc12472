"""Maps follow the version before: the same again, little moved by little growth, turned alike by other parameters."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.builders.predecessor import match
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.stages.index.entity_index import CollectionIndex
from atlas_assets.stages.projection import projection
from atlas_assets.stages.projection.projection import Projection
from atlas_assets.stages.regions.regions import Regions
from atlas_assets.store.artifacts import Stored
from atlas_tests import toy
from atlas_tests.components.test_relating import append
from atlas_tests.components.world import World, messages

MAP = "k5_d2_mde"
UPSTREAM = ["raw_collections", "entity_index", "neighbours", "knn_graph", "embedding"]
SWEEP = {"n_neighbors": [5], "embedding_dim": [2], "projections": [{"method": "mde"}]}


def spec(**changes: Any) -> AtlasSpec:
    return toy.spec(**({"sweep": SWEEP, "filter": {"min_collections": 2}} | changes))


def make(world: World, atlas: AtlasSpec, *stages: str) -> None:
    for stage in stages:
        for key in Pipeline(atlas, base=world.folder).stages[stage].keys or (None,):
            result = world.materialise(atlas, stage, key)
            assert result.success, (stage, key, messages(result))


def changed(world: World) -> float:
    """Which share of today's neighbours was not listed in the graph before this one, by their ids."""
    address = Pipeline(spec(), base=world.folder).address("knn_graph", "k5")
    current = world.store.folder(address)
    held = [Path(version.path) for version in world.store.held("toy")[address].versions.values()]
    (before,) = [folder for folder in held if folder != current]
    pairs = []
    for folder in (before, current):
        ids, indices = np.load(folder / "entities.npy"), np.load(folder / "indices.npy")
        pairs.append({(ids[row], ids[near]) for row, listed in enumerate(indices) for near in listed if near >= 0})
    return 1 - len(pairs[0] & pairs[1]) / len(pairs[1])


def stored(world: World, stage: str = "projection", key: str = MAP) -> Stored:
    found = world.store.current(Pipeline(spec(), base=world.folder).address(stage, key))
    assert found is not None
    return found


def places(world: World) -> dict[Any, np.ndarray]:
    """Where each entity stands, by id."""
    ids = world.load(CollectionIndex, "entity_index").ids["id"].to_list()
    positions = np.array(world.load(Projection, "projection", MAP).positions)
    return dict(zip(ids, positions, strict=True))


def moved(before: dict[Any, np.ndarray], after: dict[Any, np.ndarray]) -> float:
    """Median way of what was there before, in units of the map's radius (its root mean square)."""
    common = [key for key in before if key in after]
    way = np.linalg.norm([after[key] - before[key] for key in common], axis=1)
    return float(np.median(way) / np.sqrt(np.mean([(p**2).sum() for p in before.values()])))


def grow(folder: Path, new: int = 70) -> None:
    append(
        folder,
        [(f"of {new}, 1", book, 5) for book in (0, 1, new)] + [(f"of {new}, 2", book, 4) for book in (2, 3, new)],
    )


def test_made_again_from_the_same_it_is_the_same_also_after_growth(world: World) -> None:
    make(world, spec(), *UPSTREAM, "projection")
    first = world.versions(spec())
    make(world, spec(), "embedding", "projection")
    assert world.versions(spec()) == first

    grow(world.folder)
    make(world, spec(), *UPSTREAM, "projection")
    grown = world.versions(spec())
    assert grown[f"toy/projection/{MAP}"] != first[f"toy/projection/{MAP}"]
    followed = stored(world).predecessor
    assert followed is not None
    assert followed["version"] == first[f"toy/projection/{MAP}"]
    assert 0 < changed(world) < 0.5
    assert float(followed["changed"]) == pytest.approx(changed(world), abs=1e-4)
    for _ in range(2):
        make(world, spec(), "embedding", "projection")
        assert world.versions(spec()) == grown
    assert stored(world).predecessor == followed


def test_a_frozen_map_keeps_every_place_to_the_bit_and_puts_newcomers_beside_their_neighbours(world: World) -> None:
    frozen = spec(refresh={"positions": "frozen"})
    make(world, frozen, *UPSTREAM, "projection")
    before = places(world)
    for number in (70, 71):
        grow(world.folder, number)
        make(world, frozen, *UPSTREAM, "projection")
    after = places(world)
    assert set(after) - set(before) == {70, 71}
    assert all(np.array_equal(before[book], after[book]) for book in before)
    mates = [np.linalg.norm(after[book] - after[70]) for book in (0, 1, 2, 3)]
    others = [np.linalg.norm(after[book] - after[70]) for book in range(30, 60)]
    assert np.median(mates) < np.median(others)
    made = world.load(Projection, "projection", MAP)
    assert made.placed == 2
    assert made.drift is not None
    assert 0 < made.drift < 1
    make(world, frozen, "projection")
    assert all(np.array_equal(place, after[book]) for book, place in places(world).items())


def test_where_the_earlier_graph_is_gone_everything_counts_as_changed(world: World) -> None:
    make(world, spec(), *UPSTREAM, "projection")
    address = Pipeline(spec(), base=world.folder).address("knn_graph", "k5")
    earlier = world.store.folder(address)
    grow(world.folder)
    make(world, spec(), *UPSTREAM)
    shutil.rmtree(earlier)
    make(world, spec(), "projection")
    followed = stored(world).predecessor
    assert followed is not None
    assert followed["changed"] == "1.0000"
    assert world.metadata("projection", MAP)["follows_the_version_before"] == "from its positions"


def test_little_growth_moves_little_and_newcomers_stand_with_their_kind(world: World) -> None:
    make(world, spec(), *UPSTREAM, "projection")
    before = places(world)
    grow(world.folder)
    make(world, spec(), *UPSTREAM, "projection")
    after = places(world)
    assert set(after) - set(before) == {70}
    assert moved(before, after) < 0.05
    assert world.metadata("projection", MAP)["follows_the_version_before"] == "from its positions"

    anew = World(world.folder, world.instance, storage=str(world.folder / "anew"))
    make(anew, spec(), *UPSTREAM, "projection")
    assert moved(before, places(anew)) > 0.05  # without its predecessor, the same growth turns the map upside down


def figures_of_regions(world: World) -> dict[str, float]:
    table = world.load(Regions, "regions", MAP).table
    return dict(zip(table["name"], table["stability"], strict=True))


def test_regions_follow_those_of_a_map_that_has_hardly_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    make(world, spec(), *UPSTREAM, "projection", "regions")
    first = stored(world, "regions")
    assert first.predecessor is None
    figures = figures_of_regions(world)
    grow(world.folder)
    monkeypatch.setattr(projection, "MOST_WARM", 1.0)
    make(world, spec(), *UPSTREAM, "projection", "regions")
    followed = stored(world, "regions")
    assert (followed.predecessor or {})["version"] == first.version
    assert world.load(Regions, "regions", MAP).drift > 0  # somebody came
    assert figures_of_regions(world) == figures  # what a region is called, and how stable it was when it was found
    make(world, spec(), "regions")
    assert stored(world, "regions").version == followed.version  # again from the same
    grow(world.folder, 71)
    monkeypatch.setattr(projection, "MOST_WARM", 0.0)
    make(world, spec(), *UPSTREAM, "projection", "regions")
    assert stored(world, "regions").predecessor is None
    assert world.load(Regions, "regions", MAP).drift == 0


def test_rows_are_matched_by_id_not_by_place(world: World) -> None:
    make(world, spec(), *UPSTREAM, "projection")
    before = places(world)
    # a filter that drops the first rows: every other entity has another row now
    fewer = spec(filter={"min_collections": 2, "drop": [0, 1]})
    make(world, fewer, *UPSTREAM, "projection")
    after = places(world)
    assert set(before) - set(after) == {0, 1}
    assert moved(before, after) < 0.1


def test_other_parameters_begin_anew_and_are_turned_alike(world: World) -> None:
    make(world, spec(), *UPSTREAM, "projection")
    before = places(world)
    other = spec(seed=5)
    make(world, other, "embedding", "projection")
    assert world.metadata("projection", MAP)["follows_the_version_before"] == "turned to it"
    after = places(world)
    flipped = {key: np.array([-x, y]) for key, (x, y) in after.items()}
    assert moved(before, after) < moved(before, flipped)


def test_a_map_of_mostly_others_begins_anew(world: World) -> None:
    make(world, spec(), *UPSTREAM, "projection")
    crime = list(range(toy.BOOKS_PER_GENRE))
    make(world, spec(filter={"min_collections": 2, "keep": crime[:25]}), *UPSTREAM, "projection")
    assert world.metadata("projection", MAP)["follows_the_version_before"] == "turned to it"


def test_records_of_earlier_releases_still_load(world: World) -> None:
    make(world, spec(), *UPSTREAM, "projection")
    address = Pipeline(spec(), base=world.folder).address("projection", MAP)
    pointer = Path(world.store.path(str(address), "current.json"))
    record = json.loads(pointer.read_text())
    assert {"lineage", "predecessor"} <= set(record)
    old = Stored(**{k: v for k, v in record.items() if k not in ("lineage", "predecessor")})
    assert (old.lineage, old.predecessor) == ("", None)


@given(st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=30), st.data())
def test_matching_agrees_with_a_dictionary(known: set[int], data: st.DataObject) -> None:
    entities = np.array(data.draw(st.permutations(sorted(known))), np.uint64)
    wanted = np.array(data.draw(st.lists(st.sampled_from([*sorted(known), 0, 1]), max_size=20)), np.uint64)
    positions = np.arange(2 * len(entities), dtype=np.float32).reshape(-1, 2)
    expected = dict(zip(entities.tolist(), positions.tolist(), strict=True))
    found = match(entities, positions, wanted)
    assert found.shape == (len(wanted), 2)
    for entity, place in zip(wanted.tolist(), found, strict=True):
        np.testing.assert_array_equal(place, expected.get(entity, [np.nan, np.nan]))
