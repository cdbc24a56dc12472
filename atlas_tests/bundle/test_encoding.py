"""Every format of the bundle: what is written can be read back, and what is cut off is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from atlas_assets.errors import DataError
from atlas_assets.stages.bundle import encoding

FINITE = st.floats(-1e6, 1e6, width=32)
ROWS = st.integers(1, 60)


@given(st.integers(2, 3).flatmap(lambda dims: hnp.arrays(np.float32, st.tuples(ROWS, st.just(dims)), elements=FINITE)))
def test_a_position_comes_back_within_half_a_step_of_its_box(positions: np.ndarray) -> None:
    box = [positions.min(axis=0).tolist(), positions.max(axis=0).tolist()]
    data = encoding.encode_positions(positions, box)
    decoded = encoding.decode_positions(data, box, n_rows=len(positions))
    step = (np.array(box[1]) - box[0]) / 65_535
    assert len(data) == 2 * positions.size
    assert (np.abs(decoded - positions) <= step / 2 * (1 + 1e-9) + 1e-9).all()


def test_positions_are_stored_as_zigzagged_differences_in_byte_planes() -> None:
    """Steps 0, 65535, 65534: differences 0, -1 (mod 65536), -1, zigzag 0, 1, 1; low bytes first, then high bytes."""
    data = encoding.encode_positions(np.array([[0.0], [1.0], [65_534 / 65_535]]), [[0.0], [1.0]])
    assert data == bytes([0, 1, 1, 0, 0, 0])


def test_a_large_difference_uses_both_bytes() -> None:
    """Step 0 to 300: difference 300, zigzag 600 = 2 * 256 + 88."""
    data = encoding.encode_positions(np.array([[0.0], [300.0]]), [[0.0], [65_535.0]])
    assert data == bytes([0, 88, 0, 2])


@given(hnp.arrays(np.float32, ROWS, elements=st.floats(width=32, allow_infinity=False)))
def test_numbers_come_back_exactly_and_unknown_ones_stay_unknown(numbers: np.ndarray) -> None:
    np.testing.assert_array_equal(encoding.decode_numbers(encoding.encode_numbers(numbers)), numbers)


@given(st.integers(1, 65_534).flatmap(lambda c: st.tuples(st.just(c), st.lists(st.integers(-1, c - 1), min_size=1))))
def test_codes_come_back_in_the_smaller_type_that_has_room(case: tuple[int, list[int]]) -> None:
    cardinality, codes = case
    name, data = encoding.encode_codes(np.array(codes), cardinality=cardinality)
    assert name == ("codes-u8" if cardinality <= 255 else "codes-u16")
    assert encoding.decode_codes(name, data).tolist() == codes


@given(st.lists(st.sampled_from([True, False, None])))
def test_truth_values_come_back(values: list[bool | None]) -> None:
    assert encoding.decode_booleans(encoding.encode_booleans(values)) == values


@given(st.lists(st.lists(st.integers(0, 65_534), max_size=20), min_size=1, max_size=30))
def test_lists_of_codes_come_back(lists: list[list[int]]) -> None:
    flat = np.array([code for codes in lists for code in codes], np.int64)
    data = encoding.encode_lists(np.array([len(codes) for codes in lists]), flat)
    assert encoding.decode_lists(data, n_rows=len(lists)) == lists


LINE = st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]), max_size=20)


@given(st.lists(LINE, min_size=1, max_size=20))
def test_lines_come_back(lines: list[str]) -> None:
    assert encoding.decode_lines(encoding.encode_lines(lines)) == lines


def test_a_line_break_inside_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        encoding.encode_lines(["one", "two\nthree"])


@given(st.tuples(ROWS, st.integers(1, 6)), st.booleans(), st.integers(0, 2**32 - 1))
def test_neighbours_come_back_with_their_order(shape: tuple[int, int], with_shared: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    indices = rng.integers(-1, 2**31 - 1, shape)
    similarity = -np.sort(-rng.random(shape, np.float32), axis=1)
    shared = rng.integers(0, 2**32 - 1, shape) if with_shared else None
    data = encoding.encode_neighbours(indices, similarity, shared)
    got_indices, got_similarity, got_shared = encoding.decode_neighbours(data, k=shape[1], shared=with_shared)
    np.testing.assert_array_equal(got_indices, indices)
    np.testing.assert_allclose(got_similarity, similarity, rtol=2**-12)
    assert (np.diff(got_similarity, axis=1) <= 0).all()
    if with_shared:
        np.testing.assert_array_equal(got_shared, shared)


def test_an_exact_similarity_stays_exact() -> None:
    """0, 0.5 and 1 have no fraction bits that could be lost."""
    data = encoding.encode_neighbours(np.zeros((1, 3), int), np.array([[1, 0.5, 0]]), None)
    assert encoding.decode_neighbours(data, k=3, shared=False)[1].tolist() == [[1, 0.5, 0]]


@given(st.binary(max_size=200))
def test_packing_gives_the_same_bytes_every_time_and_is_undone(data: bytes) -> None:
    packed = encoding.pack(data)
    assert packed == encoding.pack(data)
    assert encoding.unpack(packed) == data
    assert packed[4:8] == b"\0\0\0\0"  # no time of packing


def test_what_a_server_has_inflated_already_is_left_alone() -> None:
    assert encoding.unpack(b"plain") == b"plain"


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]])
def test_json_refuses_numbers_that_browsers_cannot_read(value: object) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        encoding.encode_json(value)


def test_a_file_that_is_cut_off_is_named_with_both_lengths() -> None:
    with pytest.raises(DataError, match=r"positions of 3 rows in 2-D has 11 bytes; expected 12 bytes"):
        encoding.decode_positions(b"x" * 11, [[0, 0], [1, 1]], n_rows=3)
    with pytest.raises(DataError, match=r"numbers has 5 bytes; expected a multiple of 4"):
        encoding.decode_numbers(b"x" * 5)
    with pytest.raises(DataError, match=r"lists of 2 rows has 3 bytes; expected 6 bytes"):
        encoding.decode_lists(bytes([1, 1, 0]), n_rows=2)
    with pytest.raises(DataError, match=r"neighbour lists of 2 has 9 bytes; expected a multiple of 16"):
        encoding.decode_neighbours(b"x" * 9, k=2, shared=False)
