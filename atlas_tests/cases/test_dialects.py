"""Text tables however they were written: separators, quotation marks, encodings, ends of lines, headers."""

from __future__ import annotations

from pathlib import Path

from atlas_tests.cases import Case, Reading, check, parametrize


def has_values(got: Reading) -> None:
    assert set(got.interactions["value"]) == {1, 2, 3, 4, 5}


def has_marks(got: Reading) -> None:
    assert all("\t" not in item and "\n" not in item for item in got.interactions["entity"])
    assert {item for item in got.interactions["entity"] if '"' in item} == {'x3"', '"Rising'}


def has_titles(got: Reading) -> None:
    assert '"Bread" and wine' in got.entities["label"].to_list()


def has_escaped_marks(got: Reading) -> None:
    assert 'Say "Ah"; loudly' in got.entities["label"].to_list()


CASES = [
    Case("01-tsv-literal-quotes", "r.tsv", rows=240, n_entities=11, right=has_marks, says=["enclose nothing"]),
    Case("01c-tsv-titles-with-quotes", "r.tsv", entities="e.tsv", rows=240, right=has_titles),
    Case("02-csv-inch-marks", "r.csv", rows=240, n_entities=10),
    Case("03-backslash-escapes", "r.csv", entities="e.csv", rows=60, right=has_escaped_marks, says=["backslash"]),
    Case("04a-excel-sep-line", "r.csv", rows=240, n_entities=9, says=["line 1 of .* says that ';'"]),
    Case("04c-utf16-bom", "r.csv", rows=240, n_entities=9, n_collections=40, says=["UTF-16"], right=has_values),
    Case("04e-utf8-bom-crlf", "r.csv", rows=240, n_entities=9, right=has_values),
    Case("04f-cr-only", "r.csv", rows=240, n_entities=9, says=["CR alone"], right=has_values),
    Case("06a-headerless-edges", "e.csv", "edges", rows=96, n_entities=20, says=["has no header"]),
    Case("07a-excel-blank-columns", "r.csv", rows=240, says=["2 columns without a name"], right=has_values),
    Case("07b-pandas-index", "r.csv", rows=240, n_entities=9, right=has_values),
    Case("07d-blank-lines-inside", "r.csv", rows=240, says=["42 blank lines"]),
]


@parametrize(CASES)
def test_a_table_is_read_as_it_was_written(case: Case, place: Path) -> None:
    check(case, place)
