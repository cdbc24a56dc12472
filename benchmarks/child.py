"""The other end of ``measure.run``: calls one function and writes what it returned, or why it could not."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import sys
from pathlib import Path

from benchmarks.measure import Outcome


def main(request: Path, answer: Path) -> None:
    """``request`` holds a Job, ``answer`` will hold an Outcome; an unexpected error is left to end the process."""
    with contextlib.suppress(OSError):  # should memory run out all the same, this process is the one to go
        Path("/proc/self/oom_score_adj").write_text("1000")
    job = json.loads(request.read_text(encoding="utf-8"))
    module, _, name = job["call"].partition(":")
    try:
        outcome = Outcome(getattr(importlib.import_module(module), name)(**job["arguments"]))
    except ImportError as error:
        outcome = Outcome(None, f"missing: {_first_line(error)} (pip install -e '.[benchmarks]')")
    except MemoryError as error:
        outcome = Outcome(None, f"out of memory: {_first_line(error)}")
    answer.write_text(json.dumps(dataclasses.asdict(outcome)), encoding="utf-8")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
