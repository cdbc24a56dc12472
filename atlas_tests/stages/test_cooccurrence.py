"""Co-occurrence: nothing is lost, weights mean what they say, and damage is noticed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.stages import cooccurrence


@dataclass(frozen=True)
class Index:
    n_entities: int
    indptr: np.ndarray
    entities: np.ndarray
    weights: np.ndarray | None = None


def index_of(sets, n: int, weights: np.ndarray | None = None) -> Index:
    indptr = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
    return Index(n, indptr, np.array([e for s in sets for e in sorted(s)], np.int32), weights)


def dense(found: cooccurrence.Cooccurrence) -> np.ndarray:
    matrix = np.zeros((found.n_entities, found.n_entities))
    for row in range(found.n_entities):
        begin, end = found.indptr[row], found.indptr[row + 1]
        matrix[row, found.indices[begin:end]] = found.data[begin:end]
    return matrix


@given(
    st.lists(st.frozensets(st.integers(0, 7), max_size=8), max_size=10),
    st.sampled_from(["none", "size", "log_size"]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_every_pair_of_every_collection_is_counted_once(sets, normalise, weighted, seed):
    size = sum(len(s) for s in sets)
    weights = np.random.default_rng(seed).choice([0.0, 0.5, 2.0], size).astype(np.float32) if weighted else None
    found = cooccurrence.build(index_of(sets, 8, weights), normalise=normalise)
    assert all(check.passed for check in found.check())
    expected, occurrences, row = np.zeros((8, 8)), np.zeros(8), 0
    for members in sets:
        s = len(members)
        scale = {"none": 1.0, "size": 1 / max(s - 1, 1), "log_size": 1 / np.log2(max(s, 2))}[normalise]
        weight = {e: 1.0 if weights is None else float(weights[row + at]) for at, e in enumerate(sorted(members))}
        row += s
        for a in members:
            occurrences[a] += scale * weight[a] ** 2
        for a, b in permutations(members, 2):
            expected[a, b] += scale * weight[a] * weight[b]
    np.testing.assert_allclose(dense(found), expected, rtol=1e-6)
    np.testing.assert_allclose(found.occurrences, occurrences, rtol=1e-6)
    # what cosine and npmi rely on to stay at most 1, and every probability with them
    assert (dense(found) ** 2 <= np.outer(found.occurrences, found.occurrences) * (1 + 1e-5)).all()
    assert (found.occurrences <= found.total * (1 + 1e-6)).all()


def test_renumbering_entities_renumbers_the_matrix():
    generator = np.random.default_rng(0)
    sets = [set(generator.choice(20, 6, replace=False).tolist()) for _ in range(50)]
    order = generator.permutation(20)
    plain = dense(cooccurrence.build(index_of(sets, 20)))
    renumbered = dense(cooccurrence.build(index_of([{int(order[e]) for e in s} for s in sets], 20)))
    assert np.array_equal(renumbered[np.ix_(order, order)], plain)


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (lambda c: replace(c, data=c.data[:-1], indices=c.indices[:-1]), "rows are sorted and unique"),
        (lambda c: replace(c, data=c.data * 2), "sum of pair weights equals the independent count"),
        (lambda c: replace(c, indices=c.indices[::-1]), "rows are sorted and unique"),
        (lambda c: replace(c, data=np.arange(1, c.data.size + 1, dtype=np.float32)), "pairs are stored both ways"),
        (lambda c: replace(c, data=-c.data), "all weights are positive and finite"),
    ],
)
def test_a_damaged_matrix_fails_its_check(damage, check):
    found = cooccurrence.build(index_of([{0, 1, 2}, {1, 2, 3}], 4))
    assert check in {c.name for c in damage(found).check() if not c.passed}


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_an_impossible_weight_is_named(bad):
    with pytest.raises(DataError, match=r"weight of row 1 is .*finite number, 0 or more"):
        cooccurrence.build(index_of([{0, 1}], 2, np.array([1.0, bad], np.float32)))


def test_a_matrix_read_back_is_the_one_written(tmp_path):
    found = cooccurrence.build(index_of([{0, 1, 2}, {1, 2}], 3))
    found.save(tmp_path)
    again = cooccurrence.Cooccurrence.load(tmp_path)
    assert np.array_equal(dense(again), dense(found))
    assert (again.total, again.pair_weight_expected) == (2.0, 8.0)  # 3 * 2 + 2 * 1 ordered pairs
