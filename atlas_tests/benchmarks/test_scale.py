"""``python -m benchmarks scale``: what exponents are told from, the data, and the whole on few entities."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from atlas_tests.benchmarks.jobs import MIB
from benchmarks import process_tree, scale
from benchmarks.__main__ import app
from benchmarks.generate import describe, generate
from benchmarks.report import Row

SIZES = (3_000, 10_000, 30_000, 100_000)


@pytest.mark.parametrize("exponent", [1.0, 1.3, 2.0])
@pytest.mark.parametrize("fixed", [0.0, 0.5, 20.0])
def test_the_exponent_is_found_whatever_the_fixed_part(exponent: float, fixed: float) -> None:
    """A line through the logarithms alone would say 0.8 where 20 s are fixed and the rest is linear."""
    values = {n: fixed + 10.0 * (n / 10_000) ** exponent for n in SIZES}

    law = scale.fit(values)

    assert law is not None
    assert law.exponent == pytest.approx(exponent, abs=0.02)
    assert law.fixed == pytest.approx(fixed, abs=0.1)


def test_sizes_at_which_the_fixed_part_dominates_are_left_out() -> None:
    law = scale.fit({3_000: 1.0, 10_000: 1.1, 30_000: 2.5, 100_000: 8.0})

    assert law is not None
    assert law.sizes == [30_000, 100_000]


@pytest.mark.parametrize("values", [(1.0, 1.0, 1.1, 1.2), (1.0, 1.1, 1.3, 3.0), (0.01, 0.02, 0.04, 0.1)])
def test_no_exponent_is_told_where_no_two_sizes_show_it(values: tuple[float, ...]) -> None:
    assert scale.fit(dict(zip(SIZES, values, strict=True)), least=0.3) is None


def test_the_table_marks_what_grows_too_fast_and_says_where_it_was_fitted() -> None:
    found = {
        n: [
            Row("scale", f"{n // 1000}k", scale.SECONDS, scale.AIM, seconds, None, of=stage)
            for stage, seconds in (("linear", n / 1000), ("quadratic", (n / 1000) ** 2), ("quick", 0.1))
        ]
        for n in SIZES
    }
    rows = [row for of_size in found.values() for row in of_size] + scale._exponents(found)
    console = Console(width=150, record=True)

    scale.show(rows, console)

    lines = {line.split()[0]: line for line in console.export_text().splitlines() if line.strip()}
    assert "1.00" in lines["linear"]
    assert "!" not in lines["linear"]
    assert "2.00 !" in lines["quadratic"]
    assert "10,000, 30,000, 100,000" in lines["quadratic"]
    assert "," not in lines["quick"]


def test_the_entity_table_describes_the_entities_of_the_rows(tmp_path: Path) -> None:
    """Genres hold whole topics, so two entities of one collection have the same one more often than by chance."""
    generate(tmp_path / "rows", n_rows=300_000, seed=3)
    describe(tmp_path / "entities", n_rows=300_000, seed=3)

    rows, table = pl.read_parquet(tmp_path / "rows"), pl.read_parquet(tmp_path / "entities")

    assert set(rows["entity"]) <= set(table["id"])
    assert table["id"].to_list() == list(range(3_000))
    genre = rows.join(table, left_on="entity", right_on="id", maintain_order="left")["genre"].to_numpy()
    together = np.flatnonzero(np.diff(rows["collection"].to_numpy()) == 0)
    assert (genre[together] == genre[together + 1]).mean() > 0.45
    assert (genre[together] == np.random.default_rng(0).permutation(genre)[together + 1]).mean() < 0.37


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory of other processes is told by /proc")
def test_memory_of_what_a_process_has_started_counts() -> None:
    code = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", "held = bytearray({200 * MIB}); print('held', flush=True); input()"])
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with process_tree.PeakOfTree(process.pid) as peak:
            pass
        process.communicate(b"\n")

    assert len(process_tree.tree(process.pid)) == 1
    assert peak.bytes is not None
    assert 200 * MIB < peak.bytes < 400 * MIB


def test_an_unknown_case_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["scale", "--case", "many", "--cache", str(tmp_path)])

    assert result.exit_code == 2
    assert "'many' is no number of entities" in result.output


@pytest.mark.slow
def test_the_command_measures_every_stage_at_every_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "SMALLEST", 500)
    out = tmp_path / "rows.json"

    result = CliRunner().invoke(
        app, ["scale", "--case", "2k", "--case", "1k", "--json", str(out), "--cache", str(tmp_path)]
    )

    assert result.exit_code == 0, result.output
    *rows, machine = json.loads(out.read_text())
    seconds = {(row["case"], row["of"]): row["ours"] for row in rows if row["metric"] == "seconds"}
    for case in ("1k", "2k"):
        parts = {of: value for (of_case, of), value in seconds.items() if of_case == case}
        assert {"raw_collections", "neighbours", "embedding", "regions", "bundle", "site"} <= set(parts)
        assert sum(part.startswith("projection k15") for part in parts) == 5
        assert all(value >= 0 for value in parts.values())
        assert sum(parts.values()) - parts["all"] > 0.5 * parts["all"]
    recall = next(row for row in rows if row["metric"] == "held-out recall" and row["case"] == "2k")
    assert recall["ratio"] > 2
    assert machine["machine"]["seed"]
