"""Runs whose process was killed do not stay under way for ever; runs that are under way are left alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from atlas_assets.orchestration import dead_runs, run_tags
from atlas_assets.store import processes
from atlas_assets.store.processes import Process
from atlas_tests.components.world import instance_of_a_test

Status = dg.DagsterRunStatus


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with instance_of_a_test() as made:
        yield made


@pytest.fixture(scope="module")
def gone() -> Process:
    """A process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    was = Process(processes.host(), process.pid, processes.began(process.pid) or "")
    process.communicate(b"\n")
    return was


def run(instance: dg.DagsterInstance, status: Status, *, atlas: str = "toy", **tags: str) -> dg.DagsterRun:
    named = {key.replace("process", run_tags.PROCESS): value for key, value in tags.items()}
    return create_run_for_test(instance, status=status, tags={run_tags.ATLAS: atlas} | named)


def status(instance: dg.DagsterInstance, of: dg.DagsterRun) -> Status:
    found = instance.get_run_by_id(of.run_id)
    assert found is not None
    return found.status


@pytest.mark.parametrize(("before", "after"), [(Status.STARTED, Status.FAILURE), (Status.CANCELING, Status.CANCELED)])
def test_a_run_whose_process_is_gone_is_reported(
    instance: dg.DagsterInstance, gone: Process, before: Status, after: Status
) -> None:
    dead = run(instance, before, process=str(gone))
    assert [found.run_id for found in dead_runs.heal(instance, ["another"])] == [dead.run_id]
    assert status(instance, dead) == after
    assert dead_runs.heal(instance, ["another"]) == []


def test_a_run_that_lives_or_is_on_another_machine_is_left_alone(instance: dg.DagsterInstance, gone: Process) -> None:
    here = run(instance, Status.STARTED, process=str(processes.this()))
    there = run(instance, Status.STARTED, process=str(Process("elsewhere", gone.pid, gone.began)))
    assert dead_runs.heal(instance, ["toy"]) == []
    assert {status(instance, each) for each in (here, there)} == {Status.STARTED}
    assert {each.run_id for each in dead_runs.in_progress(instance, "toy")} == {here.run_id, there.run_id}
    assert dead_runs.in_progress(instance, "another") == []


def test_a_run_that_never_began_is_reported_after_a_while(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting = run(instance, Status.STARTING)
    assert dead_runs.heal(instance, ["toy"]) == []
    monkeypatch.setattr(dead_runs, "SECONDS_TO_BEGIN", -1)
    assert dead_runs.heal(instance, ["another"]) == []
    assert [found.run_id for found in dead_runs.heal(instance, ["toy"])] == [starting.run_id]


def test_a_run_that_is_executed_again_does_not_die_of_the_process_of_the_first(
    instance: dg.DagsterInstance, gone: Process
) -> None:
    """Dagster copies the tags of the run before."""
    again = run(instance, Status.STARTING, process=f"{gone} the-run-before")
    assert dead_runs.heal(instance, ["toy"]) == []
    run_tags.sign(instance, again)
    signed = instance.get_run_by_id(again.run_id)
    assert signed is not None
    assert run_tags.process_of(signed) == processes.this()
