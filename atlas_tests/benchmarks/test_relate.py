"""``python -m benchmarks relate`` on small made-up data: complete rows, and every kind of peer that gives no figure."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from benchmarks import data, matrix, relate
from benchmarks.__main__ import app
from benchmarks.generate import generate
from benchmarks.measure import GIB, Limits
from benchmarks.peers import recipe, scipy_product

KEYS = {"benchmark", "case", "metric", "peer", "ours", "theirs", "ratio"}
CASE = "generated-20k"


@pytest.mark.slow
def test_the_command_compares_peers_and_writes_complete_rows(tmp_path: Path) -> None:
    out = tmp_path / "rows.json"
    kernels = ("scipy", "sparse_dot_mkl", "sparse_dot_topn", "implicit", "polars")
    peers = [argument for name in (*kernels, "polars+scipy") for argument in ("--peer", name)]

    result = CliRunner().invoke(
        app, ["relate", "--case", CASE, *peers, "--runs", "1", "--json", str(out), "--cache", str(tmp_path / "cache")]
    )

    assert result.exit_code == 0, result.output
    *rows, machine = json.loads(out.read_text())
    assert all(set(row) >= KEYS for row in rows)
    expected = {(peer, metric) for peer in kernels for metric in ("kernel seconds", "peak memory bytes")}
    expected |= {("polars+scipy", metric) for metric in ("end-to-end seconds", "peak memory bytes")}
    assert {(row["peer"], row["metric"]) for row in rows} == expected
    for row in rows:
        assert row["ours"] > 0, row
        if row["peer"] in ("scipy", "polars", "polars+scipy") or row["theirs"] is not None:
            assert row["ratio"] == pytest.approx(row["theirs"] / row["ours"]), row
        else:  # an extra that is not installed where the tests run
            assert row["note"].startswith("missing: "), row
    assert machine["machine"]["seed"] == data.SEED


def test_the_recipe_loses_nothing_when_its_buffer_is_filled_many_times(tmp_path: Path) -> None:
    generate(tmp_path / "rows", n_rows=20_000, seed=3)
    matrix.prepare(str(tmp_path / "rows"), ["collection", "entity"], str(tmp_path))
    members, rows = matrix.load(tmp_path), np.arange(200)

    small = recipe.nearest(members, 15, buffer=10_000)

    expected = scipy_product.nearest(scipy_product.prepare(members), 15)
    assert relate.difference(recipe.similarities(small, rows, 15), scipy_product.similarities(expected, rows, 15)) == ""


@pytest.mark.slow
def test_peers_that_are_missing_wrong_or_too_large_are_told_apart(tmp_path: Path) -> None:
    names = [f"atlas_tests.benchmarks.{name}_peer" for name in ("missing", "wrong", "greedy")]

    rows = relate.run([CASE], names, runs=1, limits=Limits(memory_bytes=GIB), cache=tmp_path)

    missing, wrong, greedy = (row for row in rows if row.metric == "kernel seconds")
    assert missing.note.startswith("missing: No module named 'a_library_that_nobody_has'")
    assert wrong.note == "RESULTS DIFFER in 200 of 200 sampled entities: no comparison"
    assert greedy.note.startswith("stopped at 1.0 GiB of memory")
    assert (missing.theirs, greedy.theirs) == (None, None)
    assert wrong.theirs is not None
    assert [row.ratio for row in rows] == [None] * 6


def test_a_wrong_peer_fails_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = relate.Row("relate", CASE, "kernel seconds", "scipy", 1.0, 2.0, comparable=False, note="RESULTS DIFFER")
    monkeypatch.setattr(relate, "run", lambda *args, finished, **options: finished([wrong]))

    result = CliRunner().invoke(app, ["relate", "--cache", str(tmp_path)])

    assert result.exit_code == 1
    assert "RESULTS DIFFER" in result.output


def test_an_unknown_peer_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["relate", "--peer", "spicy", "--cache", str(tmp_path)])

    assert result.exit_code == 2
    assert "'spicy' is not among scipy" in result.output


def test_a_case_without_data_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_SHARED_DATA", str(tmp_path / "nowhere"))

    rows = relate.run(["mtg-decks"], ["scipy"], runs=1, limits=Limits(), cache=tmp_path)

    assert {row.metric for row in rows} == {"kernel seconds", "end-to-end seconds", "peak memory bytes"}
    assert all(row.note.startswith("no mtg-decks/interactions.parquet in") and row.theirs is None for row in rows)


def test_similarities_may_differ_by_rounding_only() -> None:
    ours = np.array([[0.5, 0.25], [0.1, 0.0]])

    assert relate.difference(ours, ours * (1 + 1e-6)) == ""
    assert relate.difference(ours, ours + np.array([[0, 0], [0, 1e-4]])).startswith("RESULTS DIFFER in 1 of 2")


def test_made_up_data_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(tmp_path / name, n_rows=50_000, seed=seed)
    a, b, c = (pl.read_parquet(tmp_path / name) for name in "abc")

    assert a.equals(b)
    assert not a.equals(c)
    assert a.height == 50_000 == a.unique().height
    assert a.equals(a.sort("collection", "entity"))
    frequencies = np.sort(np.bincount(a["entity"]))
    assert frequencies[-1] > 4 * np.median(frequencies)  # some are everywhere, most are rare


def test_the_matrix_of_a_case_leaves_out_repeats_and_collections_of_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    # b holds "x" twice and nothing else, so b and its row go; ids become ranks: w 0, x 1, z 2
    rows = [("a", "z"), ("a", "x"), ("a", "z"), ("b", "x"), ("b", "x"), ("c", "w"), ("c", "z"), (None, "y")]
    pl.DataFrame(rows, schema=["collection", "entity"], orient="row").write_parquet(path)

    folder = data.prepared(data.Case("tiny", path, "collection", "entity"), cache=tmp_path)

    members = matrix.load(folder)
    assert members.indptr.tolist() == [0, 2, 4]
    assert members.entities.tolist() == [1, 2, 0, 2]
    assert members.n_entities == 3
