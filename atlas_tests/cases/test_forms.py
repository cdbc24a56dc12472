"""Files of many forms, as tools write them: each read by its content, or refused with what would be right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.spec.loading import load
from atlas_assets.stages.artifact import no_progress
from atlas_tests.cases import Case, Reading, check, parametrize, read


def _counts_are_values(got: Reading) -> None:
    assert got.interactions.row(2, named=True) == {"collection": 0, "entity": "salt", "value": 4.0}


def _ratings_have_times(got: Reading) -> None:
    assert got.interactions.row(1) == ("0", "1", 2.0, 978_300_001)


BASKETS = [
    Case("09a-basket-ragged", "b.csv", rows=228, n_entities=9, n_collections=60, says=["one basket per line, 60"]),
    Case("09b-basket-padded", "b.csv", rows=234, n_entities=9, n_collections=61, says=["one basket per line, 61"]),
    Case(
        "09e-id-and-list-cell",
        "b.csv",
        n_entities=9,
        columns={"collection": "order_id", "entity": "products"},
        says=["a cell holds several entities", "0: dark beer, red lentils, sea salt, honey, … \\(6\\)"],
    ),
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
    Case(
        "12g-jsonl-nested-objects",
        "d.jsonl",
        n_entities=9,
        columns={"collection": "pid", "entity": "tracks.uri"},
        says=["0: oat, honey, salt, plum, …"],
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


@parametrize([Case("22c-repeats-loops-both-ways", "e.csv", "edges")])
def test_repeated_edges_are_said_and_counted_as_the_spec_asks(case: Case, place: Path) -> None:
    """The strongest of three equal edges stayed, which only the code said."""
    got = read(case, place)
    assert re.search(r"2 of the first 8 rows repeat an edge.*repeats: sum", got.printed)
    weights, rules = {}, []
    for repeats in ("strongest", "sum"):
        spec = got.spec.model_copy(update={"edges": got.spec.edges.model_copy(update={"repeats": repeats})})
        index: Any = spec.related.index(got.folder, spec, previous=None, progress=no_progress)
        ends = zip(index.source.tolist(), index.target.tolist(), strict=True)
        weights[repeats] = dict(zip(ends, index.weight.tolist(), strict=True))
        rules += [step["rule"] for step in index.steps if "repeated" in step["rule"]]
    others = {(1, 0): 2.0, (1, 2): 2.0, (2, 3): 1.0, (3, 0): 1.0}
    assert weights == {"strongest": {(0, 1): 1.0} | others, "sum": {(0, 1): 3.0} | others}
    assert rules == ["repeated edges, of which the strongest stays", "repeated edges, added up"]


@parametrize([Case("09e-id-and-list-cell", "b.csv")])
def test_what_only_edges_can_be_told_is_refused_elsewhere(case: Case, place: Path) -> None:
    read(case, place)
    written = place / "defs" / "x" / "defs.yaml"
    written.write_text(written.read_text(encoding="utf-8") + "  edges: {repeats: sum}\n", encoding="utf-8")
    with pytest.raises(AtlasError, match=r"edges.repeats is sum, but the source holds collections.*filter.deduplicate"):
        load(written)
