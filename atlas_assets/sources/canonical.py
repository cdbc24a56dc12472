"""The canonical tables that every reader writes and ``entity_index`` reads.

``raw_collections``, a folder of
- ``interactions.parquet``: collection and entity, int32 codes; value f32, timestamp i64 (unix seconds) and weight f32
  where the source has them, null where unknown;
- ``collection_ids.parquet`` and ``entity_ids.parquet``: id, int64 or text; row i is the id of code i. Every id has a
  row in interactions; codes count up in the order in which ids first appear there;
- ``entities.parquet``: id, label and metadata of entities, those of interactions and perhaps others;
- ``fields.json``: what the metadata is; ``report.json``: what was read, with notes.

``raw_edges`` has ``edges.parquet`` instead: source and target, codes into ``entity_ids.parquet``, and weight f32.
``raw_vectors`` has ``vectors.npy`` (n, d) float32, row i for row i of ``entities.parquet``, and no codes.

Ids are encoded once, while they are read, so whatever follows handles 4 bytes per id of any length.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

Fields = Sequence[Mapping[str, Any]]
ROW_GROUP = 1 << 20
_CODE, _NUMBER, _TIME = pa.int32(), pa.float32(), pa.int64()
_TYPES = {
    "collection": _CODE, "entity": _CODE, "source": _CODE, "target": _CODE,
    "value": _NUMBER, "weight": _NUMBER, "timestamp": _TIME,
}  # fmt: skip
# Codes of collections and times hardly change from row to row; entities do, and plain is the fastest to write and read.
_ENCODINGS = {"collection": "DELTA_BINARY_PACKED", "timestamp": "DELTA_BINARY_PACKED"}


class RelationWriter:
    """``interactions.parquet`` or ``edges.parquet``, batch by batch, compressed in a thread beside the reader's.

    Equal batches give equal bytes.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._schema = pa.schema([(name, _TYPES[name]) for name in names])
        self._file = pq.ParquetWriter(
            path, self._schema, compression="lz4",
            use_dictionary=[name for name in names if name in ("value", "weight")],  # pyright: ignore[reportArgumentType]
            column_encoding={name: _ENCODINGS.get(name, "PLAIN") for name in names if name not in ("value", "weight")},
        )  # fmt: skip
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self._batches: list[pa.RecordBatch] = []
        self._n_waiting = 0
        self.n_rows = 0

    def append(self, columns: Mapping[str, np.ndarray | pl.Series]) -> None:
        """Add rows; a Series may hold nulls. The arrays are kept for a while: they must not change afterwards."""
        arrays = [
            column.to_arrow() if isinstance(column, pl.Series) else pa.array(column)
            for column in (columns[name] for name in self._schema.names)
        ]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._batches.append(batch)
        self._n_waiting += batch.num_rows
        self.n_rows += batch.num_rows
        if self._n_waiting >= ROW_GROUP:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        try:
            if kind is None:
                self._flush()
            if self._writing is not None:
                self._writing.result()
        finally:
            self._thread.shutdown()
            self._file.close()

    def _flush(self) -> None:
        if self._writing is not None:
            self._writing.result()
        table = pa.Table.from_batches(self._batches, self._schema)
        self._batches, self._n_waiting = [], 0
        self._writing = self._thread.submit(self._file.write_table, table, row_group_size=2 * ROW_GROUP)


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
    """vectors: (n, d) float32, row i belongs to row i of ``entities``."""
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "vectors.npy", np.ascontiguousarray(vectors, dtype=np.float32), allow_pickle=False)
    write_entities(out, entities=entities, fields=fields, report=report)


def write_entities(out: Path, *, entities: pl.DataFrame, fields: Fields, report: Mapping[str, Any]) -> None:
    """entities: id, label, then the columns that ``fields`` describes. No times or dates: equal input, equal bytes."""
    entities.write_parquet(out / "entities.parquet", compression="zstd")
    for name, content in (("fields.json", list(fields)), ("report.json", dict(report))):
        (out / name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
