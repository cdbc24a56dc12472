"""``python -m benchmarks refresh``: the files of the replay, how movement is told, and the whole on small data."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from benchmarks import refresh_data
from benchmarks.__main__ import app
from benchmarks.refresh import State


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data sets with one: 600 lists of 60 names, two kinds of them, a day after another."""
    random = np.random.default_rng(0)
    rows = [
        {"collection_id": day, "entity_id": int(name), "value": 1.0, "timestamp": 86_400 * (600 - day)}
        for day in range(600)
        for name in random.choice(30, 8, replace=False) + 30 * (day % 2)
    ]
    folder = tmp_path / "shared" / "mtg-decks"
    folder.mkdir(parents=True)
    pl.DataFrame(rows).sample(fraction=1.0, shuffle=True, seed=0).write_parquet(folder / "interactions.parquet")
    names = pl.DataFrame({"entity_id": range(60), "label": [f"name {number}" for number in range(60)]})
    names.write_parquet(folder / "entities.parquet")
    monkeypatch.setenv("ATLAS_SHARED_DATA", str(folder.parent))
    return folder


def test_files_hold_every_row_once_in_order_of_time_and_no_collection_twice(shared: Path, tmp_path: Path) -> None:
    parts = refresh_data.parts("mtg-decks", 3, tmp_path / "files")

    read = [pl.read_parquet(part.file) for part in parts]
    together, whole = pl.concat(read), pl.read_parquet(shared / "interactions.parquet")
    assert together.sort(pl.all()).equals(whole.sort(pl.all()))
    assert [frame["collection_id"].n_unique() for frame in read] == [198, 198, 198, 6]
    for earlier, later in itertools.pairwise(read):
        assert earlier["timestamp"].max() < later["timestamp"].min()  # type: ignore[operator]
    assert parts[0].title == "the first 33%"
    assert parts[-1].end == 1.0


def test_movement_is_that_of_entities_that_had_been_there() -> None:
    places = np.random.default_rng(0).random((200, 2)).astype(np.float32)
    before = State(pl.Series(range(200)), {"a map": places}, {})
    order = np.random.default_rng(1).permutation(200)
    shifted = np.vstack([places[order] + np.float32(0.1), np.full((50, 2), 9.0, np.float32)])
    now = State(pl.Series([*order.tolist(), *range(200, 250)]), {"a map": shifted}, {})

    moved = now.moved_since(before, turn=False)["a map"]

    assert moved == pytest.approx(0.1 * np.sqrt(2), rel=0.05)
    assert now.moved_since(before, turn=True)["a map"] < 0.001


@pytest.mark.slow
def test_the_command_replays_a_case_and_writes_rows(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.json"
    options = ["--case", "mtg-decks", "--steps", "2", "--runs", "1", "--json", str(out), "--cache", str(tmp_path)]

    result = CliRunner().invoke(app, ["refresh", *options])

    assert result.exit_code == 0, result.output
    *rows, machine = json.loads(out.read_text())
    figures = {(row["metric"], row.get("of", "")): row for row in rows}
    for step in ("50% to 99%", "1 % more"):
        assert all(figures["seconds", step][side] > 0 for side in ("ours", "theirs"))
        assert 0 <= figures["median movement", step]["ours"] < 1
        assert figures["held-out recall, mean of all maps", step]["ours"] > 0
    assert figures["artifacts of an unchanged source", ""]["ours"] == 0
    assert figures["seconds", "1 % more, site"]["ours"] > 0
    assert machine["machine"]["steps"] == 2
