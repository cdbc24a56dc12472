"""The canonical tables that every reader writes and ``entity_index`` reads.

``raw_collections``, a folder of
- ``interactions.parquet``, a folder of parts of ``PART_ROWS`` rows, in order: collection and entity, int32 codes; value
  f32, timestamp i64 (unix seconds) and weight f32 where the source has them, null where unknown;
- ``collection_ids.parquet`` and ``entity_ids.parquet``: id, int64 or text; row i is the id of code i. Every id has a
  row in interactions; codes count up in the order in which ids first appear there;
- ``entities.parquet``: id, label and metadata of entities, those of interactions and perhaps others;
- ``fields.json``: what the metadata is; ``report.json``: what was read, with notes.

``raw_edges`` has ``edges.parquet`` instead: source and target, codes into ``entity_ids.parquet``, and weight f32, or
distance f32, null where it is unknown.
``raw_vectors`` has ``vectors.npy`` (n, d) float32 or float64, row i for row i of ``entities.parquet``, and no codes.

Ids are encoded once, while they are read, so whatever follows handles 4 bytes per id of any length.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from atlas_assets.redact import within

Fields = Sequence[Mapping[str, Any]]
PART_ROWS = 1 << 20
_CODE, _NUMBER, _TIME = pa.int32(), pa.float32(), pa.int64()
_TYPES = {
    "collection": _CODE,
    "entity": _CODE,
    "source": _CODE,
    "target": _CODE,
    "value": _NUMBER,
    "weight": _NUMBER,
    "distance": _NUMBER,
    "timestamp": _TIME,
}
# Codes of collections and times hardly change from row to row; entities do, and plain is the fastest to write and read.
_ENCODINGS = {"collection": "DELTA_BINARY_PACKED", "timestamp": "DELTA_BINARY_PACKED"}


class RelationWriter:
    """``interactions.parquet`` or ``edges.parquet``, batch by batch, compressed in a thread beside the reader's.

    Equal rows give equal bytes, however they are divided into batches. So rows that begin like an earlier table need
    not be written again: ``begin_like`` links its full parts.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)  # what a reading that failed has left
        folder.mkdir(parents=True)
        self._schema = pa.schema([(name, _TYPES[name]) for name in names])
        measured = [name for name in names if name in ("value", "weight")]
        self._options: dict[str, Any] = {
            "compression": "lz4",
            "use_dictionary": measured,
            "row_group_size": PART_ROWS,
            "column_encoding": {name: _ENCODINGS.get(name, "PLAIN") for name in names if name not in measured},
        }
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self._waiting = pa.Table.from_batches([], schema=self._schema)
        self._batches: list[pa.RecordBatch] = []
        self._n_parts = self._n_batched = 0
        self.n_rows = 0

    def begin_like(self, earlier: Path, n_rows: int) -> None:
        """Begin with the first rows of an earlier table of the same columns."""
        parts = part_files(earlier)
        self._n_parts, rest = divmod(n_rows, PART_ROWS)
        for part in parts[: self._n_parts]:
            _link(part, self._folder / part.name)
        if rest:
            self._waiting = pq.ParquetFile(parts[self._n_parts]).read().slice(0, rest)
        self.n_rows = n_rows

    def append(self, columns: Mapping[str, np.ndarray | pl.Series]) -> None:
        """Add rows; a Series may hold nulls. The arrays are kept for a while: they must not change afterwards."""
        arrays = [
            column.to_arrow() if isinstance(column, pl.Series) else pa.array(column)
            for column in (columns[name] for name in self._schema.names)
        ]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._batches.append(batch)
        self._n_batched += batch.num_rows
        self.n_rows += batch.num_rows
        if self._waiting.num_rows + self._n_batched >= PART_ROWS:
            self._take_batches()
            while self._waiting.num_rows >= PART_ROWS:
                self._write(self._waiting.slice(0, PART_ROWS))
                self._waiting = self._waiting.slice(PART_ROWS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        try:
            if kind is None:
                self._take_batches()
                if self._waiting.num_rows or not self._n_parts:
                    self._write(self._waiting)
            if self._writing is not None:
                self._writing.result()
        finally:
            self._thread.shutdown()

    def _take_batches(self) -> None:
        batches = pa.Table.from_batches(self._batches, self._schema)
        self._waiting = pa.concat_tables([self._waiting, batches])
        self._batches, self._n_batched = [], 0

    def _write(self, rows: pa.Table) -> None:
        if self._writing is not None:
            self._writing.result()
        path = self._folder / f"{self._n_parts:06}.parquet"
        self._n_parts += 1
        # Pages end where chunks do: one chunk, so that equal rows make equal pages.
        self._writing = self._thread.submit(lambda: pq.write_table(rows.combine_chunks(), path, **self._options))


def part_files(table: Path) -> list[Path]:
    """The files of a table, in the order of its rows; the table itself where it is one file."""
    return sorted(table.glob("*.parquet")) if table.is_dir() else [table]


def _link(file: Path, target: Path) -> None:
    """The same file under another name: artifacts are never changed in place."""
    try:
        os.link(file, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(file, target)


def write_ids(path: Path, ids: pl.Series) -> None:
    """The ids of codes 0, 1, …"""
    ids.to_frame("id").write_parquet(path, compression="lz4")


def write_collections(
    out: Path, *, interactions: pl.DataFrame, entities: pl.DataFrame, fields: Fields, report: Mapping[str, Any]
) -> None:
    """interactions: collection and entity as ids, and value f32, timestamp i64, weight f32 where known."""
    _write_relation(out, "interactions", interactions, {"collection": ["collection"], "entity": ["entity"]})
    write_entities(out, entities=entities, fields=fields, report=report)


def write_edges(
    out: Path, *, edges: pl.DataFrame, entities: pl.DataFrame, fields: Fields, report: Mapping[str, Any]
) -> None:
    """edges: source, target as ids of one type, weight f32."""
    _write_relation(out, "edges", edges, {"entity": ["source", "target"]})
    write_entities(out, entities=entities, fields=fields, report=report)


def _write_relation(out: Path, name: str, table: pl.DataFrame, roles: Mapping[str, Sequence[str]]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for kind, columns in roles.items():
        ids = pl.concat([table[column].rename("id") for column in columns]).unique(maintain_order=True)
        codes = pl.DataFrame({"id": ids, "code": np.arange(len(ids), dtype=np.int32)})
        for column in columns:
            coded = table.select(id=column).join(codes, on="id", how="left", maintain_order="left")["code"]
            table = table.with_columns(coded.alias(column))
        write_ids(out / f"{kind}_ids.parquet", ids)
    with RelationWriter(out / f"{name}.parquet", table.columns) as writer:
        writer.append({column: table[column] for column in table.columns})


def write_vectors(
    out: Path, *, vectors: np.ndarray, entities: pl.DataFrame, fields: Fields, report: Mapping[str, Any]
) -> None:
    """vectors: (n, d) float32 or float64, row i belongs to row i of ``entities``."""
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "vectors.npy", np.ascontiguousarray(vectors), allow_pickle=False)
    write_entities(out, entities=entities, fields=fields, report=report)


def read_fields(folder: Path) -> list[dict[str, Any]]:
    """The descriptions of fields that ``write_entities`` wrote."""
    return json.loads((folder / "fields.json").read_text(encoding="utf-8"))


def write_entities(out: Path, *, entities: pl.DataFrame, fields: Fields, report: Mapping[str, Any]) -> None:
    """entities: id, label, then the columns that ``fields`` describes. No times or dates: equal input, equal bytes."""
    entities.write_parquet(out / "entities.parquet", compression="zstd")
    for name, content in (("fields.json", list(fields)), ("report.json", within(dict(report)))):
        (out / name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
