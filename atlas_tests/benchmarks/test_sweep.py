"""``python -m benchmarks sweep``: points, what is told from a few scripts, and the whole on small data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.sweep import Sweep
from benchmarks import sweep
from benchmarks.__main__ import app
from benchmarks.measure import Series
from benchmarks.sweep import KINDS, POINTS, Script, Scripts


def test_the_spec_makes_as_many_maps_as_there_are_scripts() -> None:
    spec = AtlasSpec.model_validate(
        {
            "name": "a",
            "source": {"interactions": "rows.parquet"},
            "sweep": {
                "n_neighbors": list(sweep.GRAPHS),
                "embedding_dim": list(sweep.DIMENSIONS),
                "projections": list(sweep.LAYOUTS),
            },
        }
    )

    assert len(Sweep.of(spec).projections) == len(POINTS) == 24


def test_the_kinds_hold_every_layout_graph_and_embedding() -> None:
    assert {layout for _, _, layout in KINDS} == set(range(6))
    assert {(k, d) for k, d, _ in KINDS} == {(15, 3), (15, 4), (30, 3), (30, 4)}
    assert set(KINDS) <= set(POINTS)


def script(point: sweep.Point) -> Script:
    """Steps that depend on what they should depend on, and on nothing else."""
    k, d, layout = point
    steps = {"rows": 1.0, "graph": k / 10, "embedding": k * d / 10, "layout": 5.0 + layout}
    return Script(2.0 + sum(steps.values()), steps)


def test_six_scripts_tell_what_all_of_them_take() -> None:
    everything = {point: script(point) for point in POINTS}

    told = sweep.estimate({point: everything[point] for point in KINDS})

    assert told == pytest.approx(sum(one.wall for one in everything.values()))
    assert sweep.estimate(everything) == pytest.approx(told)


def ours(*steps: tuple[float, float], seconds: float) -> Series:
    made = [{"stage": "s", "key": None, "begin": begin, "end": end} for begin, end in steps]
    return Series(counted=[{"seconds": seconds, "timings": {"steps": made}}])


def test_rows_say_what_was_not_run() -> None:
    kinds = {point: script(point) for point in KINDS}
    total, measured = sweep.estimate(kinds), sum(one.wall for one in kinds.values())
    found = Scripts(kinds, kinds, seconds=measured / 1.6)

    rows = sweep._rows("a case", ours((1, 10), seconds=10.0), found)

    alone, together, idle = rows
    assert (alone.ours, alone.theirs, alone.ratio) == (10.0, pytest.approx(total), pytest.approx(total / 10))
    assert together.theirs == pytest.approx(total / 1.6)
    assert "6 of 24 scripts were run" in alone.note
    assert idle.ours == pytest.approx(0.1)
    assert idle.theirs == pytest.approx(6 * 2 / measured)


def test_a_script_that_failed_leaves_its_figures_open() -> None:
    rows = sweep._rows("a case", ours((0, 1), seconds=1.0), Scripts({}, {}, note="a script ended with code 1"))

    assert [row.theirs for row in rows] == [None] * 3
    assert "a script ended with code 1" in rows[0].note


@pytest.mark.slow
def test_the_command_runs_both_sides_and_writes_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "LAYOUTS", ({"method": "pca"},))
    points = ((15, 3, 0), (15, 4, 0), (30, 3, 0), (30, 4, 0))
    monkeypatch.setattr(sweep, "POINTS", points)
    monkeypatch.setattr(sweep, "KINDS", points)
    out = tmp_path / "rows.json"

    result = CliRunner().invoke(
        app, ["sweep", "--case", "generated-20k", "--runs", "1", "--json", str(out), "--cache", str(tmp_path)]
    )

    assert result.exit_code == 0, result.output
    *rows, machine = json.loads(out.read_text())
    assert [row["metric"] for row in rows] == ["seconds", "seconds", "overhead share"]
    assert all(row["ours"] > 0 and row["theirs"] > 0 and row["ratio"] > 0 for row in rows)
    assert machine["machine"]["graphs"] == [15, 30]
