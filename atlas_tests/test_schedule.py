"""Which point is made when: everything once, groups kept together, the long ones first, and no idle end."""

from __future__ import annotations

import heapq
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.schedule import Forecast, Job, Queue, in_one_process

jobs_of = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 20)), max_size=30).map(
    lambda drawn: [Job(f"p{i}", ("projection",), group, seconds) for i, (group, seconds) in enumerate(drawn)]
)


def play(jobs: list[Job], workers: int) -> list[tuple[float, int, Job]]:
    """Begin, worker and job of everything, when the seconds come true."""
    queue, free, played = Queue(), [(0.0, worker) for worker in range(workers)], []
    queue.add(jobs)
    queue.close()
    while free:
        now, worker = heapq.heappop(free)
        if job := queue.take(worker):
            played.append((now, worker, job))
            heapq.heappush(free, (now + job.seconds, worker))
    return played


@given(jobs_of, st.integers(1, 5))
def test_every_point_is_made_once_and_no_worker_waits_while_there_is_one(jobs: list[Job], workers: int) -> None:
    played = play(jobs, workers)
    assert sorted(job.key for _, _, job in played) == sorted(job.key for job in jobs)
    ends = [0.0] * workers
    for begin, worker, job in played:
        assert begin == ends[worker]
        ends[worker] = begin + job.seconds
    if jobs:  # Graham 1969: what any order without idling keeps
        total, longest = sum(job.seconds for job in jobs), max(job.seconds for job in jobs)
        assert max(ends) <= total / workers + longest + 1e-6


def test_a_worker_stays_with_its_group_and_takes_the_long_ones_first() -> None:
    jobs = [Job(f"{group}{seconds}", ("projection",), group, seconds) for group in "ab" for seconds in (1, 3, 2)]
    order: dict[int, list[str]] = {0: [], 1: []}
    for _, worker, job in play(jobs, 2):
        order[worker].append(job.key)
    assert sorted(order.values()) == [["a3", "a2", "a1"], ["b3", "b2", "b1"]]


def test_a_group_that_nobody_is_with_comes_before_one_with_a_little_more_left() -> None:
    jobs = [Job(key, ("projection",), key[0], seconds) for key, seconds in (("a1", 9), ("a2", 8), ("a3", 7), ("b1", 8))]
    first = sorted((worker, job.key) for begin, worker, job in play(jobs, 2) if begin == 0)
    assert first == [(0, "a1"), (1, "b1")]


def test_who_has_nothing_left_helps_where_most_is_left() -> None:
    jobs = [Job("a", ("projection",), "a", 1.0)] + [Job(f"b{i}", ("projection",), "b", 5.0) for i in range(4)]
    played = play(jobs, 2)
    assert {worker for _, worker, job in played if job.group == "b"} == {0, 1}


def test_waiting_ends_when_work_is_added_or_none_will_be() -> None:
    queue, taken = Queue(), []
    thread = threading.Thread(target=lambda: taken.extend([queue.take(1), queue.take(1)]))
    thread.start()
    job = Job("p", ("projection",), "a", 1.0)
    queue.add([job])
    queue.close()
    thread.join(10)
    assert taken == [job, None]


def test_nothing_is_made_after_clearing() -> None:
    queue = Queue()
    queue.add([Job("p", ("projection",), "a", 1.0)])
    queue.clear()
    assert queue.take(1) is None


def test_in_one_process_groups_follow_each_other() -> None:
    jobs = [Job(key, ("projection",), key[0], 1.0) for key in ("a1", "b1", "a2", "b2")]
    assert [job.key for job in in_one_process(jobs)] == ["a1", "a2", "b1", "b2"]


def test_the_time_left_follows_what_points_really_take() -> None:
    class Running:
        share = 0.5

    jobs = [Job(str(i), ("projection",), "a", 10.0) for i in range(4)]
    forecast = Forecast()
    forecast.expect(jobs)
    assert forecast.state(1) == (0, 4, None)
    forecast.ended(jobs[0], 20.0)  # twice as long as thought
    forecast.began(jobs[1], Running())
    assert forecast.state(1) == (1, 4, pytest.approx(20 * 2 + 10))
    assert forecast.state(2) == (1, 4, pytest.approx(25))
