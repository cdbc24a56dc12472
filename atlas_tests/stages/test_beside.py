"""Newcomers on a map that stays: beside the neighbours that stand together, whatever the others do."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from atlas_assets.stages.geometry.beside import beside, place_all

coordinates = st.floats(-100, 100, width=32)


def test_a_newcomer_stands_with_most_of_its_neighbours_not_between_them_and_the_rest() -> None:
    positions = np.array([[0, 0], [1, 0], [0, 1], [100, 100]], np.float32)
    [place] = beside(positions, np.array([[0, 1, 2, 3]]), np.ones((1, 4)))
    assert np.linalg.norm(place - [1 / 3, 1 / 3]) < 0.5


def test_similar_neighbours_weigh_more() -> None:
    positions = np.array([[0, 0], [1, 0]], np.float32)
    [even], [uneven] = (beside(positions, np.array([[0, 1]]), np.array([w])) for w in ([1.0, 1.0], [3.0, 1.0]))
    assert uneven[0] < even[0]


def test_what_nothing_leads_to_has_no_place_and_chains_are_followed() -> None:
    nan = np.nan
    positions = np.array([[0, 0], [1, 1], [nan, nan], [nan, nan], [nan, nan]], np.float32)
    indices = np.array([[1, -1], [0, -1], [0, 1], [2, -1], [-1, -1]])
    placed = place_all(positions, indices, np.ones((5, 2)))
    assert np.array_equal(placed[:2], positions[:2])
    assert np.array_equal(placed[3], placed[2])
    assert np.isnan(placed[4]).all()


@given(st.data())
def test_places_lie_within_those_of_the_neighbours(data: st.DataObject) -> None:
    """Any order of the neighbours gives the same place, which is a mean of some of theirs."""
    n, k = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 6))
    positions = data.draw(arrays(np.float32, (n, 2), elements=coordinates))
    listed = np.array(data.draw(st.lists(st.integers(-1, n - 1), min_size=k, max_size=k)))
    similarity = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=k, max_size=k)))
    [place] = beside(positions, listed[None], similarity[None])
    known = positions[listed[listed >= 0]]
    if not len(known):
        assert np.isnan(place).all()
        return
    assert (place >= known.min(axis=0) - 1e-3).all()
    assert (place <= known.max(axis=0) + 1e-3).all()
