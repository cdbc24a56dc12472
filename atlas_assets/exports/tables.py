"""All entities with their metadata, their places on every map and their regions, as plain tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_assets.frames import Atlas

if TYPE_CHECKING:
    import polars as pl

FORMULA, NUMBER = r"^[=+\-@\t\r\n]", r"^[+-]?[\d.]+$"


def write_table(table: pl.DataFrame, target: Path) -> None:
    """Any table as Parquet or, by the suffix, CSV for spreadsheets."""
    if target.suffix == ".parquet":
        table.write_parquet(target)
    else:
        without_formulas(flat(table)).write_csv(target)


def write_csv(atlas: Atlas, _: str, target: Path) -> None:
    """Lists as their values between ``|``; what spreadsheets would run as a formula has an apostrophe before it."""
    without_formulas(flat(atlas.table)).write_csv(target)


def write_parquet(atlas: Atlas, _: str, target: Path) -> None:
    """As it is."""
    atlas.table.write_parquet(target)


def write_npz(atlas: Atlas, _: str, target: Path) -> None:
    """Each map as an array (n, 2 or 3) under ``map__`` and its key; numbers as they are, all else as texts."""
    import numpy as np
    import polars as pl

    arrays: dict[str, Any] = {}
    plain = flat(atlas.table)
    for name, kind in plain.schema.items():
        if not name.startswith(("x__", "y__", "z__")):
            as_it_is = kind.is_numeric() or kind == pl.Boolean
            texts = ("" if value is None else str(value) for value in plain[name])
            arrays[name] = plain[name].to_numpy() if as_it_is else np.array(list(texts))
    for key in atlas.maps:
        arrays[f"map__{key}"] = places(atlas, key)
    with target.open("wb") as file:
        np.savez_compressed(file, **arrays)


def write_geojson(atlas: Atlas, key: str, target: Path) -> None:
    """One point per entity at its place on the map, the depth of one in space left out; no coordinate system."""
    corners = places(atlas, key)[:, :2].tolist()
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": corner}, "properties": row}
        for corner, row in zip(corners, atlas.table.iter_rows(named=True), strict=True)
    ]
    collection = {"type": "FeatureCollection", "features": features}
    target.write_text(json.dumps(collection, ensure_ascii=False, default=str), encoding="utf-8")


def places(atlas: Atlas, key: str) -> Any:
    """(n, 2 or 3) float32, in the rows of ``atlas.table``."""
    placed = atlas.map(key)
    return placed.select(axis for axis in "xyz" if axis in placed.columns).to_numpy()


def flat(table: pl.DataFrame) -> pl.DataFrame:
    """Lists as texts, for formats that have none: their values, separated by ``|``."""
    import polars as pl

    lists = [name for name, kind in table.schema.items() if isinstance(kind, pl.List)]
    return table.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join("|") for name in lists)


def without_formulas(table: pl.DataFrame) -> pl.DataFrame:
    """Spreadsheets run a text that begins like a formula; an apostrophe makes it a text again. Numbers stay."""
    import polars as pl

    texts = [name for name, kind in table.schema.items() if kind == pl.String]
    runs = {name: pl.col(name).str.contains(FORMULA) & ~pl.col(name).str.contains(NUMBER) for name in texts}
    return table.with_columns(
        pl.when(is_one).then(pl.lit("'") + pl.col(name)).otherwise(pl.col(name)).alias(name)
        for name, is_one in runs.items()
    )
