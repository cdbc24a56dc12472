"""What several stages want of the entities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.fields import column_of
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.sources.entity_table import field_name
from atlas_assets.stages.relation.copies import first_of


def entity_table(run: StageRun) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """One row per entity in index order (id, label, popularity, metadata), and the descriptions of the metadata."""
    return read_entities(run.folder(run.pipeline.raw), run.folder("entity_index"))


def read_entities(raw: Path, index: Path) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """The same of the folders of two stored versions."""
    fields = json.loads((raw / "fields.json").read_text(encoding="utf-8"))
    ids = pl.read_parquet(index / "ids.parquet").rename({"n_collections": "popularity"})
    known = pl.read_parquet(raw / "entities.parquet")
    label = pl.col("label").fill_null(pl.col("id").cast(pl.String))
    table = ids.join(known, on="id", how="left", maintain_order="left").with_columns(label)
    return table.select("id", "label", "popularity", *[f["name"] for f in fields]), fields


def own_coordinates(run: StageRun, columns: list[str]) -> np.ndarray:
    """(n, d) float64 of the metadata that ``source.coordinates`` names, in index order; nan where there is none."""
    table, fields = entity_table(run)
    for name in columns:
        described = next((field for field in fields if field["name"] == field_name(name)), None)
        if described is None or column_of(described["type"]) != "numbers":
            known = [field["name"] for field in fields if column_of(field["type"]) == "numbers"]
            raise DataError(
                file="source.coordinates",
                where=name,
                found=Found("is not there" if described is None else f"is a {described['type']}"),
                expected=f"a number of the entities ({', '.join(known) or 'they have none'})",
                remedy="Name another column, or give it the type number in source.fields.",
            )
    return table.select(pl.col(field_name(name)).cast(pl.Float64) for name in columns).fill_null(np.nan).to_numpy()


def labels_of(run: StageRun, *, places: np.ndarray | None = None) -> list[str]:
    """What each entity is called, in index order; or with places, what the first of each is called."""
    labels = entity_table(run)[0]["label"]
    return (labels if places is None else labels.gather(first_of(places))).to_list()
