"""Measurements in processes of their own, so that peak memory is that of one competitor, and a limit stops only it.

A :class:`Job` names a function and its arguments; ``run`` calls it in a fresh interpreter (see ``child``) under
:class:`Limits` and returns what it returned. ``interleaved`` does that for several competitors in turn, several times.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.process_tree import PeakOfTree

REPOSITORY = Path(__file__).parent.parent
GIB = 1 << 30
# Every library that a competitor uses has its own name for the same thing.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
_POLL_SECONDS = 0.02
_RESERVE_BYTES = GIB // 2  # of the machine's memory; below it a child is stopped, before the system begins to kill


@dataclass(frozen=True)
class Limits:
    """What one process may use, with all that it starts: resident memory, time, and threads."""

    memory_bytes: int = 20 * GIB
    seconds: float = 15 * 60
    threads: int = os.cpu_count() or 1


@dataclass(frozen=True)
class Job:
    """``call`` is "module:function"; arguments and the returned dictionary have to survive JSON."""

    call: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What the function returned, or None and a sentence that says why there is nothing."""

    values: dict[str, Any] | None
    note: str = ""


@dataclass
class Series:
    """The runs of one competitor. ``first`` did not count: compiled code was made, or loaded, in it."""

    counted: list[dict[str, Any]] = field(default_factory=list)
    first: dict[str, Any] | None = None
    note: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.note)

    def all(self, name: str) -> list[float]:
        return [values[name] for values in self.counted]

    def median(self, name: str) -> float | None:
        """The median of the counted runs; None for a competitor that failed in any of them."""
        return None if self.failed or not self.counted else statistics.median(self.all(name))


def interleaved(
    jobs: Mapping[str, Job],
    *,
    runs: int,
    limits: Limits,
    compiled: Iterable[str] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> dict[str, Series]:
    """Run every job ``runs`` times, one of each in turn, so that a slow minute of the machine hits all of them.

    Each round starts with another job: nobody always follows the same neighbour. The jobs in ``compiled`` run once more
    beforehand. A job that fails is not tried again: its limit would only be reached once more.
    """
    series = {name: Series() for name in jobs}
    names = list(jobs)
    for name in names:
        if name in set(compiled):
            progress(f"{name}, first run, not counted")
            outcome = run(jobs[name], limits)
            series[name].first, series[name].note = outcome.values, outcome.note
    for number in range(runs):
        start = number % max(len(names), 1)
        for name in names[start:] + names[:start]:
            if series[name].failed:
                continue
            progress(f"{name}, run {number + 1} of {runs}")
            outcome = run(jobs[name], limits)
            series[name].note = outcome.note
            if outcome.values is not None:
                series[name].counted.append(outcome.values)
    return series


def run(job: Job, limits: Limits) -> Outcome:
    """Call the function in a new process. Never raises for what happens in there: the note of the outcome says it."""
    environment = os.environ | {name: str(limits.threads) for name in _THREAD_VARIABLES}
    environment["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory(prefix="atlas-benchmark-") as folder:
        request, answer, errors = (Path(folder) / name for name in ("job.json", "answer.json", "stderr.txt"))
        request.write_text(json.dumps(asdict(job)), encoding="utf-8")
        with errors.open("w") as stderr:
            command = [sys.executable, "-m", "benchmarks.child", str(request), str(answer)]
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=stderr, env=environment, start_new_session=True
            )
            try:
                stopped = _watch(process, limits)
            finally:
                with contextlib.suppress(ProcessLookupError):  # and whatever it has started in turn
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if stopped:
            return Outcome(None, stopped)
        if not answer.exists():
            lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return Outcome(None, f"ended with code {process.returncode}" + (f": {lines[-1][:200]}" if lines else ""))
        return Outcome(**json.loads(answer.read_text(encoding="utf-8")))


def _watch(process: subprocess.Popen[bytes], limits: Limits) -> str:
    """Wait for the end of the process; returns why it had to be stopped, or nothing."""
    with PeakOfTree(process.pid) as tree:
        return _wait(process, limits, tree)


def _wait(process: subprocess.Popen[bytes], limits: Limits, tree: PeakOfTree) -> str:
    start = time.monotonic()
    while True:
        try:
            process.wait(_POLL_SECONDS)
            return ""
        except subprocess.TimeoutExpired:
            pass
        if time.monotonic() - start > limits.seconds:
            return f"stopped after {limits.seconds:,g} s"
        used = max(_resident_bytes(process.pid), tree.bytes or 0)
        if used > limits.memory_bytes:
            return f"stopped at {limits.memory_bytes / GIB:,.1f} GiB of memory, {time.monotonic() - start:,.0f} s in"
        if _available_bytes() < _RESERVE_BYTES:
            return f"stopped at {used / GIB:,.1f} GiB: the machine's memory was full"


def peak_bytes() -> int:
    """The largest resident memory of this process since its start, or since ``reset_peak``."""
    if (status := _status("self")) is not None:
        return status["VmHWM"]
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def reset_peak() -> None:
    """Let ``peak_bytes`` forget what came before, where the system can: what is resident now stays counted."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return  # not Linux, or forbidden there; the peak then includes the preparation, for every competitor alike


def _resident_bytes(pid: int) -> int:
    """The peak of another process; polling what it uses at the moment could miss a short one."""
    if Path("/proc").is_dir():
        status = _status(str(pid))
        return status.get("VmHWM", 0) if status else 0
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return int(told.strip() or 0) * 1024


def _status(pid: str) -> dict[str, int] | None:
    """The lines of /proc/<pid>/status that are given in kB, in bytes."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = (line.split() for line in text.splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if len(words) == 3 and words[2] == "kB"}


def _available_bytes() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return sys.maxsize
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), sys.maxsize)
