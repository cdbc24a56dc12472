"""``by-dagster``: an atlas made from Dagster's own pages, beside ``atlas run`` and the seconds of its layouts alone.

*Materialize all* of an atlas of which nothing was made is compared with ``atlas run`` of the same; then 24 points, by a
backfill of their partitions and by the sweep job, with the sum of the seconds that their layouts took themselves.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from atlas_assets.errors import AtlasError
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.plan.point_stages import of_a_point
from atlas_assets.spec.loading import load
from benchmarks import atlas_run, data, layout_data, measure
from benchmarks import sweep as many
from benchmarks.report import Row

ALL, RUN = "Materialize all", "atlas run"
BACKFILL, JOB, LAYOUTS = "24 points by a backfill", "24 points by the sweep job", "their layouts' own seconds"
GRAPHS, DIMENSIONS = (15, 30), (3, 4)
FIRST: dict[str, Any] = {"method": "pca"}
MAPS: list[dict[str, Any]] = [
    {"method": "umap", "n_neighbors": [15, 50], "min_dist": [0.1, 0.3]},
    {"method": "tsne", "perplexity": [30, 50]},
]
SEARCHED = ["umap:n_neighbors=15/50,min_dist=0.1/0.3,from=embedding", "tsne:perplexity=30/50,from=embedding"]
BEFORE = ("raw_collections", "entity_index", "neighbours", "knn_graph", "embedding")
POLLED = 0.2
"""Seconds between two looks at whether Dagster has finished."""
PATIENCE = 900
WHERE = 'repositoryLocationName: "atlas_assets", repositoryName: "__repository__"'
START_BACKFILL = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILL_STATUS = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status } } }"""
START_JOB = f"""mutation ($job: String!, $config: RunConfigData!) {{ launchRun(executionParams: {{
    runConfigData: $config, selector: {{{WHERE}, jobName: $job}}}}) {{
    __typename ... on LaunchRunSuccess {{ run {{ runId }} }} ... on PythonError {{ message }} }} }}"""
RUNS_OF = """query ($tag: String!) { runsOrError(filter: {tags: [{key: "dagster/backfill", value: $tag}]}) {
    ... on Runs { results { creationTime endTime } } } }"""
JOB_STATUS = """query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"""
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { loadStatus
    locationOrLoadError { __typename } } } } }"""


def run(case: str, *, runs: int, cache: Path, progress: Callable[[str], None] = lambda text: None) -> Iterator[Row]:
    """The rows of a case, as they come."""
    try:
        found = data.find(case, cache=cache)
    except data.Absent as error:
        yield Row("by-dagster", case, ALL, RUN, None, None, note=str(error))
        return
    with tempfile.TemporaryDirectory(prefix="by-dagster-", dir=cache) as scratch:
        rows = Path(scratch) / "rows.parquet"
        names = {found.collection: "collection", found.entity: "entity"}
        pl.read_parquet(found.path, columns=list(names)).rename(names).write_parquet(rows)
        folder = Path(scratch) / "project"
        atlas_run.make_project(
            folder,
            rows,
            columns={"collection": "collection", "entity": "entity"},
            filter={"min_collections": many.MIN_COLLECTIONS.get(case, 3)},
            refresh={"watch": False},  # nothing but what is asked for
            seed=layout_data.SEED,
        )
        progress(f"{case}: everything is compiled first")
        atlas_run.run(str(folder), keep=False, stages=())
        yield from _everything(case, folder, runs, progress)
        yield from _points(case, folder, runs, progress)


def _everything(case: str, folder: Path, runs: int, progress: Callable[[str], None]) -> list[Row]:
    all_of_it: list[Took] = []
    alone: list[float] = []
    for _ in range(runs):
        progress(f"{case}: atlas run")
        alone.append(atlas_run.run(str(folder), keep=False, stages=())["seconds"])
        progress(f"{case}: Materialize all")
        with Dagster(folder).running() as dagster:
            stages = [name for name, stage in _pipeline(folder).stages.items() if not stage.on_request]
            all_of_it.append(dagster.backfill([*stages, "viewer"], allPartitions=True))
        _forget(folder)
    return _of_a_backfill(case, ALL, RUN, all_of_it, alone)


def _points(case: str, folder: Path, runs: int, progress: Callable[[str], None]) -> list[Row]:
    """A backfill starts from graphs and embeddings that are there; the job makes the missing ones, report and site."""
    backfills: list[Took] = []
    jobs: list[float] = []
    layouts: dict[str, list[float]] = {BACKFILL: [], JOB: []}
    for _ in range(runs):
        progress(f"{case}: {BACKFILL}")
        _change(folder, sweep={"n_neighbors": list(GRAPHS), "embedding_dim": list(DIMENSIONS), "projections": MAPS})
        keys = list(_pipeline(folder).sweep.projections)
        atlas_run.run(str(folder), stages=BEFORE)
        with Dagster(folder).running() as dagster:
            backfills.append(dagster.backfill(list(of_a_point()), partitionNames=keys))
        layouts[BACKFILL].append(_own_seconds(folder))
        _forget(folder)
        progress(f"{case}: {JOB}")
        _change(folder, sweep={"n_neighbors": [GRAPHS[0]], "embedding_dim": [DIMENSIONS[0]], "projections": [FIRST]})
        atlas_run.run(str(folder), stages=())
        with Dagster(folder).running() as dagster:
            asked = {"search": "GRID", "methods": SEARCHED, "k": _list(GRAPHS), "dim": _list(DIMENSIONS)}
            jobs.append(dagster.job(f"{atlas_run.NAME}_sweep", **asked))
        layouts[JOB].append(_own_seconds(folder))
        _forget(folder)
    return [
        *_of_a_backfill(case, BACKFILL, LAYOUTS, backfills, layouts[BACKFILL]),
        _row(case, JOB, LAYOUTS, jobs, layouts[JOB]),
    ]


def _own_seconds(folder: Path) -> float:
    """Of the layouts of all points, as each artifact recorded them when it was made."""
    made = atlas_run.Made(folder)
    return sum(made.seconds("projection", key) for key in _pipeline(folder).sweep.projections)


def _list(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))


def _of_a_backfill(case: str, what: str, peer: str, took: list[Took], theirs: list[float]) -> list[Row]:
    return [
        _row(case, f"{what}, its runs", peer, [each.runs for each in took], theirs),
        _row(case, f"{what}, from the request until Dagster calls it complete", peer, [t.whole for t in took], theirs),
    ]


def _row(case: str, metric: str, peer: str, ours: list[float], theirs: list[float]) -> Row:
    return Row(
        "by-dagster",
        case,
        f"seconds: {metric}",
        peer,
        _median(ours),
        _median(theirs),
        runs={metric: ours, peer: theirs},
    )


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _spec_file(folder: Path) -> Path:
    return folder / "defs" / atlas_run.NAME / "defs.yaml"


def _pipeline(folder: Path) -> Pipeline:
    return Pipeline(load(_spec_file(folder)), base=folder)


def _change(folder: Path, **attributes: Any) -> None:
    path = _spec_file(folder)
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(spec | {"attributes": spec["attributes"] | attributes}), encoding="utf-8")


def _forget(folder: Path) -> None:
    for made in ("data", ".dagster"):
        shutil.rmtree(folder / made)


@dataclass(frozen=True)
class Took:
    """Seconds of a backfill. whole: from the request until Dagster calls it complete; runs: from its first run's launch
    to its last one's end. Between them lie the looks of Dagster's backfill daemon, which come every 30 s."""

    whole: float
    runs: float


class Dagster:
    """``dagster dev`` on a project folder, asked as its pages ask."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @contextmanager
    def running(self) -> Iterator[Dagster]:
        """Inside, the server answers and has loaded the definitions."""
        told = {name: value for name, value in os.environ.items() if not name.startswith(("ATLAS_", "DAGSTER_"))}
        told |= {
            "ATLAS_DEFS": str(self.folder / "defs"),
            "ATLAS_STORAGE": str(self.folder / "data"),
            "PYTHONPATH": os.pathsep.join([str(measure.REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        dagster = [str(Path(sys.executable).parent / "dagster")]
        # What is measured is who was asked: the sensor would make by itself what is due.
        stop = [*dagster, "sensor", "stop", f"{atlas_run.NAME}_refresh", "-w", "workspace.yaml"]
        home = told | {"DAGSTER_HOME": str(self.folder)}
        subprocess.run(stop, cwd=self.folder, env=home, check=True, capture_output=True)
        command = [*dagster, "dev", "-w", "workspace.yaml", "-p", str(self.port)]
        with (self.folder / "dagster.log").open("w") as log:
            server = subprocess.Popen(
                command, cwd=self.folder, env=told, stdout=log, stderr=log, start_new_session=True
            )
            try:
                _until(self._loaded)
                time.sleep(5)  # the daemons' first looks
                yield self
            finally:
                server.send_signal(signal.SIGINT)
                server.wait(timeout=120)

    def _loaded(self) -> bool:
        entries = self.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        return bool(entries) and all(
            (entry["locationOrLoadError"] or {}).get("__typename") == "RepositoryLocation" for entry in entries
        )

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.load(answer)
        if "errors" in said:
            raise AtlasError(f"Dagster answered: {said['errors']}")
        return said["data"]

    def backfill(self, stages: list[str], **params: Any) -> Took:
        """What "Materialize" does with a selection that has partitions."""
        selection = [{"path": ["viewer"] if stage == "viewer" else [atlas_run.NAME, stage]} for stage in stages]
        start = time.perf_counter()
        told = self.ask(START_BACKFILL, params={"assetSelection": selection, **params})["launchPartitionBackfill"]
        if "backfillId" not in told:
            raise AtlasError(f"the backfill did not start: {told}")
        ended = _until(
            lambda: self._ended(self.ask(BACKFILL_STATUS, id=told["backfillId"])["partitionBackfillOrError"]["status"])
        )
        whole = _if_succeeded(ended, start, self.folder)
        runs = self.ask(RUNS_OF, tag=told["backfillId"])["runsOrError"]["results"]
        return Took(whole, max(run["endTime"] for run in runs) - min(run["creationTime"] for run in runs))

    def job(self, name: str, **config: Any) -> float:
        """Seconds from the launch of a job to its end."""
        start = time.perf_counter()
        told = self.ask(START_JOB, job=name, config={"ops": {"plan": {"config": config}}})["launchRun"]
        if "run" not in told:
            raise AtlasError(f"the job did not start: {told}")
        ended = _until(lambda: self._ended(self.ask(JOB_STATUS, id=told["run"]["runId"])["runOrError"]["status"]))
        return _if_succeeded(ended, start, self.folder)

    @staticmethod
    def _ended(status: str) -> str | None:
        over = ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED", "SUCCESS", "FAILURE")
        return status if status in over else None


def _if_succeeded(ended: str, start: float, folder: Path) -> float:
    seconds = time.perf_counter() - start
    if ended not in ("COMPLETED_SUCCESS", "SUCCESS"):
        raise AtlasError(f"it ended as {ended}; Dagster wrote: {(folder / 'dagster.log').read_text()[-2000:]}")
    return seconds


def _until(what: Callable[[], Any]) -> Any:
    """The first answer that is true; a server that is still starting is asked again."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if answer := what():
                return answer
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(POLLED)
    raise AtlasError(f"Dagster has not answered or ended within {PATIENCE} s")
