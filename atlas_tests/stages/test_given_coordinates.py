"""A map of coordinates that came with the data: as they are, and beside its neighbours what has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from atlas_assets.errors import AtlasError, DataError
from atlas_assets.sources.roles.coordinates import guess_coordinates
from atlas_assets.spec.loading import validate
from atlas_assets.spec.sweep import Sweep, count
from atlas_assets.stages.projection.given import given
from atlas_tests.stages.test_knn_graph import VectorIndex, from_vectors

SPEC = {"source": {"vectors": "v.csv", "coordinates": ["x", "y"]}, "sweep": {"projections": [{"method": "umap"}]}}


def line(n: int = 20):
    """Entities in a row, and a graph of who stands beside whom."""
    at = np.arange(n, dtype=np.float32)
    return np.stack([1000 + at, -3 * at], axis=1), from_vectors(VectorIndex(at[:, None]), k=2, metric="euclidean")


def test_coordinates_are_neither_turned_nor_moved_nor_scaled():
    coordinates, graph = line()
    made, n_placed = given(coordinates, graph, columns=["x", "y"], seed=0)
    np.testing.assert_array_equal(made.positions, coordinates)
    assert (made.method, n_placed) == ("own", 0)


def test_what_has_none_stands_beside_its_neighbours():
    coordinates, graph = line()
    holes = coordinates.copy()
    holes[7] = np.nan
    made, n_placed = given(holes, graph, columns=["x", "y"], seed=0)
    assert n_placed == 1
    assert np.linalg.norm(made.positions[7] - coordinates[7]) < 3
    np.testing.assert_array_equal(np.delete(made.positions, 7, axis=0), np.delete(coordinates, 7, axis=0))


def test_copies_without_coordinates_stand_where_the_others_do():
    vectors = np.repeat(np.arange(12, dtype=np.float32), 2)[:, None]  # every vector twice
    graph = from_vectors(VectorIndex(vectors), k=2, metric="euclidean")
    assert graph.places is not None
    coordinates = np.concatenate([10 * vectors, vectors], axis=1)
    coordinates[1::2] = np.nan
    made, n_placed = given(coordinates, graph, columns=["x", "y"], seed=0)
    assert n_placed == 12
    assert np.abs(made.positions[1::2] - made.positions[::2])[:, 0].max() < 10


def test_coordinates_of_nobody_are_refused():
    coordinates, graph = line()
    with pytest.raises(DataError, match=r"x, y are known of 0 of 20 entities"):
        given(np.full_like(coordinates, np.nan), graph, columns=["x", "y"], seed=0)


def test_coordinates_make_one_more_map_beside_the_others():
    spec = validate(SPEC, file=Path("defs/cities/defs.yaml"))
    assert list(Sweep.of(spec).projections) == ["k15_d3_umap-nn15-md0.1", "k15_own"]
    assert count(spec) == 2
    in_space = SPEC | {"source": SPEC["source"] | {"coordinates": ["x", "y", "z"]}}
    assert list(Sweep.of(validate(in_space, file=Path("defs/cities/defs.yaml"))).projections)[1] == "k15_own-3d"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sweep": {"projections": [{"method": "own", "from": "graph"}]}}, "source.coordinates makes the map"),
        (
            {"source": SPEC["source"] | {"fields": {"x": {"type": "number"}}}},
            r"source\.coordinates is 'y'; .*source\.fields",
        ),
        ({"source": {"vectors": "v.csv", "coordinates": ["x"]}}, "source.coordinates"),
    ],
)
def test_what_cannot_be_meant_is_told(change, said):
    with pytest.raises(AtlasError, match=said):
        validate(SPEC | change, file=Path("defs/cities/defs.yaml"))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["x", "y"], ["x", "y"]),
        (["z", "y", "x", "n"], ["x", "y", "z"]),
        (["lat", "lon"], ["lon", "lat"]),
        (["Latitude", "Longitude"], ["Longitude", "Latitude"]),
        (["umap_1", "umap_2"], ["umap_1", "umap_2"]),
        (["UMAP-0", "UMAP-1", "UMAP-2"], ["UMAP-0", "UMAP-1", "UMAP-2"]),
        (["x", "z"], None),
        (["0", "1"], None),
        (["price", "year"], None),
    ],
)
def test_coordinates_are_told_by_their_names(names, found):
    assert guess_coordinates({name: {"type": "number"} for name in names}) == found
