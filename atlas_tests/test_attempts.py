"""When a refresh that came to nothing is launched again."""

from __future__ import annotations

import time
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from atlas_assets.orchestration import attempts, run_tags
from atlas_tests.components.world import instance_of_a_test

Status = dg.DagsterRunStatus


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with instance_of_a_test() as made:
        yield made


def tried(instance: dg.DagsterInstance, status: Status, *, goal: str = "map", due: str = "all of it") -> None:
    tags = {run_tags.GOAL: goal, run_tags.DUE: due}
    run = create_run_for_test(instance, job_name="toy_refresh", status=Status.STARTED, tags=tags)
    if status == Status.CANCELED:
        instance.report_run_canceled(run)
    else:
        instance.report_run_failed(run)


def why_not(instance: dg.DagsterInstance, *, after: float, goal: str = "map", due: str = "all of it") -> str | None:
    clock = time.time() + after
    return attempts.why_not(instance, job="toy_refresh", goal=goal, due=due, clock=clock)


def test_each_attempt_without_result_makes_the_next_one_wait_longer(instance: dg.DagsterInstance) -> None:
    assert why_not(instance, after=0) is None
    for count, wait in ((1, 15), (2, 60), (3, 240)):
        tried(instance, Status.FAILURE)
        assert f"Tried {count} time" in (why_not(instance, after=wait - 5) or "")
        assert why_not(instance, after=wait + 5) is None
    for _ in range(6):
        tried(instance, Status.FAILURE)
    assert why_not(instance, after=6 * 3600 - 60)
    assert why_not(instance, after=6 * 3600 + 60) is None


def test_an_attempt_that_got_somewhere_is_followed_at_once(instance: dg.DagsterInstance) -> None:
    tried(instance, Status.FAILURE)
    assert why_not(instance, after=0, due="the rest of it") is None


def test_what_a_person_stopped_is_not_launched_again_until_something_changes(instance: dg.DagsterInstance) -> None:
    tried(instance, Status.CANCELED)
    assert "stopped by a person" in (why_not(instance, after=7 * 3600, due="the rest of it") or "")
    assert why_not(instance, after=0, goal="another map", due="all of that") is None
    tried(instance, Status.FAILURE, due="the rest of it")  # launched by a person, and killed
    assert why_not(instance, after=20, due="the rest of it") is None
