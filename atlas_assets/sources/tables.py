"""One plain file as a Polars LazyFrame, and where exactly a broken file is broken.

Text formats are read as text: what a column holds is decided by looking at all of it, not at a sample. The checks run
in Polars too; Python looks at single lines only once it is known that one is wrong.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from atlas_assets.errors import DataError, Found, of_the_machine
from atlas_assets.sources import nested
from atlas_assets.sources.forms.form import Options, Role
from atlas_assets.sources.locate import Located, locate
from atlas_assets.sources.text import table

ROW = "\x00row"  # no column of a file is called so
BATCH_ROWS = 1 << 18
_PLAIN = (
    pa.types.is_signed_integer,
    pa.types.is_unsigned_integer,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_boolean,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_date32,
    pa.types.is_timestamp,
)


def scan(file: Located) -> pl.LazyFrame:
    """The file's rows; all columns of a CSV are strings, objects are columns ``name.field`` (``nested.flattened``).

    Raises DataError for an empty, ragged or unreadable file.
    """
    if file.format == "parquet":
        frame = nested.flattened(_scan_parquet(file))
    elif file.format == "jsonl":
        frame = nested.flattened(_scan_jsonl(file))
    elif file.format == "csv":
        frame = table.scan(file)
    else:
        raise DataError(
            file=file.name,
            where="",
            found=Found(f"is a {file.format} file"),
            expected="CSV, TSV, JSONL or Parquet",
            remedy="NPY holds vectors only: give it as source.vectors.",
        )
    return frame


def located(
    patterns: Sequence[str], *, base: Path, scratch: Path, role: Role, options: Options | None = None
) -> list[Located]:
    """The files that ``patterns`` name, as in ``locate``, text tables with their dialect found and counted."""
    files = locate(patterns, base=base, scratch=scratch, role=role, options=options)
    return [table.prepare(file, scratch / f"text{i}") for i, file in enumerate(files)]


def is_typed(file: Located) -> bool:
    """Whether the file itself says what is a number and what is text."""
    return file.format != "csv"


def column(file: Located, names: Sequence[str], wanted: str, *, field: str) -> str:
    """``wanted``, if it is among ``names``; else a DataError with the nearest name."""
    if wanted in names:
        return wanted
    close = difflib.get_close_matches(wanted.lower(), [n.lower() for n in names], n=1, cutoff=0.5)
    nearest = next((n for n in names if close and n.lower() == close[0]), None)
    raise DataError(
        file=file.name,
        where=f"column {wanted!r}",
        found=Found("is missing"),
        expected=f"one of {', '.join(names)}",
        remedy=f"Did you mean {nearest!r}? Set {field} to it." if nearest else f"Set {field} to a column of the file.",
    )


def collect(frame: pl.LazyFrame, file: Located) -> pl.DataFrame:
    """``frame``, computed in bounded memory; a file that turns out broken ends in a DataError that says where."""
    try:
        return frame.collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        diagnose(file, error)


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of a table. Of a column with ``indices``, row i is columns[name][indices[name][i]], -1 is null.

    first_row: number of the first row, from 1, where rows are those of the file; else there is a column ROW.
    """

    columns: dict[str, pl.Series]
    indices: dict[str, np.ndarray]
    n_rows: int
    first_row: int = 0

    def frame(self, names: Sequence[str]) -> pl.DataFrame:
        """The columns, none of which has indices, with the number of each row as ROW."""
        frame = pl.DataFrame([self.columns[name] for name in names])
        if ROW in self.columns:
            return frame.with_columns(self.columns[ROW])
        return frame.with_row_index(ROW, offset=self.first_row)


def batches(frame: pl.LazyFrame, file: Located) -> Iterator[Batch]:
    """``frame``, some ``BATCH_ROWS`` rows at a time, in order; a broken file ends as in ``collect``."""
    try:
        for rows in frame.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, engine="streaming"):
            yield Batch({column.name: column for column in rows}, {}, rows.height)
    except pl.exceptions.PolarsError as error:
        diagnose(file, error)


def head(frame: pl.LazyFrame, file: Located, n_rows: int) -> pl.DataFrame:
    """The first rows of ``frame``, which is what ``scan`` made of ``file``."""
    if has_plain_columns(file, [name for name in frame.collect_schema() if name != ROW]):
        with contextlib.suppress(pa.ArrowException):  # what is wrong is told by whoever reads all of it
            batch = next(pq.ParquetFile(file.path, buffer_size=1 << 20).iter_batches(batch_size=n_rows))
            batch.validate(full=True)
            return pl.DataFrame(pa.Table.from_batches([batch]))
    return collect(frame.drop(ROW, strict=False).head(n_rows), file)


def has_plain_columns(file: Located, names: Sequence[str]) -> bool:
    """Whether ``parquet_batches`` reads these columns as ``scan`` would."""
    if file.format != "parquet":
        return False
    schema = pq.read_schema(file.path)
    return all(
        schema.names.count(name) == 1 and any(holds(schema.field(name).type) for holds in _PLAIN) for name in names
    )


def parquet_batches(file: Located, columns: Mapping[str, str], *, distinct: Sequence[str]) -> Iterator[Batch]:
    """Columns of a Parquet file, {name in the batch: name in the file}; in less time and a third of the memory.

    distinct: names of which text is wanted as distinct values with indices, which is how Parquet holds it mostly.
    """
    try:
        schema = pq.read_schema(file.path)
        held = [columns[name] for name in distinct if _is_text(schema.field(columns[name]).type)]
        source = pq.ParquetFile(file.path, read_dictionary=held, buffer_size=1 << 20)
        first_row = 1
        for batch in source.iter_batches(batch_size=BATCH_ROWS, columns=list(columns.values())):
            batch.validate(full=True)  # Polars takes texts for UTF-8 without a look, and would end the process
            made: dict[str, pl.Series] = {}
            indices: dict[str, np.ndarray] = {}
            for name, label in columns.items():
                array = batch.column(label)
                if isinstance(array, pa.DictionaryArray):
                    places = array.indices.fill_null(-1) if array.null_count else array.indices
                    indices[name] = places.to_numpy(zero_copy_only=False)
                    array = array.dictionary
                made[name] = pl.Series(name, array)
            yield Batch(made, indices, batch.num_rows, first_row)
            first_row += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        diagnose(file, error)


def _is_text(dtype: pa.DataType) -> bool:
    return pa.types.is_string(dtype) or pa.types.is_large_string(dtype)


def diagnose(file: Located, error: Exception) -> NoReturn:
    """Raise the DataError that says where ``file`` is broken; ``error`` is what Polars said about it.

    Where the machine refused something, the file is not to blame, and ``error`` is raised again.
    """
    if of_the_machine(error):
        raise error
    if file.format in ("csv", "jsonl"):
        _check_encoding(file)
    if file.format == "jsonl":
        _check_json(file)
    raise DataError(
        file=file.name,
        where="",
        found=Found(f"cannot be read ({str(error).splitlines()[0]})"),
        expected=f"a {'Parquet' if file.format == 'parquet' else file.format.upper()} file",
        remedy="Write the file again; if its ending does not fit its content, rename it.",
    ) from error


def _scan_parquet(file: Located) -> pl.LazyFrame:
    try:
        frame = pl.scan_parquet(file.path, glob=False)
        names = frame.collect_schema().names()
        empty = not names or frame.select(pl.len()).collect().item() == 0
    except pl.exceptions.PolarsError as error:
        diagnose(file, error)
    if empty:
        _raise_no_rows(file)
    return _plain_types(frame)


def _plain_types(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Categories and bytes as text (older writers store text as bytes), decimals and durations (seconds) as numbers."""
    casts = []
    for name, dtype in frame.collect_schema().items():
        column = pl.col(name)
        if dtype in (pl.Categorical, pl.Enum, pl.Binary, pl.Time, pl.Null):
            casts.append(column.cast(pl.String))
        elif dtype == pl.Decimal:
            casts.append(column.cast(pl.Float64))
        elif dtype == pl.Duration:
            casts.append((column.dt.total_milliseconds() / 1000).alias(name))
    return frame.with_columns(casts)


def _scan_jsonl(file: Located) -> pl.LazyFrame:
    with file.path.open("rb") as lines:
        start = next((line.strip() for line in lines if line.strip()), b"")
    if not start:
        _raise_no_rows(file)
    if start.startswith(b"["):
        raise DataError(
            file=file.name,
            where="line 1",
            found=Found("opens a JSON array"),
            expected="one JSON object per line",
            remedy="Convert it, for example with: jq -c '.[]' in.json > out.jsonl",
        )
    try:
        # The whole file decides the types: an id that is text only in the last row makes the column text.
        frame = pl.scan_ndjson(file.path, infer_schema_length=None)
        frame.collect_schema()
    except pl.exceptions.PolarsError as error:
        diagnose(file, error)
    return frame


def _raise_no_rows(file: Located) -> NoReturn:
    raise DataError(
        file=file.name,
        where="",
        found=Found("has no rows"),
        expected="at least one row",
        remedy="Check what wrote the file, or leave it out.",
    )


def _check_encoding(file: Located) -> None:
    """Raise a DataError at the first line that is not UTF-8."""
    offset = 0
    with file.path.open("rb") as source:
        for number, line in enumerate(source, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise DataError(
                    file=file.name,
                    where=f"line {number}, byte {offset + error.start:,}",
                    found=Found(f"holds the byte 0x{line[error.start]:02x}, which is not UTF-8"),
                    expected="text in UTF-8",
                    remedy="Convert it, for example with: iconv -f latin1 -t utf-8 in.csv > out.csv",
                ) from error
            offset += len(line)


def _check_json(file: Located) -> None:
    """Raise a DataError at the first line that is not a JSON object."""
    with file.path.open("rb") as source:
        for number, line in enumerate(source, start=1):
            try:
                value = json.loads(line, parse_constant=_refuse_constant) if line.strip() else {}
            except (ValueError, RecursionError) as error:
                raise DataError(
                    file=file.name,
                    where=f"line {number}",
                    found=Found(f"is not JSON ({error})"),
                    expected="one JSON object per line",
                    remedy="Correct or remove the line.",
                ) from error
            if not isinstance(value, dict):
                raise DataError(
                    file=file.name,
                    where=f"line {number}",
                    found=Found("is not a JSON object"),
                    expected="one JSON object per line",
                    remedy='Write {"column": value, ...} on every line.',
                )


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def read_npy(file: Located) -> np.ndarray:
    """(n, d) array of an NPY file, memory-mapped. Raises DataError where it is not one."""
    try:
        array = np.load(file.path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, tokenize.TokenError) as error:  # of its header
        if of_the_machine(error):
            raise
        raise DataError(
            file=file.name,
            where="",
            found=Found(f"cannot be read ({error})"),
            expected="an array saved by numpy.save",
            remedy="Save it again as a two-dimensional array of numbers.",
        ) from error
    if array.ndim != 2 or not array.shape[1] or array.dtype.kind not in "fiu":
        raise DataError(
            file=file.name,
            where="",
            found=Found(f"holds an array of shape {array.shape} and type {array.dtype}"),
            expected="numbers with one row per entity",
            remedy="Save a two-dimensional array of numbers.",
        )
    return array


def examples(values: Iterable[object], n: int = 3) -> str:
    """The first few values, as Python writes them, so that 1 and '1' can be told apart; dates as in ISO 8601."""
    return ", ".join(
        str(value) if isinstance(value, date) else repr(value) for _, value in zip(range(n), values, strict=False)
    )
