"""What took how long in one ``atlas run``, for ``--timings``: which part of it was computation, and where."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class Timings:
    """Seconds since ``began``. Used by several threads at once."""

    def __init__(self) -> None:
        self.began, self._start = time.time(), time.perf_counter()
        self._steps: list[dict[str, Any]] = []
        self._ready: dict[str, float] = {}
        self._lock = threading.Lock()

    def now(self) -> float:
        return time.perf_counter() - self._start

    def ready(self, worker: str) -> None:
        """A worker process has imported what it needs and waits for its first point."""
        with self._lock:
            self._ready[worker] = round(self.now(), 3)

    def measured(self, stage: str, key: str | None, worker: str, build: Callable[[], T]) -> T:
        """Call ``build`` and note how long it took: reading the inputs, computing, writing the artifact."""
        begin = self.now()
        try:
            return build()
        finally:
            with self._lock:
                times = {"begin": round(begin, 3), "end": round(self.now(), 3)}
                self._steps.append({"stage": stage, "key": key, "worker": worker} | times)

    def write(self, path: Path, *, jobs: int, cores: int) -> None:
        """``began`` is a Unix time, everything else seconds since then."""
        document = {
            "began": self.began, "seconds": round(self.now(), 3), "jobs": jobs, "cores": cores,
            "workers_ready": self._ready, "steps": self._steps,
        }  # fmt: skip
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")
