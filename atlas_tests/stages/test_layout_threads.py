"""The same seed on the same machine gives the same coordinates, however many threads there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from atlas_tests.conftest import REPOSITORY

THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
CACHE = {name: value for name, value in os.environ.items() if name == "XDG_CACHE_HOME"}  # before a test hides it


def hashes(what: str, threads: int, cache: dict[str, str] = CACHE) -> dict[str, str]:
    """By projection, from a process of its own, which uses the kernels that are compiled already."""
    environment = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"} | cache
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "atlas_tests.stages.layout_hashes", what],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        env=environment | dict.fromkeys(THREADS, str(threads)),
        text=True,
        timeout=550,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("threads", [16, pytest.param(2, marks=pytest.mark.slow)])
def test_steps_give_the_same_bits_with_one_thread_and_with_many_at_every_size(threads: int) -> None:
    """Through grids in two and three dimensions, and with entities reordered in memory."""
    alone, together = hashes("steps", 1), hashes("steps", threads)
    assert len(alone) == len(set(alone.values())) == 18
    assert [name for name, value in alone.items() if together[name] != value] == []


@pytest.mark.slow
def test_code_that_was_just_compiled_gives_the_same_bits_as_when_it_was_kept(tmp_path: Path) -> None:
    """Used to differ in three dimensions: sums were reordered once when compiled, and again when kept."""
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    compiled, kept = hashes("steps", 2, cache), hashes("steps", 2, cache)
    assert [name for name in kept if compiled[name] != kept[name]] == []


@pytest.mark.slow
def test_every_method_gives_the_same_bits_in_fresh_processes_with_one_two_and_sixteen_threads() -> None:
    found = {threads: hashes("maps", threads) for threads in (1, 2, 16)}
    for threads in (2, 16):
        assert [name for name, value in found[1].items() if found[threads][name] != value] == []
    assert len(set(found[1].values())) > len(found[1]) / 2  # the hashes do tell maps apart
