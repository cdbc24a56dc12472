"""Dagster as people run it: webserver, daemon and run workers, on a project folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from atlas_assets.io import Address, ArtifactStore
from atlas_tests import toy
from atlas_tests.conftest import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SPEC = {
    "source": {"interactions": "ratings.csv", "entities": "books.csv"},
    "sweep": {"n_neighbors": [5], "projections": [{"method": "pca"}]},
}
RELOAD = """mutation { reloadRepositoryLocation(repositoryLocationName: "atlas_assets") {
    __typename ... on PythonError { message } } }"""
BACKFILL = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
STATUS = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status } } }"""
RUNS = """query { runsOrError { ... on Runs { results { status assetSelection { path }
    tags { key value } } } } }"""
ASSETS = "{ assetNodes { assetKey { path } } }"
TICKS = """{ sensorOrError(sensorSelector: {repositoryLocationName: "atlas_assets", repositoryName: "__repository__",
    sensorName: "follow_inputs"}) { ... on Sensor { sensorState { ticks(limit: 1) { status } } } } }"""


class Project:
    """A folder with an atlas, and the Dagster that runs on it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        self.store = ArtifactStore(folder / "data")
        self.environment = os.environ | {"ATLAS_DEFS": str(folder / "defs"), "ATLAS_STORAGE": str(folder / "data")}

    def write_spec(self, spec: dict[str, Any]) -> None:
        path = self.folder / "defs" / "toy" / "defs.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"type": "atlas_assets.components.Atlas", "attributes": spec}))

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def materialise(self, stage: str) -> None:
        """One run from the command line, into the same state as the UI's."""
        command = [Path(sys.executable).parent / "dagster", "asset", "materialize", "-m", "atlas_assets.definitions"]
        done = subprocess.run(
            [*command, "--select", f"toy/{stage}"], cwd=self.folder, env=self.environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def has(self, stage: str, key: str | None = None) -> bool:
        return self.store.current(Address("toy", stage, key)) is not None

    def materialised(self) -> list[tuple[str, str | None]]:
        """Stage and partition of everything that a run has made so far, sorted."""
        found = []
        for run in self.ask(RUNS)["runsOrError"]["results"]:
            partition = {tag["key"]: tag["value"] for tag in run["tags"]}.get("dagster/partition")
            if run["status"] == "SUCCESS":
                found += [(asset["path"][-1], partition) for asset in run["assetSelection"] or []]
        return sorted(found, key=str)


def wait_for(what: Callable[[], Any], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if what():
                return
        except (urllib.error.URLError, ConnectionError):
            pass  # the webserver is still starting
        time.sleep(1)
    raise AssertionError(f"still waiting after {seconds:.0f} s")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Project(tmp_path, port)
    toy.write_tables(tmp_path)
    toy.put_viewer(made.store)
    made.write_spec(SPEC)
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    command = [Path(sys.executable).parent / "dagster", "dev", "-w", "workspace.yaml", "-p", str(port)]
    with (tmp_path / "dagster.log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=made.environment, stdout=log, stderr=log)
        try:
            wait_for(lambda: made.ask("{ version }"), seconds=120)
            yield made
        finally:
            server.terminate()
            server.wait(timeout=60)


def launch(project: Project, stage: str, keys: list[str]) -> None:
    """What "Materialize..." does in the UI: a backfill of these partitions; waits until it is done."""
    params = {"assetSelection": [{"path": ["toy", stage]}], "partitionNames": keys}
    started = project.ask(BACKFILL, params=params)["launchPartitionBackfill"]
    assert "backfillId" in started, started
    states = ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED")
    status = lambda: project.ask(STATUS, id=started["backfillId"])["partitionBackfillOrError"]["status"]  # noqa: E731
    wait_for(lambda: status() in states, seconds=300)
    assert status() == "COMPLETED_SUCCESS"


def test_a_root_that_changes_fills_everything_behind_it_and_a_new_point_only_itself(project: Project) -> None:
    """Materialise the root in the UI and the rest follows; add a point to the YAML, reload, and only it is computed."""
    stages = {node["assetKey"]["path"][-1] for node in project.ask(ASSETS)["assetNodes"]}
    assert {"raw_collections", "knn_graph", "projection", "bundle", "site"} <= stages
    # Automation notices a change only against a state that it has seen before.
    wait_for(lambda: project.ask(TICKS)["sensorOrError"]["sensorState"]["ticks"], seconds=120)
    project.materialise("raw_collections")
    wait_for(lambda: project.has("bundle"), seconds=300)
    before = project.materialised()
    assert ("projection", "k5_d3_pca") in before

    spec = json.loads(json.dumps(SPEC))
    spec["sweep"]["points"] = [{"n_neighbors": 8, "projection": {"method": "pca"}}]
    project.write_spec(spec)
    assert project.ask(RELOAD)["reloadRepositoryLocation"]["__typename"] == "WorkspaceLocationEntry"
    wait_for(lambda: project.materialised().count(("bundle", None)) > before.count(("bundle", None)), seconds=300)
    added = project.materialised()
    for made in before:
        added.remove(made)
    assert added == [
        ("bundle", None), ("embedding", "k8_d3"), ("knn_graph", "k8"), ("projection", "k8_d3_pca"),
        ("quality", "k8_d3_pca"), ("regions", "k8_d3_pca"), ("sweep_report", None),
    ]  # fmt: skip

    both = [("projection", "k5_d3_pca"), ("projection", "k8_d3_pca")]
    launch(project, "projection", [key for _, key in both])
    assert [made for made in project.materialised() if made[0] == "projection"] == sorted(both * 2)
