"""The points of a sweep side by side: a thread per worker process takes points, has them built and records them.

The threads only wait and record; what computes is in the workers (``components.worker``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from atlas_assets.components.worker import Setup, Worker
from atlas_assets.errors import AtlasError
from atlas_assets.schedule import Job, Queue

SECONDS_BETWEEN_LOOKS = 0.2  # at whether the threads are done: a wait without end could not be interrupted


class SideBySide:
    """Makes points as they are added. ``make`` is called in one thread per worker; it reports failures, never raises.

    ready: called with a worker's number when its process has started.
    """

    def __init__(
        self, setup: Setup, count: int, make: Callable[[Job, Worker], None], *, ready: Callable[[int], None]
    ) -> None:
        self._queue, self._make, self._ready = Queue(), make, ready
        self._workers = [Worker(number, setup) for number in range(1, count + 1)]
        self._ended = [threading.Event() for _ in self._workers]
        self._defect: BaseException | None = None
        for worker, ended in zip(self._workers, self._ended, strict=True):
            threading.Thread(target=self._work, args=(worker, ended)).start()

    def add(self, jobs: list[Job]) -> None:
        self._queue.add(jobs)

    def waiting(self) -> list[Job]:
        return self._queue.waiting()

    def finish(self) -> None:
        """Wait until all points are made; raises what a defect in ``make`` raised."""
        self._queue.close()
        self._wait()
        if self._defect is not None:
            raise self._defect

    def stop(self) -> None:
        """End all workers now; what waits is not made."""
        self._queue.clear()
        for worker in self._workers:
            worker.stop()
        self._wait()

    def _wait(self) -> None:
        """Not by joining threads: Python 3.11 takes one for ended when Ctrl-C interrupts the wait (bpo-45274)."""
        for ended in self._ended:
            while not ended.wait(SECONDS_BETWEEN_LOOKS):
                pass

    def _work(self, worker: Worker, ended: threading.Event) -> None:
        try:
            try:
                worker.start()
                self._ready(worker.number)
            except AtlasError:
                pass  # tried again, and reported, with the first point
            while job := self._queue.take(worker.number):
                self._make(job, worker)
        except KeyboardInterrupt:
            pass  # stopped: the main thread knows
        except BaseException as defect:
            self._defect = defect
            self._queue.clear()
        finally:
            worker.stop()
            ended.set()
