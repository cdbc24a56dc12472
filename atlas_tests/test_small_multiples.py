"""Maps of a sweep turned alike: what is the same map in another position comes to lie on the same place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.reports.small_multiples import coarse, turned_alike
from atlas_assets.stages.regions import regions


def blob(seed: int, dims: int) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((80, dims)) * [3, 1, 0.3][:dims]).astype(np.float32)


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.01, 100))
def test_a_map_turned_mirrored_and_scaled_comes_back(seed: int, scale: float) -> None:
    reference = blob(seed, 2)
    angle = seed % 7
    turn = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    found = turned_alike({"a": reference, "b": reference @ turn * scale + 5}, onto="a")
    np.testing.assert_allclose(found["b"], found["a"], atol=2e-3)
    np.testing.assert_allclose(found["a"], reference, atol=2e-3)


def test_a_map_in_three_dimensions_is_seen_from_where_it_looks_like_the_flat_one() -> None:
    flat = blob(0, 2)
    generator = np.random.default_rng(1)
    deep = np.column_stack([flat, 0.3 * generator.standard_normal(80)])
    turn, _ = np.linalg.qr(generator.standard_normal((3, 3)))
    found = turned_alike({"flat": flat, "deep": deep @ turn}, onto="flat")
    assert found["deep"].shape == (80, 2)
    correlation = np.corrcoef(found["deep"].ravel(), flat.ravel())[0, 1]
    assert correlation > 0.99
    assert abs(np.corrcoef((deep @ turn)[:, :2].ravel(), flat.ravel())[0, 1]) < 0.9  # control: as it was


def test_the_map_itself_may_be_the_one_in_three_dimensions() -> None:
    found = turned_alike({"deep": blob(0, 3), "flat": blob(0, 2)}, onto="deep")
    assert {key: value.shape for key, value in found.items()} == {"deep": (80, 2), "flat": (80, 2)}
    np.testing.assert_allclose(found["deep"], blob(0, 3)[:, :2], atol=1e-4)


@pytest.mark.parametrize("n", [1, 79])
def test_a_map_of_other_entities_is_not_turned_onto_them(n: int) -> None:
    found = turned_alike({"a": blob(0, 2), "b": blob(1, 3)[:n]}, onto="a")
    assert found["b"].shape == (n, 2)
    assert np.isfinite(found["b"]).all()


def test_coarse_regions_are_those_without_a_parent() -> None:
    generator = np.random.default_rng(0)
    positions = np.vstack([generator.standard_normal((200, 2)) + 20 * np.array(c) for c in ((0, 0), (1, 0), (0, 1))])
    made = regions.build(positions, popularity=np.arange(600), labels=[f"entity {i}" for i in range(600)])
    found = coarse(made)
    assert set(made.table["level"].to_numpy()[found[found >= 0]]) == {0}
    assert np.array_equal(found, made.division(np.arange(600)).at(0))
    assert (coarse(regions.Regions(np.full(3, -1, np.int32), made.table)) == -1).all()
