"""Pictures of layouts: small enough, the right way up, and in the colours of their regions."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from atlas_assets.stages.site.thumbnail import BACKGROUND, FRAME, INK, PALETTE, contact_sheet, thumbnail


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


def test_a_picture_without_ground_has_only_points_that_show_on_white_and_on_black() -> None:
    rng = np.random.default_rng(0)
    positions = np.vstack([rng.normal(size=(400, 2)), rng.normal(size=(400, 2)) + np.array([30, 0])])
    png = thumbnail(positions, region=np.repeat([0, 1], 400), size=200, transparent=True)
    assert len(png) <= 12_000
    image = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).astype(float)
    assert (image[:20, :, 3] == 0).all()
    points = image[image[:, :, 3] > 200]
    assert len(points) > 50
    for ground in (0, 255):
        seen = image[:, :, :3] * image[:, :, 3:] / 255 + ground * (1 - image[:, :, 3:] / 255)
        assert (np.abs(seen[image[:, :, 3] > 128] - ground).max(axis=1) > 60).all()


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


def maps(n: int) -> list[tuple[str, np.ndarray]]:
    generator = np.random.default_rng(0)
    return [(f"map {i}\n{i} %", generator.normal(size=(300, 2 + i % 2))) for i in range(n)]


def near(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.abs(image - colour).sum(axis=2) < 30


@pytest.mark.parametrize(("n", "across", "down"), [(1, 1, 1), (4, 4, 1), (9, 4, 3)])
def test_a_sheet_has_every_map_with_its_caption(n: int, across: int, down: int) -> None:
    image = pixels(contact_sheet(maps(n), size=100, columns=4))
    wide, high = image.shape[1] // across, image.shape[0] // down
    for place in range(n):
        tile = image[place // across * high :, place % across * wide :][:high, :wide]
        assert (is_lit(tile[: high - 40]) & ~near(tile[: high - 40], INK)).any(), place
        assert near(tile[-40:], INK).any(), place


def test_the_frame_is_around_the_map_that_is_meant() -> None:
    sheet = maps(4)
    plain, framed = (pixels(contact_sheet(sheet, size=100, framed=place)) for place in (None, 2))
    rows, columns = np.nonzero(near(framed, FRAME) & ~near(plain, FRAME))
    quarter = framed.shape[1] // 4
    assert 2 * quarter - 8 <= columns.min() < columns.max() <= 3 * quarter + 8
    assert np.ptp(rows) > 90


def test_all_maps_of_a_sheet_have_the_colours_of_the_same_regions() -> None:
    points = np.vstack([np.random.default_rng(0).normal(size=(400, 2)) + np.array([i * 30, 0]) for i in range(2)])
    image = pixels(contact_sheet([("a", points), ("b", -points), ("c", points[:5])], region=np.repeat([0, 1], 400)))
    width = image.shape[1] // 3
    blue = [
        image[:, part][is_lit(image[:, part])].mean(axis=0) for part in (slice(8, 60), slice(2 * width - 60, 2 * width))
    ]
    assert [int(np.argmax(colour)) for colour in blue] == [2, 2]  # left on the one, right on the other


def test_a_sheet_of_fifty_maps_fits_into_its_bytes() -> None:
    assert len(contact_sheet(maps(50), columns=6, max_bytes=30_000)) <= 30_000


def test_a_caption_that_is_too_long_is_cut() -> None:
    sheet = [("k15_d3_umap-nn30-md0.1 " * 5, maps(1)[0][1]), ("", maps(1)[0][1])]
    image = pixels(contact_sheet(sheet, size=100))
    assert near(image, INK)[:, :112].any()
    assert not near(image, INK)[:, 112:].any()
