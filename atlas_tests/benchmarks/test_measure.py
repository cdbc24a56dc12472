"""Jobs in processes of their own: what comes back, what stops them, in which order they run."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from atlas_tests.benchmarks.jobs import MIB
from benchmarks import measure
from benchmarks.measure import Job, Limits, Series


def job(name: str, /, **arguments: object) -> Job:
    return Job(f"atlas_tests.benchmarks.jobs:{name}", arguments)


def test_a_job_returns_what_its_function_returned() -> None:
    outcome = measure.run(job("echo", seconds=1.5, names=["a", "b"]), Limits())

    assert outcome == measure.Outcome({"seconds": 1.5, "names": ["a", "b"]})


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS"])
def test_every_library_gets_the_same_number_of_threads(name: str) -> None:
    assert measure.run(job("environment", name=name), Limits(threads=3)).values == {"value": "3"}


def test_a_job_that_takes_too_long_is_stopped() -> None:
    outcome = measure.run(job("sleep", seconds=60), Limits(seconds=0.5))

    assert outcome.values is None
    assert outcome.note.startswith("stopped after 0.5 s")


def test_what_a_stopped_job_has_started_is_stopped_with_it(tmp_path: Path) -> None:
    outcome = measure.run(job("leave_a_child", file=str(tmp_path / "word")), Limits(seconds=0.5))
    time.sleep(1.5)

    assert outcome.note.startswith("stopped after 0.5 s")
    assert not (tmp_path / "word").exists()


def test_a_job_that_uses_too_much_memory_is_stopped() -> None:
    outcome = measure.run(job("grow"), Limits(memory_bytes=400 * MIB))

    assert outcome.values is None
    assert outcome.note.startswith("stopped at 0.4 GiB of memory")


def test_an_allocation_that_the_system_refuses_is_out_of_memory() -> None:
    assert measure.run(job("need_the_impossible"), Limits()).note.startswith("out of memory: ")


def test_an_error_ends_up_in_the_note() -> None:
    assert measure.run(job("fail"), Limits()).note == "ended with code 1: ValueError: the message of the error"


def test_a_missing_library_is_named_with_the_remedy() -> None:
    note = measure.run(job("import_what_is_absent"), Limits()).note

    assert note == "missing: No module named 'a_library_that_nobody_has' (pip install -e '.[benchmarks]')"


def test_peak_memory_is_that_of_the_child_alone() -> None:
    small, large = (measure.run(job("touch", mebibytes=size), Limits()).values for size in (1, 301))

    assert small is not None
    assert large is not None
    assert 290 * MIB < large["peak_bytes"] - small["peak_bytes"] < 310 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can forget an earlier peak")
def test_preparation_does_not_count_after_a_reset() -> None:
    values = measure.run(job("peak_after_reset", mebibytes=500), Limits()).values

    assert values is not None
    assert values["peak_bytes"] < 400 * MIB


def test_competitors_take_turns_and_compiled_ones_get_a_run_that_does_not_count(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = {name: job("note", file=str(log), text=name) for name in ("a", "b", "c")}

    series = measure.interleaved(jobs, runs=2, limits=Limits(), compiled={"b"})

    assert log.read_text().split() == ["b", "a", "b", "c", "b", "c", "a"]
    assert {name: len(one.counted) for name, one in series.items()} == {"a": 2, "b": 2, "c": 2}
    assert series["b"].first == {"seconds": 1.0}


def test_a_competitor_that_fails_is_not_tried_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = {"bad": job("fail"), "good": job("note", file=str(log), text="good")}

    series = measure.interleaved(jobs, runs=3, limits=Limits())

    assert len(log.read_text().split()) == 3
    assert series["bad"].failed
    assert series["bad"].counted == []
    assert series["bad"].median("seconds") is None


def test_the_middle_one_of_the_runs_counts() -> None:
    series = Series(counted=[{"seconds": seconds} for seconds in (9.0, 1.0, 2.0)])

    assert series.median("seconds") == 2.0
    assert series.all("seconds") == [9.0, 1.0, 2.0]
