"""What of a run is no computation, on timings made by hand."""

from __future__ import annotations

import pytest

from benchmarks import overhead


def step(worker: str, begin: float, end: float) -> dict:
    return {"stage": "projection", "key": "k15", "worker": worker, "begin": begin, "end": end}


def timings(*steps: dict, jobs: int = 2) -> dict:
    return {"jobs": jobs, "workers_ready": {}, "steps": list(steps)}


def test_a_step_of_the_main_process_counts_for_all_slots() -> None:
    shares = overhead.shares(timings(step("main", 1, 9)), 10.0)

    assert shares.nothing_runs == pytest.approx(0.2)
    assert shares.free_slots == pytest.approx(0.2)


def test_a_worker_beside_an_idle_one_uses_half() -> None:
    shares = overhead.shares(timings(step("worker 1", 0, 10)), 10.0)

    assert shares.nothing_runs == pytest.approx(0.0)
    assert shares.free_slots == pytest.approx(0.5)


def test_steps_beside_a_step_of_the_main_process_do_not_count_again() -> None:
    shares = overhead.shares(timings(step("lead", 0, 5), step("worker 1", 3, 8), step("worker 2", 4, 8)), 10.0)

    assert shares.nothing_runs == pytest.approx(0.2)
    assert shares.free_slots == pytest.approx(1 - (2 * 5 + 3 + 3) / 20)


def test_intervals_that_overlap_are_covered_once() -> None:
    assert overhead.covered([(4, 6), (0, 2), (1, 3), (1, 2)]) == 5
    assert overhead.within((1, 5), [(0, 2), (4, 9)]) == 2
