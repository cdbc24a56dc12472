"""Rows: what ratios mean, what is written and what is shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from benchmarks import report
from benchmarks.report import Row


def row(ours: float | None, theirs: float | None, **options: object) -> Row:
    return Row("relate", "a case", "kernel seconds", "scipy", ours, theirs, **options)  # type: ignore[arg-type]


def test_a_ratio_above_one_means_that_ours_is_better() -> None:
    assert row(2.0, 6.0).ratio == 3.0
    assert row(6.0, 2.0, kind="gain").ratio == 3.0


def test_there_is_no_ratio_without_both_figures_or_between_different_results() -> None:
    assert row(None, 6.0).ratio is None
    assert row(2.0, None).ratio is None
    assert row(2.0, 6.0, comparable=False).ratio is None
    assert row(0.0, 6.0).ratio is None


def test_json_holds_the_rows_and_last_the_machine(tmp_path: Path) -> None:
    about = report.machine(["numpy", "no-such-package"], seed=5)

    report.write(tmp_path / "new folder" / "rows.json", [row(2.0, 6.0), row(2.0, None, note="stopped")], about)

    first, second, machine = json.loads((tmp_path / "new folder" / "rows.json").read_text())
    assert first == {
        "benchmark": "relate",
        "case": "a case",
        "metric": "kernel seconds",
        "peer": "scipy",
        "ours": 2.0,
        "theirs": 6.0,
        "ratio": 3.0,
    }
    assert (second["theirs"], second["ratio"], second["note"]) == (None, None, "stopped")
    assert machine["machine"]["seed"] == 5
    assert machine["machine"]["versions"]["no-such-package"] is None
    assert machine["machine"]["cores"] >= 1


def test_the_table_shows_figures_ratio_and_notes() -> None:
    out = io.StringIO()
    memory = Row("relate", "a case", "peak memory bytes", "polars", 1 << 29, 3 << 30, note="[note] on polars")

    report.show([row(2.0, 6.0), memory], Console(file=out, width=100))

    lines = out.getvalue().splitlines()
    assert next(line for line in lines if "scipy" in line).split()[-3:] == ["2", "6", "3.00"]
    assert next(line for line in lines if "6.00" in line).split()[-5:] == ["512", "MiB", "3.00", "GiB", "6.00"]
    assert "- a case: [note] on polars (polars)" in lines


def test_standard_errors_are_written_with_the_rows() -> None:
    errors = {"ours": 0.002, "theirs": 0.0021, "difference": 0.0005}
    recall = Row("layout", "a case", "held-out recall", "pacmap", 0.1532, 0.15, "gain", errors=errors)

    assert recall.as_json()["errors"] == errors
    assert "errors" not in row(2.0, 6.0).as_json()
    assert report.with_error(recall.difference, 0.0005, sign="+") == "+0.0032 ± 0.0005"
    assert report.with_error(0.15, None) == "0.1500"
    assert report.with_error(None, None) == ""
