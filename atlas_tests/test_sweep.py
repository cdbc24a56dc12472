"""Sweep keys: a frozen format, shared upstream work, and no surprises when a point is added."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import validate
from atlas_assets.spec.sweep import Sweep


def spec_of(**sweep: object) -> AtlasSpec:
    return validate({"source": {"interactions": "a.csv"}, "sweep": sweep}, file=Path("defs/toy/defs.yaml"))


def keys_of(**sweep: object) -> list[str]:
    return list(Sweep.of(spec_of(**sweep)).projections)


def test_the_key_format_is_frozen() -> None:
    """Keys name partitions, files and links: a renamed key orphans its history. Do not change these lines."""
    assert keys_of(
        n_neighbors=15,
        embedding_dim=3,
        projections=[
            {"method": "umap", "n_neighbors": 30, "min_dist": 0.1},
            {"method": "umap", "n_neighbors": 30, "min_dist": 0.1, "dims": 3},
            {"method": "tsne", "perplexity": 30, "from": "graph"},
            {"method": "pca"},
            {"method": "mde", "dims": 3},
        ],
    ) == ["k15_d3_umap-nn30-md0.1", "k15_d3_umap-nn30-md0.1-3d", "k15_tsne-p30", "k15_d3_pca", "k15_d3_mde-3d"]


def test_a_grid_is_crossed_and_points_are_added() -> None:
    sweep = Sweep.of(
        spec_of(
            n_neighbors=[10, 15],
            embedding_dim=[2, 3],
            projections=[{"method": "umap", "min_dist": [0.0, 0.5]}, {"method": "tsne", "from": "graph"}],
            points=[{"n_neighbors": 50, "embedding_dim": 4, "projection": {"method": "pca"}}],
        )
    )
    assert list(sweep.graphs) == ["k10", "k15", "k50"]
    assert list(sweep.embeddings) == ["k10_d2", "k10_d3", "k15_d2", "k15_d3", "k50_d4"]
    # 2 graphs x 2 dimensions x 2 spreads from the embedding, 2 graphs straight to t-SNE, and one extra point
    assert len(sweep.projections) == 8 + 2 + 1


def test_a_projection_of_the_graph_needs_no_embedding() -> None:
    sweep = Sweep.of(spec_of(projections=[{"method": "umap", "from": "graph"}]))
    assert sweep.embeddings == {}
    assert list(sweep.projections) == ["k15_umap-nn15-md0.1"]


def test_the_reference_is_a_flat_map_where_there_is_one() -> None:
    both = spec_of(projections=[{"method": "mde", "dims": 3}, {"method": "umap"}])
    assert Sweep.of(both).reference.dims == 2
    assert Sweep.of(spec_of(projections=[{"method": "mde", "dims": 3}])).reference.dims == 3


projections = st.one_of(
    st.fixed_dictionaries(
        {
            "method": st.just("umap"),
            "n_neighbors": st.integers(2, 500),
            "min_dist": st.sampled_from([0, 0.0, 0.05, 0.1, 0.25, 1.0]),
            "dims": st.sampled_from([2, 3]),
            "from": st.sampled_from(["graph", "embedding"]),
        }
    ),
    st.fixed_dictionaries({"method": st.just("tsne"), "perplexity": st.integers(2, 500)}),
    st.just({"method": "pca"}),
)
points = st.fixed_dictionaries(
    {"n_neighbors": st.integers(2, 200), "embedding_dim": st.integers(2, 10), "projection": projections}
)


@given(st.lists(points, min_size=1, max_size=8), points)
def test_a_sweep_point_added_later_changes_no_existing_key(given_points: list[dict], added: dict) -> None:
    before = Sweep.of(spec_of(points=given_points))
    after = Sweep.of(spec_of(points=[*given_points, added]))
    for stage in ("graphs", "embeddings", "projections"):
        old, new = getattr(before, stage), getattr(after, stage)
        assert {key: new[key] for key in old} == old
        assert len(new) - len(old) in (0, 1)


@given(st.lists(points, min_size=1, max_size=8))
def test_equal_keys_mean_equal_parameters_and_every_key_extends_its_upstream_key(given_points: list[dict]) -> None:
    sweep = Sweep.of(spec_of(points=given_points))
    for key, point in sweep.projections.items():
        assert point.key == key
        assert key.startswith((point.embedding or point.graph).key + "_")
        assert sweep.graphs[point.graph.key] == point.graph
        if point.embedding:
            assert sweep.embeddings[point.embedding.key] == point.embedding
    assert len(set(sweep.projections.values())) == len(sweep.projections)


@given(st.lists(points, min_size=1, max_size=4))
def test_keys_are_safe_as_file_names_and_as_dagster_partitions(given_points: list[dict]) -> None:
    import re

    for key in Sweep.of(spec_of(points=given_points)).projections:
        assert re.fullmatch(r"[a-z0-9_.-]+", key)
        assert ".." not in key
