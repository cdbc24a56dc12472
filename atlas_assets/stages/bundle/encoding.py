"""The byte formats of the bundle, each as a pair of functions: arrays to bytes, and back.

The browser decodes the same bytes in ``frontend/src/core/data``. Everything is little-endian. Numbers of several bytes
are stored as byte planes (all lowest bytes first), because gzip finds repetition in the high bytes of ordered rows but
not in interleaved ones: a million Morton-ordered positions shrink from 3.4 to 1.9 MB. Compression itself is a separate
step (:func:`pack`, :func:`unpack`), so that the formats can be read without it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from atlas_assets.errors import DataError, Found

POSITION_STEPS = 65_535  # of a u16: positions lie on a grid of 65,536 per side of their bounding box
NULL_U8, NULL_U16 = 255, 65_535  # codes that mean "no value"
NO_NEIGHBOUR = 0xFFFF_FFFF
MAX_LIST_LENGTH = 255  # lengths of lists are one byte
LARGE = 1 << 17  # bytes; the first paint's files are smaller
GZIP_MAGIC = b"\x1f\x8b"


def pack(data: bytes) -> bytes:
    """``data`` in gzip; equal data give equal bytes, as no time is recorded.

    Large data at level 6: the neighbours of a million entities take a minute at level 9, a fifth of that at level 6,
    and 2.7 % more bytes; columns and names 1 %.
    """
    return gzip.compress(data, compresslevel=9 if len(data) < LARGE else 6, mtime=0)


def unpack(data: bytes) -> bytes:
    """Undo :func:`pack`; data that some server has inflated already are returned as they are."""
    return gzip.decompress(data) if data[:2] == GZIP_MAGIC else data


def encode_json(value: Any) -> bytes:
    """``value`` as compact JSON. NaN and infinities are refused: JSON has none, and browsers would stumble."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def to_planes(values: np.ndarray) -> bytes:
    """The bytes of ``values`` (any little-endian number type) as planes: all first bytes, all second bytes, ..."""
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return values.view(np.uint8).reshape(-1, values.dtype.itemsize).T.tobytes()


def from_planes(data: bytes, dtype: str, *, what: str) -> np.ndarray:
    """Undo :func:`to_planes`; ``what`` names the content in the error for a wrong length."""
    size = np.dtype(dtype).itemsize
    if len(data) % size:
        raise _wrong_length(what, len(data), f"a multiple of {size} bytes")
    planes = np.frombuffer(data, np.uint8).reshape(size, -1)
    return np.ascontiguousarray(planes.T).view(np.dtype(dtype).newbyteorder("<")).ravel()


def quantise(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """``values`` within [low, high] as steps 0..65,535, uint16; an interval without width gives 0 throughout."""
    if high <= low:
        return np.zeros(len(values), np.uint16)
    share = (np.asarray(values, np.float64) - low) / (high - low)
    return np.rint(np.clip(share, 0, 1) * POSITION_STEPS).astype(np.uint16)


def encode_positions(positions: np.ndarray, box: Sequence[Sequence[float]]) -> bytes:
    """Positions (rows, dims) as "u16-delta-split": quantised on ``box`` = (lows, highs), one dimension after another.

    Each row is stored as its difference from the row before, modulo 2^16 and zigzagged (0, -1, 1, -2 -> 0, 1, 2, 3), so
    that neighbouring rows that lie near each other leave small numbers and the plane of high bytes is almost empty.
    """
    parts = []
    for dim, (low, high) in enumerate(zip(box[0], box[1], strict=True)):
        steps = quantise(positions[:, dim], low, high)
        change = np.diff(steps, prepend=np.uint16(0)).view(np.int16)  # uint16 arithmetic wraps: that is the modulo
        parts.append(to_planes(((change << 1) ^ (change >> 15)).view(np.uint16)))
    return b"".join(parts)


def decode_positions(data: bytes, box: Sequence[Sequence[float]], *, n_rows: int) -> np.ndarray:
    """Positions (n_rows, dims) float64, each within half a step of what was encoded."""
    dims = len(box[0])
    if len(data) != dims * 2 * n_rows:
        raise _wrong_length(f"positions of {n_rows:,} rows in {dims}-D", len(data), f"{dims * 2 * n_rows:,} bytes")
    positions = np.empty((n_rows, dims))
    for dim, (low, high) in enumerate(zip(box[0], box[1], strict=True)):
        zigzag = from_planes(data[dim * 2 * n_rows : (dim + 1) * 2 * n_rows], "u2", what="positions")
        change = (zigzag >> 1) ^ (-(zigzag & 1).astype(np.int16)).view(np.uint16)
        steps = np.cumsum(change, dtype=np.uint16)
        positions[:, dim] = low + steps * ((high - low) / POSITION_STEPS)
    return positions


def encode_numbers(values: np.ndarray) -> bytes:
    """Numbers as "f32-split": float32 byte planes, NaN where there is no value."""
    return to_planes(np.asarray(values, np.float32))


def decode_numbers(data: bytes) -> np.ndarray:
    return from_planes(data, "f4", what="numbers")


def encode_codes(codes: np.ndarray, *, cardinality: int) -> tuple[str, bytes]:
    """Codes 0..cardinality-1, -1 for none, as ("codes-u8" | "codes-u16", bytes): the smaller type that has room."""
    if cardinality <= NULL_U8:
        return "codes-u8", np.where(codes < 0, NULL_U8, codes).astype(np.uint8).tobytes()
    return "codes-u16", to_planes(np.where(codes < 0, NULL_U16, codes).astype(np.uint16))


def decode_codes(encoding: str, data: bytes) -> np.ndarray:
    """Codes as int32, -1 for none."""
    wide = encoding == "codes-u16"
    codes = from_planes(data, "u2" if wide else "u1", what="codes").astype(np.int32)
    return np.where(codes == (NULL_U16 if wide else NULL_U8), -1, codes)


def encode_booleans(values: Sequence[bool | None]) -> bytes:
    """Truth values as "bool-u8": 0, 1, or 255 for none."""
    return bytes(NULL_U8 if value is None else int(value) for value in values)


def decode_booleans(data: bytes) -> list[bool | None]:
    return [None if byte == NULL_U8 else bool(byte) for byte in data]


def encode_lists(lengths: np.ndarray, codes: np.ndarray) -> bytes:
    """Lists of codes as "list-u16": one length byte per row, then all codes, row after row.

    lengths (n,) at most 255; codes (sum of lengths,) at most 65,535.
    """
    return np.asarray(lengths, np.uint8).tobytes() + to_planes(np.asarray(codes, np.uint16))


def decode_lists(data: bytes, *, n_rows: int) -> list[list[int]]:
    lengths = np.frombuffer(data[:n_rows], np.uint8).astype(np.int64)
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if n_rows else 0
    if len(data) != n_rows + 2 * total:
        raise _wrong_length(f"lists of {n_rows:,} rows", len(data), f"{n_rows + 2 * total:,} bytes")
    codes = from_planes(data[n_rows:], "u2", what="lists").tolist()
    return [codes[end - length : end] for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]


def encode_lines(lines: Sequence[str]) -> bytes:
    """Texts, one per line; a text that holds a line break would be taken for two, so it is refused."""
    text = "\n".join(lines)
    if text.count("\n") != max(len(lines) - 1, 0):
        raise ValueError("a text with a line break cannot be stored as a line")
    return text.encode()


def decode_lines(data: bytes) -> list[str]:
    return data.decode().split("\n")


def encode_neighbours(indices: np.ndarray, similarity: np.ndarray, shared: np.ndarray | None) -> bytes:
    """A shard of neighbour lists: rows (uint32), similarities (float32) and, if given, shared counts (uint32).

    indices (rows, k) any integer type, -1 for none; similarity (rows, k); shared (rows, k) whole numbers.
    Similarities keep 12 of their 23 fraction bits (a relative error of 1/8,000, and the order of the list): nobody sees
    more, and the rest is noise that does not compress.
    """
    parts = [np.where(indices < 0, NO_NEIGHBOUR, indices).astype("<u4").tobytes()]
    bits = np.ascontiguousarray(similarity, "<f4").view(np.uint32)
    parts.append(((bits + np.uint32(0x400)) & np.uint32(0xFFFF_F800)).tobytes())
    if shared is not None:
        parts.append(np.rint(shared).astype("<u4").tobytes())
    return b"".join(parts)


def decode_neighbours(data: bytes, *, k: int, shared: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Indices (rows, k) int64 with -1 for none, similarity (rows, k) float32, shared (rows, k) uint32 or None."""
    row_bytes = (3 if shared else 2) * 4 * k
    if len(data) % row_bytes:
        raise _wrong_length(f"neighbour lists of {k}", len(data), f"a multiple of {row_bytes} bytes")
    blocks = np.frombuffer(data, "<u4").reshape(3 if shared else 2, -1, k)
    indices = np.where(blocks[0] == NO_NEIGHBOUR, -1, blocks[0].astype(np.int64))
    return indices, blocks[1].view("<f4"), blocks[2] if shared else None


def _wrong_length(what: str, found: int, expected: str) -> DataError:
    return DataError(
        file="bundle",
        where=what,
        found=Found(f"has {found:,} bytes"),
        expected=expected,
        remedy="The file is cut off or from another version: build the bundle again.",
    )
