"""Dagster as people run it: webserver, daemon and run workers, on a project folder of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from atlas_assets.orchestration.state import instance
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.store.artifacts import Address
from atlas_tests import toy
from atlas_tests.components.live import BACKFILL_ENDED, CHECKS, ENDED, RELOAD, TERMINATE, Project, wait_for
from atlas_tests.conftest import REPOSITORY

pytestmark = pytest.mark.timeout(900)

STARTING = 120
"""Seconds that webserver, daemon and code server may take to start together, on a machine with other work."""

SPEC: dict[str, Any] = {
    "source": {"interactions": "ratings.csv", "entities": "books.csv"},
    "sweep": {"n_neighbors": [5], "projections": [{"method": "pca"}]},
    "refresh": {"every": "5s", "settle": "1s"},
}
PLOTTED = """{ assetNodeOrError(assetKey: {path: ["toy", "site"]}) { ... on AssetNode {
    assetMaterializations(limit: 1) { metadataEntries { label ... on IntMetadataEntry { intValue }
    ... on FloatMetadataEntry { floatValue } } } } } }"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """With the atlas made once, by its job, launched as from the UI."""
    made = Project(tmp_path_factory.mktemp("live"), SPEC)
    with dagster_dev(made):
        assert made.runs() == []  # nothing starts by itself before an atlas was made once
        made.launch()
        wait_for(lambda: made.refreshes() == ["SUCCESS"], seconds=300)
        looked_again(made)
        yield made


@contextmanager
def dagster_dev(project: Project) -> Iterator[None]:
    """Inside, ``dagster dev`` runs on the project, and its sensor has looked once."""
    shutil.copy(REPOSITORY / "workspace.yaml", project.folder)
    command = [Path(sys.executable).parent / "dagster", "dev", "-w", "workspace.yaml", "-p", str(project.port)]
    written = project.folder / "dagster.log"
    with written.open("w") as log:
        server = subprocess.Popen(
            command, cwd=project.folder, env=project.environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            try:
                wait_for(lambda: "Nothing was made" in (project.tick()["skipReason"] or ""), seconds=STARTING)
            except AssertionError as slow:
                slow.add_note("dagster dev wrote, at the end:\n" + written.read_text()[-4000:])
                raise
            yield
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)


def looked_again(project: Project) -> str:
    """Waits until the sensor has looked once more and found nothing to do; what it said."""
    now = time.time()
    wait_for(lambda: (tick := project.tick())["timestamp"] > now and tick["status"] == "SKIPPED", seconds=120)
    return project.tick()["skipReason"]


def test_a_source_that_grows_ends_in_a_new_site(project: Project) -> None:
    before, count = project.shown(), len(project.refreshes())
    toy.write_tables(project.folder, readers=170)
    wait_for(lambda: len(project.refreshes()) > count and project.refreshes()[0] in ENDED, seconds=300)
    assert project.refreshes()[0] == "SUCCESS"
    assert project.shown() != before
    [history] = project.ask(PLOTTED)["assetNodeOrError"]["assetMaterializations"]
    plotted = {entry["label"]: entry.get("intValue", entry.get("floatValue")) for entry in history["metadataEntries"]}
    assert plotted["rows"] > 170 * 8
    assert plotted["movement k5_d3_pca"] is not None


@pytest.mark.slow
def test_a_source_that_is_as_it_was_costs_nothing(project: Project) -> None:
    runs, before = len(project.runs()), project.shown()
    for _ in range(2):
        assert "as they were read" in looked_again(project)
    assert len(project.runs()) == runs
    assert project.shown() == before


@pytest.mark.slow
def test_a_source_that_is_gone_is_a_failed_check_and_the_site_stays(project: Project) -> None:
    runs, before = len(project.runs()), project.shown()
    newest = lambda: project.ask(CHECKS, asset=["toy", "source"], check="source")["assetCheckExecutions"][0]  # noqa: E731
    (project.folder / "ratings.csv").rename(project.folder / "elsewhere.csv")
    wait_for(lambda: newest()["status"] == "FAILED", seconds=60)
    assert "ratings.csv" in newest()["evaluation"]["description"]
    assert newest()["evaluation"]["severity"] == "ERROR"
    assert "Until then everything stays as it is" in looked_again(project)
    assert len(project.runs()) == runs
    assert project.shown() == before
    (project.folder / "elsewhere.csv").rename(project.folder / "ratings.csv")
    wait_for(lambda: newest()["status"] == "SUCCEEDED", seconds=60)


@pytest.mark.slow
def test_a_point_added_to_the_yaml_makes_exactly_its_artifacts(project: Project) -> None:
    looked_again(project)
    before, count = project.materialised(), len(project.refreshes())
    spec = json.loads(json.dumps(SPEC))
    spec["sweep"]["points"] = [{"n_neighbors": 8, "projection": {"method": "pca"}}]
    project.write_spec(spec)
    assert project.ask(RELOAD)["reloadRepositoryLocation"]["__typename"] == "WorkspaceLocationEntry"
    wait_for(lambda: len(project.refreshes()) > count and project.refreshes()[0] in ENDED, seconds=300)
    new = added(project, before)
    # The longest lists of neighbours are those of the largest graph: the smaller one is cut from them again.
    assert set(new) - {("neighbours", None), ("knn_graph", "k5")} == {
        ("bundle", None),
        ("embedding", "k8_d3"),
        ("knn_graph", "k8"),
        ("projection", "k8_d3_pca"),
        ("quality", "k8_d3_pca"),
        ("regions", "k8_d3_pca"),
        ("site", None),
        ("sweep_report", None),
    }
    assert len(set(new)) == len(new)


def test_partitions_can_be_made_one_by_one_from_the_ui(project: Project) -> None:
    """What "Materialize..." does: a backfill of these partitions."""
    before = project.materialised()
    backfill = project.backfill(["projection"], partitionNames=["k5_d3_pca"])
    wait_for(lambda: project.backfill_status(backfill) in BACKFILL_ENDED, seconds=300)
    assert project.backfill_status(backfill) == "COMPLETED_SUCCESS"
    assert project.materialised() == sorted([*before, ("projection", "k5_d3_pca")], key=str)


@pytest.mark.slow
def test_a_sweep_that_is_terminated_in_the_ui_goes_on_when_it_is_launched_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)  # the paths in dagster.yaml are relative
    looked_again(project)
    graphs = range(6, 56)
    keys = {f"k{k}_tsne-p3" for k in graphs}
    config = {"search": "GRID", "methods": ["tsne:perplexity=3,from=graph"], "k": ",".join(map(str, graphs))}
    before = project.materialised()
    made = lambda: {key for key in keys if project.store.current(Address("toy", "quality", key))}  # noqa: E731
    first = project.launch("toy_sweep", **config)
    wait_for(made, seconds=300, every=0.1)
    project.ask(TERMINATE, run=first)
    wait_for(lambda: project.status(first) in ENDED, seconds=60)
    assert project.status(first) == "CANCELED"
    wait_for(lambda: all(run["status"] in ENDED for run in project.runs()), seconds=60)
    done = made()
    assert done < keys

    again = project.launch("toy_sweep", **config)
    wait_for(lambda: project.status(again) in ENDED, seconds=300)
    assert project.status(again) == "SUCCESS"
    assert made() == keys
    with instance() as state:  # also what was stored, but not yet recorded, when the first one stopped
        assert state.get_materialized_partitions(dg.AssetKey(["toy", "quality"])) >= keys
    quality = [key for stage, key in added(project, before) if stage == "quality"]
    assert len(quality) == len(set(quality))
    assert set(quality) >= keys - done


@pytest.mark.slow
def test_materialize_all_makes_everything_once_in_about_the_time_of_a_refresh(tmp_path: Path) -> None:
    """The request of the button, on an atlas of which nothing was made."""
    made = Project(tmp_path, SPEC)
    stages = [*Pipeline(made.spec(), base=tmp_path).stages, "viewer"]
    with dagster_dev(made):
        backfill = made.backfill(stages, allPartitions=True)
        wait_for(lambda: made.backfill_status(backfill) in BACKFILL_ENDED, seconds=300)
        assert made.backfill_status(backfill) == "COMPLETED_SUCCESS"
        assert made.materialised() == sorted(
            [
                (stage, key)
                for stage, own in Pipeline(made.spec(), base=tmp_path).stages.items()
                for key in own.keys or (None,)
            ],
            key=str,
        )
        assert made.is_made()
        by_hand = [run for run in made.runs() if run["jobName"] != "toy_refresh"]
        assert "as they were read" in looked_again(made)  # and nothing is due afterwards
        assert {run["status"] for run in by_hand} == {"SUCCESS"}


def added(project: Project, before: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """What has been made since then."""
    now = project.materialised()
    for made in before:
        now.remove(made)
    return now
