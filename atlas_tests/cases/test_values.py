"""What cells mean: ids, numbers, times, truth, lists; one rule for what is guessed and what is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from atlas_tests.cases import Case, Reading, check, parametrize


def field(name: str, type_: str, *first: Any) -> Callable[[Reading], None]:
    """The type and the first values of a field."""

    def right(got: Reading) -> None:
        assert got.fields[name] == type_
        values = [v.isoformat() if hasattr(v, "isoformat") else v for v in got.entities[name][: len(first)].to_list()]
        assert values == list(first)

    return right


def times(*first: str) -> Callable[[Reading], None]:
    """The first times of the rows, in ISO form."""

    def right(got: Reading) -> None:
        seconds = got.interactions["timestamp"][: len(first)].to_list()
        assert [datetime.fromtimestamp(one, UTC).isoformat()[:19] for one in seconds] == list(first)

    return right


def all_of(*checks: Callable[[Reading], None]) -> Callable[[Reading], None]:
    def right(got: Reading) -> None:
        for one in checks:
            one(got)

    return right


def half_values_in_order(got: Reading) -> None:
    assert got.interactions["value"][:5].to_list() == [1.5, 2.5, 3.5, 4.5, 5.5]


def weights(got: Reading) -> None:
    assert got.edges["weight"][:4].cast(float).round(2).to_list() == [5.0, 5.54, 0.22, 2.21]


def all_named(got: Reading) -> None:
    assert got.entities["label"].str.starts_with("Place").all()


def every_third_is_unknown(got: Reading) -> None:
    assert got.interactions["value"][:5].to_list() == [0, 1, None, 3, 4]


LISTS = all_of(
    field("tags", "list", ["sci-fi, hard", "space"], ["horror"], ["space", "horror"]),
    field("authors", "list", ["Le Guin, Ursula", "Lem, S."], ["Lem, S."], ["Butler, Octavia"]),
    field("genres", "list", ["a", "b", "c"], ["b"]),
    field("mech", "list", ["dice", "cards"], ["cards"], ["dice", "cards"]),
)
MONEY = all_of(
    field("share", "number", 45.0, 3.5, 100.0),
    field("price", "number", 1234.5, 9.99, 12.0),
    field("eur", "number", 1234.5, 9.99, 12.0),
    field("pop", "number", 1234567, 98765, 12),
    field("sp", "number", 1234567, 98765, 12),
    field("k", "category", "1.2K", "3M", "900"),
)
DATES = all_of(
    field("d_us", "date", "2020-12-31", "2021-01-02"),
    field("d_eu", "date", "2020-12-31", "2021-01-02"),
    field("d_ym", "date", "2020-12-01", "2021-01-01"),
    field("d_text", "date", "2020-12-31", "2021-01-02"),
    field("d_slash", "date", "2020-12-31", "2021-01-02"),
    field("release_date", "date", "2020-12-31", "2021-01-02"),
)
NEW_YEAR = times("2020-12-31T00:00:00", "2021-01-02T00:00:00")

CASES = [
    Case("04b-decimal-comma", "r.csv", rows=240, n_entities=9, right=half_values_in_order, says=["decimal comma"]),
    Case("05a-edges-decimal-comma", "e.csv", "edges", rows=96, right=weights, says=["decimal comma"]),
    Case("07e-spaces-after-commas", "r.csv", rows=240, n_entities=9, says=["rating -> value", "240 ids such as ' b0'"]),
    Case(
        "08a-leading-zeros-lost-in-table",
        "r.csv",
        entities="e.csv",
        rows=480,
        n_entities=30,
        right=all_named,
        says=["20 ids .* zeros before them"],
    ),
    Case("08c-whitespace-and-unicode-variants", "r.csv", rows=320, n_entities=6, says=["ids such as .* Unicode form"]),
    Case("08d-nan-ids", "r.csv", rows=200, n_entities=12, says=["40 rows without", "'nan' means that there is no id"]),
    Case("08f-excel-scientific", "r.csv", refused=["row 2", "'barcode'", "1.23457E.12", "formatted as text"]),
    Case("08g-huge-and-signed", "r.csv", rows=160, n_entities=6, n_collections=40),
    Case("08h-jsonl-mixed-ids", "r.jsonl"),
    Case("08j-ean13-barcodes", "r.csv", rows=240, n_entities=12, columns={"collection": "basket", "entity": "ean"}),
    Case("08l-number-column-with-nan-text", "r.csv", entities="e.csv", right=field("score", "number", 0, 1.5, 3, None)),
    Case("08m-value-column-with-nan-text", "r.csv", rows=240, right=every_third_is_unknown),
    Case("14a-bool-YN", "r.csv", entities="e.csv", right=field("in_print", "boolean", True, False, True, False)),
    Case("14c-bool-T-F", "r.csv", entities="e.csv", right=field("active", "boolean", True, False, True, False)),
    Case(
        "15a-zero-dates",
        "r.csv",
        entities="e.csv",
        right=field("published", "date", "2001-05-06", None, "1999-12-31"),
    ),
    Case("15b-dates-many-forms", "r.csv", entities="e.csv", right=DATES, says=["d_us -> date field.*month first"]),
    Case("15d-date-12h", "r.csv", entities="e.csv", right=field("seen", "date", "2020-12-31", "2021-01-01")),
    Case("15e-ts-yyyymmdd-named", "r.csv", right=NEW_YEAR, says=["20201231"]),
    Case("15g-ts-year-only-named", "r.csv", right=times("1999-01-01T00:00:00", "2020-01-01T00:00:00"), says=["years"]),
    Case("15i-ts-iso-mixed-ms", "r.csv", right=NEW_YEAR, says=["milliseconds"]),
    Case("15j-ts-iso-space-utc", "r.csv", right=times("2020-12-31T23:59:59", "2021-01-02T00:00:01")),
    Case("16a-lists", "r.csv", entities="e.csv", right=LISTS),
    Case("17a-percent-currency", "r.csv", entities="e.csv", right=MONEY, says=["no number, because of .* '1.2K'"]),
    Case("17b-number-with-unknowns", "r.csv", entities="e.csv", right=field("score", "number", 4.5, None, 3.1, None)),
    Case(
        "18a-online-retail",
        "r.csv",
        rows=480,
        n_entities=30,
        n_collections=80,
        columns={"collection": "InvoiceNo", "entity": "StockCode", "value": "Quantity", "timestamp": "InvoiceDate"},
        right=times("2010-12-01T08:10:00"),
    ),
    Case(
        "18c-name-is-the-person",
        "r.csv",
        rows=240,
        n_entities=12,
        columns={"collection": "name", "entity": "item_bought"},
        says=["This is how it was understood", "Pat 0: thing 0, thing 1, thing 2, thing 3, …"],
    ),
    Case(
        "18c-name-is-the-person",
        "r.csv",
        given={"roles": {"collection": "city", "entity": "name"}},
        n_entities=40,
        columns={"collection": "city", "entity": "name"},
        says=["Town 0: Pat 0"],
        note="roles given",
    ),
    Case("18c-name-is-the-person", "r.csv", given={"roles": {"entity": "nam"}}, refused=["'nam' is missing", "'name'"]),
    Case("18c-name-is-the-person", "r.csv", given={"roles": {"label": "name"}}, refused=["--label .* --entities"]),
    Case("18c-name-is-the-person", "r.csv", given={"roles": {"source": "name"}}, refused=["goes with --edges"]),
]


@parametrize(CASES)
def test_a_cell_means_what_was_meant(case: Case, place: Path) -> None:
    check(case, place)
