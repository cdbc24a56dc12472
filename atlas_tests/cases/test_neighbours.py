"""Neighbours and distances that are known already, in the forms that programs write them, and databases by URL."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from atlas_assets.errors import DataError
from atlas_tests.cases import Reading, read_files

N, K = 40, 3
IDS = [f"n{i:02}" for i in range(N)]
NEAREST = [[(i + step) % N for step in range(1, K + 1)] for i in range(N)]
PLANE = np.random.default_rng(0).normal(size=(N, 2))
DISTANCES = np.linalg.norm(PLANE[:, None] - PLANE[None], axis=2)


def ends(got: Reading) -> list[tuple]:
    return got.edges.select("source", "target").rows()


@pytest.mark.parametrize("form", ["csv", "csv without a header", "adjacency list", "npy", "jsonl", "parquet"])
def test_neighbours_beside_each_entity_are_edges_to_all_of_them(form: str, place: Path) -> None:
    named = [[IDS[j] for j in row] for row in NEAREST]
    wanted = [(a, b) for a, row in zip(IDS, named, strict=True) for b in row]
    ordered = form not in ("csv without a header", "adjacency list")
    name = {"npy": "a.npy", "jsonl": "a.jsonl", "parquet": "a.parquet"}.get(form, "a.csv")
    if form == "npy":
        np.save(place / name, np.array(NEAREST))
        wanted = [(i, j) for i, row in enumerate(NEAREST) for j in row]
    elif form == "jsonl":
        lines = [json.dumps({"id": a, "similar": row}) for a, row in zip(IDS, named, strict=True)]
        (place / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif form == "parquet":
        pl.DataFrame({"id": IDS, "neighbours": named}).write_parquet(place / name)
    else:
        sign = " " if form == "adjacency list" else ","
        lines = [sign.join([a, *row]) for a, row in zip(IDS, named, strict=True)]
        header = ["id,nn1,nn2,nn3"] if form == "csv" else []
        (place / name).write_text("\n".join([*header, *lines]) + "\n", encoding="utf-8")
    got = read_files(place, "edges", name)
    assert ends(got) == wanted
    if ordered:
        assert got.edges["distance"].to_list() == [1.0, 2.0, 3.0] * N
        assert "the first is the nearest" in got.printed or "the nearest" in got.printed
    else:
        assert "distance" not in got.edges.columns


def test_distances_beside_lists_of_neighbours_go_with_them(place: Path) -> None:
    away = [[DISTANCES[i, j] for j in row] for i, row in enumerate(NEAREST)]
    table = pl.DataFrame({"id": IDS, "near": [[IDS[j] for j in row] for row in NEAREST], "distances": away})
    table.write_parquet(place / "a.parquet")
    got = read_files(place, "edges", "a.parquet")
    assert got.edges["distance"].to_list() == pytest.approx([d for row in away for d in row], rel=1e-6)
    (place / "b.jsonl").write_text(
        "".join(
            json.dumps({"id": a, "near": IDS[:2], "score": [0.5] * (1 + (i != 7))}) + "\n" for i, a in enumerate(IDS)
        ),
        encoding="utf-8",
    )
    with pytest.raises(DataError, match="row 8, columns 'near' and 'score' hold 2 and 1 values"):
        read_files(place, "edges", "b.jsonl")


@pytest.mark.parametrize("form", ["npy", "npz", "csv"])
def test_a_matrix_of_distances_is_none_of_weights(form: str, place: Path) -> None:
    if form == "csv":
        rows = [f"{a},{','.join(map(str, row))}\n" for a, row in zip(IDS, DISTANCES.tolist(), strict=True)]
        (place / "a.csv").write_text("".join([f",{','.join(IDS)}\n", *rows]), encoding="utf-8")
    elif form == "npy":
        np.save(place / "a.npy", DISTANCES)
    else:
        np.savez(place / "a.npz", d=DISTANCES)
    got = read_files(place, "edges", f"a.{form}")
    assert f"distances between {N}" in got.printed
    assert got.columns == {"source": "source", "target": "target", "distance": "distance"}
    number = {a: i for i, a in enumerate(IDS)} if form == "csv" else {i: i for i in range(N)}
    wanted = [DISTANCES[number[a], number[b]] for a, b in ends(got)]
    assert got.edges["distance"].to_list() == pytest.approx(wanted, rel=1e-6)
    assert got.edges.height == N * (N - 1) // 2


def test_a_matrix_of_similarities_is_none_of_distances_and_says_how_it_is_read(place: Path) -> None:
    near = 1 / (1 + DISTANCES)
    np.fill_diagonal(near, 0)
    np.save(place / "a.npy", near)
    got = read_files(place, "edges", "a.npy")
    assert "weight" in got.columns
    assert "the larger a cell, the nearer (--distance weight: the farther)" in got.printed
    got = read_files(place, "edges", "a.npy", roles={"distance": "weight"})
    assert got.columns["distance"] == "weight"


def test_of_a_large_matrix_of_distances_the_nearest_are_kept(place: Path) -> None:
    plane = np.random.default_rng(1).normal(size=(500, 2))
    away = np.linalg.norm(plane[:, None] - plane[None], axis=2)
    np.save(place / "a.npy", away)
    got = read_files(place, "edges", "a.npy")
    assert "distances between 500, of which the 200 nearest of each are kept" in got.printed
    kept = {frozenset(pair) for pair in ends(got)}
    for i in (0, 250, 499):
        assert all(frozenset((i, int(j))) in kept for j in np.argsort(away[i])[1:201])


@pytest.mark.parametrize("ending", ["db", "duckdb"])
def test_a_database_is_asked_by_its_url(ending: str, place: Path) -> None:
    rows = [(f"u{i % 20}", f"b{i % 7}", i % 5) for i in range(140)]
    if ending == "db":
        with sqlite3.connect(place / "shop.db") as shop:
            shop.execute("create table loans(reader text, book text, stars integer)")
            shop.executemany("insert into loans values(?, ?, ?)", rows)
        shop.close()
    else:
        with duckdb.connect(str(place / "shop.duckdb")) as base:
            base.execute("create table loans(reader varchar, book varchar, stars integer)")
            base.executemany("insert into loans values(?, ?, ?)", rows)
    scheme = "sqlite" if ending == "db" else "duckdb"
    asked = "select reader, book, max(stars) as stars from loans where book <> 'b3' group by reader, book"
    got = read_files(place, "interactions", f"{scheme}:///shop.{ending}", query=asked)
    assert got.spec.source.query == asked
    wanted = {(a, b): max(s for x, y, s in rows if (x, y) == (a, b)) for a, b, _ in rows if b != "b3"}
    held = {(a, b): s for a, b, s in got.interactions.select("collection", "entity", "value").rows()}
    assert held == wanted


def test_a_matrix_of_what_is_no_number_or_of_vectors_is_refused(place: Path) -> None:
    away = DISTANCES.copy()
    away[3, 5] = np.nan
    np.save(place / "a.npy", away)
    with pytest.raises(DataError, match="row 4, column 6 holds nan, as do 0 more cells"):
        read_files(place, "edges", "a.npy")
    np.save(place / "b.npy", PLANE)
    with pytest.raises(DataError, match=r"40 rows of 2 decimals, none of them 0.*Give it as --vectors"):
        read_files(place, "interactions", "b.npy")
    np.save(place / "c.npy", np.eye(12, dtype=int) + np.eye(12, k=1, dtype=int))
    assert read_files(place, "interactions", "c.npy").interactions.height == 23
