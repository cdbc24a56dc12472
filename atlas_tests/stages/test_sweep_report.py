"""Which point a sweep opens on, and why; what the sample cannot tell apart is not told apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import AtlasError
from atlas_assets.stages.quality import sweep_report
from atlas_assets.stages.quality.quality import Quality
from atlas_assets.stages.quality.sweep_report import Point


def _point(
    key: str,
    dims: int = 2,
    *,
    held_out: float | None = None,
    neighbours: float | None = 0.5,
    shape: float = 0.6,
    errors: dict[str, float] | None = None,
    parts: np.ndarray | None = None,
    sample: str = "a sample",
    graph: str = "k15",
) -> Point:
    metrics = {"held_out_recall": held_out, "neighbour_recall": neighbours, "triplet_accuracy": shape}
    quality = Quality(
        metrics=metrics,
        distortion=np.zeros(3),
        errors=dict(errors or {}),
        collection_parts=parts,
        samples={"collections": sample},
    )
    return Point(key, key.upper(), dims, quality, graph)


def test_the_clearly_best_held_out_recall_wins_whatever_else():
    report = sweep_report.build([_point("a", held_out=0.10, shape=0.9), _point("b", held_out=0.14, neighbours=0.1)])
    assert report.recommended == "b"
    assert [(r["key"], r["rank"], r["as_good_as_best"]) for r in report.rows] == [("b", 1, True), ("a", 2, False)]
    assert [r["best_at"] for r in report.rows] == [["held_out_recall"], ["neighbour_recall", "triplet_accuracy"]]
    assert report.rows[0]["name"] == "B"
    assert "collections the map never saw, 14.0 % are" in report.reason
    assert "The other 2-D map does not come as close." in report.reason
    more = [_point("a", held_out=0.10), _point("b", held_out=0.14), _point("c", held_out=0.09)]
    assert "The 2 other 2-D maps do not come as close." in sweep_report.build(more).reason
    assert all(check.passed for check in report.check())


def test_among_equals_the_overall_shape_decides():
    report = sweep_report.build(
        [_point("a", held_out=0.140, shape=0.60), _point("b", held_out=0.138, shape=0.70), _point("c", held_out=0.1)]
    )
    assert report.recommended == "b"
    assert [r["key"] for r in report.rows] == ["a", "b", "c"]
    assert [r["as_good_as_best"] for r in report.rows] == [True, True, False]
    assert "2 of the 3 2-D maps do about as well" in report.reason
    assert "keeps the overall shape best" in report.reason
    assert "70.0 %" in report.reason


def test_shapes_of_different_graphs_are_not_compared():
    """Shape is measured along the neighbours that a map shows: more of them make other distances."""
    best, rival = _point("a", held_out=0.140, shape=0.60, graph="k30"), _point("b", held_out=0.138, shape=0.70)
    alone = sweep_report.build([best, rival])
    assert alone.recommended == "a"
    assert "made from different graphs cannot be compared" in alone.reason
    third = _point("c", held_out=0.137, shape=0.65, graph="k30")
    report = sweep_report.build([best, rival, third])
    assert report.recommended == "c"
    assert "Of the 2 made from k30 it keeps the overall shape best" in report.reason


def test_a_difference_smaller_than_its_error_is_none():
    """A tenth less, which counts when it is exact and does not when the error is as large."""

    def points(errors: dict[str, float]) -> list[Point]:
        better = _point("a", held_out=0.10, errors=errors)
        return [better, _point("b", held_out=0.09, shape=0.7, errors=errors)]

    assert sweep_report.build(points({})).recommended == "a"
    report = sweep_report.build(points({"held_out_recall": 0.005}))
    assert report.recommended == "b"
    assert "differ by less than the sampling error" in report.reason
    assert [r["best_at"][0] for r in report.rows] == ["held_out_recall"] * 2


def test_on_the_same_sample_the_error_is_that_of_the_difference():
    """Both maps find the same collections hard: the shares are uncertain and their difference is not."""
    parts, errors = np.random.default_rng(0).normal(0, 0.005 / 16, 256), {"held_out_recall": 0.005}

    def points(sample: str) -> list[Point]:
        one = _point("a", held_out=0.10, errors=errors, parts=parts)
        return [one, _point("b", held_out=0.09, shape=0.7, errors=errors, parts=parts * 0.9, sample=sample)]

    assert sweep_report.build(points("a sample")).recommended == "a"
    assert sweep_report.build(points("another sample")).recommended == "b"


def test_a_shape_that_is_no_better_by_more_than_its_error_does_not_decide():
    exact = [_point("a", held_out=0.140, shape=0.60), _point("b", held_out=0.138, shape=0.61)]
    assert sweep_report.build(exact).recommended == "b"
    errors = {"triplet_accuracy": 0.01}
    unsure = [
        _point("a", held_out=0.140, shape=0.60, errors=errors),
        _point("b", held_out=0.138, shape=0.61, errors=errors),
    ]
    report = sweep_report.build(unsure)
    assert report.recommended == "a"
    assert "Nor does the overall shape tell them apart" in report.reason


def test_a_three_dimensional_map_opens_only_where_there_is_no_other():
    points = [_point("flat", held_out=0.10), _point("deep", 3, held_out=0.20)]
    report = sweep_report.build(points)
    assert report.recommended == "flat"
    assert "the only 2-D map" in report.reason
    assert "DEEP has more (20.0 %), but a 2-D map is easier to read" in report.reason
    assert report.rows[0]["key"] == "deep"
    assert report.rows[1]["as_good_as_best"]  # of the 2-D ones
    assert sweep_report.build(points[1:]).recommended == "deep"


def test_without_held_out_collections_the_neighbour_recall_ranks():
    report = sweep_report.build([_point("a", neighbours=0.4), _point("b", held_out=0.1, neighbours=0.6)])
    assert (report.recommended, report.ranked_by) == ("b", "neighbour_recall")
    assert "Of each entity's closest relations, 60.0 % are" in report.reason


@given(st.permutations(list("abcdef")), st.integers(0, 2**32 - 1))
def test_the_order_of_the_points_does_not_matter(order: list[str], seed: int):
    generator = np.random.default_rng(seed)
    points = {
        key: _point(
            key,
            int(generator.integers(2, 4)),
            held_out=round(generator.uniform(0.1, 0.12), 2),
            shape=round(generator.uniform(0.6, 0.62), 2),
            errors={"held_out_recall": 0.003, "triplet_accuracy": 0.004},
        )
        for key in "abcdef"
    }
    one, other = (sweep_report.build([points[key] for key in keys]) for keys in ("abcdef", order))
    assert one == other


@given(st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_the_recommended_point_is_flat_and_as_good_as_the_best_flat_one(n: int, seed: int):
    generator = np.random.default_rng(seed)
    errors = {"held_out_recall": 0.004, "triplet_accuracy": 0.004}
    points = [
        _point(
            f"p{i}",
            int(generator.integers(2, 4)),
            held_out=generator.uniform(0.1, 0.2),
            errors=errors,
            shape=generator.uniform(0.5, 0.7),
        )
        for i in range(n)
    ]
    report = sweep_report.build(points)
    by_key = {row["key"]: row for row in report.rows}
    chosen = by_key[report.recommended]
    flat = [row for row in report.rows if row["dims"] == 2] or report.rows
    assert chosen["as_good_as_best"]
    assert chosen["dims"] == flat[0]["dims"]
    behind = flat[0]["metrics"]["held_out_recall"] - chosen["metrics"]["held_out_recall"]
    assert behind <= max(2 * np.hypot(0.004, 0.004), 0.03 * flat[0]["metrics"]["held_out_recall"])
    recalls = [row["metrics"]["held_out_recall"] for row in report.rows]
    assert recalls == sorted(recalls, reverse=True)


def test_a_point_without_figures_comes_last():
    report = sweep_report.build([_point("a", neighbours=None), _point("b", neighbours=0.1)])
    assert [r["key"] for r in report.rows] == ["b", "a"]
    assert sweep_report.build([_point("a", neighbours=None)]).reason.startswith("Its quality was not measured")


def test_an_empty_sweep_is_an_error():
    with pytest.raises(AtlasError, match="no finished projection"):
        sweep_report.build([])
