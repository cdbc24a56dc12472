"""What a collection adds to a pair: every option and combination against the plain definition."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.similarities import SIMILARITIES
from atlas_assets.stages.relation import neighbours, pair_weights
from atlas_assets.stages.relation.pair_weights import PairWeights, pair_weight_reference
from atlas_tests.relations import Index, index_of

UNKNOWN_TIME = -(2**63)
DAY = 86_400
ANIME: dict[float, float] = {5: 0, 6: 0.5, 7: 3.3, 8: 6.5, 9: 9.1, 10: 10.1}


@st.composite
def indices(draw) -> Index:
    n = draw(st.integers(1, 7))
    sets = draw(st.lists(st.frozensets(st.integers(0, n - 1)), max_size=8))
    m = sum(len(s) for s in sets)
    value = st.sampled_from([math.nan, -3.0, 0.0, 0.1, 1.0, 2.0, 4.5, 5.0, 10.0])
    time = st.sampled_from([UNKNOWN_TIME, -DAY, 0, 1, DAY, 40 * DAY, 2_000 * DAY])
    weight = st.sampled_from([0.0, 0.25, 1.0, 3.0])
    columns = {"values": value, "timestamps": time, "weights": weight}
    drawn = {
        name: draw(st.lists(one, min_size=m, max_size=m)) if draw(st.booleans()) else None
        for name, one in columns.items()
    }
    return index_of(sets, n, **drawn)


options = st.fixed_dictionaries(
    {
        "normalise": st.sampled_from(["none", "size", "log_size"]),
        "use_weights": st.booleans(),
        "value_weights": st.sampled_from([None, ANIME, {0.1: 0.0, 4.5: 2.0}, {1: 1}]),
        "value_closeness": st.sampled_from(
            [
                None,
                {"form": "linear", "width": 0.5},
                {"form": "linear", "width": 3.0},
                {"form": "gaussian", "width": 1.5},
            ]
        ),
        "time_half_life": st.sampled_from([None, 0.5, 30.0]),
    }
)


def weights_of(index: Index, chosen: dict) -> PairWeights | None:
    """None where the data lacks what the options need."""
    try:
        return pair_weights.of(index, **chosen)
    except DataError:
        return None


def weight_of_row(index: Index, row: int, chosen: dict) -> float:
    """w by its definition: the column's weight times the value's, interpolated."""
    values = index.values if index.values is not None else np.full(index.entities.size, np.nan)
    weight = 1.0
    if chosen["use_weights"] and index.weights is not None:
        weight = float(index.weights[row])
    table = chosen["value_weights"]
    if table is None or math.isnan(values[row]):
        return weight
    value = float(values[row])
    listed = sorted((float(np.float32(v)), w) for v, w in table.items())
    below = max((pair for pair in listed if pair[0] <= value), default=listed[0])
    above = min((pair for pair in listed if pair[0] >= value), default=listed[-1])
    if above[0] == below[0] or value < listed[0][0] or value > listed[-1][0]:
        return weight * (below[1] if value >= listed[0][0] else above[1])
    share = (value - below[0]) / (above[0] - below[0])
    return weight * ((1 - share) * below[1] + share * above[1])


def closeness(index: Index, i: int, j: int, chosen: dict) -> float:
    """f times g by their definitions."""
    result = 1.0
    if chosen["value_closeness"] is not None and index.values is not None:
        form, width = chosen["value_closeness"]["form"], chosen["value_closeness"]["width"]
        a, b = float(index.values[i]), float(index.values[j])
        if not (math.isnan(a) or math.isnan(b)):
            if form == "linear":
                apart = abs(a - b) / max(abs(a), abs(b)) if a or b else 0.0
                result *= 0.0 if apart > width else 2 * (1 - apart / width)
            else:
                result *= math.exp(-((a - b) ** 2) / (2 * width * width))
    if chosen["time_half_life"] is not None and index.timestamps is not None:
        a, b = int(index.timestamps[i]), int(index.timestamps[j])
        if UNKNOWN_TIME not in (a, b):
            result *= 0.5 ** (abs(a - b) / DAY / chosen["time_half_life"])
    return result


@given(indices(), options)
def test_pairs_weigh_what_the_definition_says(index, chosen):
    weights = weights_of(index, chosen)
    if weights is None:
        return
    everything = 0.0
    for c, (begin, end) in enumerate(zip(index.indptr[:-1], index.indptr[1:], strict=True)):
        w = {row: weight_of_row(index, row, chosen) for row in range(begin, end)}
        s = max(sum(one > 0 for one in w.values()), 2)
        of_collection = {"none": 1.0, "size": 1 / (s - 1), "log_size": 1 / math.log2(s)}[chosen["normalise"]]
        for i, j in permutations(range(begin, end), 2):
            expected = of_collection * w[i] * w[j] * closeness(index, i, j, chosen)
            assert pair_weight_reference(weights, c, i, j) == pytest.approx(expected, rel=1e-12)
            assert pair_weight_reference(weights, c, i, j) == pair_weight_reference(weights, c, j, i)
            everything += expected
    assert pair_weights.expected_total(index, weights) == pytest.approx(everything, rel=1e-12)


@given(indices(), options)
def test_no_similarity_exceeds_its_bound(index, chosen):
    """c_ij^2 <= a_i a_j and a_i <= total, so cosine, jaccard and npmi stay at most 1, with unknown values as well."""
    weights = weights_of(index, chosen)
    if weights is None:
        return
    occurrences, total = pair_weights.occurrences(index, weights), pair_weights.total(index, weights)
    expected, counted = np.zeros(index.n_entities), np.zeros((index.n_entities, index.n_entities))
    for c, (begin, end) in enumerate(zip(index.indptr[:-1], index.indptr[1:], strict=True)):
        for i in range(begin, end):
            expected[index.entities[i]] += pair_weight_reference(weights, c, i, i)
        for i, j in permutations(range(begin, end), 2):
            counted[index.entities[i], index.entities[j]] += pair_weight_reference(weights, c, i, j)
    np.testing.assert_allclose(occurrences, expected, rtol=1e-12)
    assert (counted**2 <= np.outer(occurrences, occurrences) * (1 + 1e-9)).all()
    assert (occurrences <= total * (1 + 1e-12)).all()
    for i, j in np.argwhere(np.triu(counted, 1) > 0).tolist():
        for name in ("cosine", "jaccard", "npmi"):
            # 1e-6: npmi of a pair that is in nearly all collections divides two tiny logarithms
            value = SIMILARITIES[name].formula(
                *map(float, (counted[i, j], occurrences[i], occurrences[j], total * (1 + 1e-9)))
            )
            assert value <= 1 + 1e-6


@given(indices(), options, st.sampled_from(["jaccard", "cosine", "npmi", "lift", "count"]))
def test_neighbours_are_those_of_the_weighted_sums(index, chosen, similarity):
    """Whatever the weights, lists hold the most similar others by the formula, and their sum is the expected one."""
    weights = weights_of(index, chosen)
    if weights is None or index.n_entities < 2:
        return
    found = neighbours.from_collections(index, n_neighbors=index.n_entities - 1, similarity=similarity, weights=weights)
    assert [check.name for check in found.check() if not check.passed] == []
    occurrences, total = pair_weights.occurrences(index, weights), pair_weights.total(index, weights)
    for i in range(index.n_entities):
        sums = dict.fromkeys(range(index.n_entities), 0.0)
        for c, (begin, end) in enumerate(zip(index.indptr[:-1], index.indptr[1:], strict=True)):
            mine = [row for row in range(begin, end) if index.entities[row] == i]
            for row, other in ((r, o) for r in mine for o in range(begin, end) if o != r):
                sums[int(index.entities[other])] += pair_weight_reference(weights, c, row, other)
        expected = {
            j: SIMILARITIES[similarity].formula(shared, float(occurrences[i]), float(occurrences[j]), total)
            for j, shared in sums.items()
            if shared > 0
        }
        listed = dict(zip(found.indices[i].tolist(), found.similarity[i].tolist(), strict=True))
        listed.pop(-1, None)
        # fixed point: sums may be off by a part in 2^30 of the largest weight; npmi <= 0 is no neighbour
        for j, value in expected.items():
            assert listed.get(j, 0.0) == pytest.approx(max(value, 0.0), rel=1e-5, abs=1e-5)
        assert set(listed) <= set(expected)


@pytest.mark.parametrize("count", [1, 3_000_000_000])
def test_pairs_that_count_one_are_counted_in_whole_numbers(count):
    """Two collections of ``count`` members hold 2 s (s - 1) ordered pairs, beyond 2^63 for the larger; and no more."""
    index = Index(pl.DataFrame({"id": [0]}), np.array([0, count, 2 * count]), np.zeros(0, np.int32))
    assert pair_weights.expected_total(index, PairWeights()) == float(2 * count * (count - 1))


def test_weights_that_differ_by_sixteen_orders_keep_their_product():
    """(1e8 + 1e-8)^2 - 1e16 - 1e-16 would be 0 in float64; the pair is worth 1 in each direction."""
    index = index_of([{0, 1}], 2)
    assert pair_weights.expected_total(index, PairWeights(rows=np.array([1e8, 1e-8]))) == pytest.approx(2.0)


def test_the_published_table_of_scores_is_applied_row_by_row():
    """Scores 10 and 8 of one person: 10.1 * 6.5; the 5 counts 0 and takes no part, 7.5 lies between 3.3 and 6.5."""
    index = index_of([{0, 1, 2, 3, 4}], 5, values=[10, 8, 5, 7.5, 2])
    weights = pair_weights.of(index, value_weights=ANIME, normalise="size")
    assert weights.rows is not None
    assert weights.rows.tolist() == pytest.approx([10.1, 6.5, 0, 4.9, 0])
    assert pair_weight_reference(weights, 0, 0, 1) == pytest.approx(10.1 * 6.5 / 2)  # three rows take part
    assert weights.notes() == ["2 of 5 rows have weight 0 and take no part"]


def test_the_published_closeness_of_values_is_linear_to_half_the_larger():
    """100 and 75 are a quarter apart, half of the width: 2 (1 - 0.5) = 1. 100 and 50: 0. 100 and 100: 2."""
    index = index_of([{0, 1, 2, 3}], 4, values=[100, 75, 50, 100])
    weights = pair_weights.of(index, value_closeness={"form": "linear", "width": 0.5})
    assert [pair_weight_reference(weights, 0, 0, other) for other in (1, 2, 3)] == [1.0, 0.0, 2.0]


def test_a_pair_one_half_life_apart_counts_half():
    index = index_of([{0, 1, 2}], 3, timestamps=[0, 30 * DAY, UNKNOWN_TIME])
    weights = pair_weights.of(index, time_half_life=30.0)
    assert pair_weight_reference(weights, 0, 0, 1) == 0.5
    assert pair_weight_reference(weights, 0, 0, 2) == 1.0
    assert weights.notes() == ["1 of 3 times are unknown: relation.time_half_life is 1 there"]


def test_a_listed_value_that_float32_cannot_hold_is_still_met_exactly():
    """Values are kept in float32; 0.1 there is a little more than 0.1 here, and would not weigh 0."""
    index = index_of([{0, 1}], 2, values=[0.1, 0.2])
    rows = pair_weights.of(index, value_weights={0.1: 0.0, 0.2: 1.0}).rows
    assert rows is not None
    assert rows.tolist() == [0.0, 1.0]


def test_weights_that_are_all_one_are_counted_as_if_there_were_none():
    index = index_of([{0, 1}], 2, values=[1, 2], weights=[1, 1])
    assert pair_weights.of(index, value_weights={1: 1.0}).are_one
    assert pair_weights.of(index_of([{0, 1}], 2, weights=[1, 3]), use_weights=False).are_one
    assert not pair_weights.of(index_of([{0, 1}], 2, weights=[1, 3])).are_one


@pytest.mark.parametrize(
    ("columns", "chosen", "message"),
    [
        (
            {},
            {"value_weights": ANIME},
            r"value is not known for any row; .*relation.value_weights weighs.*columns.value",
        ),
        ({}, {"value_closeness": {"form": "linear", "width": 1}}, r"or delete relation.value_closeness"),
        ({"values": [math.nan, math.nan]}, {"value_weights": ANIME}, r"value is not known for any row"),
        ({"values": [1, math.inf]}, {"value_weights": ANIME}, r"value of row 1 is inf; expected a finite number"),
        ({}, {"time_half_life": 1.0}, r"timestamp is not known for any row; .*source.columns.timestamp, or delete"),
        ({"timestamps": [UNKNOWN_TIME] * 2}, {"time_half_life": 1.0}, r"timestamp is not known for any row"),
        (
            {"weights": [1, -1]},
            {},
            r"weight of row 1 is -1.0; expected a number from 0 to 1e\+15. .*use_weights: false",
        ),
        ({"weights": [math.nan, 1]}, {}, r"weight of row 0 is nan"),
        (
            {"weights": [1, 1e30]},
            {},
            r"weight of row 1 is 1\.0\d*e\+30; expected a number from 0 to 1e\+15. .*power of ten",
        ),
        (
            {"values": [5, 1]},
            {"value_weights": {5: 1e30}},
            r"the largest weight of a row is 1e\+30; expected at most 1e\+15",
        ),
        ({"weights": [0, 0]}, {}, r"the weights of all rows are 0; expected some above 0"),
        (
            {"values": [1, 2]},
            {"value_weights": {5: 0.0, 6: 1.0}},
            r"Give some value a weight in relation.value_weights",
        ),
    ],
)
def test_data_that_cannot_be_weighed_is_refused_with_the_remedy(columns, chosen, message):
    with pytest.raises(DataError, match=message):
        pair_weights.of(index_of([{0, 1}], 2, **columns), **chosen)


def test_rows_that_weigh_next_to_nothing_beside_others_are_told():
    """Sums are counted in steps of the largest, so pairs of two such rows used to vanish without a word."""
    told = pair_weights.of(index_of([{0, 1, 2}], 3, weights=[1e12, 1e3, 1.0])).notes()
    assert told == ["2 of 3 rows have less than 1e-08 of the largest weight: pairs of two such rows add nothing"]
    assert pair_weights.of(index_of([{0, 1, 2}], 3, weights=[1e9, 1e3, 1e2])).notes() == []


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(ValueError, match="normalise is 'sise'"):
        pair_weights.of(index_of([{0, 1}], 2), normalise="sise")  # type: ignore[arg-type]


def test_an_index_without_rows_has_totals_of_zero():
    index = index_of([set(), set()], 3)
    weights = pair_weights.of(index, normalise="size")
    assert pair_weights.occurrences(index, weights).tolist() == [0, 0, 0]
    assert (pair_weights.total(index, weights), pair_weights.expected_total(index, weights)) == (0, 0)


def test_pairs_too_light_to_be_counted_are_no_error():
    """Apart by 66 half-lives: 1e-20 of a pair beside memberships of weight 1 is less than a sum can tell."""
    index = index_of([{0, 1}, {0}], 2, timestamps=[-DAY, 2_000 * DAY, UNKNOWN_TIME])
    weights = pair_weights.of(index, time_half_life=30.0)
    assert pair_weights.expected_total(index, weights) == pytest.approx(2 * 0.5 ** (2_001 / 30))
    found = neighbours.from_collections(index, n_neighbors=1, similarity="jaccard", weights=weights)
    assert found.indices.tolist() == [[-1], [-1]]
    assert [check.name for check in found.check() if not check.passed] == []
