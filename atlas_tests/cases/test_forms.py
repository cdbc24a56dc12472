"""Files of many forms, as tools write them: each read by its content, or refused with what would be right."""

from __future__ import annotations

from pathlib import Path

from atlas_tests.cases import Case, Reading, check, parametrize


def _counts_are_values(got: Reading) -> None:
    assert got.interactions.row(2, named=True) == {"collection": 0, "entity": "salt", "value": 4.0}


def _ratings_have_times(got: Reading) -> None:
    assert got.interactions.row(1) == ("0", "1", 2.0, 978_300_001)


BASKETS = [
    Case("09a-basket-ragged", "b.csv", rows=228, n_entities=9, n_collections=60, says=["one basket per line, 60"]),
    Case("09b-basket-padded", "b.csv", rows=234, n_entities=9, n_collections=61, says=["one basket per line, 61"]),
    Case("09c-fimi-dat", "retail.dat", rows=228, n_entities=9, n_collections=60, says=["between blanks"]),
]

SEPARATED = [
    Case("11a-snap-comments", "g.txt", "edges", rows=108, n_entities=29, says=["comments left out"]),
    Case("11b-space-separated-edges", "g.txt", "edges", rows=108, n_entities=29),
    Case("11d-movielens-dat", "ratings.dat", rows=240, n_entities=12, n_collections=40, right=_ratings_have_times),
]

JSON = [
    Case("12a-json-dict-of-lists", "d.json", rows=238, n_entities=9, n_collections=60),
    Case("12c-json-list-of-lists-lines", "d.jsonl", rows=238, n_entities=9, n_collections=60),
    Case("12d-json-pretty-array", "d.json", rows=238, n_entities=9, n_collections=60),
    Case(
        "12e-json-pretty-object", "d.json", rows=238, n_entities=9, n_collections=60, says=["rows are in 'playlists'"]
    ),
    Case("12h-jsonl-dict-counts", "d.jsonl", rows=238, n_entities=9, n_collections=60, right=_counts_are_values),
    Case("12i-jsonl-nan", "d.jsonl", refused=["line 2", "NaN", "Correct or remove"]),
    Case("12k-json-records-split", "d.json", rows=238, n_entities=9, n_collections=60),
]

VECTORS = [
    Case("13a-word2vec-txt", "w.txt", "vectors", rows=60),
    Case("13b-glove-txt", "g.txt", "vectors", rows=60),
    Case("13g-npy-alone", "x.npy", "vectors", rows=60, says=["numbered from 0"]),
    Case("19f-bytes-float32", "v.parquet", "vectors", rows=60, says=["lists of float32, from bytes"]),
    Case("19j-hf-image-struct", "v.parquet", "vectors", rows=60, says=["it holds pictures"]),
    Case("20-m.mtx", "m.mtx", rows=192, n_entities=12, n_collections=40),
    Case("20-scipy.npz", "scipy.npz", rows=192, n_entities=12, n_collections=40),
    Case("20-t.feather", "t.feather", rows=60),
    Case("20-d.xlsx", "d.xlsx", refused=["whole zip file"]),
    Case("20-d.sqlite", "d.sqlite", refused=["SQLite database"]),
]


@parametrize([*VECTORS, *BASKETS, *SEPARATED, *JSON])
def test_a_form_is_told_by_its_content(case: Case, place: Path) -> None:
    check(case, place)
