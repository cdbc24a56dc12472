"""Codes of ids while they are read: whatever the column's type, each id is looked up once and is 4 bytes from then on.

What decides the type of ids (are they all integers?) is told by the way, from what each batch holds.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.sources import columns as read
from atlas_assets.sources.values.parsed import ABSENT


@dataclass(frozen=True)
class IdBatch:
    """Ids of consecutive rows: ``values`` int64 or text, null where there is none; with ``indices``, row i has
    values[indices[i]], and -1 means none.

    n_respelt: texts that were written in another form of the same id, respelt the first of them; word: one that means
    that there is no id.
    """

    values: pl.Series
    indices: np.ndarray | None
    n_respelt: int = 0
    respelt: str | None = None
    word: str | None = None

    def absent(self) -> np.ndarray | None:
        """Mask of the rows without an id; None where all have one."""
        if self.indices is None:
            return self.values.is_null().to_numpy() if self.values.null_count() else None
        missing = self.indices < 0
        if self.values.null_count():
            missing |= self.values.is_null().to_numpy()[self.indices]
        return missing if missing.any() else None

    def where(self, rows: np.ndarray) -> IdBatch:
        """The rows of a mask."""
        if self.indices is not None:
            return dataclasses.replace(self, indices=self.indices[rows])
        return dataclasses.replace(self, values=self.values.filter(pl.Series(rows)))


def id_batch(
    column: pl.Series,
    indices: np.ndarray | None = None,
    *,
    only_text: bool = False,
    words: bool = False,
    decimals: bool = False,
) -> IdBatch:
    """A column as a file has it, or its distinct values with indices into them: blanks become null, 3.0 is 3.

    Text is int64 where every one is an integer as Python would write it; with ``only_text`` that is not tried.
    words: as in ``columns.one_form``; decimals: whether 12.0 as text is 12.
    """
    dtype = column.dtype
    if dtype.is_integer() and not (dtype in (pl.UInt64, pl.Int128) and bool((column > 2**63 - 1).any())):
        return IdBatch(column.cast(pl.Int64), indices)
    # Blanks sort before "!", so two comparisons clear nearly all columns; blanks beyond ASCII sort behind "~".
    if dtype != pl.String or bool(((column < "!") | (column > "~")).any()):
        column = column.to_frame("id").select(read.as_ids("id", dtype, pl.String())).to_series()
    integers = None if only_text else _as_integers(column)
    if integers is not None or dtype != pl.String:
        return IdBatch(column if integers is None else integers, indices)
    return _in_one_form(column, indices, only_text=only_text, words=words, decimals=decimals)


def _in_one_form(
    column: pl.Series, indices: np.ndarray | None, *, only_text: bool, words: bool, decimals: bool
) -> IdBatch:
    """Texts, each in its one form; nothing is done where a look shows that all are in it."""
    made, n_respelt, respelt, word = column, 0, None, None
    odd = (column.str.len_bytes() != column.str.len_chars()) | column.str.starts_with(" ") | column.str.ends_with(" ")
    odd |= column.is_in(list(ABSENT)) if words else False
    odd = odd.fill_null(False)
    if odd.any():
        part = column.filter(odd)
        spelt = part.unique()
        forms = spelt.to_frame("id").select(read.one_form(pl.col("id"), words=words)).to_series()
        part_made = part.replace_strict(spelt, forms, return_dtype=pl.String)
        place = odd.cum_sum().cast(pl.Int64) - 1
        made = pl.select(pl.when(odd).then(part_made.gather(place.clip(0))).otherwise(column)).to_series()
        other = part.filter((part_made != part).fill_null(False))
        n_respelt, respelt = len(other), other[0] if len(other) else None
        gone = part.filter(part_made.is_null() & (part.str.strip_chars() != ""))
        word = gone[0] if len(gone) else None
    if decimals:
        made = made.to_frame("id").select(read.without_point(pl.col("id"))).to_series()
    integers = None if only_text or made is column else _as_integers(made)
    return IdBatch(made if integers is None else integers, indices, n_respelt, respelt, word)


class IdCodes:
    """Dense codes in the order in which ids are met; integers and their decimal form as text are one id."""

    def __init__(self) -> None:
        from atlas_assets.kernels import codes  # here: loading the definitions must not import numba

        self._kernels = codes
        self._integers = codes.IntegerCodes()
        self._texts: Any = None  # from the first text on that is no integer

    def __len__(self) -> int:
        return len(self._integers if self._texts is None else self._texts)

    def encode(self, batch: IdBatch) -> np.ndarray:
        """(m,) int32 codes of a batch in which every row has an id."""
        if batch.indices is None:
            return self._encode(batch.values)
        used = np.zeros(len(batch.values), dtype=bool)
        used[batch.indices] = True
        codes = np.full(used.size, -1, np.int32)
        codes[used] = self._encode(batch.values.filter(pl.Series(used)))
        return codes[batch.indices]

    def _encode(self, ids: pl.Series) -> np.ndarray:
        if self._texts is None:
            if ids.dtype == pl.Int64:
                return self._integers.encode(ids.to_numpy())
            self._texts = self._kernels.TextCodes()
            self._encode(pl.Series(self._integers.ids()))
        return self._texts.encode(*_offsets_and_bytes(ids.cast(pl.String)))

    def ids(self, dtype: pl.DataType) -> pl.Series:
        """The id of every code, as ``dtype``: text, or int64 if all are integers."""
        if self._texts is None:
            return pl.Series("id", self._integers.ids()).cast(dtype)
        import pyarrow as pa

        offsets, content = self._texts.ids()
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content)]
        return pl.Series("id", pa.LargeStringArray.from_buffers(offsets.size - 1, buffers[1], buffers[2])).cast(dtype)


def _as_integers(text: pl.Series) -> pl.Series | None:
    """Text as int64, or None where any is no integer as Python would write it."""
    from atlas_assets.kernels import codes

    number = text.cast(pl.Int64, strict=False)
    if number.null_count() > text.null_count():
        return None
    known = text.drop_nulls()
    if codes.first_longer(number.drop_nulls().to_numpy(), known.str.len_bytes().to_numpy()) >= 0:
        return None
    return number


def _offsets_and_bytes(text: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    array: Any = text.rechunk().to_arrow()  # large_string: int64 offsets
    _, offsets, content = array.buffers()
    if content is None:
        content = b""
    return (
        np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1],
        np.frombuffer(content, np.uint8),
    )
