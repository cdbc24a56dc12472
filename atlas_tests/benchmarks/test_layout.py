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

from atlas_assets import methods
from atlas_assets.errors import AtlasError
from atlas_assets.stages.relation import knn_graph
from benchmarks import (
    layout,
    layout_aims,
    layout_data,
    layout_figures,
    layout_jobs,
    layout_maps,
    layout_methods,
    layout_table,
    measure,
)
from benchmarks.__main__ import app
from benchmarks.layout_data import Setting
from benchmarks.layout_figures import RECALL, TRIPLETS, Figures
from benchmarks.layout_maps import Map
from benchmarks.measure import Job, Limits, Outcome, Series
from benchmarks.report import Row

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
    assert set(layout_data.DEFAULT) == set(layout_data.SETTINGS)


@pytest.mark.slow
def test_the_command_compares_every_step_and_writes_complete_rows(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "rows.json"
    monkeypatch.setattr(layout, "PROBLEMS", (("few", {"ratio": 3.0, "samples": None}, 5),))
    options = ["--runs", "1", "--no-maps", "--json", str(out), "--cache", str(cache)]
    peers = [argument for name in ("pymde", "umap-learn", "openTSNE", "pacmap") for argument in ("--peer", name)]

    result = CliRunner().invoke(app, ["layout", "--case", CASE, *peers, *options])

    assert result.exit_code == 0, result.output
    *rows, machine = json.loads(out.read_text())
    measured = {(row["metric"], row["peer"], row.get("of", "")) for row in rows if row["ratio"] is not None}
    solved = {("iteration seconds", "pymde", "5 iterations, few"), ("final distortion", "pymde", "5 iterations, few")}
    laid_out = {
        ("umap-learn", "UMAP of the graph, seeded"),
        ("umap-learn", "UMAP of the graph, unseeded"),
        ("openTSNE", "t-SNE of the graph"),
        ("openTSNE", "t-SNE of the graph, in less"),
        ("openTSNE", "t-SNE by similarity of the graph"),
        ("openTSNE", "t-SNE by similarity of the graph, in less"),
        ("pacmap", "PaCMAP of the graph"),
        ("pacmap", "LocalMAP of the graph"),
        ("umap-learn", "UMAP of the embedding, seeded"),
        ("umap-learn", "UMAP of the embedding, unseeded"),
        ("openTSNE", "t-SNE of the embedding"),
    }
    assert measured == solved | {(metric, *one) for metric in ("layout seconds", RECALL, TRIPLETS) for one in laid_out}
    same = [row for row in rows if row["metric"] == "coordinates that differ"]
    assert [(row["of"], row["ours"]) for row in same] == [
        ("3-D embedding", 0),
        *((of, 0) for of in layout_methods.settings()),
    ]
    assert all(set(row["errors"]) == {"ours", "theirs", "difference"} for row in rows if row["metric"] == RECALL)
    recipe = next(row for row in rows if row["peer"] == layout.RECIPE)
    assert recipe["note"].endswith("only with --peer pymde.preserve_neighbors")
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
        assert one.figures.recall is not None
        assert one.figures.recall > chance
        assert one.figures.triplets is not None
        assert one.figures.triplets > 0.4
    assert ours.figures.recall is not None
    assert all(ours.figures.recall > 0.8 * (one.figures.recall or 0) for one in found if one.peer == layout_maps.ATLAS)


def figures(recall: float, triplets: float, *, seed: int = 0) -> Figures:
    """Of four held-out collections with ten pairs each, and three rows of triplets; the noise is small."""
    random = np.random.default_rng(seed)
    return Figures(
        recall,
        triplets,
        0.01,
        0.01,
        10 * recall + 0.01 * random.standard_normal(4),
        np.full(4, 10.0),
        triplets + 0.001 * random.standard_normal(3),
    )


MAPS = [
    Map("k15_tsne-p30", "atlas", 2.0, figures(0.2, 0.6), recommended=True),
    Map("k15_umap", "atlas", 3.0, figures(0.1, 0.7)),
    Map("npmi, UMAP", "umap-learn", 8.0, figures(0.1, 0.5)),
    Map("published recipe", "pymde.preserve_neighbors", note="stopped after 900 s"),
    Map("any", "chance", figures=Figures(0.01, 0.5)),
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


def test_two_maps_are_compared_by_what_both_were_judged_by() -> None:
    ours, theirs = figures(0.3, 0.7), figures(0.2, 0.6)

    (recall, triplets) = layout_figures.rows("a case", "pacmap", ours, theirs, of="LocalMAP of the graph")

    assert (recall.metric, recall.difference) == (RECALL, pytest.approx(0.1))
    assert recall.errors == pytest.approx({"ours": 0.01, "theirs": 0.01, "difference": 0.0}, abs=1e-12)
    assert triplets.errors["difference"] == pytest.approx(0.0, abs=1e-12)
    alone = layout_figures.rows("a case", "pacmap", ours, Figures(note="stopped"), of="")[0]
    assert (alone.ratio, alone.errors) == (None, {"ours": 0.01})


def test_several_seeds_are_one_figure_whose_error_knows_of_them() -> None:
    several = [figures(0.30, 0.7), figures(0.32, 0.7), figures(0.31, 0.7)]

    mean = layout_figures.mean(several)

    assert (mean.recall, mean.triplets) == (pytest.approx(0.31, abs=0.001), pytest.approx(0.7, abs=0.001))
    assert mean.spread == pytest.approx((0.01 / 3**0.5, 0.0), abs=1e-12)
    assert mean.recall_error == pytest.approx(0.01 / 3**0.5, rel=0.02)
    assert mean.less(figures(0.25, 0.7), RECALL) == (pytest.approx(0.06), pytest.approx(0.01 / 3**0.5))
    assert layout_figures.mean([several[0], Figures(note="stopped")]).note == "stopped"
    assert layout_figures.mean(several[:1]) is several[0]


def test_a_contest_is_one_of_the_same_lists_and_start(cache: Path, tmp_path: Path) -> None:
    graph = layout_methods.ring(200, layout_methods.NEIGHBOURS)
    graph.save(tmp_path / "graph")

    told = layout_methods.prepared(str(tmp_path), str(tmp_path / "problem"))

    given, ours = layout_methods._given(tmp_path / "problem"), layout_methods._inputs(tmp_path / "graph", None)
    assert told == {"entities": 200, "isolated": 0}
    assert np.array_equal(given.lists[0], ours.lists(layout_methods.NEIGHBOURS).indices)
    assert np.array_equal(given.start, ours.start(2))
    assert given.affinities.sum() == pytest.approx(1.0, abs=1e-5)


def test_what_no_graph_connects_stands_where_ours_put_it(tmp_path: Path) -> None:
    graph, n = layout_methods.ring(200, layout_methods.NEIGHBOURS), 200
    indices = np.concatenate([graph.indices, np.full((5, graph.n_neighbors), -1, np.int32)])
    lonely = knn_graph.KnnGraph(
        indices,
        np.pad(graph.similarity, ((0, 5), (0, 0))),
        None,
        np.zeros(indices.shape, bool),
        graph.edges,
        graph.edge_weights,
    )
    lonely.save(tmp_path / "graph")
    layout_methods.prepared(str(tmp_path), str(tmp_path / "problem"))
    (contest,) = (at for at, one in enumerate(layout_methods.CONTESTS) if one.ours[0].label == "LocalMAP")

    folders = {"embedded": str(tmp_path), "problem": str(tmp_path / "problem"), "out": str(tmp_path / "theirs.npy")}
    told = layout_methods.laid_out_by_peer(contest, "pacmap", **folders, seed=0)

    made = np.load(tmp_path / "theirs.npy")
    assert told["seconds"] > 0
    assert made.shape == (n + 5, 2)
    away = np.linalg.norm(made - made[:n].mean(axis=0), axis=1)
    assert away[n:].min() > np.quantile(away[:n], 0.98)


def test_everybody_is_called_with_the_parameters_of_our_methods() -> None:
    for contest in layout_methods.CONTESTS:
        for ours in contest.ours:
            methods.check(ours.method, ours.parameters, source=contest.source, dims=2)
    assert {theirs.peer for contest in layout_methods.CONTESTS for theirs in contest.theirs} <= set(layout.ALL_PEERS)
    assert layout.RECIPE not in layout.DEFAULT_PEERS


def test_the_table_has_ours_and_below_it_whom_it_is_compared_with() -> None:
    of, out = "UMAP of the graph, seeded", io.StringIO()
    rows = [
        Row("layout", "a case", layout.LAYOUT_SECONDS, "umap-learn", 0.2, 3.0, of=of, note="theirs ran once"),
        *layout_figures.rows("a case", "umap-learn", figures(0.3, 0.7), figures(0.2, 0.6), of=of),
        Row("layout", "a case", layout.LAYOUT_SECONDS, "umap-learn", 0.2, None, of="UMAP of the graph, unseeded"),
        Row("layout", "a case", layout.ITERATION_SECONDS, "pymde", 0.2, 1.0, of="50 iterations"),
    ]

    layout_table.show(rows, Console(file=out, width=80))

    lines = [line.split() for line in out.getvalue().splitlines()]
    assert ["UMAP", "of", "the", "graph", "0.2", "0.3000", "±", "0.0100", "0.7000", "±", "0.0100"] in lines
    ours = lines.index(["umap-learn,", "seeded", "3", "15.0", "0.2000", "±", "0.0100", "0.6000", "±", "0.0100"])
    assert lines[ours + 1] == ["+0.1000", "±", "0.0000", "+0.1000", "±", "0.0000"]
    assert lines[ours + 2] == ["umap-learn,", "unseeded", "-"]
    assert "- a case: theirs ran once (umap-learn)" in out.getvalue()
    assert "pymde" not in out.getvalue()


def rows_of_localmap(seconds: float, kept: float, error: float) -> list[Row]:
    of = "LocalMAP of the graph"
    errors = {"ours": 0.01, "theirs": 0.01, "difference": error}
    return [
        Row("layout", "mtg-decks", layout.LAYOUT_SECONDS, "pacmap", 1.0, seconds, of=of),
        Row("layout", "mtg-decks", RECALL, "pacmap", 0.15 + kept, 0.15, "gain", of=of, errors=errors),
        Row("layout", "mtg-decks", TRIPLETS, "pacmap", 0.6, None, "gain", "stopped", of=of),
    ]


def test_aims_are_met_missed_or_unknown() -> None:
    rows = rows_of_localmap(6.0, -0.001, 0.001) + layout_maps.rows("mtg-decks", MAPS)

    aims = {aim.text: (aim.met, aim.found) for aim in layout_aims.aims(rows)}

    assert aims == {
        "LocalMAP of the graph is at least 5 times as fast as pacmap": (True, "6.0 times"),
        "LocalMAP of the graph keeps no fewer held-out pairs than pacmap": (True, "-0.0010 ± 0.0010"),
        "LocalMAP of the graph keeps no fewer triplets than pacmap": (None, "not measured"),
        "the recommended map keeps more than 0.175 of the held-out pairs": (True, "0.2000"),
        "and at least 0.616 of the triplets": (False, "0.6000"),
    }
    missed = layout_aims.aims(rows_of_localmap(4.0, -0.003, 0.001))
    assert [aim.met for aim in missed] == [False, False, None]


def test_what_is_lost_is_told_unless_chance_explains_it() -> None:
    assert layout_aims.lost(rows_of_localmap(6.0, -0.001, 0.001)) == []
    assert layout_aims.lost(rows_of_localmap(0.5, -0.003, 0.001)) == [
        "mtg-decks: layout seconds, LocalMAP of the graph: pacmap, 2.00 times as good",
        "mtg-decks: held-out recall, LocalMAP of the graph: pacmap by 0.0030 ± 0.0010",
    ]


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


def test_every_run_has_another_seed_and_who_is_slow_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def run(job: Job, limits: Limits) -> Outcome:
        asked.append((job.call, job.arguments["seed"]))
        return Outcome({"seconds": {"quick": 1.0, "slow": 61.0}[job.call]})

    monkeypatch.setattr(measure, "run", run)
    case, judged = layout._Case("a case", tmp_path, tmp_path, 3, Limits(), lambda text: None), []

    series = case._interleaved(
        {name: Job(name, {}) for name in ("quick", "slow")},
        "layouts",
        compiled=["quick"],
        seeded=True,
        each=lambda name, run: judged.append(name),
    )

    assert asked == [("quick", 0), ("quick", 0), ("slow", 0), ("quick", 1), ("quick", 2)]
    assert judged == ["quick", "slow", "quick", "quick"]
    assert (len(series["quick"].counted), len(series["slow"].counted)) == (3, 1)
    assert series["quick"].first == {"seconds": 1.0}


def test_who_is_slow_runs_once_and_that_is_told(tmp_path: Path) -> None:
    case = layout._Case("a case", tmp_path, tmp_path, 3, Limits(), lambda text: None)
    ours, theirs = Series(counted=[{"seconds": 2.0}] * 3), Series(counted=[{"seconds": 99.0}])

    row = case._row(layout.LAYOUT_SECONDS, "pacmap", ours, theirs, "seconds")

    assert (row.ratio, row.note) == (49.5, "theirs ran once, having taken more than 60 s")
    assert row.runs == {"ours": [2.0] * 3, "theirs": [99.0]}


def test_maps_that_cannot_be_made_are_a_row_that_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> list[Map]:
        raise AtlasError("atlas run gave no maps: the reason")

    monkeypatch.setattr(layout_maps, "maps", failing)
    told: list[Row] = []

    def finished(name: str, folder: Path, rows: list[Row], maps: list[Map]) -> None:
        told.extend(rows)

    rows = layout._maps("a case", tmp_path, [], tmp_path, Limits(), lambda text: None, finished)

    assert rows == told
    assert [(row.metric, row.note) for row in rows] == [("map seconds", "atlas run gave no maps: the reason")]


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
    from atlas_assets.stages.embedding.push_and_pull import PushAndPull

    edges, weights = np.array([[0, 1], [1, 2], [2, 3]]), np.array([1.0, 2.0, 1.0])
    problem = PushAndPull(edges, weights, n_entities=9, repulsive_ratio=3.0, repulsive_pairs=2, seed=0)

    pairs, signed = layout_jobs._pairs_of(problem, edges, weights)

    assert len(pairs) == len(signed) == 3 + 9 * 2
    assert signed[:3].tolist() == [1, 2, 1]
    assert signed[3:].sum() == pytest.approx(-3.0 * len(edges))
