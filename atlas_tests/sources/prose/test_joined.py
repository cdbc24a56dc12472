"""Two lists of neighbours as one: what both say is nearer than what one says, and the nearest of one is not lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.sources.prose.joined import FIRST, joined

N, K = 12, 4
lists = st.lists(st.permutations(range(N)).map(lambda order: order[:K]), min_size=N, max_size=N).map(
    lambda rows: np.array([[j if j != i else -1 for j in row] for i, row in enumerate(rows)])
)


def the_long_way(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    near = np.zeros((N, N))
    for found in (a, b):
        for i, row in enumerate(found):
            for place, j in enumerate(row, start=1):
                if j >= 0:
                    near[i, j] += 1 / (FIRST + place)
                    near[j, i] += 1 / (FIRST + place)
    return near


@given(a=lists, b=lists)
def test_places_in_both_lists_and_from_both_ends_are_added_up(a: np.ndarray, b: np.ndarray) -> None:
    near = joined([a, b]).toarray()
    assert near == pytest.approx(the_long_way(a, b))
    assert (near == near.T).all()
    assert (joined([b, a]).toarray() == near).all()


def test_what_both_lists_hold_is_nearer_than_the_first_of_one() -> None:
    words, meaning = np.array([[1, 2], [-1, -1], [-1, -1], [-1, -1]]), np.array([[3, 2], [-1, -1], [-1, -1], [-1, -1]])
    near = joined([words, meaning]).toarray()[0]
    assert near[2] > near[1] == near[3] > 0
