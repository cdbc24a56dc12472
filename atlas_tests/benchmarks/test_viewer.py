"""``python -m benchmarks viewer``: what is generated, what rows and aims say, and once all of it on few points."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from atlas_assets.stages.bundle import bundle
from benchmarks import data, viewer_aims, viewer_browser, viewer_data, viewer_pages
from benchmarks.__main__ import app
from benchmarks.viewer import (
    ALL,
    ALONE,
    ELSEWHERE,
    FRAME,
    MOVED,
    MOVING,
    OURS,
    PICK,
    RESTING,
    SCRIPT,
    SEARCH,
    Measured,
    frames_in,
    rows,
)

LOAD = {"first_ms": 500.0, "first_bytes": 140_000.0, "complete_ms": 900.0, "complete_bytes": 800_000.0}


def measured(frame: float, **others: object) -> Measured:
    return Measured(loads=[LOAD], frames={ALL: [frame] * 3}, script=60_000, **others)  # type: ignore[arg-type]


def found() -> dict[str, Measured]:
    ours = measured(
        50.0,
        picks={MOVED: [20.0], ELSEWHERE: [40.0], RESTING: [0.5]},
        memory={"heap": 1e6, "processes": 2e8},
        points=20_000,
    )
    ours.frames |= {ALONE: [48.0], MOVING: [20.0]}
    ours.search = [2.0, 4.0, 30.0]
    return {
        OURS: ours,
        viewer_pages.BARE: measured(40.0),
        viewer_pages.REGL: measured(60.0, picks={MOVED: [0.1]}),
        viewer_pages.DECK: Measured(note="missing: npm ci failed"),
    }


def test_cases_are_numbers_of_points() -> None:
    assert [viewer_data.size(case) for case in ("2k", *viewer_data.DEFAULT)] == [2_000, 10_000, 100_000, 1_000_000]
    for nonsense in ("10", "0k", "mtg-decks", "-1k"):
        with pytest.raises(data.Absent, match="10k, 100k, 1m"):
            viewer_data.size(nonsense)


def test_points_are_made_once_and_again_when_the_code_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = viewer_data.made(300, cache=tmp_path)
    time = (first.folder / "manifest.json").stat().st_mtime_ns
    again = viewer_data.made(300, cache=tmp_path)
    assert (again.folder, (again.folder / "manifest.json").stat().st_mtime_ns) == (first.folder, time)
    assert again.rows["label"].to_list() == bundle.read(again.folder).names

    monkeypatch.setattr(viewer_data, "_code", lambda: "another")
    changed = viewer_data.made(300, cache=tmp_path)
    assert list(tmp_path.iterdir()) == [changed.folder]
    assert changed.rows.equals(first.rows)


def test_the_others_get_every_point_in_painting_order(tmp_path: Path) -> None:
    rows = pl.DataFrame({"x": [0.5, 1.5, 2.5], "y": [4.0, 5.0, 6.0], "kind": ["Kind 3", "Kind 1", "Kind 8"]})
    viewer_data.write_points(tmp_path / "points.gz", rows, np.array([200, 7, 90], np.uint8))

    packed = gzip.decompress((tmp_path / "points.gz").read_bytes())
    assert np.frombuffer(packed[:12], "<f4").tolist() == [1.5, 2.5, 0.5]
    assert np.frombuffer(packed[12:24], "<f4").tolist() == [5.0, 6.0, 4.0]
    assert list(packed[24:]) == [7, 90, 200, 0, 7, 2]


def test_queries_are_parts_of_a_name_and_one_that_matches_nothing() -> None:
    names = viewer_data.names(200, np.random.default_rng(1))
    assert names == viewer_data.names(200, np.random.default_rng(1))
    asked = viewer_data.queries(names)
    first, second = names[100].split(" ")[:2]
    assert {first, f"{first} {second}", f"{second} {first}"} <= set(asked)
    assert not any("xqzw" in name.lower() for name in names)


def test_paths_end_where_they_began_and_places_are_found_from_a_few_rows() -> None:
    path = viewer_browser.circle(20)
    assert len(path) == 20
    assert path[-1] == pytest.approx([0, 0])
    assert max(np.hypot(*np.diff(path, axis=0).T)) < 40

    values = np.array([-3.0, 1.0, 8.0])
    assert viewer_browser.affine(values, values * -12 + 600) == pytest.approx((-12, 600, 0), abs=1e-9)


def test_slow_sides_draw_fewer_frames_but_at_least_one() -> None:
    assert [frames_in(3, ms) for ms in (0, 10, 700, 1_200, 60_000)] == [4, 4, 4, 2, 1]


def test_every_figure_stands_beside_that_of_every_peer() -> None:
    made = {(row.metric, row.peer, row.of): row for row in rows("100k", found())}

    assert made[FRAME, viewer_pages.BARE, ALL].ratio == pytest.approx(0.8)
    assert made[FRAME, viewer_pages.REGL, MOVING].ratio == pytest.approx(3.0)
    assert "20,000 here" in made[FRAME, viewer_pages.REGL, MOVING].note
    assert made[PICK, viewer_pages.REGL, MOVED].ours == pytest.approx(0.02)
    assert (PICK, viewer_pages.BARE, MOVED) not in made
    assert made["first-paint seconds", viewer_pages.BARE, ""].ours == pytest.approx(0.5)
    assert [row.ours for row in made.values() if row.metric == SEARCH] == pytest.approx([0.004, 0.03])


def test_a_peer_that_is_missing_is_named_in_every_row() -> None:
    made = [row for row in rows("100k", found()) if row.peer == viewer_pages.DECK]

    assert {FRAME, PICK, SCRIPT} <= {row.metric for row in made}
    assert all(row.theirs is None and row.note.startswith("missing: npm ci failed") for row in made)


def test_aims_are_met_missed_or_unknown() -> None:
    aims = {aim.text: (aim.met, aim.found) for aim in viewer_aims.aims(rows("100k", found()))}

    assert aims["a frame takes at most 1.3 times as long as bare gl.POINTS"] == (True, "1.25 times")
    assert aims["and is at least 15 times faster than deck.gl"] == (None, "not measured")
    assert aims["and no slower than regl-scatterplot"] == (True, "1.20 times as fast")
    assert aims["picks after the map moved take less than 2 frames each"] == (True, "0.80 frames")
    assert aims["the first paint needs less than 150 kB of data"] == (True, "140 kB")
    assert aims["a search takes less than 50 ms"] == (True, "4.0 ms")
    assert aims["all JavaScript is less than 120 kB"] == (True, "60 kB")
    slow = found() | {viewer_pages.BARE: measured(30.0)}
    assert viewer_aims.aims(rows("10k", slow))[0].met is False
    assert len(viewer_aims.aims(rows("10k", slow))) == 4  # the rest is said of 100,000 points


def test_without_npm_only_the_peers_that_need_it_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_pages.shutil, "which", lambda name: None)

    missing = viewer_pages.provide(tmp_path, viewer_pages.PEERS)

    assert set(missing) == {viewer_pages.REGL, viewer_pages.DECK}
    assert all(note.startswith("missing: ") for note in missing.values())
    assert all((tmp_path / script).exists() for script in viewer_pages.scripts(viewer_pages.BARE))


@pytest.mark.slow
def test_the_command_measures_the_built_viewer_and_writes_complete_rows(tmp_path: Path) -> None:
    pytest.importorskip("playwright", reason="playwright is not installed (dependency group dev)")
    if viewer_browser.executable() is None or shutil.which("npm") is None:
        pytest.skip("needs Chromium and npm")
    out, cache = tmp_path / "rows.json", tmp_path / "cache"

    result = CliRunner().invoke(
        app,
        [
            "viewer",
            "--case",
            "2k",
            "--case",
            "no",
            "--peer",
            "gl.POINTS",
            "--runs",
            "1",
            "--json",
            str(out),
            "--cache",
            str(cache),
        ],
    )

    assert result.exit_code == 0, result.output
    *found, machine = json.loads(out.read_text())
    assert found[-1]["note"].startswith("no such case")
    metrics = {
        "frame seconds",
        "first-paint bytes",
        "first-paint seconds",
        "complete bytes",
        "complete seconds",
        "memory bytes",
        "script bytes",
        "search seconds",
    }
    assert metrics == {row["metric"] for row in found if row["case"] == "2k"}
    assert all(row["ours"] > 0 for row in found[:-1])
    assert all(row["theirs"] > 0 for row in found[:-1] if row["peer"] == "gl.POINTS")
    assert machine["machine"]["versions"]["chromium"]
    assert [aim["met"] for aim in machine["machine"]["aims"]][1] is None  # nobody measured deck.gl
