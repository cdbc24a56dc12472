"""How much of an ``atlas run`` is no computation, from what ``--timings`` writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

NOTHING_RUNS = (
    "share of the wall time, from the command's start to its end, in which nothing is built. Building is reading, "
    "computing, writing and hashing; starting, importing and Dagster are not"
)
OF_SCRIPTS = "share of the scripts' time that is outside of their steps: starting and importing"


def share(timings: dict[str, Any], wall: float) -> float:
    """From the document of ``--timings`` and the seconds that the whole command took, seen from outside."""
    return 1.0 - covered((step["begin"], step["end"]) for step in timings["steps"]) / wall


def covered(intervals: Iterable[tuple[float, float]]) -> float:
    """Length of the union of intervals."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(end - max(begin, reached), 0.0)
        reached = max(reached, end)
    return total
