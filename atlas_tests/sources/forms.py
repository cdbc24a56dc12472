"""Files to read: one table in every format."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa


def write(folder: Path, name: str, content: str | bytes) -> str:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def write_all_forms(folder: Path, stem: str, table: pl.DataFrame) -> list[str]:
    """The same table in every format and compression."""
    text = table.write_csv()
    names = {f"{stem}.csv": text.encode(), f"{stem}.tsv": table.write_csv(separator="\t").encode()}
    names[f"{stem}_bom.csv"] = b"\xef\xbb\xbf" + text.encode()
    names[f"{stem}_crlf.csv"] = table.write_csv(line_terminator="\r\n").encode()
    names[f"{stem}_semicolon.csv"] = table.write_csv(separator=";").encode()
    names[f"{stem}.jsonl"] = table.write_ndjson().encode()
    names[f"{stem}.csv.gz"] = gzip.compress(names[f"{stem}.csv"])
    names[f"{stem}.jsonl.bz2"] = bz2.compress(names[f"{stem}.jsonl"])
    with pa.CompressedOutputStream(str(folder / f"{stem}.tsv.zst"), "zstd") as sink:
        sink.write(names[f"{stem}.tsv"])
    for name, content in names.items():
        (folder / name).write_bytes(content)
    table.write_parquet(folder / f"{stem}.parquet")
    return [*names, f"{stem}.tsv.zst", f"{stem}.parquet"]
