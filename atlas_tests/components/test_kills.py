"""Daemon, webserver, code server and run workers are killed at random moments, while the source grows: the looks of the
sensor that follow end in the right site, with no artifact corrupt or left over, and no run under way for ever.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from atlas_assets.orchestration import command, run_tags
from atlas_assets.store import artifacts as io
from atlas_assets.store import processes
from atlas_tests.components.live import ENDED, LOCATION, Project, free_port, wait_for

KILLS = int(os.environ.get("ATLAS_TEST_KILLS", "50"))
SEED = 6
SECONDS_TO_KILL_IN = 9.0  # from a change of the source to a new site it takes about so long
SECONDS_TO_BE_RIGHT = 300  # where both sides of a launch were killed, a run counts as starting for three minutes
SECONDS_TO_COMPILE = 900  # all kernels, where nothing is compiled yet and the machine has other work
READERS_EACH = 12  # of every new book

SPEC: dict[str, Any] = {
    "source": {"interactions": "ratings.csv", "entities": "books.csv"},
    "sweep": {
        "n_neighbors": [5],
        "projections": [{"method": "tsne", "perplexity": 3, "from": "graph"}, {"method": "umap", "from": "graph"}],
    },
    "refresh": {"every": "5s", "settle": "0s", "threshold": "0%"},
    "quality": {"holdout": 0},
}
PYTHON, BIN = sys.executable, Path(sys.executable).parent


class Servers:
    """What ``dagster dev`` starts, each on its own, so that each can be killed and started again."""

    def __init__(self, project: Project) -> None:
        self._project, self._code_port = project, free_port()
        workspace = {"grpc_server": {"host": "127.0.0.1", "port": self._code_port, "location_name": LOCATION}}
        (project.folder / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [workspace]}))
        module = ["-m", "atlas_assets.definitions", "--location-name", LOCATION]
        self._commands = {
            "code server": [
                PYTHON,
                "-m",
                "dagster",
                "api",
                "grpc",
                "--host",
                "127.0.0.1",
                "--port",
                str(self._code_port),
                *module,
            ],
            "daemon": [str(BIN / "dagster-daemon"), "run", "-w", "workspace.yaml"],
            "webserver": [str(BIN / "dagster-webserver"), "-w", "workspace.yaml", "-p", str(project.port)],
        }
        self._running: dict[str, subprocess.Popen] = {}
        self._log = (project.folder / "servers.log").open("w")

    def start(self) -> None:
        """Those that do not run."""
        for name, started_by in self._commands.items():
            if name not in self._running or self._running[name].poll() is not None:
                self._running[name] = subprocess.Popen(
                    started_by,
                    cwd=self._project.folder,
                    stdout=self._log,
                    stderr=self._log,
                    env=self._project.environment | {"DAGSTER_HOME": str(self._project.folder)},
                )

    def kill(self, name: str) -> None:
        self._running[name].kill()
        self._running[name].wait()

    def stop(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()
        self._log.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path, SPEC)
    monkeypatch.chdir(tmp_path)  # the paths in dagster.yaml are relative
    with command.instance():
        pass  # SQLite's tables are made by one process: several that begin at once get into each other's way
    return made


@pytest.fixture
def servers(project: Project) -> Iterator[Servers]:
    made = Servers(project)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        for worker in run_workers(project):
            os.kill(worker, signal.SIGKILL)


def run_workers(project: Project) -> list[int]:
    """The processes of runs, started by the code server or left by one that was killed."""
    return processes_there(project, b"multiprocessing.spawn")


def processes_there(project: Project, what: bytes) -> list[int]:
    """Those of this project whose command line has that in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, where = (process / "cmdline").read_bytes(), os.readlink(process / "cwd")
        except OSError:
            continue
        if what in command and where == str(project.folder):
            found.append(int(process.name))
    return found


def grow(project: Project, book: int) -> None:
    """A book more, on the shelves of new readers."""
    ratings, draft = project.folder / "ratings.csv", project.folder / "draft.csv"
    others = random.Random(book).sample(range(30), 4)
    rows = [f"reader {book}-{reader},{entity},5" for reader in range(READERS_EACH) for entity in (book, *others)]
    draft.write_text(ratings.read_text() + "\n".join(rows) + "\n")
    draft.replace(ratings)


def shown(project: Project) -> dict[str, Any]:
    """The manifest that the page of the site names."""
    [path] = re.findall(r'<meta name="atlas-manifest" content="([^"]+)"', project.shown().decode())
    return json.loads((project.folder / "data" / "toy" / "site" / path).read_text())


def is_right(project: Project, *, books: int) -> bool:
    """Whether the site is that of the source as it is, and nothing is under way."""
    return shown(project)["n"] == books and all(run["status"] in ENDED for run in project.runs())


def check_store(project: Project) -> None:
    """Every version that is stored has the content that its name says, pointers lead to one, nothing is left over."""
    root = project.folder / "data"
    versions = [path for path in root.rglob("*") if path.is_dir() and re.fullmatch("[0-9a-f]{16}", path.name)]
    assert len(versions) > 10
    for version in versions:
        assert io.content_hash(version)[0] == version.name
    pointers = list(root.rglob(io.POINTER))
    assert {pointer.parent for pointer in pointers} == {version.parent for version in versions}
    for pointer in pointers:
        assert (pointer.parent / json.loads(pointer.read_text())["version"]).is_dir()
    kept = {
        artifact: len([path for path in versions if path.parent == artifact])
        for artifact in {v.parent for v in versions}
    }
    assert max(kept.values()) <= 4, kept  # two, and what the predecessor and a kill may add
    left = [path for path in (root / io.STAGING).iterdir() if path.name != "lock"]
    left += [path for path in root.rglob("*") if path.name.endswith(".draft") or f"{io.POINTER}." in path.name]
    assert left == []


def check_site(project: Project, *, ids: set[str]) -> None:
    """Every file of every version that visitors may choose is there; those that are named by their content have it."""
    site = project.folder / "data" / "toy" / "site"
    listed = json.loads((site / "versions.json").read_text())
    for name in {name for version in listed for name in version["files"]}:
        content = (site / name).read_bytes()
        if named := re.fullmatch(r"data/[^/]+/.*\.([0-9a-f]{8,16})\.bin", name):
            assert hashlib.sha256(content).hexdigest().startswith(named[1]), name
    for download in shown(project)["downloads"]:
        assert hashlib.sha256((site / download["path"]).read_bytes()).hexdigest() == download["sha256"]
    assert set(pl.read_parquet(site / "downloads" / "atlas.parquet")["id"].cast(pl.String)) == ids


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_whatever_is_killed_the_next_looks_end_in_the_right_site(project: Project, servers: Servers) -> None:
    chance, ids = random.Random(SEED), {str(book) for book in range(61)}
    wait_for(lambda: "Nothing was made" in (project.tick()["skipReason"] or ""), seconds=180)
    project.launch()
    wait_for(lambda: project.is_made() and is_right(project, books=61), seconds=SECONDS_TO_COMPILE)
    grow(project, 99)  # what updates compile
    ids.add("99")
    wait_for(lambda: is_right(project, books=62), seconds=SECONDS_TO_COMPILE)
    began = time.monotonic()
    for number in range(KILLS):
        victim = chance.choice(["daemon", "webserver", "code server", "run worker"])
        delay = chance.uniform(0, SECONDS_TO_KILL_IN)
        grow(project, 100 + number)
        ids.add(str(100 + number))
        if victim == "run worker":
            worker = wait_for(lambda: run_workers(project), seconds=SECONDS_TO_BE_RIGHT, every=0.05)[0]
            time.sleep(delay / 2)
            if processes.began(worker):
                os.kill(worker, signal.SIGKILL)
        else:
            time.sleep(delay)
            servers.kill(victim)
        killed = time.monotonic()
        servers.start()
        wait_for(lambda: is_right(project, books=len(ids)), seconds=SECONDS_TO_BE_RIGHT)
        print(f"{number}: {victim} after {delay:.1f} s, right {time.monotonic() - killed:.1f} s later", flush=True)
        check_store(project)
        check_site(project, ids=ids)
    print(f"{KILLS} kills in {time.monotonic() - began:.0f} s")
    tags = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in project.runs()]
    assert all(made[run_tags.ATLAS] == "toy" for made in tags)
