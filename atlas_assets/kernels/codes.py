"""Ids as dense codes, in the order in which they first appear: a dictionary that is fed batch by batch.

``IntegerCodes`` looks ids up in a table over their range, or in a hash table where they are too far apart;
``TextCodes`` in a hash table over their bytes. ``codes_reference`` is the obvious version they are tested against.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numba import njit

from atlas_assets.kernels.splitmix import splitmix64

# Entries (4 bytes) a table over the range of ids may always have; beyond, only as many as there are ids, times FILL.
TABLE_ENTRIES = 1 << 24
FILL = 8


class IntegerCodes:
    """Codes of int64 ids. ``len``: how many distinct ones there are so far."""

    def __init__(self) -> None:
        self._n = 0
        self._ids = np.empty(0, np.int64)
        self._low = 0
        self._table = np.zeros(0, np.int32)  # code + 1, 0 where there is none: untouched zero pages cost nothing
        self._hashed = False

    def __len__(self) -> int:
        return self._n

    def ids(self) -> np.ndarray:
        """(n,) int64: the id of every code."""
        return self._ids[: self._n].copy()

    def encode(self, ids: np.ndarray) -> np.ndarray:
        """(m,) int32 codes of (m,) int64 ids; new ids get the next codes. Amortised O(m)."""
        codes = np.empty(ids.size, np.int32)
        if ids.size:
            self._ids = _grown(self._ids, self._n, self._n + ids.size)
            self._make_room(ids)
            self._n = _encode(ids, self._low, self._hashed, self._table, self._ids, self._n, codes)
        return codes

    def _make_room(self, ids: np.ndarray) -> None:
        if not self._hashed:
            low, high = int(ids.min()), int(ids.max())
            if self._table.size:
                low, high = min(low, self._low), max(high, self._low + self._table.size - 1)
            span = high - low + 1
            if span <= self._table.size:
                return
            if span <= max(TABLE_ENTRIES, FILL * self._n):
                # Room to grow on both sides, so that ids in ascending order do not move the table with every batch.
                low = max(low - (span // 2 if low < self._low and self._table.size else 0), -(2**63))
                size = min(high - low + 1 + span // 2, 2**63 - low)
                self._low, self._table = low, np.zeros(size, np.int32)
                _fill(self._ids, self._n, self._low, self._hashed, self._table)
                return
            self._hashed, self._table = True, np.zeros(0, np.int32)
        if 2 * (self._n + ids.size) > self._table.size:
            self._table = np.zeros(_power_of_two(4 * (self._n + ids.size)), np.int32)
            _fill(self._ids, self._n, self._low, self._hashed, self._table)


class TextCodes:
    """Codes of texts, given as Arrow holds them: offsets into one buffer of UTF-8 bytes."""

    def __init__(self) -> None:
        self._n = 0
        self._ends = np.zeros(1, np.int64)
        self._bytes = np.empty(0, np.uint8)
        self._hashes = np.empty(0, np.uint64)
        self._table = np.zeros(0, np.int32)

    def __len__(self) -> int:
        return self._n

    def ids(self) -> tuple[np.ndarray, np.ndarray]:
        """(n + 1,) int64 offsets and uint8 bytes: the text of every code."""
        return self._ends[: self._n + 1].copy(), self._bytes[: self._ends[self._n]].copy()

    def encode(self, offsets: np.ndarray, content: np.ndarray) -> np.ndarray:
        """(m,) int32 codes of the m texts content[offsets[i] : offsets[i + 1]]. Amortised O(bytes)."""
        m = offsets.size - 1
        codes = np.empty(m, np.int32)
        if m:
            self._ends = _grown(self._ends, self._n + 1, self._n + 1 + m)
            self._hashes = _grown(self._hashes, self._n, self._n + m)
            used = int(self._ends[self._n])
            self._bytes = _grown(self._bytes, used, used + int(offsets[-1] - offsets[0]))
            if 2 * (self._n + m) > self._table.size:
                self._table = np.zeros(_power_of_two(4 * (self._n + m)), np.int32)
                _fill_by_hash(self._hashes, self._n, self._table)
            self._n = _encode_text(offsets, content, self._table, self._hashes, self._ends, self._bytes, self._n, codes)
        return codes


def codes_reference(ids: Iterable[Hashable]) -> tuple[list[int], list[Hashable]]:
    """The codes and the ids in the order of their codes, with a dictionary."""
    known: dict[Hashable, int] = {}
    return [known.setdefault(one, len(known)) for one in ids], list(known)


def _grown(array: np.ndarray, used: int, wanted: int) -> np.ndarray:
    """``array`` with room for ``wanted`` entries; its first ``used`` ones are kept. Room is doubled, so it is rare."""
    if wanted <= array.size:
        return array
    grown = np.empty(max(wanted, 2 * array.size), array.dtype)
    grown[:used] = array[:used]
    return grown


def _power_of_two(at_least: int) -> int:
    return 1 << max(4, (at_least - 1).bit_length())


@njit(cache=True, inline="always")
def _slot_of(one, low, hashed, table, known):
    """Where ``table`` has the code of an id, or room for it.

    Not ``hashed``: at its distance from ``low``. Else by linear probing: the size of the table is a power of two, and
    at least half of it is empty.
    """
    if not hashed:
        return np.uint64(one - low)
    mask = np.uint64(table.size - 1)
    slot = splitmix64(one) & mask
    while table[slot] != 0 and known[table[slot] - 1] != one:
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True)
def _encode(ids, low, hashed, table, known, n, codes):
    """Sets ``codes``; returns the new number of known ids. Runs of one id, as in sorted files, cost one look-up."""
    code = np.int32(0)
    for i in range(ids.size):
        if i == 0 or ids[i] != ids[i - 1]:
            slot = _slot_of(ids[i], low, hashed, table, known)
            code = table[slot] - 1
            if code < 0:
                known[n] = ids[i]
                code = n
                n += 1
                table[slot] = n
        codes[i] = code
    return n


@njit(cache=True)
def _fill(known, n, low, hashed, table):
    for code in range(n):
        table[_slot_of(known[code], low, hashed, table, known)] = code + 1


@njit(cache=True)
def _fill_by_hash(hashes, n, table):
    mask = np.uint64(table.size - 1)
    for code in range(n):
        slot = hashes[code] & mask
        while table[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = code + 1


@njit(cache=True)
def _same(left, start, right, other, length):
    for k in range(length):  # noqa: SIM110 - numba has no all()
        if left[start + k] != right[other + k]:
            return False
    return True


@njit(cache=True)
def _encode_text(offsets, content, table, hashes, ends, known, n, codes):
    """As ``_encode`` for texts: FNV-1a (Fowler, Noll and Vo 1991) over the bytes, compared in full."""
    mask = np.uint64(table.size - 1)
    code = np.int32(0)
    for i in range(codes.size):
        start, length = offsets[i], offsets[i + 1] - offsets[i]
        if i > 0 and length == start - offsets[i - 1] and _same(content, start, content, offsets[i - 1], length):
            codes[i] = code
            continue
        mixed = np.uint64(0xCBF29CE484222325)
        for k in range(start, start + length):
            mixed = (mixed ^ np.uint64(content[k])) * np.uint64(0x100000001B3)
        mixed = splitmix64(mixed)
        slot = mixed & mask
        while table[slot] != 0:
            code = table[slot] - 1
            if (
                hashes[code] == mixed
                and ends[code + 1] - ends[code] == length
                and _same(known, ends[code], content, start, length)
            ):
                break
            slot = (slot + np.uint64(1)) & mask
        if table[slot] == 0:
            code = n
            hashes[n] = mixed
            for k in range(length):
                known[ends[n] + k] = content[start + k]
            ends[n + 1] = ends[n] + length
            n += 1
            table[slot] = n
        codes[i] = code
    return n


@njit(cache=True)
def first_longer(numbers, lengths):
    """The first i whose number takes fewer characters than lengths[i], such as 7 for "007" or "+7"; -1 if none does."""
    for i in range(numbers.size):
        digits, limit = 1, np.int64(10)
        while digits < 19 and (numbers[i] >= limit or numbers[i] <= -limit):
            digits += 1
            limit *= 10
        if digits + (numbers[i] < 0) != lengths[i]:
            return i
    return -1
