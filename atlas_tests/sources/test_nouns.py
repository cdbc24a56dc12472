"""What visitors call things, by the names of columns and files."""

from __future__ import annotations

import pytest

from atlas_assets.sources.roles.names import noun, noun_of_file


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("book_id", ("book", "books")),
        ("movieId", ("movie", "movies")),
        ("cities", ("city", "cities")),
        ("movies", ("movie", "movies")),
        ("boxes", ("box", "boxes")),
        ("classes", ("class", "classes")),
        ("series", ("series", "series")),
        ("repository", ("repository", "repositories")),
        ("item_id", None),
        ("title", None),
        ("x1", None),
    ],
)
def test_a_column_says_what_its_values_are(name, said):
    assert noun([name]) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("data/books.csv", ("book", "books")),
        ("C:\\files\\repositories.parquet", ("repository", "repositories")),
        ("items.csv", None),
        ("metadata.csv", None),
        ("book_features.csv", None),
        ("glass.csv", None),
    ],
)
def test_a_table_in_the_plural_says_what_its_rows_are(name, said):
    assert noun_of_file(name) == said
