"""The same seed on the same machine gives the same coordinates, however many threads there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from atlas_tests.conftest import REPOSITORY

THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def hashes(threads: int) -> dict[str, str]:
    """By projection, from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "atlas_tests.stages.layout_hashes"], cwd=REPOSITORY, check=True,
        capture_output=True, env=os.environ | dict.fromkeys(THREADS, str(threads)), text=True, timeout=550,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.slow
def test_every_method_gives_the_same_bits_in_fresh_processes_with_one_and_with_two_threads() -> None:
    one, two = hashes(1), hashes(2)
    assert [name for name in one if one[name] != two[name]] == []
    assert len(set(one.values())) > len(one) / 2  # the hashes do tell maps apart
