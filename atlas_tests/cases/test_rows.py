"""Tables of mixed columns as vectors: each column counts as much as any other, and what is missing says nothing."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import AtlasError, DataError
from atlas_assets.sources.locate import Located
from atlas_assets.sources.rows import blocks, read
from atlas_assets.sources.rows.features import Feature
from atlas_tests.cases import read_files, read_written

N = 60
NAMED = Located(Path("t.csv"), "t.csv", 1, "csv")


def mean_squared_distance(numbers: np.ndarray, rows: list[int]) -> float:
    """Over all ordered pairs of rows, those of a row with itself included; the long way."""
    pairs = [float(((numbers[a] - numbers[b]) ** 2).sum()) for a, b in combinations(rows, 2)]
    return 2 * sum(pairs) / len(rows) ** 2


some = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-50, 50).map(float)), min_size=3, max_size=30).map(
        lambda values: blocks.of_numbers(pl.Series("x", values, dtype=pl.Float64))
    ),
    st.lists(st.one_of(st.none(), st.sampled_from("abc")), min_size=3, max_size=30).map(
        lambda values: blocks.of_categories(pl.Series("x", values, dtype=pl.String))
    ),
    st.lists(st.one_of(st.none(), st.lists(st.sampled_from("abcd"), max_size=4)), min_size=3, max_size=30).map(
        lambda values: blocks.of_lists(pl.Series("x", values, dtype=pl.List(pl.String)))
    ),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=3, max_size=30).map(
        lambda values: blocks.of_truth(pl.Series("x", values, dtype=pl.Boolean))
    ),
)


@given(block=some)
def test_two_rows_by_chance_are_as_far_apart_in_any_column(block: blocks.Block):
    """A total variance of 1 is a mean squared distance of 2, whatever the column holds."""
    if not block.names:
        assert block.numbers.shape[1] == 0
        assert "the same in every row" in block.told[0]
        return
    missing = [told for told in block.told if "rows without a value" in told]
    n_missing = int(missing[0].split()[0]) if missing else 0
    at_mean = [row for row in range(len(block.numbers)) if not block.numbers[row].any()]
    assert len(at_mean) >= n_missing
    known = [row for row in range(len(block.numbers)) if row not in at_mean]
    known += at_mean[: len(at_mean) - n_missing]
    assert mean_squared_distance(block.numbers, known) == pytest.approx(2)


def test_numbers_are_told_by_their_distance_from_the_median():
    block = blocks.of_numbers(pl.Series("x", [1.0, 2.0, 3.0, 4.0, 5.0, 1000.0]))
    differences = np.diff(block.numbers[:, 0])
    assert differences[:4] == pytest.approx(differences[0])
    assert differences[4] < 10 * differences[0]  # 1000 lies at five standard deviations
    assert block.told == ["1 values beyond 5 standard deviations from the median drawn in to there"]


def test_a_logarithm_makes_equal_ratios_equally_far_and_refuses_what_has_none():
    steps = np.diff(blocks.of_numbers(pl.Series("x", [1.0, 10.0, 100.0, 1000.0]), logarithm=True).numbers[:, 0])
    assert steps == pytest.approx(steps[0])
    table = pl.DataFrame({"id": [1, 2, 3], "debt": [5.0, -2.0, 1.0]})
    fields = [{"name": "debt", "type": "number"}]
    with pytest.raises(DataError, match=r"row 2.*'debt' is -2.*no logarithm.*Write debt: number"):
        read.encode(table, fields, {"debt": Feature("log")}, NAMED)


def test_a_weight_of_two_counts_as_two_columns():
    table = pl.DataFrame({"a": [1.0, 2.0, 4.0], "b": ["x", "y", "y"]})
    fields = [{"name": "a", "type": "number"}, {"name": "b", "type": "category"}]
    matrix, _ = read.encode(table, fields, {"a": Feature("number", 2.0), "b": Feature("category")}, NAMED)
    assert matrix[:, :1].var(axis=0).sum() == pytest.approx(2, rel=1e-5)
    assert matrix[:, 1:].var(axis=0).sum() == pytest.approx(1, rel=1e-5)


def mixed(place: Path) -> pl.DataFrame:
    """Two kinds of books: thin, early novels and thick, late atlases; prices say the same as pages."""
    generator = np.random.default_rng(0)
    atlas = np.arange(N) % 2 == 1
    pages = np.where(atlas, 600, 200) + generator.integers(0, 50, N)
    table = pl.DataFrame(
        {
            "book_id": np.arange(100, 100 + N),
            "title": [f"Book {i}" for i in range(N)],
            "pages": pages,
            "price": pages * 2 + 1,
            "ratings_count": np.exp(generator.normal(5, 2, N)).astype(int),
            "kind": ["atlas" if one else "novel" for one in atlas],
            "tags": ["maps|large" if one else "love|small" for one in atlas],
            "in_print": ["yes" if i % 3 else "no" for i in range(N)],
            "published": [f"{1990 if one else 1920}-0{i % 9 + 1}-01" for i, one in enumerate(atlas)],
            "isbn": [str(9780000000000 + 37 * i) for i in range(N)],
        }
    )
    table.write_csv(place / "books.csv")
    return table


def test_a_table_of_books_is_compared_by_what_its_columns_are(place: Path) -> None:
    table = mixed(place)
    got = read_files(place, "table", "books.csv")
    features = got.spec.source.options.features
    assert {name: feature.encoding for name, feature in features.items()} == {
        "pages": "number",
        "ratings_count": "log",
        "kind": "category",
        "tags": "list",
        "in_print": "boolean",
        "published": "number",
    }
    assert got.columns == {"id": "book_id"}
    assert got.entities["id"].to_list() == table["book_id"].to_list()
    assert got.entities["label"].to_list() == table["title"].to_list()
    assert got.fields["price"] == "number"
    assert got.spec.relation.metric == "euclidean"
    for said in ("price -> not compared: it says the same as pages", "isbn -> not compared", "Book 0: pages"):
        assert said in got.printed
    nearest = ((got.vectors[:, None] - got.vectors) ** 2).sum(axis=2) + np.eye(N) * 1e9
    kinds = table["kind"].to_numpy()
    assert (kinds[nearest.argmin(axis=1)] == kinds).all()


def test_a_feature_that_is_none_is_told_by_its_name(place: Path) -> None:
    mixed(place)
    read_files(place, "table", "books.csv")
    written = place / "defs" / "x" / "defs.yaml"
    spec = written.read_text(encoding="utf-8")
    for old, new, said in (
        ("pages: number", "pagse: number", "'pagse' is missing.*Did you mean 'pages'"),
        ("pages: number", "pages: list", "is a number, and .* compares it as list.*expected a list"),
        ("pages: number", "pages: loud", "features.pages.as is 'loud'; expected .*log"),
        ("pages: number", "pages: {as: number, wieght: 2}", "wieght is not a known key.*Did you mean 'weight'"),
    ):
        written.write_text(spec.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(AtlasError, match=f"(?s){said}"):
            read_written(place)


def test_rows_that_are_all_the_same_are_refused(place: Path) -> None:
    (place / "t.csv").write_text("name,colour\n" + "".join(f"n{i},red\n" for i in range(30)), encoding="utf-8")
    with pytest.raises(AtlasError, match="no column that tells its rows apart"):
        read_files(place, "table", "t.csv")
