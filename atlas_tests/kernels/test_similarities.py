"""Similarities against their definitions in probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_assets.kernels.similarities import CODES, FORMULAE, similarities


def _pair(name: str, c: float, a: float, b: float, n: float, shrinkage: float = 0.0) -> tuple[float, float]:
    """The similarity of entities 0 and 1, in both directions."""
    both = similarities(
        name, indptr=np.array([0, 1, 2]), indices=np.array([1, 0], np.int32), data=np.array([c, c], np.float32),
        occurrences=np.array([a, b], np.float32), total=n, shrinkage=shrinkage,
    )  # fmt: skip
    return float(both[0]), float(both[1])


@pytest.mark.parametrize("name", CODES)
def test_similarity_is_its_definition_and_the_same_in_both_directions(name):
    generator = np.random.default_rng(0)
    for _ in range(200):
        n = int(generator.integers(2, 1000))
        a, b = (int(v) for v in generator.integers(1, n + 1, 2))
        lowest = max(1, a + b - n)
        if lowest > min(a, b):
            continue
        c = int(generator.integers(lowest, min(a, b) + 1))
        forth, back = _pair(name, c, a, b, n)
        assert forth == back
        np.testing.assert_allclose(forth, FORMULAE[name](c, a, b, n), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "expected"), [("cosine", 1), ("jaccard", 1), ("npmi", 1), ("lift", 25), ("count", 4)])
def test_two_that_are_always_together_are_as_similar_as_can_be(name, expected):
    assert _pair(name, 4, 4, 4, 100)[0] == pytest.approx(expected)  # lift: 100 / 4


@pytest.mark.parametrize("name", ["lift", "npmi"])
def test_two_that_meet_as_often_as_chance_has_it(name):
    # 20 of 100 and 30 of 100 meet by chance in 6
    assert _pair(name, 6, 20, 30, 100)[0] == pytest.approx({"lift": 1, "npmi": 0}[name], abs=1e-12)


def test_two_that_are_in_every_collection_have_the_limit_of_npmi():
    assert _pair("npmi", 7, 7, 7, 7) == (1.0, 1.0)


@pytest.mark.parametrize("name", ["cosine", "jaccard", "lift", "npmi"])
def test_shrinkage_halves_a_pair_that_met_that_often(name):
    whole, half = _pair(name, 5, 10, 8, 100)[0], _pair(name, 5, 10, 8, 100, shrinkage=5)[0]
    assert half == pytest.approx(whole / 2)
