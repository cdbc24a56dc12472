"""What of a run is no computation, on timings made by hand."""

from __future__ import annotations

import pytest

from benchmarks import overhead


def test_what_lies_between_and_around_the_steps_is_overhead() -> None:
    spans = ((1, 4), (3, 5), (6, 9))
    steps = [{"stage": "projection", "key": "k15", "begin": begin, "end": end} for begin, end in spans]
    assert overhead.share({"steps": steps}, 10.0) == pytest.approx(0.3)


def test_intervals_that_overlap_are_covered_once() -> None:
    assert overhead.covered([(4, 6), (0, 2), (1, 3), (1, 2)]) == 5
