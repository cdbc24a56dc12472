"""Several machines on one: Redis, PostgreSQL, an S3 server, webserver, daemon and two workers, all on loopback."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.store.artifacts import ArtifactStore
from atlas_tests import toy
from atlas_tests.components.live import BACKFILL_ENDED, ENDED, Project, free_port, wait_for
from atlas_tests.conftest import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PATIENCE = 25  # seconds after which what a dead worker had taken goes to another
SPEC: dict[str, Any] = {
    "source": {"interactions": "ratings.csv", "entities": "books.csv"},
    "sweep": {"n_neighbors": [5], "projections": [{"method": "tsne", "perplexity": [3, 4, 5, 6], "from": "graph"}]},
    "refresh": {"every": "10s", "settle": "0s", "threshold": "0%"},
}
BIN = Path(sys.executable).parent
TASKS = """query ($run: ID!) { logsForRun(runId: $run, limit: 1000) { ... on EventConnection { events {
    ... on EngineEvent { stepKey metadataEntries { label ... on TextMetadataEntry { text } } } } } } }"""


def postgres_bin() -> Path:
    """Where PostgreSQL's programs are; Debian has them outside of the path."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        pytest.skip("PostgreSQL is not installed")
    return places[-1]


class Machines:
    """Everything that runs beside the project; what a test kills it starts again."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("redis-server") is None:
            pytest.skip("redis-server is not installed")
        self._postgres_bin = postgres_bin()
        pytest.importorskip("dagster_celery")
        pytest.importorskip("dagster_postgres")
        self.running: dict[str, subprocess.Popen] = {}
        self._folder, self._log = folder, (folder / "servers.log").open("w")
        redis, self._postgres, s3 = free_port(), free_port(), self._s3()
        self.environment = {
            "ATLAS_EXECUTOR": "celery",
            "ATLAS_CELERY_BROKER": f"redis://127.0.0.1:{redis}/0",
            "ATLAS_CELERY_PATIENCE": str(PATIENCE),
            "ATLAS_STORAGE": "s3://maps/atlas",
            "AWS_ENDPOINT_URL": s3,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "ATLAS_POSTGRES_USER": "atlas",
            "ATLAS_POSTGRES_PASSWORD": "secret",
            "ATLAS_POSTGRES_HOST": "127.0.0.1",
            "ATLAS_POSTGRES_DB": "postgres",
            "ATLAS_POSTGRES_PORT": str(self._postgres),
        }
        self.start("redis", ["redis-server", "--port", str(redis), "--save", ""], os.environ)
        self._start_postgres()

    def start(self, name: str, command: list[str], environment: Any, **options: Any) -> None:
        self.running[name] = subprocess.Popen(
            command, env=environment, stdout=self._log, stderr=self._log, start_new_session=True, **options
        )

    def kill(self, name: str) -> None:
        """With everything that it has started."""
        os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running[name].wait()

    def stop(self) -> None:
        for name, process in reversed(self.running.items()):
            if process.poll() is None:
                self.kill(name)
        self._moto.stop()
        self._log.close()

    def _s3(self) -> str:
        self._moto = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        address = f"http://{host}:{port}"
        urllib.request.urlopen(urllib.request.Request(f"{address}/maps", method="PUT"))
        return address

    def _start_postgres(self) -> None:
        """Which refuses to run as root."""
        user: dict[str, Any] = {"user": "postgres"} if getpass.getuser() == "root" else {}
        place = self._folder / "postgres"
        place.mkdir()
        password = self._folder / "password"
        password.write_text("secret")
        for path in (self._folder, *self._folder.parents[:3]):
            path.chmod(path.stat().st_mode | 0o055)
        if user:
            shutil.chown(place, "postgres")
            shutil.chown(password, "postgres")
        subprocess.run(
            [self._postgres_bin / "initdb", "-D", place, "-U", "atlas", "--pwfile", password, "-A", "scram-sha-256"],
            check=True,
            stdout=self._log,
            stderr=self._log,
            cwd="/",
            **user,
        )
        command = [
            str(self._postgres_bin / "postgres"),
            "-D",
            str(place),
            "-p",
            str(self._postgres),
            "-k",
            str(place),
            "-h",
            "127.0.0.1",
        ]
        self.start("postgres", command, os.environ, cwd="/", **user)
        ready = [self._postgres_bin / "pg_isready", "-h", "127.0.0.1", "-p", str(self._postgres)]
        wait_for(lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0, seconds=60)


class Fleet(Project):
    """The project on these machines."""

    def __init__(self, folder: Path, machines: Machines) -> None:
        super().__init__(folder, SPEC)
        self.machines = machines
        shutil.copy(REPOSITORY / "deploy" / "dagster.yaml", folder)
        shutil.copy(REPOSITORY / "workspace.yaml", folder)
        self.environment |= machines.environment | {"DAGSTER_HOME": str(folder)}
        options = {"endpoint_url": machines.environment["AWS_ENDPOINT_URL"], "key": "test", "secret": "test"}
        self.store = ArtifactStore("s3://maps/atlas", cache=folder / "cache", **options)
        toy.put_viewer(self.store, recipe=toy.viewer_recipe())

    def start(self) -> None:
        machines = self.machines
        for number in (1, 2):
            self.start_worker(number)
        for name, command in {
            "webserver": [str(BIN / "dagster-webserver"), "-w", "workspace.yaml", "-p", str(self.port)],
            "daemon": [str(BIN / "dagster-daemon"), "run", "-w", "workspace.yaml"],
        }.items():
            machines.start(name, command, self.environment, cwd=self.folder)
        wait_for(lambda: "Nothing was made" in (self.tick()["skipReason"] or ""), seconds=180)

    def start_worker(self, number: int) -> None:
        command = [
            str(BIN / "celery"),
            "-A",
            "atlas_assets.orchestration.celery_app",
            "worker",
            "-Q",
            "dagster,gpu",
            "-n",
            f"worker{number}@here",
            "-c",
            "1",
        ]
        self.machines.start(f"worker {number}", command, self.environment, cwd=self.folder)

    def workers_of(self, run: str) -> set[str]:
        """Which workers took tasks of a run."""
        events = self.ask(TASKS, run=run)["logsForRun"]["events"]
        entries = [entry for event in events for entry in event.get("metadataEntries") or []]
        return {entry["text"] for entry in entries if entry["label"] == "Celery worker"}

    def made_once(self) -> bool:
        """Whether nothing was made twice with the same content."""
        made = self.materialised()
        return len(made) == len(set(made))


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    machines = Machines(tmp_path)
    try:
        made = Fleet(tmp_path / "project", machines)
        made.start()
        yield made
    finally:
        machines.stop()


def killed_in_the_middle(fleet: Fleet, *, begun: Any, ended: Any) -> None:
    """A worker dies while something is under way, and comes back; what it had taken is made by another."""
    wait_for(begun, seconds=300)
    fleet.machines.kill("worker 1")
    time.sleep(2)
    fleet.start_worker(1)
    wait_for(ended, seconds=600)


def test_refresh_sweep_and_backfill_spread_over_workers_and_survive_the_death_of_one(fleet: Fleet) -> None:
    keys = {f"k5_tsne-p{perplexity}" for perplexity in (3, 4, 5, 6)}
    made = lambda stage="quality": {key for made, key in fleet.materialised() if made == stage}  # noqa: E731

    refresh = fleet.launch()
    killed_in_the_middle(fleet, begun=made, ended=lambda: fleet.status(refresh) in ENDED)
    assert fleet.status(refresh) == "SUCCESS"
    assert made() == keys
    assert fleet.workers_of(refresh) == {"worker1@here", "worker2@here"}
    assert fleet.made_once()

    wanted = {f"k{k}_tsne-p3" for k in range(6, 18)}
    config = {"search": "GRID", "methods": ["tsne:perplexity=3,from=graph"], "k": ",".join(map(str, range(6, 18)))}
    sweep = fleet.launch("toy_sweep", **config)
    killed_in_the_middle(fleet, begun=lambda: made() & wanted, ended=lambda: fleet.status(sweep) in ENDED)
    assert fleet.status(sweep) == "SUCCESS"
    assert made() >= wanted
    assert fleet.workers_of(sweep) == {"worker1@here", "worker2@here"}

    def by_backfill() -> int:
        return sum(1 for stage, _ in fleet.materialised() if stage == "regions")

    before = by_backfill()
    backfill = fleet.backfill(["regions"], partitionNames=sorted(keys))
    killed_in_the_middle(
        fleet, begun=lambda: by_backfill() > before, ended=lambda: fleet.backfill_status(backfill) in BACKFILL_ENDED
    )
    assert fleet.backfill_status(backfill) == "COMPLETED_SUCCESS"

    site = fleet.store.read("toy", "site", "index.html")
    assert site is not None
    pipeline = Pipeline(fleet.spec(), base=fleet.folder)
    assert fleet.store.current(pipeline.address("site_record")) is not None
    now = time.time()
    wait_for(lambda: (tick := fleet.tick())["timestamp"] > now and tick["status"] == "SKIPPED", seconds=120)
    assert "as they were read" in fleet.tick()["skipReason"]
