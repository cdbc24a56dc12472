"""What several stages want of the entities."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.plan.pipeline import StageRun
from atlas_assets.stages.relation.copies import first_of


def entity_table(run: StageRun) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """One row per entity in index order (id, label, popularity, metadata), and the descriptions of the metadata."""
    raw = run.folder(run.pipeline.raw)
    fields = json.loads((raw / "fields.json").read_text(encoding="utf-8"))
    ids = pl.read_parquet(run.folder("entity_index") / "ids.parquet").rename({"n_collections": "popularity"})
    known = pl.read_parquet(raw / "entities.parquet")
    label = pl.col("label").fill_null(pl.col("id").cast(pl.String))
    table = ids.join(known, on="id", how="left", maintain_order="left").with_columns(label)
    return table.select("id", "label", "popularity", *[f["name"] for f in fields]), fields


def labels_of(run: StageRun, *, places: np.ndarray | None = None) -> list[str]:
    """What each entity is called, in index order; or with places, what the first of each is called."""
    labels = entity_table(run)[0]["label"]
    return (labels if places is None else labels.gather(first_of(places))).to_list()
