"""Similarities against their definitions in probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels.similarities import CODES, COSINE, OTHER, compiled, similarity
from atlas_assets.similarities import SIMILARITIES


@pytest.mark.parametrize("name", CODES)
def test_similarity_is_its_definition(name):
    generator = np.random.default_rng(0)
    for _ in range(200):
        n = int(generator.integers(2, 1000))
        a, b = sorted(int(v) for v in generator.integers(1, n + 1, 2))
        lowest = max(1, a + b - n)
        if lowest > a:
            continue
        c = int(generator.integers(lowest, a + 1))
        found = similarity(CODES[name], float(c), float(a), float(b), float(n), 0.0)
        np.testing.assert_allclose(found, SIMILARITIES[name].formula(c, a, b, n), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "expected"), [("cosine", 1), ("jaccard", 1), ("npmi", 1), ("lift", 25), ("count", 4)])
def test_two_that_are_always_together_are_as_similar_as_can_be(name, expected):
    assert similarity(CODES[name], 4.0, 4.0, 4.0, 100.0, 0.0) == pytest.approx(expected)  # lift: 100 / 4


@pytest.mark.parametrize("name", ["lift", "npmi"])
def test_two_that_meet_as_often_as_chance_has_it(name):
    # 20 of 100 and 30 of 100 meet by chance in 6
    found = similarity(CODES[name], 6.0, 20.0, 30.0, 100.0, 0.0)
    assert found == pytest.approx({"lift": 1, "npmi": 0}[name], abs=1e-12)


def test_two_that_are_in_every_collection_have_the_limit_of_npmi():
    assert similarity(CODES["npmi"], 7.0, 7.0, 7.0, 7.0, 0.0) == 1.0


@pytest.mark.parametrize("name", ["cosine", "jaccard", "lift", "npmi"])
def test_shrinkage_halves_a_pair_that_met_that_often(name):
    whole, half = (similarity(CODES[name], 5.0, 8.0, 10.0, 100.0, shrinkage) for shrinkage in (0.0, 5.0))
    assert half == pytest.approx(whole / 2)


def _kulczynski(c: float, a: float, b: float, n: float) -> float:
    return (c / a + c / b) / 2


def _rarity(c: float, a: float, b: float, n: float) -> float:
    return math.log(n / max(a, b)) * (c / min(a, b))


@pytest.mark.parametrize("formula", [_kulczynski, _rarity])
def test_any_other_formula_is_compiled(formula):
    address = compiled(formula)
    assert compiled(formula) == address
    found = similarity(OTHER, 3.0, 4.0, 6.0, 100.0, 0.0, address)
    assert found == pytest.approx(formula(3.0, 4.0, 6.0, 100.0))
    assert similarity(OTHER, 3.0, 4.0, 6.0, 100.0, 3.0, address) == pytest.approx(found / 2)


@given(a=st.integers(1, 50), c=st.integers(1, 50), b=st.integers(1, 50), times=st.integers(1, 9))
def test_equal_cosines_of_whole_counts_have_equal_bits(a, c, b, times):
    """1 of 3 and 1, and 3 of 3 and 9, used to differ by rounding, and the tie did not go to the smaller id."""
    one = similarity(COSINE, float(c), float(a), float(b), 1e3, 0.0)
    assert similarity(COSINE, float(c * times), float(a), float(b * times**2), 1e3, 0.0) == one
