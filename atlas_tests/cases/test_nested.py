"""Several entities in one cell: lists as texts and as JSON, objects with fields, and lists that are empty."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import AtlasError
from atlas_assets.sources import nested
from atlas_tests.cases import read_files, read_written

DISHES = [["oat", "honey", "salt"], ["rye", "salt"], ["oat", "rye", "honey", "plum"], ["honey", "salt"]]
WRITTEN = {
    "[]": json.dumps,
    "|": "|".join,
    ";": ";".join,
    ", ": ", ".join,
}


@pytest.mark.parametrize("separator", WRITTEN)
def test_a_list_in_a_cell_is_its_members(separator: str, place: Path) -> None:
    rows = [(f"dish {i}", WRITTEN[separator](DISHES[i % 4])) for i in range(24)]
    pl.DataFrame(rows, schema=["dish", "ingredients"], orient="row").write_csv(place / "d.csv")
    got = read_files(place, "interactions", "d.csv")
    assert got.spec.source.separator == separator
    assert got.columns == {"collection": "dish", "entity": "ingredients"}
    assert got.interactions.group_by("collection", maintain_order=True).agg("entity")["entity"].to_list() == [
        DISHES[i % 4] for i in range(24)
    ]
    assert "dish 0: oat, honey, salt" in got.printed


def test_without_a_separator_a_cell_is_one_entity(place: Path) -> None:
    pl.DataFrame({"dish": ["a", "b", "c"] * 8, "parts": ["oat, salt", "oat"] * 12}).write_csv(place / "d.csv")
    got = read_files(place, "interactions", "d.csv", roles={"collection": "dish", "entity": "parts"})
    assert got.spec.source.separator is None  # a dish has several rows
    assert set(got.interactions["entity"]) == {"oat, salt", "oat"}


def test_a_cell_that_is_no_list_is_told_by_its_row(place: Path) -> None:
    cells = [json.dumps(DISHES[i % 4]) for i in range(24)]
    table = pl.DataFrame({"dish": [f"d{i}" for i in range(24)], "parts": cells})
    table.write_csv(place / "d.csv")
    read_files(place, "interactions", "d.csv")
    table.with_columns(parts=pl.Series([*cells[:5], '["oat", "sa', *cells[6:]])).write_csv(place / "d.csv")
    with pytest.raises(AtlasError, match=r"row 6, column 'parts' is .*a list such as .*source.separator"):
        read_written(place)


def test_a_separator_needs_the_column_that_it_divides(place: Path) -> None:
    pl.DataFrame({"dish": ["a", "b"] * 9, "part": ["oat", "rye", "salt"] * 6}).write_csv(place / "d.csv")
    read_files(place, "interactions", "d.csv")
    written = place / "defs" / "x" / "defs.yaml"
    spec = written.read_text(encoding="utf-8")
    written.write_text(spec.replace("    columns: {collection: dish, entity: part}\n", '    separator: "|"\n'))
    with pytest.raises(AtlasError, match=r"source.separator is given without a column.*source.columns.entity"):
        read_written(place)


def test_empty_lists_are_counted_as_rows_without_an_entity(place: Path) -> None:
    """They vanished without a word."""
    rows = [{"deck": i, "cards": [f"c{i % 5}", f"c{i % 7}x"] if i % 4 else []} for i in range(24)]
    (place / "d.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    got = read_files(place, "interactions", "d.jsonl")
    assert got.report["rows"] == 36
    assert "6 rows without a collection or entity were left out" in got.notes


def test_objects_inside_of_objects_are_columns(place: Path) -> None:
    rows = [
        {"user": {"id": i, "name": f"n{i}"}, "tracks": [{"track": {"uri": f"t{j}", "ms": j}, "pos": j} for j in held]}
        for i, held in enumerate([(0, 1, 2), (1, 2), (0, 2, 3), (1, 3)] * 6)
    ]
    (place / "p.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    got = read_files(place, "interactions", "p.jsonl")
    assert got.columns == {"collection": "user.id", "entity": "tracks.track.uri"}
    assert got.interactions.head(3).rows() == [(0, "t0"), (0, "t1"), (0, "t2")]


values = st.one_of(st.none(), st.integers(0, 9))


@given(rows=st.lists(st.fixed_dictionaries({"a": values, "o": st.fixed_dictionaries({"b": values, "c": values})})))
def test_flattened_objects_hold_what_they_held(rows: list[dict]) -> None:
    inner = pl.Struct({"b": pl.Int64, "c": pl.Int64})
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "o": inner}, orient="row" if rows else None)
    flat = nested.flattened(frame.lazy()).collect()
    assert flat.rows() == [(row["a"], row["o"]["b"], row["o"]["c"]) for row in rows]
    assert flat.columns == ["a", "o.b", "o.c"]
