"""A project folder of its own with the toy atlas, and the Dagster that runs on it, asked as its UI asks."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from atlas_assets.plan.pipeline import viewer_recipe
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import load
from atlas_assets.store.artifacts import Address, ArtifactStore
from atlas_tests import toy
from atlas_tests.conftest import PLACES, REPOSITORY

LOCATION, REPOSITORY_NAME = "atlas_assets", "__repository__"
WHERE = f'repositoryLocationName: "{LOCATION}", repositoryName: "{REPOSITORY_NAME}"'
RELOAD = f"""mutation {{ reloadRepositoryLocation(repositoryLocationName: "{LOCATION}") {{
    __typename ... on PythonError {{ message }} }} }}"""
RUNS = """query { runsOrError(limit: 1000) { ... on Runs { results { runId status jobName
    assets { key { path } } tags { key value } } } } }"""
TICKS = f"""query ($limit: Int!) {{ sensorOrError(sensorSelector: {{{WHERE}, sensorName: "toy_refresh"}}) {{
    ... on Sensor {{ sensorState {{ status ticks(limit: $limit) {{ status skipReason timestamp
    error {{ message }} }} }} }} }} }}"""
LAUNCH = f"""mutation ($job: String!, $config: RunConfigData!) {{ launchRun(executionParams: {{runConfigData: $config,
    selector: {{{WHERE}, jobName: $job}}}}) {{
    __typename ... on LaunchRunSuccess {{ run {{ runId }} }} ... on PythonError {{ message }} }} }}"""
TERMINATE = """mutation ($run: String!) { terminateRun(runId: $run) { __typename ... on PythonError { message } } }"""
MATERIALISED = """{ assetNodes { assetKey { path } assetMaterializations(limit: 1000) { partition runId } } }"""
CHECKS = """query ($asset: [String!]!, $check: String!) { assetCheckExecutions(assetKey: {path: $asset},
    checkName: $check, limit: 20) { status evaluation { success description severity } } }"""
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


BACKFILL = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
STATUS = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status } } }"""
BACKFILL_ENDED = ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED")


class Project:
    """A folder with the toy atlas. Who starts Dagster on it puts the webserver at ``port``."""

    def __init__(self, folder: Path, spec: dict[str, Any]) -> None:
        self.folder, self.port = folder, free_port()
        self.store = ArtifactStore(folder / "data")
        # A fixture of a whole module is made before what other tests have set is taken away.
        told = {name: value for name, value in os.environ.items() if name not in PLACES}
        self.environment = told | {
            "ATLAS_DEFS": str(folder / "defs"),
            "ATLAS_STORAGE": str(folder / "data"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]),
        }
        self.write_spec(spec)
        toy.write_tables(folder)
        toy.put_viewer(self.store, recipe=viewer_recipe())
        shutil.copy(REPOSITORY / "dagster.yaml", folder)

    def write_spec(self, spec: dict[str, Any]) -> None:
        path = self.folder / "defs" / "toy" / "defs.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"type": "atlas_assets.components.Atlas", "attributes": spec}))

    def spec(self) -> AtlasSpec:
        return load(self.folder / "defs" / "toy" / "defs.yaml")

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        address = f"http://127.0.0.1:{self.port}/graphql"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.load(answer)
        assert "errors" not in said, said["errors"]
        return said["data"]

    def launch(self, job: str = "toy_refresh", **config: Any) -> str:
        """A job, as from the launchpad; returns its run."""
        asked = {"ops": {"plan": {"config": config}}} if config else {}
        launched = self.ask(LAUNCH, job=job, config=asked)["launchRun"]
        assert "run" in launched, launched
        return launched["run"]["runId"]

    def backfill(self, stages: list[str], **params: Any) -> str:
        """What "Materialize" does with a selection that has partitions; returns the backfill."""
        selection = [{"path": ["viewer"] if stage == "viewer" else ["toy", stage]} for stage in stages]
        started = self.ask(BACKFILL, params={"assetSelection": selection, **params})["launchPartitionBackfill"]
        assert "backfillId" in started, started
        return started["backfillId"]

    def backfill_status(self, backfill: str) -> str:
        return self.ask(STATUS, id=backfill)["partitionBackfillOrError"]["status"]

    def runs(self) -> list[dict[str, Any]]:
        """All runs, newest first."""
        return self.ask(RUNS)["runsOrError"]["results"]

    def status(self, run_id: str) -> str:
        return next(run["status"] for run in self.runs() if run["runId"] == run_id)

    def refreshes(self) -> list[str]:
        """How each run of the job stands, newest first."""
        return [run["status"] for run in self.runs() if run["jobName"] == "toy_refresh"]

    def tick(self) -> dict[str, Any]:
        """The newest look of the sensor; an empty one until the server knows of it."""
        state = self.ask(TICKS, limit=1)["sensorOrError"].get("sensorState") or {"ticks": []}
        return state["ticks"][0] if state["ticks"] else {"status": None, "skipReason": "", "timestamp": 0.0}

    def materialised(self) -> list[tuple[str, str | None]]:
        """Stage and partition of everything that runs have told to be made so far, sorted."""
        nodes = self.ask(MATERIALISED)["assetNodes"]
        found = [
            (node["assetKey"]["path"][-1], made["partition"])
            for node in nodes
            if node["assetKey"]["path"][0] == "toy"
            for made in node["assetMaterializations"]
        ]
        return sorted((made for made in found if made[0] != "source"), key=str)

    def shown(self) -> bytes:
        """The page that visitors get."""
        return (self.folder / "data" / "toy" / "site" / "index.html").read_bytes()

    def is_made(self) -> bool:
        return self.store.current(Address("toy", "site_record")) is not None


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(what: Callable[[], Any], *, seconds: float, every: float = 0.5) -> Any:
    """The first answer that is true. A server that is still starting, or was just killed, is asked again."""
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            if last := what():
                return last
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(every)
    raise AssertionError(f"still waiting after {seconds:.0f} s; the last answer was {last!r}")
