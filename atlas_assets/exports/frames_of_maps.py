"""One map as the frame that other viewers take: x and y, names, metadata; with neighbours or names by level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from atlas_assets.exports import tables
from atlas_assets.frames import Atlas

if TYPE_CHECKING:
    import polars as pl

NO_REGION = "Unlabelled"  # as datamapplot calls it


def with_lists(atlas: Atlas, key: str, target: Path) -> None:
    """For ``embedding-atlas FILE --x x --y y --text label --neighbors neighbors``.

    neighbors: of each row a struct of ``ids``, which are row numbers of this file, and ``distances``, 1 - similarity.
    """
    import numpy as np
    import polars as pl

    source, rows, similarity = atlas.edge_rows
    lists = (
        pl.DataFrame({"row": source, "ids": rows, "distances": 1.0 - np.asarray(similarity, np.float64)})
        .group_by("row", maintain_order=True)
        .agg("ids", "distances")
    )
    each = pl.DataFrame({"row": np.arange(atlas.entities.height)}).join(lists, on="row", how="left")
    structs = each.with_columns(pl.col("ids", "distances").fill_null([])).select(
        neighbors=pl.struct("ids", "distances")
    )
    _frame(atlas, key).hstack(structs).write_parquet(target)


def with_layers(atlas: Atlas, key: str, target: Path) -> None:
    """For datamapplot (``layer_0`` is its coarsest label layer) and jupyter-scatter (colour by any column)."""
    _frame(atlas, key).write_parquet(target)


def _frame(atlas: Atlas, key: str) -> pl.DataFrame:
    """Rows of ``atlas.entities``: their columns, x, y (and z), and the name of the region of each level."""
    import polars as pl

    placed, names = atlas.map(key), atlas.region_names(key)
    table = tables.flat(atlas.entities)
    at = placed.select(axis for axis in "xyz" if axis in placed.columns)
    inside = [names.get(region, []) for region in placed["region"]]
    layers = [
        pl.Series(f"layer_{level}", [one[level] if level < len(one) else NO_REGION for one in inside])
        for level in range(max(map(len, names.values()), default=0))
    ]
    taken = {column.name for column in [*at, *layers]}
    return table.rename({name: f"{name}_" for name in table.columns if name in taken}).hstack([*at, *layers])
