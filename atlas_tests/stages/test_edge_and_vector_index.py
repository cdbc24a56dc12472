"""The index of edges against a naive twin, and that of vectors; both keep an earlier order of rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.sources import canonical
from atlas_assets.stages.index import entity_index
from atlas_assets.stages.index.entity_index import EdgeIndex, VectorIndex


def write_edges(folder: Path, edges: list[tuple[str, str, float]]) -> Path:
    table = pl.DataFrame(edges, schema={"source": pl.String, "target": pl.String, "weight": pl.Float32}, orient="row")
    ids = pl.concat([table["source"], table["target"]]).unique().sort()
    entities = pl.DataFrame({"id": ids, "label": ids})
    canonical.write_edges(folder, edges=table, entities=entities, fields=[], report={})
    return folder


edge = st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"), st.integers(0, 4).map(float))


@given(
    edges=st.lists(edge, min_size=1, max_size=40),
    min_degree=st.integers(1, 3),
    repeats=st.sampled_from(["strongest", "sum"]),
)
def test_edges_against_a_naive_twin(tmp_path_factory, edges, min_degree, repeats):
    best: dict[tuple[str, str], float] = {}
    for source, target, weight in edges:
        if source != target:
            before = best.get((source, target), 0.0)
            best[source, target] = before + weight if repeats == "sum" else max(weight, before)
    while True:
        near: dict[str, set[str]] = {}
        for source, target in best:
            near.setdefault(source, set()).add(target)
            near.setdefault(target, set()).add(source)
        weak = {e for e, others in near.items() if len(others) < min_degree}
        if not weak:
            break
        best = {(s, t): w for (s, t), w in best.items() if s not in weak and t not in weak}
    raw = write_edges(tmp_path_factory.mktemp("raw"), edges)
    if not best:
        with pytest.raises(DataError, match="min_degree"):
            entity_index.from_edges(raw, min_degree=min_degree)
        return
    index = entity_index.from_edges(raw, min_degree=min_degree, repeats=repeats)
    names = index.ids["id"].to_list()
    found = {(names[s], names[t]): float(w) for s, t, w in zip(index.source, index.target, index.weight, strict=True)}
    assert found == best
    assert dict(index.ids.iter_rows()) == {e: len(others) for e, others in near.items()}
    assert all(check.passed for check in index.check())


@given(edges=st.lists(edge, min_size=1, max_size=40), previous=st.lists(st.sampled_from("ahcqxd"), unique=True))
def test_edges_keep_an_earlier_order_of_rows(tmp_path_factory, edges, previous):
    raw = write_edges(tmp_path_factory.mktemp("raw"), [*edges, ("a", "b", 1.0)])
    plain, index = (
        entity_index.from_edges(raw),
        entity_index.from_edges(raw, previous=pl.Series(previous, dtype=pl.String)),
    )
    known = plain.ids["id"].to_list()
    stayed = [i for i in previous if i in known]
    assert index.ids["id"].to_list() == stayed + [i for i in known if i not in stayed]
    assert dict(index.ids.iter_rows()) == dict(plain.ids.iter_rows())
    assert all(check.passed for check in index.check()), index.check()
    found = [
        {
            (i.ids["id"][int(s)], i.ids["id"][int(t)], float(w))
            for s, t, w in zip(i.source, i.target, i.weight, strict=True)
        }
        for i in (plain, index)
    ]
    assert found[0] == found[1]


def test_top_keeps_the_best_connected_and_what_still_has_neighbours(tmp_path):
    # a star around h with four leaves, of which a and b also know each other; y-z apart
    edges = [("h", "a", 1.0), ("h", "b", 1.0), ("h", "c", 1.0), ("d", "h", 1.0), ("a", "b", 1.0), ("y", "z", 9.0)]
    index = entity_index.from_edges(write_edges(tmp_path / "raw", edges), top=3)
    assert index.ids["id"].to_list() == ["a", "b", "h"]
    index.save(tmp_path / "saved")
    assert all(check.passed for check in EdgeIndex.load(tmp_path / "saved").check())


def test_a_sample_of_vectors_is_the_same_in_every_run_and_from_rows_in_any_order(tmp_path):
    ids = np.arange(100)
    for name, order in (("one", ids), ("other", ids[::-1])):
        entities = pl.DataFrame({"id": order, "label": [str(i) for i in order]})
        vectors = np.stack([order, order], axis=1).astype(np.float32)
        canonical.write_vectors(tmp_path / name, vectors=vectors, entities=entities, fields=[], report={})
    one, other = (entity_index.from_vectors(tmp_path / name, top=30, seed=3) for name in ("one", "other"))
    assert one.n_entities == 30
    assert one.ids["id"].to_list() == other.ids["id"].to_list() == one.vectors[:, 0].tolist()
    assert one.steps[-1]["rule"] == "a sample of 30"
    assert one.ids["id"].to_list() != entity_index.from_vectors(tmp_path / "one", top=30, seed=4).ids["id"].to_list()
    assert set(entity_index.from_vectors(tmp_path / "one", top=20, seed=3).ids["id"]) < set(one.ids["id"])


def test_vectors_follow_their_ids(tmp_path):
    entities = pl.DataFrame({"id": ["b", "c", "a"], "label": ["B", "C", "A"]})
    vectors = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0]], dtype=np.float32)
    canonical.write_vectors(tmp_path / "raw", vectors=vectors, entities=entities, fields=[], report={})
    index = entity_index.from_vectors(tmp_path / "raw", normalise=True)
    assert index.ids["id"].to_list() == ["a", "b", "c"]
    np.testing.assert_allclose(index.vectors, [[0.0, 1.0], [0.6, 0.8], [0.0, 0.0]], rtol=1e-6)
    grown = entity_index.from_vectors(tmp_path / "raw", previous=pl.Series(["c", "gone", "b"]))
    assert grown.ids["id"].to_list() == ["c", "b", "a"]
    assert grown.vectors.tolist() == [[0.0, 0.0], [3.0, 4.0], [0.0, 2.0]]
    assert entity_index.from_vectors(tmp_path / "raw", drop=["B"]).vectors.tolist() == [[0.0, 2.0], [0.0, 0.0]]
    index.save(tmp_path / "saved")
    assert all(check.passed for check in VectorIndex.load(tmp_path / "saved").check())
    with pytest.raises(DataError, match=r"leave 1 of 3 entities.*filter\.keep"):
        entity_index.from_vectors(tmp_path / "raw", keep=["a"])
