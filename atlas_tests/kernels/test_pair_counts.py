"""Incidence and pair counts against the double loop, whatever the sizes and weights; sums in fixed point."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels import incidence
from atlas_assets.kernels.memberships import count_entities
from atlas_assets.kernels.pair_counts import count_pairs_reference, matrix_rows
from atlas_assets.kernels.pair_weight import contribution
from atlas_assets.stages.relation.pair_count_plan import Counting, prepare
from atlas_assets.stages.relation.pair_weights import PairWeights
from atlas_tests.relations import KINDS, amount, index_of, parts, relation

seeds = st.integers(0, 2**32 - 1)


def counted(counting: Counting, rows: np.ndarray | None = None) -> dict[tuple[int, int], float]:
    """The rows as a dictionary, after a look at their order."""
    n, weighted = counting.n_entities, counting.weighting is not None
    visits = incidence.whole(counting.indptr, counting.entities, n, rows=rows, weighted=weighted)
    chosen = np.arange(n) if rows is None else rows
    lengths, columns, sums = matrix_rows(chosen, visits, n, counting.weighting)
    assert columns.dtype == np.int32
    of = np.repeat(chosen, lengths)
    assert all((np.diff(columns[of == row]) > 0).all() for row in np.unique(of))
    return dict(zip(zip(of.tolist(), columns.tolist(), strict=True), (sums * counting.unit).tolist(), strict=True))


def assert_is_the_double_loop(index, weights, rows=None) -> None:
    counting = prepare(index, weights)
    expected = count_pairs_reference(counting.indptr, counting.entities, amount(weights))
    expected = {pair: c for pair, c in expected.items() if rows is None or pair[0] in rows}
    found = counted(counting, rows)
    assert found.keys() == expected.keys()
    if weights is None:
        assert found == expected
    else:
        # each of at most C contributions is rounded to half a unit
        bound = index.indptr.size * counting.unit
        assert all(abs(found[pair] - c) <= bound + 1e-14 * c for pair, c in expected.items())


@pytest.mark.parametrize("kind", KINDS)
@given(seed=seeds, data=st.data())
def test_rows_are_those_of_the_double_loop(kind, seed, data):
    index, weights = relation(seed, kind).pack()
    assert_is_the_double_loop(index, weights)
    rows = data.draw(st.sets(st.integers(0, 11)).map(sorted))
    assert_is_the_double_loop(index, weights, np.array(rows, np.int64))


@pytest.mark.parametrize("kind", KINDS)
def test_large_collections_count_as_small_ones_do(kind):
    index, weights = relation(5, kind, n=90, n_collections=12, largest=80).pack()
    assert np.diff(index.indptr).max() > incidence.SMALL
    assert_is_the_double_loop(index, weights)


def test_names_may_need_more_than_16_bits():
    index = index_of([{0, 70_000, 65_536}, {65_535, 65_536}, {1, 70_000, 0}], 70_001)
    assert_is_the_double_loop(index, None)


def test_three_collections_by_hand():
    # {0,1,2}, {1,2}, {2}: 1 and 2 meet twice, 0 meets each once, and {2} holds no pair
    found = counted(prepare(index_of([{0, 1, 2}, {1, 2}, {2}], 3)))
    assert found == {(0, 1): 1, (1, 0): 1, (0, 2): 1, (2, 0): 1, (1, 2): 2, (2, 1): 2}


@given(seed=seeds, largest=st.sampled_from([5, 70]), n_parts=st.sampled_from([1, 2, 7]))
def test_prefixes_cover_the_more_popular_members_of_each_visit(seed, largest, n_parts):
    index, _ = relation(seed, "unit", n=80, n_collections=10, largest=largest).pack()
    counts = count_entities(index.entities, 80)
    order = incidence.by_popularity(counts)
    assert counts.tolist() == np.bincount(index.entities, minlength=80).tolist()
    assert order.tolist() == sorted(range(80), key=lambda e: (-counts[e], e))
    with parts(n_parts):
        made = incidence.prefixes(index.indptr, index.entities, order, counts, weighted=True)
    assert np.array_equal(order[made.members], index.entities[made.source])
    expected = []
    for name, entity in enumerate(order):
        for c in range(index.indptr.size - 1):
            members = index.entities[index.indptr[c] : index.indptr[c + 1]].tolist()
            if entity in members:
                expected.append((name, c, [m for m in order[:name] if m in members]))
    visits = range(made.first.size)
    found = [
        (
            int(np.searchsorted(made.starts, v, side="right")) - 1,
            int(made.collection[v]),
            order[made.members[made.first[v] : made.last[v]]].tolist(),
        )
        for v in visits
    ]
    assert found == expected
    assert all(made.members[made.own[v]] == found[v][0] for v in visits)


@given(seed=seeds, n_parts=st.sampled_from([1, 2, 7]))
def test_whole_visits_cover_the_collections_of_the_rows_asked_for(seed, n_parts):
    index, _ = relation(seed, "unit").pack()
    rows = np.array([1, 4, 11])
    with parts(n_parts):
        made = incidence.whole(index.indptr, index.entities, 12, rows=rows, weighted=True)
    for at, row in enumerate(rows):
        visits = range(made.starts[at], made.starts[at + 1])
        held = [c for c in range(index.indptr.size - 1) if row in index.entities[index.indptr[c] : index.indptr[c + 1]]]
        assert made.collection[list(visits)].tolist() == held
        assert [int(made.first[v]) for v in visits] == index.indptr[held].tolist()
        assert [int(made.last[v]) for v in visits] == index.indptr[np.array(held, np.int64) + 1].tolist()
        assert (index.entities[made.own[list(visits)]] == row).all()


@given(seed=seeds)
def test_no_row_has_more_companions_than_it_is_said(seed):
    index, _ = relation(seed, "unit").pack()
    expected = [sum(len(s) - 1 for s in np.split(index.entities, index.indptr[1:-1]) if e in s) for e in range(12)]
    assert incidence.companions(index.indptr, index.entities, 12).tolist() == expected


@pytest.mark.parametrize("kind", KINDS[1:])
@given(seed=seeds)
def test_contributions_are_whole_numbers_that_cancel_and_no_worse_than_their_unit(kind, seed):
    index, weights = relation(seed, kind, n_collections=8).pack()
    counting = prepare(index, weights)
    found, exact = [], []
    for c in range(index.indptr.size - 1):
        rows = range(index.indptr[c], index.indptr[c + 1])
        for a in rows:
            for b in rows:
                forth = contribution(counting.weighting, c, a, b)
                assert isinstance(forth, int)
                assert forth == contribution(counting.weighting, c, b, a)
                found.append(forth)
                exact.append(amount(weights)(c, a, b))
    np.testing.assert_allclose(np.array(found, float) * counting.unit, exact, rtol=1e-14, atol=counting.unit / 2)
    total = sum(found)
    for one in np.random.default_rng(seed).permutation(np.array(found, object)):
        total -= one
    assert total == 0


@given(seed=seeds, huge=st.sampled_from([1.0, 1e3, 1e6]), tiny=st.sampled_from([1.0, 1e-3, 1e-6]))
def test_weights_of_any_range_are_as_fine_as_the_largest_occurrence_allows(seed, huge, tiny):
    """An int64 holds the largest sum there can be, and its unit is no coarser than that asks for."""
    generator = np.random.default_rng(seed)
    index, _ = relation(seed, "unit").pack()
    weights = PairWeights(rows=generator.choice([huge, tiny], index.entities.size) * generator.random())
    counting = prepare(index, weights)
    largest = counting.occurrences.max(initial=0.0)
    assert largest / counting.unit <= 2.0**60
    assert counting.unit <= max(largest, 2.0**-500) * 2.0**-51 or largest == 0
    assert math.log2(counting.unit).is_integer()
    found = counted(counting)
    for pair, c in count_pairs_reference(counting.indptr, counting.entities, amount(weights)).items():
        assert found.get(pair, 0.0) == pytest.approx(c, rel=1e-13, abs=index.indptr.size * counting.unit)


def test_no_collections_make_no_pairs():
    assert counted(prepare(index_of([], 4))) == {}
    assert counted(prepare(index_of([[], [], []], 4))) == {}
