"""Which rows hold which words in their long texts: what a page looks words up in without loading the texts.

Words in the order of their letters are divided into shards, so that the words of a question, and those that begin like
its last one, lie in few files. A shard is the length of its heading (uint32), the heading (JSON: [word, holders] …),
then of each word its rows as differences (LEB128, the first from 0) and last of all holders in that order the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.stages.bundle import encoding
from atlas_assets.stages.bundle.files import Writer

SHARD_HOLDERS = 32_768  # of the words of a shard, about: some 50 kB to load; a word that has more is one of its own
MAX_SHARDS = 1_024
FULL = 255  # the weight of a word that is all of a text


@dataclass(frozen=True)
class TextWords:
    """The words of the texts in ``fields``: text (row, in index order) and word (m,) integer, each pair once.

    names (v,): of the words. weight (m,): above 0, of a word in its text, whose squares sum to 1 over a text. ignored:
    words that were not counted, and that are not missed in a question.
    """

    fields: list[str]
    names: pl.Series
    text: np.ndarray
    word: np.ndarray
    weight: np.ndarray
    ignored: list[str]


def put(words: TextWords, row_of: np.ndarray, out: Writer) -> dict[str, Any]:
    """The manifest's entry; ``row_of`` (n,): the row in the bundle of each entity."""
    alphabetical = sorted(enumerate(words.names.to_list()), key=lambda one: one[1].encode("utf-16-be"))  # as pages do
    names = [name for _, name in alphabetical]
    place = np.empty(len(names), np.int64)
    place[[at for at, _ in alphabetical]] = np.arange(len(names))
    word, row = place[words.word], np.asarray(row_of)[words.text]
    order = np.lexsort((row, word))
    word, row = word[order], row[order]
    weight = np.clip(np.rint(words.weight[order] * FULL), 1, FULL).astype(np.uint8)
    holders = np.bincount(word, minlength=len(names))
    ends = np.cumsum(holders)
    shards = []
    for first, last in _shards(holders):
        rows = slice(int(ends[first] - holders[first]), int(ends[last - 1]))
        data = encode(names[first:last], holders[first:last], row[rows], weight[rows])
        file = out.put_plain("texts", str(len(shards)), encoding.pack(data), "bin")
        shards.append({"first": names[first], **file})
    listed = encoding.pack(encoding.encode_json({"ignored": sorted(words.ignored), "shards": shards}))
    return {"fields": words.fields, "index": out.put_plain("texts", "index", listed, "bin")}


def _shards(holders: np.ndarray) -> list[tuple[int, int]]:
    """Places of words: from, to."""
    size = max(SHARD_HOLDERS, int(holders.sum()) // MAX_SHARDS * 2)
    number = np.maximum.accumulate((np.cumsum(holders) - 1) // size)
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    return list(zip(starts.tolist(), [*starts[1:].tolist(), holders.size], strict=True))


def encode(names: list[str], holders: np.ndarray, rows: np.ndarray, weights: np.ndarray) -> bytes:
    """A shard. rows, weights (sum of holders,): of each word its rows, which rise, and the weight in each."""
    heading = encoding.encode_json([[name, count] for name, count in zip(names, holders.tolist(), strict=True)])
    change = np.diff(rows, prepend=0)
    starts = np.cumsum(holders) - holders
    change[starts] = rows[starts]
    return len(heading).to_bytes(4, "little") + heading + varints(change) + weights.astype(np.uint8).tobytes()


def decode(data: bytes) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rows and weights of each word of a shard."""
    import json

    size = int.from_bytes(data[:4], "little")
    heading = json.loads(data[4 : 4 + size])
    total = sum(count for _, count in heading)
    change = from_varints(data[4 + size : len(data) - total])
    weights = np.frombuffer(data[len(data) - total :], np.uint8)
    found, first = {}, 0
    for name, count in heading:
        found[name] = np.cumsum(change[first : first + count]), weights[first : first + count]
        first += count
    return found


def varints(values: np.ndarray) -> bytes:
    """Whole numbers below 2^35 as LEB128: seven bits per byte, the lowest first, 128 where more follow."""
    values = np.asarray(values, np.int64)
    length = np.searchsorted(1 << np.array([7, 14, 21, 28]), values, side="right") + 1
    ends = np.cumsum(length)
    data = np.empty(int(ends[-1]) if values.size else 0, np.uint8)
    for at in range(5):
        some = length > at
        data[(ends - length)[some] + at] = (values[some] >> 7 * at) & 127 | np.where(length[some] > at + 1, 128, 0)
    return data.tobytes()


def from_varints(data: bytes) -> np.ndarray:
    """Undo :func:`varints`."""
    septets = np.frombuffer(data, np.uint8).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, septets[:-1] < 128]) if septets.size else np.empty(0, np.int64)
    within = np.arange(septets.size) - np.repeat(starts, np.diff(np.r_[starts, septets.size]))
    return np.add.reduceat((septets & 127) << 7 * within, starts) if septets.size else starts
