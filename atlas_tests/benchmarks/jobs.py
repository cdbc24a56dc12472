"""What the tests of ``benchmarks.measure`` let child processes do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure

MIB = 1 << 20


def echo(**values: Any) -> dict[str, Any]:
    return values


def environment(name: str) -> dict[str, Any]:
    return {"value": os.environ.get(name)}


def note(file: str, text: str) -> dict[str, Any]:
    """Append a word to a file; how long it took is made up."""
    with Path(file).open("a") as out:
        out.write(text + "\n")
    return {"seconds": 1.0}


def sleep(seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    return {}


def leave_a_child(file: str) -> dict[str, Any]:
    """Start a process that would write to ``file`` in a second, and wait for it."""
    command = "import sys, time; time.sleep(1); open(sys.argv[1], 'w').write('still here')"
    subprocess.run([sys.executable, "-c", command, file], check=True)
    return {}


def touch(mebibytes: int) -> dict[str, Any]:
    """Use that much memory, and give it back before the end."""
    block = np.ones(mebibytes * MIB, np.uint8)
    del block
    return {"peak_bytes": measure.peak_bytes()}


def peak_after_reset(mebibytes: int) -> dict[str, Any]:
    touch(mebibytes)
    measure.reset_peak()
    return {"peak_bytes": measure.peak_bytes()}


def grow() -> dict[str, Any]:
    """Use more and more memory; a limit has to end it."""
    held = []
    for _ in range(200):
        held.append(np.ones(20 * MIB, np.uint8))
        time.sleep(0.01)
    return {}


def need_the_impossible() -> dict[str, Any]:
    return {"size": np.ones(1 << 60, np.uint8).size}


def fail() -> dict[str, Any]:
    raise ValueError("the message of the error")


def import_what_is_absent() -> dict[str, Any]:
    import a_library_that_nobody_has  # type: ignore[import-not-found]

    return {"never": a_library_that_nobody_has}
