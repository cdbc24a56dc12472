"""Columns: Arrow's IPC files and streams (``.arrow``, Feather, Hugging Face ``datasets``), and what Parquet may hold.

Vectors may be bytes, pictures a struct of bytes and path: the first become lists, the second are left out, and said.
Classes that have names are told by these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from atlas_assets.sources.forms import hugging_face
from atlas_assets.sources.forms.form import ANY, Form, Given, Head, Pieces, Role, no_rows

_FILE, _STREAM, _FEATHER_1 = b"ARROW1", b"\xff\xff\xff\xff", b"FEA1"
_BATCH_ROWS = 1 << 14
_SPARE_BITS = (1 << 29) - 1  # of a float64 that a float32 holds exactly: 0
_LARGEST = 1e6  # of a number of a vector: what is read from other bytes is mostly larger, or no number


@dataclass
class _Plan:
    """Which columns are written otherwise: vectors from bytes, by their type, classes, and those that are left out."""

    vectors: dict[str, np.dtype] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)
    plain: bool = True

    @classmethod
    def of(cls, batch: pa.RecordBatch, role: Role, schema: pa.Schema) -> _Plan:
        plan = cls(classes=hugging_face.class_names(schema))
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            dtype = column.type
            if isinstance(dtype, pa.BaseExtensionType):
                plan.plain = False
            elif pa.types.is_struct(dtype) and {f.name for f in dtype} == {"bytes", "path"}:
                plan.left[name] = "pictures"
            elif pa.types.is_binary(dtype) or pa.types.is_large_binary(dtype) or pa.types.is_fixed_size_binary(dtype):
                values = [value for value in column.to_pylist() if value is not None]
                if found := _numbers(values) if role == "vectors" else None:
                    plan.vectors[name] = found
                elif not _are_text(values):
                    plan.left[name] = "bytes"
        plan.plain &= not (plan.vectors or plan.left or plan.classes)
        return plan

    def table(self, given: Given, batch: pa.RecordBatch) -> pa.Table:
        """The columns of a batch as they are to be written."""
        made: dict[str, pa.Array] = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name in self.vectors:
                made[name] = _as_lists(given, name, column, self.vectors[name])
            elif name in self.classes:
                made[name] = hugging_face.named(column, self.classes[name])
            elif name not in self.left:
                made[name] = column.storage if isinstance(column, pa.ExtensionArray) else column
        return pa.table(made)

    def told(self, given: Given) -> tuple[str, ...]:
        vectors = (f"{given.name}: {name} -> lists of {dtype.name}, from bytes" for name, dtype in self.vectors.items())
        classes = (
            f"{given.name}: {name} -> the names of its {len(names):,} classes" for name, names in self.classes.items()
        )
        left = (f"{given.name}: {name} -> left out: it holds {what}" for name, what in self.left.items())
        return (*vectors, *classes, *left)


def _numbers(values: list[bytes]) -> np.dtype | None:
    """The type of the numbers that all values are, if they are vectors of one length."""
    lengths = {len(value) for value in values}
    if len(lengths) != 1 or _are_text(values):
        return None
    dtypes = (np.dtype("<f8"), np.dtype("<f4")) if _are_rounded_doubles(values) else (np.dtype("<f4"), np.dtype("<f8"))
    for dtype in dtypes:
        if (length := next(iter(lengths))) % dtype.itemsize == 0 and length >= 2 * dtype.itemsize:
            numbers = np.frombuffer(b"".join(values), dtype)
            with np.errstate(invalid="ignore"):
                if np.isfinite(numbers).all() and np.abs(numbers).max() < _LARGEST and np.abs(numbers).max() > 1e-6:
                    return dtype
    return None


def _are_rounded_doubles(values: list[bytes]) -> bool:
    """Whether every eight bytes could be a float64 that was a float32 before: its halves pass as float32, too."""
    whole = all(len(value) % 8 == 0 for value in values)
    return whole and not (np.frombuffer(b"".join(values), "<u8") & np.uint64(_SPARE_BITS)).any()


def _are_text(values: list[bytes]) -> bool:
    try:
        return all(value.decode("utf-8").isprintable() for value in values)
    except UnicodeDecodeError:
        return False


def _as_lists(given: Given, name: str, column: pa.Array, dtype: np.dtype) -> pa.Array:
    lists = []
    for value in column.to_pylist():
        if value is not None and len(value) % dtype.itemsize:
            raise given.wrong(
                f"holds {len(value)} bytes",
                expected=f"a multiple of {dtype.itemsize}, as before",
                remedy="Write its vector again.",
                where=f"column {name!r}",
            )
        lists.append(None if value is None else np.frombuffer(value, dtype).astype(np.float32))
    return pa.array(lists, pa.list_(pa.float32()))


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    """Not by ``from_pylist``, which imports pandas for half a second."""
    return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def read_parquet(given: Given) -> Pieces | None:
    """What a Parquet file holds in columns that can be read; None where that is all of them."""
    try:
        source = pq.ParquetFile(given.path)
        batches = source.iter_batches(batch_size=_BATCH_ROWS)
        schema = source.schema_arrow
        plan = _Plan.of(next(batches, _empty(schema)), given.role, schema)
    except (pa.ArrowException, OSError):
        return None  # whoever reads it says it better
    if plan.plain:
        return None
    return _written(given, _sound(source.iter_batches(batch_size=_BATCH_ROWS)), plan)


def read(given: Given) -> Pieces:
    """The rows of an Arrow file or stream as Parquet, batch by batch."""
    if given.head.bytes.startswith(_FEATHER_1):
        raise given.wrong(
            "is a Feather file of version 1",
            expected="version 2, which is Arrow",
            remedy="Convert it: python -c \"import pandas; pandas.read_feather('in').to_parquet('out.parquet')\"",
        )
    try:
        with _batches(given) as batches:
            first = next((batch for batch in batches if batch.num_rows), None)
            if first is None:
                raise no_rows(given)
            plan = _Plan.of(first.slice(0, 1_000), given.role, first.schema)
        with _batches(given) as batches:
            return _written(given, batches, plan)
    except (pa.ArrowException, OSError) as error:
        raise given.unreadable(error, "an Arrow file") from error


@contextmanager
def _batches(given: Given) -> Iterator[Iterator[pa.RecordBatch]]:
    with pa.memory_map(str(given.path)) as source:
        if given.head.bytes.startswith(_FILE):
            file = pa.ipc.open_file(source)
            yield _sound(file.get_batch(i) for i in range(file.num_record_batches))
        else:
            yield _sound(pa.ipc.open_stream(source))


def _sound(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Each once it was looked through: Polars takes offsets and UTF-8 for right, or ends the process."""
    for batch in batches:
        batch.validate(full=True)
        yield batch


def _written(given: Given, batches: Iterable[pa.RecordBatch], plan: _Plan) -> Pieces:
    target, writer = given.target("table.parquet"), None
    try:
        for batch in batches:
            table = plan.table(given, batch)
            writer = writer or pq.ParquetWriter(target, table.schema, compression="lz4")
            writer.write_table(table)
    finally:
        if writer:
            writer.close()
    return Pieces(target, "parquet", told=plan.told(given))


def _recognises(head: Head, role: Role) -> bool:
    return head.bytes.startswith((_FILE, _STREAM, _FEATHER_1)) and not head.bytes.startswith(_STREAM * 2)


FORM = Form("arrow", "an Arrow or Feather file", (".arrow", ".feather", ".ipc"), ANY, _recognises, read)
