"""The canonical tables that every reader writes and ``entity_index`` reads; formats as fixed in the design."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

Fields = Sequence[Mapping[str, Any]]


def write_collections(
    out: Path, *, interactions: pl.DataFrame, entities: pl.DataFrame, fields: Fields, report: Mapping[str, Any]
) -> None:
    """interactions: collection, entity, and value f32, timestamp i64, weight f32 where known."""
    out.mkdir(parents=True, exist_ok=True)
    interactions.write_parquet(out / "interactions.parquet", compression="zstd")
    write_entities(out, entities=entities, fields=fields, report=report)


def write_edges(
    out: Path, *, edges: pl.DataFrame, entities: pl.DataFrame, fields: Fields, report: Mapping[str, Any]
) -> None:
    """edges: source, target of one type, weight f32."""
    out.mkdir(parents=True, exist_ok=True)
    edges.write_parquet(out / "edges.parquet", compression="zstd")
    write_entities(out, entities=entities, fields=fields, report=report)


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
