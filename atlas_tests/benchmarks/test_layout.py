"""``python -m benchmarks layout`` on small made-up data: rows, maps, and what is said where there is no figure."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchmarks import layout, layout_data, layout_jobs, layout_maps
from benchmarks.__main__ import app
from benchmarks.layout_data import Setting
from benchmarks.layout_maps import Map
from benchmarks.measure import Limits, Series

CASE = "generated-20k"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_a_case_is_prepared_once_with_a_tenth_of_its_collections_held_out(cache: Path) -> None:
    folder = layout_data.prepared(CASE, cache=cache)
    made = (folder / "about.json").stat().st_mtime_ns

    again = layout_data.prepared(CASE, cache=cache)

    assert again == folder
    assert (folder / "about.json").stat().st_mtime_ns == made
    kept, held = layout_data.load(folder), layout_data.held_out(folder)
    assert kept.n_entities == held.n_entities == layout_data.about(folder)["entities"]
    assert held.n_collections / (kept.n_collections + held.n_collections) == pytest.approx(0.1, abs=0.03)
    counts = np.bincount(kept.entities, minlength=kept.n_entities)
    assert counts.min() >= layout_data.setting(CASE).min_collections


def test_a_setting_keeps_its_share_of_collections_and_the_most_frequent_entities(tmp_path: Path) -> None:
    rows = pl.DataFrame({"c": np.repeat(np.arange(100), 3), "e": np.r_[np.tile([1, 2], 100), np.arange(100) % 50 + 10]})
    rows.write_parquet(tmp_path / "rows.parquet")
    halved, top = tmp_path / "half", tmp_path / "top"

    layout_data.prepare(str(tmp_path / "rows.parquet"), ["c", "e"], str(halved), {"about": "", "share": 0.5})
    layout_data.prepare(str(tmp_path / "rows.parquet"), ["c", "e"], str(top), {"about": "", "top": 2})

    assert pl.read_parquet(halved / "rows.parquet")["collection"].n_unique() == 50
    assert set(pl.read_parquet(top / "rows.parquet")["entity"]) == {1, 2}


def test_settings_name_the_cases_of_the_issue() -> None:
    assert layout_data.SETTINGS["mtg-decks"] == Setting(
        "half of the decks, cards in 20 decks or more", share=0.5, min_collections=20
    )
    assert layout_data.SETTINGS["reddit-title-words"].top == 50_000


@pytest.mark.slow
def test_the_command_compares_every_step_and_writes_complete_rows(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "rows.json"
    monkeypatch.setattr(layout, "PROBLEMS", (("few", {"ratio": 3.0, "samples": None}, 5),))
    options = ["--runs", "1", "--no-maps", "--json", str(out), "--cache", str(cache)]
    peers = [argument for name in ("pymde", "umap-learn", "openTSNE") for argument in ("--peer", name)]

    result = CliRunner().invoke(app, ["layout", "--case", CASE, *peers, *options])

    assert result.exit_code == 0, result.output
    *rows, machine = json.loads(out.read_text())
    measured = {(row["metric"], row["peer"]) for row in rows if row["ratio"] is not None}
    assert measured == {
        ("iteration seconds", "pymde"), ("final distortion", "pymde"), ("layout seconds", "umap-learn"),
        ("layout seconds", "openTSNE"), ("held-out recall", "umap-learn"), ("held-out recall", "openTSNE"),
        ("triplet accuracy", "umap-learn"), ("triplet accuracy", "openTSNE"),
    }  # fmt: skip
    same = [row for row in rows if row["metric"] == "coordinates that differ"]
    assert [(row["of"], row["ours"]) for row in same] == [
        ("3-D embedding", 0), ("umap-learn of the embedding", 0), ("openTSNE of the embedding", 0),
    ]  # fmt: skip
    distortion = next(row for row in rows if row["metric"] == "final distortion")
    assert distortion["ours"] == pytest.approx(distortion["theirs"], abs=0.1)
    assert machine["machine"]["held_out"] == 0.1


@pytest.mark.slow
def test_maps_of_a_new_atlas_stand_beside_those_of_the_routes(cache: Path, tmp_path: Path) -> None:
    folder = layout_data.prepared(CASE, cache=cache)

    found = layout_maps.maps(
        CASE, folder, ["scikit-learn"], tmp_path, limits=Limits(seconds=300), progress=lambda text: None
    )

    (ours,) = (one for one in found if one.recommended)
    (theirs,) = (one for one in found if one.peer == "scikit-learn")
    chance = 15 / (layout_data.about(folder)["entities"] - 1)
    for one in (ours, theirs):
        assert one.note == ""
        assert one.recall is not None
        assert one.recall > chance
        assert one.triplets is not None
        assert one.triplets > 0.4
    assert ours.recall is not None
    assert all(ours.recall > 0.8 * (one.recall or 0) for one in found if one.peer == layout_maps.ATLAS)


MAPS = [
    Map("k15_tsne-p30", "atlas", 2.0, 0.2, 0.6, 0.01, recommended=True),
    Map("k15_umap", "atlas", 3.0, 0.1, 0.7, 0.01),
    Map("npmi, UMAP", "umap-learn", 8.0, 0.1, 0.5, 0.01),
    Map("published recipe", "pymde.preserve_neighbors", note="stopped after 900 s"),
    Map("any", "chance", recall=0.01, triplets=0.5),
]


def test_the_recommended_map_is_compared_with_every_route() -> None:
    rows = layout_maps.rows("a case", MAPS)

    by = {(row.metric, row.of): row for row in rows}
    umap = by["held-out recall", "map by npmi, UMAP"]
    assert (umap.ours, umap.theirs, umap.ratio) == (0.2, 0.1, 2.0)
    assert by["map seconds", "map by npmi, UMAP"].ratio == 4.0
    stopped = by["triplet accuracy", "map by published recipe"]
    assert (stopped.ratio, stopped.note) == (None, "stopped after 900 s")
    assert by["held-out recall", "map by k15_umap"].theirs is None
    assert not any("k15_tsne" in row.of for row in rows)


def test_triplets_are_compared_one_by_one() -> None:
    ours, theirs = Map("a", "atlas", shares=np.array([0.5, 0.7])), Map("b", "pymde", shares=np.array([0.4, 0.6]))

    assert layout_maps.difference(ours, theirs) == "ours keeps +0.1000 ± 0.0000 more"
    assert layout_maps.difference(ours, Map("c", "chance")) == ""


def test_the_table_of_maps_lists_the_best_first_and_what_failed_with_its_reason(cache: Path) -> None:
    out = io.StringIO()

    layout_maps.show(CASE, layout_data.prepared(CASE, cache=cache), MAPS, Console(file=out, width=140))

    text = out.getvalue()
    assert text.index("→ k15_tsne-p30") < text.index("npmi, UMAP") < text.index("stopped after 900 s")
    assert text.index("npmi, UMAP") < text.index("chance") < text.index("stopped")


def test_a_recipe_that_was_stopped_tells_how_much_faster_ours_is_at_least(tmp_path: Path) -> None:
    case = layout._Case("a case", tmp_path, tmp_path, 1, Limits(seconds=100), lambda text: None)
    ours, theirs = Series(counted=[{"seconds": 2.0}]), Series(note="stopped after 100 s")

    row = case._row(layout.EMBEDDING_SECONDS, layout.RECIPE, ours, theirs, "seconds")

    assert (row.ours, row.theirs, row.ratio) == (2.0, None, None)
    assert row.note == "stopped after 100 s; so ours is more than 50 times as fast"


def test_a_case_without_data_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_SHARED_DATA", str(tmp_path / "nowhere"))

    rows = layout.run(["mtg-decks"], ["pymde"], runs=1, limits=Limits(), cache=tmp_path)

    assert rows
    assert all(row.note.startswith("no mtg-decks/interactions.parquet in") and row.ours is None for row in rows)


def test_an_unknown_peer_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["layout", "--peer", "umap", "--cache", str(tmp_path)])

    assert result.exit_code == 2
    assert "'umap' is not among pymde.preserve_neighbors" in result.output


def test_both_solvers_start_from_the_same_pairs(cache: Path) -> None:
    from atlas_assets.stages.push_and_pull import PushAndPull

    edges, weights = np.array([[0, 1], [1, 2], [2, 3]]), np.array([1.0, 2.0, 1.0])
    problem = PushAndPull(edges, weights, n_entities=9, repulsive_ratio=3.0, repulsive_pairs=2, seed=0)

    pairs, signed = layout_jobs._pairs_of(problem, edges, weights)

    assert len(pairs) == len(signed) == 3 + 9 * 2
    assert signed[:3].tolist() == [1, 2, 1]
    assert signed[3:].sum() == pytest.approx(-3.0 * len(edges))
