"""Arrow's IPC files and streams: ``.arrow``, Feather, and the data files of Hugging Face ``datasets``."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from atlas_assets.sources.forms.form import ANY, Form, Given, Head, Pieces, Role

_FILE, _STREAM, _FEATHER_1 = b"ARROW1", b"\xff\xff\xff\xff", b"FEA1"


def _recognises(head: Head, role: Role) -> bool:
    return head.bytes.startswith((_FILE, _STREAM, _FEATHER_1)) and not head.bytes.startswith(_STREAM * 2)


def read(given: Given) -> Pieces:
    """The same rows as Parquet, batch by batch."""
    target = given.target("table.parquet")
    start = given.head.bytes
    if start.startswith(_FEATHER_1):
        raise given.wrong(
            "is a Feather file of version 1",
            expected="version 2, which is Arrow",
            remedy="Convert it: python -c \"import pandas; pandas.read_feather('in').to_parquet('out.parquet')\"",
        )
    try:
        with pa.memory_map(str(given.path)) as source:
            reader = pa.ipc.open_file(source) if start.startswith(_FILE) else pa.ipc.open_stream(source)
            schema = _storable(reader.schema)
            with pq.ParquetWriter(target, schema, compression="lz4") as writer:
                if start.startswith(_FILE):
                    for i in range(reader.num_record_batches):
                        writer.write_table(_table(reader.get_batch(i), schema))
                else:
                    for batch in reader:
                        writer.write_table(_table(batch, schema))
    except (pa.ArrowException, OSError) as error:
        raise given.unreadable(error, "an Arrow file") from error
    return Pieces(target, "parquet")


def _storable(schema: pa.Schema) -> pa.Schema:
    """Without extension types, whose storage is what there is to read."""
    fields = [
        pa.field(f.name, f.type.storage_type if isinstance(f.type, pa.BaseExtensionType) else f.type) for f in schema
    ]
    return pa.schema(fields)


def _table(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    arrays = [a.storage if isinstance(a, pa.ExtensionArray) else a for a in batch.columns]
    return pa.Table.from_arrays(arrays, schema=schema)


FORM = Form("arrow", "an Arrow or Feather file", (".arrow", ".feather", ".ipc"), ANY, _recognises, read)
