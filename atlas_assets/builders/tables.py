"""What several stages want of the entities."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from atlas_assets.plan.pipeline import StageRun


def entity_table(run: StageRun) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """One row per entity in index order (id, label, popularity, metadata), and the descriptions of the metadata."""
    raw = run.folder(run.pipeline.raw)
    fields = json.loads((raw / "fields.json").read_text(encoding="utf-8"))
    ids = pl.read_parquet(run.folder("entity_index") / "ids.parquet").rename({"n_collections": "popularity"})
    known = pl.read_parquet(raw / "entities.parquet")
    label = pl.col("label").fill_null(pl.col("id").cast(pl.String))
    table = ids.join(known, on="id", how="left", maintain_order="left").with_columns(label)
    return table.select("id", "label", "popularity", *[f["name"] for f in fields]), fields


def labels_of(run: StageRun) -> list[str]:
    """What each entity is called, in index order."""
    return entity_table(run)[0]["label"].to_list()
