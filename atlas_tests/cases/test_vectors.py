"""Tables of vectors: what is the vector, what the id, what else is known; and which distance is meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.stages.relation import copies, neighbours
from atlas_tests.cases import Case, Reading, check, parametrize, read, read_files


@dataclass(frozen=True)
class Index:
    """What neighbours are taken from."""

    vectors: np.ndarray


def is_a_class(got: Reading) -> None:
    assert got.entities["id"].to_list() == list(range(60))
    assert got.fields == {"label_field": "category"}
    assert got.entities["label"].to_list() == [str(i) for i in range(60)]


def has_metadata(got: Reading) -> None:
    assert got.vectors.shape == (60, 8)
    assert got.fields == {"year": "year", "price": "number", "rank2020": "number"}
    assert got.entities["label"].to_list() == [f"word{i}" for i in range(60)]


def has_title_and_year(got: Reading) -> None:
    assert got.fields == {"year": "year"}
    assert got.entities["label"][0] == "Title 0"


def is_euclidean(got: Reading) -> None:
    assert got.spec.relation.metric == "euclidean"


NUMBERS = [f"emb_{i}" for i in range(8)]
CASES = [
    Case("13h-sklearn-digits-csv", "d.csv", "vectors", rows=60, right=is_a_class, says=["row numbers.* are the ids"]),
    Case(
        "13i-vectors-with-metadata-columns",
        "d.csv",
        "vectors",
        rows=60,
        columns={"id": "id", "vector": NUMBERS},
        right=has_metadata,
        says=["not id, year, price, rank2020"],
    ),
    Case("19d-null-vector", "v.parquet", "vectors", refused=[r"row \d+", "Remove the row"]),
    Case("19e-nan-inside", "v.parquet", "vectors", refused=[r"row \d+", "finite number"]),
    Case("19h-vectors-with-text-columns-same-file", "v.parquet", "vectors", rows=60, right=has_title_and_year),
    Case("19i-parquet-no-id", "v.parquet", "vectors", rows=60, says=["row numbers.* are the ids"]),
    Case("21d-constant-and-zero-columns", "v.csv", "vectors", rows=60, right=is_euclidean),
    Case("21e-huge-scale-difference", "v.csv", "vectors", rows=60, right=is_euclidean),
    Case("23a-size-only-default", "v.csv", "vectors", right=is_euclidean, says=["metric: euclidean, because"]),
    Case("23b-size-only-euclidean", "v.csv", "vectors", right=is_euclidean),
]


@parametrize(CASES)
def test_a_table_of_vectors_is_read_for_what_it_is(case: Case, place: Path) -> None:
    check(case, place)


@parametrize([Case("23a-size-only-default", "v.csv", "vectors")])
def test_groups_that_differ_by_size_keep_apart(case: Case, place: Path) -> None:
    """Three groups of 60 on one line from zero: by cosine 0.34 of the neighbours were of the same group."""
    got = read(case, place)
    listed = neighbours.from_vectors(Index(got.vectors), n_neighbors=10, metric=got.spec.relation.metric).indices
    group = np.digitize(np.linalg.norm(got.vectors, axis=1), _borders(got.vectors))
    assert (group[listed] == group[:, None]).mean() == 1


def _borders(vectors: np.ndarray) -> np.ndarray:
    lengths = np.sort(np.linalg.norm(vectors, axis=1))
    widest = np.sort(np.argsort(np.diff(lengths))[-2:])
    return (lengths[widest] + lengths[widest + 1]) / 2


@parametrize([Case(f"21g-{n}-identical-of-600", "v.csv", "vectors", note=str(n)) for n in (40, 200)])
def test_copies_are_counted_and_share_a_place(case: Case, place: Path) -> None:
    lists = neighbours.from_vectors(Index(read(case, place).vectors), n_neighbors=15)
    assert lists.places is not None
    assert copies.sizes_of(lists.places) == (int(case.note), 1, int(case.note))
    assert lists.notes["entities_that_share_a_vector"] == int(case.note)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_coordinates_of_one_city_keep_what_float32_would_lose(ending: str, place: Path) -> None:
    generator = np.random.default_rng(0)
    at = np.round(448_000 + 10 * generator.random((80, 2)), 3)  # metres of a grid, to the millimetre
    table = pl.DataFrame({"place": [f"p{i}" for i in range(80)], "easting": at[:, 0], "northing": at[:, 1]})
    getattr(table, f"write_{ending}")(place / f"v.{ending}")
    got = read_files(place, "vectors", f"v.{ending}")
    assert got.columns == {"id": "place", "vector": ["easting", "northing"]}
    assert got.spec.relation.metric == "euclidean"
    np.testing.assert_array_equal(got.vectors, at)


def test_a_class_among_named_numbers_is_no_measurement(place: Path) -> None:
    generator = np.random.default_rng(0)
    measured = {name: generator.random(90) for name in ("sepal_length", "sepal_width", "petal_length")}
    pl.DataFrame(measured | {"target": np.repeat([0, 1, 2], 30)}).write_csv(place / "iris.csv")
    got = read_files(place, "vectors", "iris.csv")
    assert got.columns == {"vector": ["sepal_length", "sepal_width", "petal_length"]}
    assert got.fields["target"] == "category"


def test_embeddings_whose_lengths_say_little_are_compared_by_cosine(place: Path) -> None:
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((50, 32)) * generator.uniform(0.7, 1.4, (50, 1))
    pl.DataFrame({"word": [f"w{i}" for i in range(50)], "embedding": vectors}).write_parquet(place / "w.parquet")
    got = read_files(place, "vectors", "w.parquet")
    assert got.spec.relation.metric == "cosine"
    assert "more in direction than in length" in got.printed


def test_a_vector_that_cannot_be_read_is_refused_before_a_spec_is_written(place: Path) -> None:
    """A spec was written that reading then refused."""
    rows = [f'{i},"[{i}.0, 1.5, {"nan" if i == 7 else 2}]"' for i in range(30)]
    (place / "v.csv").write_text("word,vector\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(AtlasError, match=r"row 8, number 3 is nan"):
        read_files(place, "vectors", "v.csv")
    assert not (place / "defs" / "x" / "defs.yaml").exists()
