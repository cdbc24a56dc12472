"""Which point of a sweep is made when, by which worker, and how many at a time. Pure; no process is started here.

Points of one embedding share neighbours, weights and yardsticks inside a worker, so a worker stays with the group that
it began; inside a group, long points come first, so that no core is left waiting for one at the end.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from atlas_assets import methods
from atlas_assets.sweep import ProjectionPoint


@dataclass(frozen=True)
class Job:
    """One point: the stages of it that are to be made, the group it shares inputs with, and about how long it takes."""

    key: str
    stages: tuple[str, ...]
    group: str
    seconds: float


class HasShare(Protocol):
    """A step under way that knows how much of it is done, 0 to 1."""

    share: float


class Queue:
    """Jobs waiting for workers. Used by several threads at once."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._groups: dict[int, str] = {}  # which group each worker is with
        self._closed, self._changed = False, threading.Condition()

    def add(self, jobs: Iterable[Job]) -> None:
        with self._changed:
            self._jobs += jobs
            self._changed.notify_all()

    def close(self) -> None:
        """No more jobs will be added: who waits for one goes home when there is none."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def clear(self) -> None:
        """Nothing that waits will be made."""
        with self._changed:
            self._jobs.clear()
        self.close()

    def take(self, worker: int) -> Job | None:
        """The next job of this worker, or None when there will be none. Waits while there may be."""
        with self._changed:
            while not self._jobs and not self._closed:
                self._groups.pop(worker, None)
                self._changed.wait()
            if not self._jobs:
                return None
            job = self._best_for(worker)
            self._jobs.remove(job)
            self._groups[worker] = job.group
            return job

    def waiting(self) -> list[Job]:
        with self._changed:
            return list(self._jobs)

    def _best_for(self, worker: int) -> Job:
        own = [job for job in self._jobs if job.group == self._groups.get(worker)]
        if not own:
            others = Counter(group for number, group in self._groups.items() if number != worker)
            work: Counter[str] = Counter()
            for job in self._jobs:
                work[job.group] += job.seconds  # type: ignore[assignment]  # seconds, summed
            chosen = max(work, key=lambda group: work[group] / (1 + others[group]))
            own = [job for job in self._jobs if job.group == chosen]
        return max(own, key=lambda job: job.seconds)


class Forecast:
    """How long the points that are left will take, judged by those that are done. Used by several threads at once."""

    def __init__(self) -> None:
        self._left: dict[str, float] = {}
        self._shares: dict[str, HasShare] = {}
        self._expected = self._taken = 0.0
        self._done, self._lock = 0, threading.Lock()

    def expect(self, jobs: Iterable[Job]) -> None:
        with self._lock:
            self._left |= {job.key: job.seconds for job in jobs}

    def began(self, job: Job, progress: HasShare) -> None:
        with self._lock:
            self._shares[job.key] = progress

    def ended(self, job: Job, seconds: float) -> None:
        with self._lock:
            self._left.pop(job.key, None)
            self._shares.pop(job.key, None)
            self._done += 1
            self._expected, self._taken = self._expected + job.seconds, self._taken + seconds

    def state(self, workers: int) -> tuple[int, int, float | None]:
        """Points done, points in all, and about how many seconds are left (None where that is anyone's guess)."""
        with self._lock:
            total = self._done + len(self._left)
            if not self._expected or not self._left:
                return self._done, total, None
            began = {key: progress.share for key, progress in self._shares.items()}
            left = sum(seconds * (1 - began.get(key, 0.0)) for key, seconds in self._left.items())
            return self._done, total, left * self._taken / self._expected / min(workers, len(self._left))


class Paced:
    """Has something done now and then: by one thread, some time after the last, and for little of the whole time."""

    def __init__(self, seconds: float, *, share: float = 0.05) -> None:
        self._seconds, self._share, self._lock = seconds, share, threading.Lock()
        self._next = time.monotonic() + seconds

    def perhaps(self, act: Callable[[], None]) -> None:
        """Do it, unless it is too early or another thread is at it."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            began = time.monotonic()
            if began >= self._next:
                act()
                ended = time.monotonic()
                self._next = ended + max(self._seconds, (ended - began) / self._share)
        finally:
            self._lock.release()


def in_one_process(jobs: Iterable[Job]) -> list[Job]:
    """In the order that was asked for, but those that share inputs one after the other."""
    jobs = list(jobs)
    groups = list(dict.fromkeys(job.group for job in jobs))
    return sorted(jobs, key=lambda job: groups.index(job.group))


def estimate(point: ProjectionPoint) -> float:
    """About how long a point takes that was never made, in units that are good for comparisons only."""
    return 1.0 + methods.units(point.method, dict(point.parameters), dims=point.dims, engine=point.engine)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
