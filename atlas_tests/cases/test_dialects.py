"""Text tables however they were written: separators, quotation marks, encodings, ends of lines."""

from __future__ import annotations

from pathlib import Path

from atlas_tests.cases import Case, check, parametrize

CASES = [
    Case("04e-utf8-bom-crlf", "r.csv", rows=240),
    Case("07b-pandas-index", "r.csv", rows=240),
    Case("07d-blank-lines-inside", "r.csv", rows=240),
]


@parametrize(CASES)
def test_a_table_is_read_as_it_was_written(case: Case, place: Path) -> None:
    check(case, place)
