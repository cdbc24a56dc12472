"""Standard errors: of repeated samples from a known population, about 95 % fall within two of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.stages.quality.sampling_error import Estimate, error_of_parts, grouped, share, tells_apart

REPEATS = 500


def collections(generator: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Hits and pairs of n collections: of 2 to about 100 entities, each with a chance of its own that its pairs hit."""
    sizes = 2 + generator.lognormal(2.7, 0.5, n).astype(int)
    pairs = sizes * (sizes - 1)
    return generator.binomial(pairs, generator.beta(1, 6, n)), pairs


def known(hits: np.ndarray, counts: np.ndarray, *, population: int | None = None) -> tuple[Estimate, float]:
    """The estimate of clusters that have one, and its error."""
    found = share(hits, counts, population=population)
    assert found is not None
    assert found.error is not None
    return found, found.error


@pytest.fixture(scope="module")
def population() -> tuple[np.ndarray, np.ndarray]:
    return collections(np.random.default_rng(0), 20_000)


def test_repeated_samples_of_collections_fall_within_two_errors(population) -> None:
    hits, pairs = population
    truth, generator = hits.sum() / pairs.sum(), np.random.default_rng(1)
    within = as_if_independent = 0
    for _ in range(REPEATS):
        chosen = generator.integers(0, hits.size, 2000)
        found, error = known(hits[chosen], pairs[chosen])
        within += not tells_apart(found.value - truth, error)
        as_if_independent += abs(found.value - truth) <= 2 * np.sqrt(truth * (1 - truth) / pairs[chosen].sum())
    assert 0.92 < within / REPEATS < 0.98
    assert as_if_independent / REPEATS < 0.5  # control: pairs of one collection are not independent


def test_a_difference_on_the_same_sample_has_a_smaller_error_that_is_still_right(population) -> None:
    """Two maps: the second finds a tenth more in every collection."""
    hits, pairs = population
    generator = np.random.default_rng(2)
    better = hits + generator.binomial(pairs - hits, 0.1)
    truth, within, shrunk = (better.sum() - hits.sum()) / pairs.sum(), 0, []
    for _ in range(REPEATS):
        chosen = generator.integers(0, hits.size, 2000)
        (one, mine), (other, theirs) = known(better[chosen], pairs[chosen]), known(hits[chosen], pairs[chosen])
        error = error_of_parts(grouped(one.parts, seed=0) - grouped(other.parts, seed=0))
        within += abs(one.value - other.value - truth) <= 2 * error
        shrunk.append(error / np.hypot(mine, theirs))
    assert 0.92 < within / REPEATS < 0.98
    assert np.mean(shrunk) < 0.2


def test_a_large_part_of_a_population_leaves_less_error() -> None:
    generator = np.random.default_rng(3)
    values = generator.beta(8, 2, 400)
    within, without = 0, 0
    for _ in range(REPEATS):
        chosen = generator.permutation(values.size)[:300]
        ones = np.ones(chosen.size)
        found, error = known(values[chosen], ones, population=values.size)
        within += abs(found.value - values.mean()) <= 2 * error
        without += abs(found.value - values.mean()) <= 2 * known(values[chosen], ones)[1]
    assert 0.92 < within / REPEATS < 0.98
    assert without / REPEATS > 0.99  # control: without the correction the error is twice what it should be
    assert known(values, np.ones(400), population=400)[1] == 0


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40))
def test_the_error_of_a_mean_is_the_standard_deviation_over_the_root_of_n(values: list[float]) -> None:
    found, error = known(np.array(values), np.ones(len(values)))
    assert found.value == pytest.approx(np.mean(values))
    assert error == pytest.approx(np.std(values, ddof=1) / np.sqrt(len(values)), abs=1e-12)


@given(st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_the_error_of_a_ratio_is_that_of_leaving_every_cluster_out_once(n: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    counts = generator.integers(1, 100, n)
    hits = generator.binomial(counts, 0.3)
    left_out = (hits.sum() - hits) / (counts.sum() - counts)
    squares = (n - 1) / n * ((left_out - hits.sum() / counts.sum()) ** 2).sum()
    assert known(hits, counts)[1] == pytest.approx(np.sqrt(squares))


def test_clusters_without_a_count_change_nothing() -> None:
    hits, counts = np.array([1, 0, 3]), np.array([4, 5, 6])
    (one, error), (padded, same) = known(hits, counts), known(np.append(hits, [0, 0]), np.append(counts, [0, 0]))
    assert (one.value, error) == (padded.value, same)
    assert share(np.zeros(3), np.zeros(3)) is None
    alone = share(np.array([1]), np.array([4]))
    assert alone is not None
    assert (alone.value, alone.error) == (0.25, None)


def test_groups_of_parts_keep_the_error_and_the_sum(population) -> None:
    found, error = known(*population)
    few = grouped(found.parts, seed=3)
    assert few.size == 256
    assert few.sum() == pytest.approx(found.parts.sum(), abs=1e-12)
    assert error_of_parts(few) == pytest.approx(error, rel=0.2)
    assert grouped(few, seed=3) is few


def test_what_tells_apart() -> None:
    assert tells_apart(-0.021, 0.01)
    assert not tells_apart(0.019, 0.01)
    assert tells_apart(1e-9, None)
    assert not tells_apart(0.0, None)
