"""What checks say without stopping anything: a site that lacks a file, a map that became worse."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from atlas_assets.orchestration import checks as remarks
from atlas_assets.orchestration.component import definitions_of
from atlas_assets.orchestration.resources import PyMDE, Storage
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.store.artifacts import Address, ArtifactStore
from atlas_tests import toy

QUALITY = Address("toy", "quality", "k5_tsne-p5")


def figures(recall: float, error: float | None) -> dict[str, Any]:
    return {"metrics": {"held_out_recall": recall, "lift": 3.0}, "errors": {"held_out_recall": error}}


@pytest.mark.parametrize(
    ("before", "now", "error", "worse"),
    [(0.20, 0.15, 0.01, True), (0.20, 0.18, 0.01, False), (0.15, 0.20, 0.01, False), (0.200, 0.197, None, False)],
)
def test_a_map_is_worse_only_beyond_the_errors_of_both(before: float, now: float, error: float, worse: bool) -> None:
    found, rows = remarks.compare(figures(before, error), figures(now, error))
    assert bool(found) == worse
    assert [row["worse"] for row in rows] == [worse]


def test_a_map_is_compared_with_its_version_before(tmp_path: Path) -> None:
    store, run = ArtifactStore(tmp_path), None
    for recall in (0.3, 0.1):
        with store.write(QUALITY, recipe="r") as draft:
            (draft.folder / "info.json").write_text(json.dumps(figures(recall, 0.01)))
        run = Pipeline(toy.spec(), base=tmp_path).run(store, QUALITY.partition)
        stored = store.current(QUALITY)
        assert stored is not None
        (said,) = remarks.result("quality", dg.AssetKey(["toy", "quality"]), run, stored)
        assert said.passed == (recall == 0.3)
    assert said.severity == dg.AssetCheckSeverity.WARN
    assert said.description == "Worse than the version before: held-out recall 30.0 % ± 2.0 → 10.0 % ± 2.0."


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A published site of a page, a file named by its content, and a download."""
    folder, data = tmp_path / "toy" / "site", b"positions"
    named = f"data/v1/positions/0.{hashlib.sha256(data).hexdigest()[:16]}.bin"
    manifest = {"downloads": [{"path": "atlas.parquet", "sha256": hashlib.sha256(b"rows").hexdigest()}]}
    files = {
        "index.html": b"page",
        named: data,
        "atlas.parquet": b"rows",
        "data/v1/manifest.json": json.dumps(manifest).encode(),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    version = {"version": "v1", "published": "2026-11-21T00:00:00Z", "n": 3, "files": sorted(files)}
    (folder / "versions.json").write_text(json.dumps([version | {"manifest": "data/v1/manifest.json"}]))
    return folder


def complete(folder: Path) -> dg.AssetCheckResult:
    store = ArtifactStore(folder.parents[1])
    with store.write(Address("toy", "site_record"), recipe="r") as draft:
        (draft.folder / "info.json").write_text("{}")
    assert draft.stored is not None
    run = Pipeline(toy.spec(), base=folder).run(store)
    (said,) = remarks.result("site", dg.AssetKey(["toy", "site"]), run, draft.stored)
    return said


def test_a_site_that_is_whole_says_so(site: Path) -> None:
    said = complete(site)
    assert said.passed
    assert said.description == "4 files, all as they were written"


@pytest.mark.parametrize("name", ["index.html", "data/v1/positions/*.bin", "atlas.parquet"])
def test_a_file_that_is_missing_or_another_is_named(site: Path, name: str) -> None:
    (path,) = site.glob(name)
    if name != "index.html":  # nothing but its presence is known of the page
        path.write_bytes(b"something else")
        said = complete(site)
        assert not said.passed
        assert "is not what was written" in (said.description or "")
    path.unlink()
    said = complete(site)
    assert not said.passed
    assert f"{path.relative_to(site)} is missing" in (said.description or "")


def test_owners_and_the_age_a_site_may_have_are_told_to_dagster() -> None:
    spec = toy.spec(owners=["me@example.org", "team:maps"], refresh={"max_age": "7d"})
    resources = {"storage": Storage(), "pymde": PyMDE()}
    graph = dg.Definitions.merge(definitions_of(spec), dg.Definitions(resources=resources)).resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        if key.path[0] == "toy" and key.path[1] != "refresh":
            assert graph.get(key).owners == ["me@example.org", "team:maps"], key
    policy = graph.get(dg.AssetKey(["toy", "site"])).freshness_policy
    assert policy == dg.FreshnessPolicy.time_window(timedelta(days=7), timedelta(days=5.25))
    assert graph.get(dg.AssetKey(["toy", "bundle"])).freshness_policy is None
