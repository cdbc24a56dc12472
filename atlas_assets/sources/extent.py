"""How many entities a source has, counted without keeping them, and how long its vectors are: see ``first_run``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from atlas_assets.errors import DataError
from atlas_assets.sources import tables
from atlas_assets.sources.locate import Located

MOST_BYTES = 4 << 30  # of text or Parquet; counting more would keep who asks waiting for minutes


def entities_of(kind: str, files: Sequence[Located], columns: Mapping[str, Any]) -> int | None:
    """Distinct ends of the edges, or vectors, in all of these files, before any filter.

    None where that cannot be told quickly: of collections, whose filters decide, of very large files, and of files that
    cannot be read, which reading them says better.
    """
    if kind == "collections" or sum(file.path.stat().st_size for file in files) > MOST_BYTES:
        return None
    try:
        if kind == "vectors":
            return sum(_vectors(file) for file in files)
        names = columns["source"], columns["target"]
        ends = [tables.scan(file).select(pl.col(name).cast(pl.String).alias("id")) for file in files for name in names]
        return int(pl.concat(ends).drop_nulls().select(pl.col("id").n_unique()).collect(engine="streaming").item())
    except (DataError, pl.exceptions.PolarsError, OSError, ValueError):
        return None


def numbers_of(file: Located, sample: pl.DataFrame, columns: Mapping[str, Any]) -> int | None:
    """How many numbers a vector of the file has, by a sample of its rows; None where that shows none."""
    if file.format == "npy":
        shape = tables.read_npy(file).shape
        return int(shape[1]) if len(shape) == 2 else None
    chosen = columns["vector"]
    if isinstance(chosen, list):
        return len(chosen)
    values = sample[chosen].drop_nulls().head(1)
    if values.is_empty():
        return None
    if isinstance(values.dtype, pl.List | pl.Array):
        return len(values[0])
    return len(re.findall(r"[^\s,\[\]]+", str(values[0])))


def _vectors(file: Located) -> int:
    if file.format == "npy":
        return len(tables.read_npy(file))
    return int(tables.scan(file).select(pl.len()).collect(engine="streaming").item())
