"""Readers of files: one relation in every form gives one table, and each mistake is told with place and remedy."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from atlas_assets.errors import DataError
from atlas_assets.plan.source_state import observe
from atlas_assets.sources import files
from atlas_assets.sources.memory import Memory
from atlas_assets.spec.atlas import SourceSpec
from atlas_assets.store.artifacts import content_hash
from atlas_tests.sources.forms import write, write_all_forms

ROWS = pl.DataFrame(
    {
        "user_id": [7, 7, 8, 8, 9],
        "book_id": [1, 2, 2, 3, 1],
        "rating": [5.0, 3.5, None, 4.0, 1.0],
        "when": ["2020-01-02", "2020-01-03T04:05:06Z", "2020-01-03 04:05", None, "2020-01-04T01:00:00+02:00"],
    }
)
SECONDS = [1577923200, 1578024306, 1578024300, None, 1578092400]
BOOKS = pl.DataFrame(
    {
        "book_id": [1, 2, 3],
        "title": ["Emma", 'The "Odd", Book\nin two lines', "Тишина"],
        "year": [1815, 1999, None],
        "genres": ["romance|classic", "classic", "romance|odd"],
    }
)


def read(folder: Path, name: str = "raw", **options: Any) -> tuple[pl.DataFrame, pl.DataFrame, list, dict]:
    """The interactions with their ids, entities.parquet, fields.json, report of one reading."""
    out = folder / name
    report = files.read_collections(out, base=folder, **options)
    assert json.loads((out / "report.json").read_text()) == report
    assert [p.name for p in out.iterdir() if p.is_dir()] == ["interactions.parquet"]  # no unpacked copies are left
    rows = decoded(out / "interactions.parquet", collection="collection_ids", entity="entity_ids")
    entities = pl.read_parquet(out / "entities.parquet")
    return rows, entities, json.loads((out / "fields.json").read_text()), report


def decoded(path: Path, **tables: str) -> pl.DataFrame:
    """A table of codes with the ids in their place."""
    rows = pl.read_parquet(path)
    for name, ids in tables.items():
        assert rows.schema[name] == pl.Int32
        rows = rows.with_columns(pl.read_parquet(path.parent / f"{ids}.parquet")["id"].gather(rows[name]).alias(name))
    return rows


def test_the_same_data_in_any_format_gives_the_same_tables(tmp_path):
    rows, books = write_all_forms(tmp_path, "rows", ROWS), write_all_forms(tmp_path, "books", BOOKS)
    expected = read(tmp_path, interactions=["rows.parquet"], entities=["books.parquet"])
    assert expected[0].schema == {
        "collection": pl.Int64,
        "entity": pl.Int64,
        "value": pl.Float32,
        "timestamp": pl.Int64,
    }
    assert expected[0]["timestamp"].to_list() == SECONDS
    assert expected[1].columns == ["id", "label", "year", "genres"]
    assert expected[1]["genres"].to_list() == [["romance", "classic"], ["classic"], ["romance", "odd"]]
    assert [f["type"] for f in expected[2]] == ["year", "list"]
    for i, (row_file, book_file) in enumerate(zip(rows, reversed(books), strict=True)):
        found = read(tmp_path, f"raw{i}", interactions=[row_file], entities=[book_file])
        assert_frame_equal(found[0], expected[0])
        assert_frame_equal(found[1], expected[1])
        assert found[2] == expected[2]
        assert found[3]["rows"] == 5


def test_a_row_without_an_id_does_not_hide_that_the_others_are_text(tmp_path):
    (tmp_path / "a.csv").write_text("user,book\n1,\n1,a\n2,7\n")
    (tmp_path / "b.csv").write_text("book,title\n,none\na,A\n7,Seven\n")
    rows, entities, _, report = read(tmp_path, interactions=["a.csv"], entities=["b.csv"])
    assert rows["entity"].to_list() == ["a", "7"]
    assert entities["label"].to_list() == ["A", "Seven"]
    assert "1 rows without a collection or entity were left out" in report["notes"]


def test_writing_twice_gives_the_same_bytes(tmp_path):
    table = pl.DataFrame({"user": np.arange(50_000) // 10, "item": np.arange(50_000) % 997})
    table.write_csv(tmp_path / "a.csv")
    for name in ("one", "two"):
        read(tmp_path, name, interactions=["a.csv"])
    assert content_hash(tmp_path / "one") == content_hash(tmp_path / "two")


@pytest.mark.parametrize(
    ("lines", "columns"),
    [
        ([{"id": "p", "items": ["a", "b"]}, {"id": "q", "items": []}, {"id": "r", "items": ["b"]}], {}),
        (
            [{"id": "p", "items": [{"c": "a"}, {"c": "b"}]}, {"id": "r", "items": [{"c": "b"}]}],
            {"collection": "id", "entity": "items.c"},
        ),
        ([{"deck": "p", "cards": [{"card": "a", "n": 1}, {"card": "b"}]}, {"deck": "r", "cards": [{"card": "b"}]}], {}),
    ],
)
def test_a_line_may_hold_a_whole_collection(tmp_path, lines, columns):
    write(tmp_path, "a.jsonl", "\n".join(map(json.dumps, lines)))
    rows = read(tmp_path, interactions=["a.jsonl"], columns=columns)[0]
    assert rows.select("collection", "entity").rows() == [("p", "a"), ("p", "b"), ("r", "b")]


def test_globs_folders_and_lists_are_read_in_order(tmp_path):
    (tmp_path / "parts").mkdir()
    for i in (2, 1, 3):
        write(tmp_path, f"parts/{i}.csv", f"user,item\nu{i},a\nu{i},b\n")
    users = ["u1", "u1", "u2", "u2", "u3", "u3"]
    for patterns in (["parts/*.csv"], ["parts"], ["parts/1.csv", "parts/[23].csv", "parts/2.csv"]):
        assert read(tmp_path, interactions=patterns)[0]["collection"].to_list() == users
    rows, _, _, report = read(tmp_path, interactions=[f"file://{tmp_path}/parts/*.csv"])
    assert rows["collection"].to_list() == users
    assert [f["bytes"] for f in report["files"]] == [20, 20, 20]


def test_remote_files_are_read(tmp_path):
    import fsspec

    with fsspec.open("memory://bucket/rows.csv.gz", "wb") as sink:
        sink.write(gzip.compress(ROWS.write_csv().encode()))  # type: ignore[attr-defined]
    rows, _, _, report = read(tmp_path, interactions=["memory://bucket/*.csv.gz"])
    assert rows.height == 5
    assert report["files"][0]["path"].startswith("memory://")


def test_without_an_entity_table_ids_are_labels(tmp_path):
    write(tmp_path, "a.csv", "user,item\n1,10\n1,9\n2,10\n")
    entities = read(tmp_path, interactions=["a.csv"])[1]
    assert entities.rows() == [(9, "9"), (10, "10")]


def test_lines_that_are_no_rows_are_told_as_what_they_look_like(tmp_path):
    write(tmp_path, "a.csv", "user,item\n---,---\nu1,Emma\nu2,Emma\nuser,item\nu1,Kim\n")
    notes = read(tmp_path, interactions=["a.csv"])[3]["notes"]
    assert any("its header comes 1 more times among the rows; these lines were left out" in note for note in notes)
    assert any(note.startswith("'---' and '---' are ids of a row") for note in notes)
    write(tmp_path, "b.csv", "user,item\nu1,item\nu2,---\n")
    assert not any("ids of a row" in note for note in read(tmp_path, interactions=["b.csv"])[3]["notes"])


@pytest.mark.parametrize("name", ["report.xls", "report.csv"])
@pytest.mark.parametrize("begin", ["<html><body>", "\n <TABLE border=1>", "<!DOCTYPE HTML>\n<html>"])
def test_a_web_page_that_is_called_a_table_is_told_as_one(tmp_path, name, begin):
    write(tmp_path, name, f"{begin}<tr><td>user</td><td>item</td></tr><tr><td>u1</td><td>Emma</td></tr>")
    with pytest.raises(DataError, match=r"is an HTML page.*read_html"):
        read(tmp_path, interactions=[name])


def test_what_has_no_width_makes_no_other_id(tmp_path):
    write(tmp_path, "a.csv", "user,item\nu1,Emma\nu1\u200b,Kim\n\ufeffu1\u2060 ,Dune\nنمی\u200cخواهم,Emma\n")
    rows = read(tmp_path, interactions=["a.csv"])[0]
    assert rows["collection"].to_list() == ["u1", "u1", "u1", "نمی\u200cخواهم"]


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (["1700000000", "1700000001.5"], [1700000000, 1700000001]),
        (["1700000000123", "1700000001000"], [1700000000, 1700000001]),
        (["1700000000123456", ""], [1700000000, None]),
        (["-86400", "0"], [-86400, 0]),
        (["1969-12-31", "1970-01-01T00:00:01.9Z"], [-86400, 1]),
        (["2020-01-01T00:00:00-0130", "2020-01-01 00:00 UTC"], [1577842200, 1577836800]),
    ],
)
def test_times_become_unix_seconds(tmp_path, values, seconds):
    write(tmp_path, "a.csv", "user,item,t\n" + "".join(f"1,{i},{v}\n" for i, v in enumerate(values)))
    rows = read(tmp_path, interactions=["a.csv"], columns={"collection": "user", "entity": "item", "timestamp": "t"})[0]
    assert rows["timestamp"].to_list() == seconds


def test_rows_without_an_id_are_left_out_and_counted(tmp_path):
    write(tmp_path, "a.csv", "user,item\n1,a\n,b\n2,\n\n2,b\n")
    rows, _, _, report = read(tmp_path, interactions=["a.csv"])
    assert rows.rows() == [(1, "a"), (2, "b")]
    assert any(note.startswith("3 rows without a collection or entity") for note in report["notes"])


def test_missing_descriptions_are_counted(tmp_path):
    write(tmp_path, "a.csv", "user,item\n1,a\n1,b\n")
    write(tmp_path, "e.csv", "item,name\na,A\nz,Z\na,A\n")
    _, entities, _, report = read(tmp_path, interactions=["a.csv"], entities=["e.csv"])
    assert entities.rows() == [("a", "A"), ("z", "Z")]
    assert any("1 of 2 entities are not in the entity table" in note for note in report["notes"])
    assert any("1 rows that repeat another exactly" in note for note in report["notes"])


def test_integers_written_as_text_meet_integers_and_the_report_says_so(tmp_path):
    pl.DataFrame({"user": [1, 1, 2], "item": [10, 11, 10]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"item": ["10", "11"], "name": ["ten", "eleven"]}).write_parquet(tmp_path / "e.parquet")
    _, entities, _, report = read(tmp_path, interactions=["a.parquet"], entities=["e.parquet"])
    assert entities.rows() == [(10, "ten"), (11, "eleven")]
    assert any("'item' holds integers as text; they were read as integers" in note for note in report["notes"])


def test_ids_that_only_look_like_integers_stay_text(tmp_path):
    write(tmp_path, "a.csv", "user,item\n1,007\n1,7\n2,+7\n")
    assert read(tmp_path, interactions=["a.csv"])[0]["entity"].to_list() == ["007", "7", "+7"]


def test_whole_decimals_from_a_table_with_gaps_are_integers(tmp_path):
    pl.DataFrame({"user": [1.0, 1.0, None], "item": [10, 11, 10]}).write_parquet(tmp_path / "a.parquet")
    rows, _, _, report = read(tmp_path, interactions=["a.parquet"], columns={"collection": "user", "entity": "item"})
    assert rows["collection"].to_list() == [1, 1]
    assert any("as decimals" in note for note in report["notes"])


def test_fields_can_be_chosen_named_and_typed(tmp_path):
    ROWS.write_csv(tmp_path / "rows.csv")
    BOOKS.write_csv(tmp_path / "books.csv")
    fields = {"year": {"type": "number", "label": "First edition", "unit": "AD"}, "genres": {"type": "text"}}
    _, entities, described, _ = read(tmp_path, interactions=["rows.csv"], entities=["books.csv"], fields=fields)
    assert entities.columns == ["id", "label", "year", "genres"]
    assert entities["genres"].dtype == pl.String
    assert described[0] == {"name": "year", "label": "First edition", "type": "number", "unit": "AD"}


GOOD_ENTITIES = "item,name\na,A\nb,B\n"
BAD_INTERACTIONS = [
    ("a.csv", "", r"a\.csv is empty; .*leave the file out"),
    ("a.csv", "user,item\n", r"a\.csv has no rows; .*Check what wrote the file"),
    ("a.csv", "user,item,item\n1,a,b\n", r"line 1 names 'item' more than once; .*Rename"),
    ("a.csv", "user,item\n1,a\n2\n3,c\n", r"line 3 has 1 fields .*; expected 2.*quotation marks"),
    ("a.csv", "user,item\n1,a\n2,b,c\n3,c\n", r"line 3 has 3 fields .*; expected 2.*quotation marks"),
    ("a.csv", 'user,item\n1,"a\nb"\n2,"c\n",d\n', r"line 4 has 3 fields; expected 2"),
    (
        "a.csv",
        b"user,item\n1,\xc3\xa4\n2,M\xfcller\n",
        r"line 3, byte 18 holds the byte 0xfc.*UTF-8, though 1.*iconv -c",
    ),
    ("a.csv", "user,item,rating\n1,a,5\n1,b,good\n", r"row 2 .* column 'rating' is 'good'; expected a finite"),
    ("a.csv", "user,item,rating\n1,a,1\n1,b,inf\n", r"row 2 .*'rating' is 'inf'"),
    ("a.csv", "user,item,weight\n1,a,1\n1,b,-2\n", r"row 2 .*'weight' is -2\.0; expected a weight of.*Shift"),
    ("a.csv", "user,item,date\n1,a,2020-01-01\n1,b,soon\n", r"row 2 .*'date' is 'soon'; .*Write all times"),
    ("a.csv", "user,item\n,a\n,b\n", r"has no row with both ids; .*source\.columns"),
    ("a.jsonl", '{"user":1,"item":"a"}\n{"user":2,\n', r"line 2 is not JSON \(.*\); .*Correct or remove"),
    ("a.jsonl", '{"user":1,"item":"a","rating":NaN}\n', r"line 1 is not JSON \(NaN is no JSON number\)"),
    ("a.jsonl", b'{"user":1,"item":"a"}\n{"user":1,"item":"\xff"}\n', r"line 2, byte 40 holds the byte 0xff"),
    ("a.jsonl", "\n\n", r"has no rows"),
    ("a.parquet", "PAR1 and nothing more", r"cannot be read \(.*\); expected a Parquet file.*rename"),
    ("a.csv.gz", b"\x1f\x8b and no more", r"cannot be unpacked .*expected a whole gzip file.*again"),
    ("a.dta", b"\x73\x00\x01\x00\x02\x03", r"is a Stata file; expected a CSV.*Convert it with: .*read_stata"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD_INTERACTIONS)
def test_a_broken_file_is_told_with_place_and_remedy(tmp_path, name, content, message):
    write(tmp_path, name, content)
    with pytest.raises(DataError, match=message):
        read(tmp_path, interactions=[name])


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (["rowz.csv"], r"rowz\.csv does not exist; expected a file\. Did you mean 'rows\.csv'"),
        (["nowhere/at/all.csv"], r"does not exist; .*Correct the path; .* holds empty.*rows\.csv"),
        (["*.parquet"], r"\*\.parquet matches no file; .*Did you mean|Correct the path"),
        (["empty"], r"empty is a folder without readable files; .*folder/\*\.csv"),
        (["memory://nothing/here.csv"], r"memory://nothing/here\.csv cannot be opened .*credentials"),
        (["http://127.0.0.1:9/rows.csv"], r"cannot be opened .*Check the address"),
    ],
)
def test_files_that_are_not_there_are_told_with_what_is(tmp_path, patterns, message):
    write(tmp_path, "rows.csv", "user,item\n1,a\n")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=message):
        read(tmp_path, interactions=patterns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"columns": {"collection": "usr", "entity": "item"}},
            r"column 'usr' is missing; .*Did you mean 'user'\? Set source\.columns\.collection",
        ),
        ({"columns": {"collection": "user", "entity": "qqqqq"}}, r"'qqqqq' is missing; expected one of user, item"),
        ({"entity_columns": {"id": "itm"}}, r"'itm' is missing; .*Did you mean 'item'\? Set source\.entity_col"),
        ({"fields": {"nam": {"type": "text"}}}, r"column 'nam' is missing; .*Did you mean 'name'\?"),
        (
            {"fields": {"name": {"type": "number"}}},
            r"row 1 below the header, column 'name' is 'A'; expected a number, as source\.fields\.name.*looks like",
        ),
    ],
)
def test_a_misspelt_column_is_told_with_the_nearest(tmp_path, options, message):
    write(tmp_path, "a.csv", "user,item\n1,a\n1,b\n")
    write(tmp_path, "e.csv", GOOD_ENTITIES)
    with pytest.raises(DataError, match=message):
        read(tmp_path, interactions=["a.csv"], entities=["e.csv"], **options)


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ("item,name\na,A\nb,B\na,C\n", r"'item' holds 'a' in rows 1, 3; expected every id once.*entity_columns\.id"),
        ("item,name\nx,X\ny,Y\n", r"shares no id with .*: 'x', 'y' against 'a', 'b'; .*source\.entity_columns\.id"),
        ("colour,size\nred,1\nblue,2\n", r"no column that holds the entities' ids \(colour, size\); .*entity_col"),
    ],
)
def test_an_entity_table_that_does_not_fit_is_refused(tmp_path, entities, message):
    write(tmp_path, "a.csv", "user,item\n1,a\n1,b\n")
    write(tmp_path, "e.csv", entities)
    with pytest.raises(DataError, match=message):
        read(tmp_path, interactions=["a.csv"], entities=["e.csv"])


def test_ids_of_two_types_are_refused_with_examples_of_both(tmp_path):
    pl.DataFrame({"user": [1, 1], "item": [10, 11]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"item": ["10", "x11"], "name": ["ten", "eleven"]}).write_parquet(tmp_path / "e.parquet")
    with pytest.raises(
        DataError, match=r"column 'item' holds text such as 'x11'; expected integers.*such as 10.*one type"
    ):
        read(tmp_path, interactions=["a.parquet"], entities=["e.parquet"], entity_columns={"id": "item"})


def test_edges_of_any_format_have_weights(tmp_path):
    table = pl.DataFrame({"from": ["a", "b"], "to": ["b", "c"], "strength": [0.5, None]})
    for i, name in enumerate(write_all_forms(tmp_path, "edges", table)):
        report = files.read_edges(tmp_path / f"raw{i}", edges=[name], base=tmp_path)
        rows = decoded(tmp_path / f"raw{i}" / "edges.parquet", source="entity_ids", target="entity_ids")
        assert rows.rows() == [("a", "b", 0.5), ("b", "c", 1.0)]
        assert rows.schema["weight"] == pl.Float32
        assert pl.read_parquet(tmp_path / f"raw{i}" / "entities.parquet")["id"].to_list() == ["a", "b", "c"]
        assert report["rows"] == 2
    table.drop("strength").write_csv(tmp_path / "plain.csv")
    files.read_edges(tmp_path / "plain", edges=["plain.csv"], base=tmp_path)
    assert pl.read_parquet(tmp_path / "plain" / "edges.parquet")["weight"].to_list() == [1.0, 1.0]


AWKWARD = [
    "1",
    "2",
    "a",
    "b",
    "",
    '"',
    '"x"',
    "nan",
    "inf",
    "1e400",
    "-1",
    "2020-01-01",
    "é",
    "a,b",
    "\n",
    "01",
    "{}",
    "[]",
    "null",
    "9223372036854775808",
    "1.0",
    "True",
    "\x00",
    "\r",
    "'",
    "[1, 2]",
    " ",
]
CELLS = st.sampled_from(AWKWARD) | st.text(max_size=5)
NAMES = ["user", "item", "rating", "date", "id", "vector", "source", "target", "x1", "x2", "label"]


@given(
    header=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6),
    ending=st.sampled_from(["csv", "tsv", "jsonl", "csv.gz", "parquet", "npy"]),
    kind=st.sampled_from(["collections", "edges", "vectors"]),
    quoted=st.booleans(),
)
def test_whatever_is_in_a_file_it_is_read_or_refused_with_a_message(
    tmp_path_factory, header, rows, ending, kind, quoted
):
    folder = tmp_path_factory.mktemp("any")
    if ending == "jsonl" and quoted:
        text = "\n".join(json.dumps(dict(zip(header, row, strict=False))) for row in rows)
    else:
        sign = "\t" if ending == "tsv" else ","
        cells = [[json.dumps(c, ensure_ascii=False) if quoted else c for c in row] for row in rows]
        text = "\n".join(sign.join(line) for line in [header, *cells])
    content = text.encode("utf-8", "surrogatepass")
    write(folder, f"a.{ending}", gzip.compress(content) if ending == "csv.gz" else content)
    write(folder, "e.csv", "id,label,year\n1,one,1999\na,ay,2001\n")
    option = {"collections": "interactions", "edges": "edges", "vectors": "vectors"}[kind]
    reader = getattr(files, f"read_{kind}")
    for options in ({}, {"entities": ["e.csv"]}):
        with contextlib.suppress(DataError):  # anything else that is raised fails the test
            report = reader(folder / "raw", base=folder, **{option: [f"a.{ending}"]}, **options)
            assert report["rows"] > 0


def test_mtg_decks_is_read_and_indexed_whole(tmp_path, shared_data):
    """11.9 million rows; the figures are those of the data set's own description."""
    from atlas_assets.stages.index import entity_index

    folder = shared_data("mtg-decks")
    report = files.read_collections(
        tmp_path, interactions=["interactions.parquet"], entities=["entities.parquet"], base=folder
    )
    assert report["rows"] == 11_872_134
    index = entity_index.from_collections(tmp_path, min_collections=1, min_collection_size=1, holdout=0)
    assert (index.n_collections, index.n_entities, index.entities.size) == (491_644, 15_569, 11_872_134 - 501)
    assert all(check.passed for check in index.check())


@pytest.mark.slow
def test_a_bucket_is_read(tmp_path, monkeypatch):
    """Through s3fs against a local imitation of S3; needs the s3 extra."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("s3fs")
    server.start()
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        bucket = fsspec.filesystem("s3", skip_instance_cache=True)
        bucket.mkdir("maps")
        with bucket.open("maps/rows.csv.gz", "wb") as sink:
            sink.write(gzip.compress(ROWS.write_csv().encode()))
        bucket.invalidate_cache()
        rows, _, _, report = read(tmp_path, interactions=["s3://maps/*.csv.gz"])
        assert rows.height == 5
        assert report["files"][0]["path"] == "s3://maps/rows.csv.gz"

        asked, memory = SourceSpec.model_validate({"interactions": "s3://maps/*.csv.gz"}), Memory()
        before = observe(asked, base=tmp_path)
        files.read_collections(tmp_path / "known", interactions=["s3://maps/*.csv.gz"], memory=memory)
        memory.folder = tmp_path / "known"
        with bucket.open("maps/sales.csv.gz", "wb") as sink:  # by another client than the one that looks
            sink.write(gzip.compress(ROWS.write_csv().encode()))
        after = observe(asked, base=tmp_path)
        assert after.files[0] == before.files[0]
        assert after.fingerprint != before.fingerprint
        files.read_collections(tmp_path / "grown", interactions=["s3://maps/*.csv.gz"], memory=memory)
        files.read_collections(tmp_path / "anew", interactions=["s3://maps/*.csv.gz"])
        assert memory.n_kept == 5
        assert content_hash(tmp_path / "grown") == content_hash(tmp_path / "anew")
        with pytest.raises(DataError, match=r"s3://maps/none\.csv cannot be opened .*credentials"):
            read(tmp_path, interactions=["s3://maps/none.csv"])
    finally:
        server.stop()
