"""How much of an ``atlas run`` is no computation, from what ``--timings`` writes (``atlas_assets.timings``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

NOTHING_RUNS = "share of the wall time, from the command's start to its end, in which nothing is built anywhere"
FREE_SLOTS = (
    "share of wall time x points side by side that is not spent building: a step of the main process, which may use "
    "all cores, counts for all slots, one of a worker process for one. Building is reading, computing, writing and "
    "hashing; Dagster, scheduling, imports and idle workers are not"
)
OF_SCRIPTS = "share of the scripts' time that is outside of their steps: starting and importing"


@dataclass(frozen=True)
class Shares:
    """As the sentences above define them."""

    nothing_runs: float
    free_slots: float


def shares(timings: dict[str, Any], wall: float) -> Shares:
    """From the document of ``--timings`` and the seconds that the whole command took, seen from outside."""
    steps, slots = timings["steps"], timings["jobs"]
    spans = [(step["begin"], step["end"]) for step in steps]
    main = [(step["begin"], step["end"]) for step in steps if _is_alone(step)]
    used = slots * covered(main) + sum(end - begin - within((begin, end), main)
                                       for (begin, end), step in zip(spans, steps, strict=True)
                                       if not _is_alone(step))  # fmt: skip
    return Shares(1.0 - covered(spans) / wall, 1.0 - used / (slots * wall))


def _is_alone(step: dict[str, Any]) -> bool:
    """Whether it has all cores: what no worker for points makes."""
    return not step["worker"].startswith("worker ")


def covered(intervals: Iterable[tuple[float, float]]) -> float:
    """Length of the union of intervals."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(end - max(begin, reached), 0.0)
        reached = max(reached, end)
    return total


def within(span: tuple[float, float], intervals: Iterable[tuple[float, float]]) -> float:
    """Length of the part of ``span`` that intervals cover."""
    clipped = ((max(begin, span[0]), min(end, span[1])) for begin, end in intervals)
    return covered((begin, end) for begin, end in clipped if end > begin)
