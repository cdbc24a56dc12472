"""Which point a sweep opens on, and why."""

from __future__ import annotations

import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.stages import sweep_report


def _row(key: str, dims: int = 2, *, held_out=None, neighbours: float | None = 0.5, triplets: float = 0.6):
    metrics = {"held_out_recall": held_out, "neighbour_recall": neighbours, "triplet_accuracy": triplets}
    return {"key": key, "dims": dims, "name": key.upper(), "seconds": 1.0, "metrics": metrics}


def test_the_clearly_best_held_out_recall_wins_whatever_else():
    report = sweep_report.build([_row("a", held_out=0.10, triplets=0.9), _row("b", held_out=0.14, neighbours=0.1)])
    assert report.recommended == "b"
    assert [(r["key"], r["rank"]) for r in report.rows] == [("b", 1), ("a", 2)]
    assert report.rows[0]["name"] == "B"
    assert "14.0 % of the pairs in collections the map never saw" in report.reason
    assert "the most of 2 2-D maps" in report.reason
    assert all(check.passed for check in report.check())


def test_among_equals_the_large_shape_decides():
    report = sweep_report.build(
        [_row("a", held_out=0.140, triplets=0.60), _row("b", held_out=0.138, triplets=0.70), _row("c", held_out=0.1)]
    )
    assert report.recommended == "b"
    assert [r["key"] for r in report.rows] == ["a", "b", "c"]
    assert "2 of 3 2-D maps come within 3 % of the best" in report.reason
    assert "70.0 % of random triplets" in report.reason


def test_a_three_dimensional_map_opens_only_where_there_is_no_other():
    rows = [_row("flat", held_out=0.10), _row("deep", 3, held_out=0.20)]
    assert sweep_report.build(rows).recommended == "flat"
    assert sweep_report.build(rows[1:]).recommended == "deep"
    assert sweep_report.build(rows).rows[0]["key"] == "deep"


def test_without_held_out_collections_the_neighbour_recall_ranks():
    report = sweep_report.build([_row("a", neighbours=0.4), _row("b", neighbours=0.6)])
    assert report.recommended == "b"
    assert "60.0 % of each entity's closest relations" in report.reason


def test_the_order_of_the_rows_does_not_matter():
    rows = [_row(key, held_out=0.1) for key in "cab"]
    assert sweep_report.build(rows).rows == sweep_report.build(rows[::-1]).rows
    assert sweep_report.build(rows).recommended == "a"


def test_a_point_without_figures_comes_last():
    report = sweep_report.build([_row("a", neighbours=None), _row("b", neighbours=0.1)])
    assert [r["key"] for r in report.rows] == ["b", "a"]
    assert sweep_report.build([_row("a", neighbours=None)]).reason.startswith("Its quality was not measured")


def test_an_empty_sweep_is_an_error():
    with pytest.raises(AtlasError, match="no finished projection"):
        sweep_report.build([])
