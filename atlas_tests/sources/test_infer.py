"""Guesses that ``atlas new`` writes down: right on the names people use, honest where the names say nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from atlas_assets.errors import DataError
from atlas_assets.sources import metadata
from atlas_assets.sources.infer import infer


def write(folder: Path, name: str, table: pl.DataFrame) -> str:
    if name.endswith(".csv"):
        lists = [c for c, dtype in table.schema.items() if isinstance(dtype, pl.List)]
        table.with_columns(pl.col(c).list.join("|") for c in lists).write_csv(folder / name)
    elif name.endswith(".jsonl"):
        table.write_ndjson(folder / name)
    else:
        table.write_parquet(folder / name)
    return str(folder / name)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["user_id", "book_id", "rating"], {"collection": "user_id", "entity": "book_id", "value": "rating"}),
        (["book_id", "user_id", "rating"], {"collection": "user_id", "entity": "book_id", "value": "rating"}),
        (["userId", "movieId", "rating"], {"collection": "userId", "entity": "movieId", "value": "rating"}),
        (["deck", "card", "copies"], {"collection": "deck", "entity": "card", "value": "copies"}),
        (["playlist", "track", "position"], {"collection": "playlist", "entity": "track", "value": "position"}),
        (["OrderID", "ProductID", "Quantity"], {"collection": "OrderID", "entity": "ProductID", "value": "Quantity"}),
        (["list_name", "repo", "weight"], {"collection": "list_name", "entity": "repo", "weight": "weight"}),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_columns_are_told_by_their_names(tmp_path, header, columns, ending):
    table = pl.DataFrame({name: [1, 1, 2, 2, 3, 3] if i < 2 else [1, 5, 2, 5, 3, 4] for i, name in enumerate(header)})
    found = infer(interactions=write(tmp_path, f"a.{ending}", table))
    assert found.columns == columns
    assert len(found.sentences) == len(columns)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["from", "to", "weight"], {"source": "from", "target": "to", "weight": "weight"}),
        (["src", "dst", "similarity"], {"source": "src", "target": "dst", "weight": "similarity"}),
        (["cue", "response", "strength"], {"source": "cue", "target": "response", "weight": "strength"}),
        (["source_id", "target_id", "count"], {"source": "source_id", "target": "target_id", "weight": "count"}),
        (["left_thing", "other_thing", "w"], {"source": "left_thing", "target": "other_thing", "weight": "w"}),
    ],
)
def test_edges_are_told_by_their_names(tmp_path, header, columns):
    table = pl.DataFrame({header[0]: ["a", "b"], header[1]: ["b", "c"], header[2]: [0.5, 1.5]})
    assert infer(edges=write(tmp_path, "a.csv", table)).columns == columns


def test_a_guess_by_position_says_that_it_is_one(tmp_path):
    table = pl.DataFrame({"p": ["x", "y", "x", "y"], "q": ["m", "m", "n", "n"]})
    found = infer(interactions=write(tmp_path, "a.csv", table))
    assert found.columns == {"collection": "q", "entity": "p"}  # q keeps its value longer: its rows lie together
    assert all("guess by position" in sentence for sentence in found.sentences)


def test_hopeless_columns_are_listed_with_what_to_do(tmp_path):
    table = pl.DataFrame({"when": ["2020-01-01", "2020-01-02"], "x": [1.5, 2.5]})
    with pytest.raises(
        DataError,
        match=r"which column is the collection and which the entity: when \('2020-01-01'"
        r".*Choose them in source\.columns",
    ):
        infer(interactions=write(tmp_path, "a.csv", table))


def test_the_id_of_the_entity_table_is_the_column_that_holds_the_ids(tmp_path):
    rows = pl.DataFrame({"user": [1, 1, 2], "item": [205, 207, 205]})
    table = pl.DataFrame({"id": [1, 2, 3], "code": [207, 205, 209], "title": ["b", "a", "c"]})
    found = infer(interactions=write(tmp_path, "a.csv", rows), entities=write(tmp_path, "e.csv", table))
    assert found.entity_columns == {"id": "code", "label": "title"}
    assert any("100% of the sampled ids" in sentence for sentence in found.sentences)


def test_nouns_come_from_column_names(tmp_path):
    table = pl.DataFrame({"library_id": [1, 1, 2], "book_id": [1, 2, 1]})
    found = infer(interactions=write(tmp_path, "a.csv", table))
    assert (found.entity_noun, found.collection_noun) == (("book", "books"), ("library", "libraries"))


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("pages", ["100", "250", "", "90"], "number"),
        ("price", ["1.5", "2", "NA", "3"], "number"),
        ("year", ["1999", "2001", "", "-500"], "year"),
        ("n_years", ["3", "4", "5", "3"], "number"),
        ("first_seen", ["1500000000", "1600000000", "1550000000", ""], "date"),
        ("released", ["2001-02-03", "2002-03-04", "", "1999-01-01"], "date"),
        ("genres", ["a|b", "a", "b|c", "a|c"], "list"),
        ("tags", ["['x', 'y']", "['x']", "[]", "['y']"], "list"),
        ("moods", ["calm, slow", "slow, sad", "calm", "sad, calm"], "list"),
        ("summary", ["One, two.", "It was, in short, bad.", "No.", "A b, c d e."], "text"),
        ("in_print", ["true", "false", "true", ""], "boolean"),
        ("is_cue", ["0", "1", "1", "0"], "boolean"),
        ("homepage", ["https://a.org/x", "http://b.org", "https://c.org", ""], "link"),
        ("cover", ["https://a.org/x", "http://b.org/y", "", ""], "image"),
        ("art", ["https://a.org/x.png", "http://b.org/y.jpg?s=1", "", ""], "image"),
        ("language", ["en", "en", "fr", "en"], "category"),
        ("cluster", ["1", "2", "1", "1"], "category"),
        ("isbn", ["9780306406157", "9780306406158", "9780306406159", ""], "text"),
        ("zip", ["01234", "02345", "03456", "01234"], "text"),
        ("nothing", ["", "", "", ""], "text"),
    ],
)
def test_field_types_are_told_by_values_and_names(name, values, expected):
    column = pl.Series(name, [value or None for value in values])
    decided = metadata.guess(column, typed=False)
    assert decided.type == expected, decided
    converted, row, _ = metadata.convert(column, decided.type)
    assert row is None
    assert converted.null_count() == sum(value in ("", "NA") for value in values)


def test_converted_values_have_the_form_of_their_type():
    def convert(values: list, type_: str) -> list:
        made, row, _ = metadata.convert(pl.Series("x", values), type_)
        assert row is None
        return made.to_list()

    assert convert(["a| b", "", None], "list") == [["a", "b"], None, None]
    assert convert(["['it\\'s', \"b, c\"]", "[]"], "list") == [["it's", "b, c"], []]
    assert convert([["a", None], None, []], "list") == [["a"], None, []]
    assert convert(["1999.0", None], "year") == [1999, None]
    assert convert(["yes", "No"], "boolean") == [True, False]
    assert [str(d) for d in convert([1700000000, 0], "date")] == ["2023-11-14", "1970-01-01"]
    assert [str(d) for d in convert(["2023-11-14T23:00:00Z"], "date")] == ["2023-11-14"]
    assert convert([1, 2], "category") == ["1", "2"]
    assert metadata.convert(pl.Series("x", ["1", "x", None]), "number")[1:] == (1, "x")


REAL = [
    (
        "goodbooks-10k",
        "interactions",
        {"collection_id": "user_id", "entity_id": "book_id", "value": "rating"},
        {"id": "book_id", "label": "title"},
        {"tags": "list", "year": "year", "language": "category", "isbn": "text"},
    ),
    (
        "movielens-latest-small",
        "interactions",
        {"collection_id": "userId", "entity_id": "movieId", "value": "rating"},
        {"id": "movieId", "label": "title"},
        {"genres": "list", "year": "year", "mean_rating": "number"},
    ),
    (
        "crates-dependencies",
        "interactions",
        {"collection_id": "crate", "entity_id": "dependency", "value": "kind"},
        {"id": "crate", "label": "name"},
        {"n_dependents": "number"},
    ),
    (
        "word-associations-usf",
        "edges",
        {"source": "src", "target": "dst"},
        {"id": "id", "label": "word"},
        {"is_cue": "boolean", "part_of_speech": "category"},
    ),
]


@pytest.mark.parametrize(("name", "relation", "renamed", "table_columns", "types"), REAL)
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_real_data_under_usual_names_needs_no_editing(
    tmp_path, shared_data, name, relation, renamed, table_columns, types, ending
):
    folder = shared_data(name)
    rows = pl.read_parquet(folder / f"{relation}.parquet").head(20_000).rename(renamed)
    table = pl.read_parquet(folder / "entities.parquet").rename(
        {"entity_id": table_columns["id"], "label": table_columns["label"]}
    )
    files: dict[str, Any] = {relation: write(tmp_path, f"a.{ending}", rows)}
    found = infer(**files, entities=write(tmp_path, f"e.{ending}", table))
    roles = {"collection_id": "collection", "entity_id": "entity"}
    expected = {(roles.get(k) or k): v for k, v in renamed.items() if v != "kind"}
    assert {str(k): found.columns[str(k)] for k in expected} == expected
    assert found.entity_columns == table_columns
    assert {k: found.fields[k]["type"] for k in types} == types


@pytest.mark.parametrize("name", ["mnist-test-10k", "word2vec-1k"])
def test_real_vectors_need_no_editing(shared_data, name):
    folder = shared_data(name)
    found = infer(vectors=str(folder / "vectors.parquet"), entities=str(folder / "entities.parquet"))
    assert found.columns == {"id": "entity_id", "vector": "vector"}
    assert found.entity_columns == {"id": "entity_id", "label": "label"}
