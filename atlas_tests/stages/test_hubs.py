"""Hubs: the figures are what they are called, and rescaling is its formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.stages.relation.hubs import hubness, local_scaling


@st.composite
def lists(draw) -> tuple[np.ndarray, np.ndarray]:
    """Sorted neighbour lists, some short or empty, with ties and zeros."""
    n, longest = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    indices, similarity = np.full((n, longest), -1, np.int32), np.zeros((n, longest))
    for i in range(n):
        others = draw(st.permutations([j for j in range(n) if j != i]))[:longest]
        others = others[: draw(st.integers(0, len(others)))]
        values = [draw(st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0])) for _ in others]
        indices[i, : len(others)] = others
        similarity[i, : len(others)] = sorted(values, reverse=True)
    return indices, similarity


def reference(indices, similarity, k):
    """s_ij / sqrt(m_i m_j) with lists and dictionaries."""
    rows = [[(j, s) for j, s in zip(a, b, strict=True) if j >= 0] for a, b in zip(indices, similarity, strict=True)]
    usual = [sum(s for _, s in row[:k]) / max(len(row[:k]), 1) for row in rows]
    found = []
    for i, row in enumerate(rows):
        scaled = [(j, s / math.sqrt(usual[i] * usual[j]) if s and usual[j] else 0.0) for j, s in row]
        found.append(sorted(scaled, key=lambda pair: -pair[1])[:k])
    return found


@given(lists(), st.data())
def test_rescaled_lists_are_those_of_the_formula(given_lists, data):
    indices, similarity = given_lists
    k = data.draw(st.integers(1, indices.shape[1]))
    before = indices.copy(), similarity.copy()
    places, values = local_scaling(indices, similarity, k=k)
    found = np.take_along_axis(indices, places, axis=1)
    assert (values.dtype, places.shape, values.shape) == (np.float64, *[(len(indices), k)] * 2)
    for i, row in enumerate(reference(indices, similarity, k)):
        assert (found[i, len(row) :] == -1).all()
        assert (values[i, len(row) :] == 0).all()
        np.testing.assert_allclose(values[i, : len(row)], [s for _, s in row], rtol=1e-12)
        # rounding may turn nearly equal ones around, so entities are compared by their value
        expected = dict(row)
        mine = zip(found[i, : len(row)].tolist(), values[i, : len(row)].tolist(), strict=True)
        for j, value in mine:
            assert expected.get(j, row[-1][1]) == pytest.approx(value, rel=1e-12)
    assert np.array_equal(indices, before[0])
    assert np.array_equal(similarity, before[1])


def test_a_pair_that_is_usual_for_both_becomes_one():
    """Entities 0 and 1 know each other at 0.2, 2 and 3 at 0.8: on its own scale each pair is as near as the other."""
    indices = np.array([[1], [0], [3], [2]], np.int32)
    _, values = local_scaling(indices, np.array([[0.2], [0.2], [0.8], [0.8]]), k=1)
    np.testing.assert_allclose(values, 1.0)


def test_a_hub_loses_its_place_to_one_for_whom_the_pair_is_rarer():
    """0 is 0.5 similar to the hub 1, whose own list is at 0.9, and 0.45 to 2, whose own list is at 0.5."""
    indices = np.array([[1, 2], [3, 0], [0, -1], [1, -1]], np.int32)
    similarity = np.array([[0.5, 0.45], [0.9, 0.5], [0.45, 0], [0.9, 0]])
    places, _ = local_scaling(indices, similarity, k=1)
    found = np.take_along_axis(indices, places, axis=1)
    assert found[0].tolist() == [2]


def test_more_neighbours_than_are_listed_cannot_be_asked_for():
    with pytest.raises(ValueError, match="k is 3; expected 1 to 2"):
        local_scaling(np.zeros((2, 2), np.int32), np.zeros((2, 2)), k=3)


def test_figures_name_the_hub_and_the_orphans():
    """Everyone lists 0, who lists 1; 2 and 3 are on no list. In-degrees 3, 1, 0, 0: mean 1, variance 6/4."""
    found = hubness(np.array([[1, -1], [0, -1], [0, -1], [0, -1]], np.int32))
    assert found == {
        "skewness": pytest.approx((8 + 0 - 1 - 1) / 4 / 1.5**1.5),
        "most_listed": 3,
        "most_listed_entity": 0,
        "never_listed": 2,
        "never_listed_share": 0.5,
    }


@pytest.mark.parametrize("indices", [np.full((3, 2), -1, np.int32), np.zeros((0, 2), np.int32)])
def test_lists_without_a_neighbour_have_no_hub(indices):
    found = hubness(indices)
    assert (found["skewness"], found["most_listed"], found["most_listed_entity"]) == (0.0, 0, None)
    assert found["never_listed"] == len(indices)
