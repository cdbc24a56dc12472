"""What visitors call maps: short where one of a kind is there, told apart where several are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.methods import METHODS
from atlas_assets.stages.bundle.map_names import map_names

GRAPH = {"k": 15, "from": "graph", "dims": 2}
EMBEDDED = {"k": 15, "embedding_dim": 3, "from": "embedding", "dims": 2}


def test_one_map_of_a_kind_has_the_name_of_the_kind():
    maps = [
        GRAPH | {"method": "tsne", "similarity_power": 1.5},
        GRAPH | {"method": "umap", "n_neighbors": 15, "min_dist": 0.1},
        GRAPH | {"method": "localmap", "n_neighbors": 15},
        EMBEDDED | {"method": "mde", "dims": 3},
    ]
    assert map_names(maps) == ["Detailed", "Overview", "Islands", "Galaxy"]


def test_maps_of_a_kind_are_told_apart_by_what_differs_and_by_no_more():
    narrow = GRAPH | {"method": "umap", "n_neighbors": 15, "min_dist": 0.1}
    wide = EMBEDDED | {"method": "umap", "n_neighbors": 50, "min_dist": 0.3}
    assert map_names([narrow, wide]) == ["Overview, 15 nearest", "Overview, 50 nearest"]
    assert map_names([narrow, {**narrow, **EMBEDDED}]) == ["Overview, from the graph", "Overview, from the embedding"]


def test_several_maps_in_space_keep_their_kinds():
    maps = [EMBEDDED | {"method": "mde", "dims": 3}, EMBEDDED | {"method": "pca", "dims": 3}]
    assert map_names(maps) == ["Balance in 3-D", "Outline in 3-D"]


def test_a_method_that_is_not_known_any_more_is_called_by_its_name():
    assert map_names([GRAPH | {"method": "gone", "turns": 3}, GRAPH | {"method": "gone", "turns": 4}]) == [
        "gone, turns 3",
        "gone, turns 4",
    ]


points = st.fixed_dictionaries(
    {
        "k": st.sampled_from([15, 30]),
        "method": st.sampled_from(sorted(METHODS)),
        "from": st.sampled_from(["graph", "embedding"]),
        "dims": st.sampled_from([2, 3]),
        "n_neighbors": st.sampled_from([5, 15, 50]),
        "min_dist": st.sampled_from([0.0, 0.1]),
    }
)


@given(st.lists(points, min_size=1, max_size=8, unique_by=lambda point: tuple(sorted(point.items(), key=str))))
def test_no_two_different_maps_share_a_name(maps):
    assert len(set(map_names(maps))) == len(maps)
