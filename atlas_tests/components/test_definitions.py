"""What Dagster loads: quickly, without numerics, and with partitions that are joined exactly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap

from atlas_assets.definitions import defs
from atlas_assets.orchestration.component import definitions_of
from atlas_assets.orchestration.resources import PyMDE, Storage
from atlas_assets.orchestration.viewer import viewer
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import validate
from atlas_assets.store.artifacts import Address
from atlas_tests.components.world import instance_of_a_test

SWEEP = {
    "n_neighbors": [10, 15],
    "embedding_dim": [2, 3],
    "projections": [{"method": "umap"}, {"method": "tsne", "from": "graph"}],
    "points": [{"n_neighbors": 50, "embedding_dim": 4, "projection": {"method": "pca"}}],
}
STAGES = {
    "collections": ["raw_collections", "entity_index", "cooccurrence"],
    "edges": ["raw_edges", "entity_index"],
    "vectors": ["raw_vectors", "entity_index"],
}
SHARED_STAGES = [
    "neighbours",
    "knn_graph",
    "embedding",
    "projection",
    "regions",
    "quality",
    "sweep_report",
    "bundle",
    "site",
]


def toy(kind: str = "collections", **changes: Any) -> AtlasSpec:
    source = {"interactions" if kind == "collections" else kind: "data.csv"}
    return validate({"source": source, "sweep": SWEEP} | changes, file=Path("defs/toy/defs.yaml"))


def complete(spec: AtlasSpec) -> dg.Definitions:
    shared = dg.Definitions(assets=[viewer], resources={"storage": Storage(), "pymde": PyMDE()})
    return dg.Definitions.merge(definitions_of(spec), shared)


def test_loading_the_definitions_imports_no_numerics() -> None:
    """Every code server, daemon and run worker would pay seconds for it."""
    heavy = ("torch", "numba", "umap", "openTSNE", "sklearn", "pymde", "pynndescent")
    code = f"import sys, atlas_assets.definitions as d; d.defs(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_shipped_definitions_are_valid() -> None:
    dg.Definitions.validate_loadable(defs())


@pytest.mark.parametrize("kind", ["collections", "edges", "vectors"])
def test_each_kind_of_input_has_its_stages_in_one_group(kind: str) -> None:
    graph = complete(toy(kind)).resolve_asset_graph()
    stages = {key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == "toy"}
    assert stages == {"source", *STAGES[kind], *SHARED_STAGES}
    assert {graph.get(key).group_name for key in graph.get_all_asset_keys() if key.path[0] == "toy"} == {"toy"}


def test_a_sweep_of_graph_layouts_only_has_no_embedding() -> None:
    sweep = {"projections": [{"method": "tsne", "from": "graph"}]}
    spec = validate({"source": {"edges": "data.csv"}, "sweep": sweep}, file=Path("defs/toy/defs.yaml"))
    graph = complete(spec).resolve_asset_graph()
    assert dg.AssetKey(["toy", "embedding"]) not in graph.get_all_asset_keys()
    assert dg.AssetKey(["toy", "site"]) in graph.get_all_asset_keys()


def test_every_artifact_has_a_blocking_check() -> None:
    """The source has one that tells: what failed is not stored, and blocks nothing else."""
    graph = complete(toy()).resolve_asset_graph()
    checks = {
        (check.asset_key.path[1], check.name): graph.get_check_spec(check).blocking for check in graph.asset_check_keys
    }
    assert {stage for stage, _ in checks} == {
        key.path[1] for key in graph.get_all_asset_keys() if key.path != ["viewer"]
    }
    blocking = {stage for (stage, _), blocks in checks.items() if blocks}
    assert {stage for stage, _ in checks} - blocking == {"source"}
    assert {name for (stage, name), blocks in checks.items() if not blocks and stage in blocking} == {
        "all_maps",
        "complete",
        "no_worse",
    }


def test_what_runs_by_itself_is_switched_on_and_said() -> None:
    repository = complete(toy(refresh={"cron": "0 4 * * *"})).get_repository_def()
    [sensor], [schedule] = repository.sensor_defs, repository.schedule_defs
    assert (sensor.name, sensor.minimum_interval_seconds) == ("toy_refresh", 30)
    assert (schedule.name, schedule.cron_schedule) == ("toy_refresh_schedule", "0 4 * * *")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    jobs = {job.name: job for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert {"toy_refresh", "toy_rebuild"} <= set(jobs)
    assert all(each.description for each in (sensor, schedule, *jobs.values()))
    assert jobs["toy_rebuild"].run_config == {"ops": {"plan": {"config": {"force": True}}}}
    assert complete(toy()).get_repository_def().schedule_defs == []


def test_the_page_of_every_asset_knows_the_sensor_that_keeps_it_up_to_date() -> None:
    repository = complete(toy()).get_repository_def()
    [sensor] = repository.sensor_defs
    jobs = [repository.get_job(target.job_name) for target in sensor.targets]
    known = {key for job in jobs for key in job.asset_layer.selected_asset_keys}
    made = {stage for stage in Pipeline(toy(), base=Path()).stages if stage != "cooccurrence"}
    assert known == {dg.AssetKey(["toy", stage]) for stage in made}
    assert jobs[0].name == "toy_refresh"


def test_nothing_needs_cooccurrence() -> None:
    graph = complete(toy()).resolve_asset_graph()
    assert not graph.get(dg.AssetKey(["toy", "cooccurrence"])).child_keys


def test_partition_mappings_survive_serialisation() -> None:
    """A custom mapping would become None there, and backfills in the daemon would use other keys than runs do."""
    snap = RepositorySnap.from_def(complete(toy()).get_repository_def())
    partitioned = {node.asset_key: node.partitions for node in snap.asset_nodes}
    for node in snap.asset_nodes:
        for edge in node.parent_edges:
            if partitioned.get(edge.parent_asset_key) and node.partitions != partitioned[edge.parent_asset_key]:
                assert edge.partition_mapping is not None, (node.asset_key, edge.parent_asset_key)


@pytest.mark.parametrize(
    ("stage", "key", "upstream", "expected"),
    [
        ("embedding", "k15_d3", "knn_graph", {"k15"}),
        ("projection", "k15_d3_umap-nn15-md0.1", "knn_graph", {"k15"}),
        ("projection", "k15_d3_umap-nn15-md0.1", "embedding", {"k15_d3"}),
        ("projection", "k15_tsne-p30", "embedding", set()),
        ("quality", "k50_d4_pca", "projection", {"k50_d4_pca"}),
        ("quality", "k50_d4_pca", "embedding", {"k50_d4"}),
        ("bundle", None, "knn_graph", {"k10", "k15", "k50"}),  # the largest of those that are there
    ],
)
def test_a_key_depends_on_exactly_the_keys_it_is_made_from(
    stage: str, key: str | None, upstream: str, expected: set[str]
) -> None:
    graph = complete(toy()).resolve_asset_graph()
    child, parent = dg.AssetKey(["toy", stage]), dg.AssetKey(["toy", upstream])
    upstream_partitions = graph.get(parent).partitions_def
    assert upstream_partitions is not None
    with instance_of_a_test() as instance:
        mapping = graph.get_partition_mapping(child, parent)
        found = mapping.get_upstream_mapped_partitions_result_for_partitions(
            _subset(graph, child, key),
            graph.get(child).partitions_def,
            upstream_partitions,
            dynamic_partitions_store=instance,
        )
    assert set(found.partitions_subset.get_partition_keys()) == expected


def _subset(graph: object, asset: dg.AssetKey, key: str | None):
    definition = graph.get(asset).partitions_def  # type: ignore[attr-defined]
    return definition.subset_with_partition_keys([key]) if definition else None


def test_dagster_and_the_pipeline_agree_on_what_depends_on_what() -> None:
    spec = toy()
    pipeline = Pipeline(spec, base=Path())
    for stage in pipeline.stages.values():
        for key in stage.keys or (None,):
            for address in stage.inputs(key):
                assert isinstance(address, Address)
                if address.atlas == "toy":
                    upstream = pipeline.stages[address.stage]
                    assert address.partition in (upstream.keys or (None,))


def test_only_the_embedding_waits_for_the_gpu() -> None:
    repository = complete(toy()).get_repository_def()
    pools = {
        key.path[1]: definition.op.pool
        for key, definition in repository.assets_defs_by_key.items()
        if key.path[0] == "toy" and definition.is_executable
    }
    assert {stage for stage, pool in pools.items() if pool == "gpu"} == {"embedding"}
