"""Pictures of layouts: small enough, the right way up, and in the colours of their regions."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from atlas_assets.thumbnail import BACKGROUND, PALETTE, thumbnail


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def is_lit(image: np.ndarray) -> np.ndarray:
    return np.abs(image - BACKGROUND).sum(axis=2) > 60


@pytest.mark.parametrize("n", [1, 50, 20_000])
@pytest.mark.parametrize("dims", [2, 3])
def test_any_number_of_points_gives_a_picture_within_its_bytes(n: int, dims: int) -> None:
    png = thumbnail(np.random.default_rng(0).normal(size=(n, dims)), size=200, max_bytes=12_000)
    assert len(png) <= 12_000
    assert is_lit(pixels(png)).any()


def test_a_small_budget_costs_pixels_not_the_picture() -> None:
    png = thumbnail(np.random.default_rng(0).normal(size=(5000, 2)), size=400, max_bytes=2_000)
    assert len(png) <= 2_000
    assert 16 <= len(pixels(png)) < 400


def test_up_is_up_and_right_is_right() -> None:
    cluster = np.random.default_rng(0).normal(size=(300, 2)) * 0.01
    image = pixels(thumbnail(np.vstack([cluster + 10, [[0, 0]]]), size=100))
    lit = is_lit(image)
    assert lit[:20, 80:].any()  # the cluster, above and to the right
    assert lit[80:, :20].any()
    assert not lit[:50, :50].any()


def test_one_unit_is_as_long_across_as_up() -> None:
    corners = np.array([[0, 0], [4, 0], [0, 2], [4, 2.0]])
    rows, columns = np.nonzero(is_lit(pixels(thumbnail(corners, size=(300, 300)))))
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(2, rel=0.05)


def test_regions_have_their_own_colours() -> None:
    rng = np.random.default_rng(0)
    positions = np.vstack([rng.normal(size=(400, 2)), rng.normal(size=(400, 2)) + np.array([30, 0])])
    image = pixels(thumbnail(positions, region=np.repeat([0, 1], 400), size=200))
    left, right = (image[:, half][is_lit(image[:, half])].mean(axis=0) for half in (slice(0, 60), slice(140, 200)))
    assert np.argmax(left) == np.argmax(PALETTE[0]) == 2  # blue
    assert np.argmax(right) == np.argmax(PALETTE[1]) == 0  # orange


def test_dense_places_are_brighter() -> None:
    rng = np.random.default_rng(0)
    positions = np.vstack([rng.normal(size=(20_000, 2)) * 0.3, rng.uniform(-5, 5, (2000, 2))])
    image = pixels(thumbnail(positions, size=200, max_bytes=40_000)).sum(axis=2)
    assert image[90:110, 90:110].mean() > 2 * image[10:30, 10:30].mean()


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    positions, region = rng.normal(size=(500, 2)), rng.integers(0, 5, 500)
    shuffled = rng.permutation(500)
    assert thumbnail(positions, region=region) == thumbnail(positions[shuffled], region=region[shuffled])
