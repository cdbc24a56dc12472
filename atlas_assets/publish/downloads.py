"""``atlas download`` and ``atlas export``: what an atlas knows, as files for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from atlas_assets.errors import AtlasError
from atlas_assets.publish.run import site_of

if TYPE_CHECKING:
    import polars as pl

What = Literal["site", "data", "poster"]
FILES: dict[str, str] = {"site": "atlas-site.zip", "data": "atlas.parquet", "poster": "atlas-poster.png"}
FORMULA, NUMBER = r"^[=+\-@\t\r\n]", r"^[+-]?[\d.]+$"
FORMATS = ("csv", "parquet", "geojson", "npz")


def download(name: str, what: What, output: Path | None) -> Path:
    """Copy one of the downloads of a site; into the current folder, named after the atlas, unless told otherwise."""
    file = FILES[what]
    with site_of(name) as folder:
        source = folder / "downloads" / file
        if not source.exists():
            raise AtlasError(f"The site of {name} has no {file}: it is by an earlier Atlas. Run: atlas run {name}")
        target = _target(output, file.replace("atlas", name, 1))
        target.write_bytes(source.read_bytes())
    return target


def export(name: str, form: str | None, output: Path | None) -> tuple[Path, int]:
    """Write all entities with their metadata, coordinates and regions; returns the file and the number of rows.

    form: one of FORMATS; without it, what the suffix of ``output`` says, else CSV.
    """
    form = form or (output.suffix.lstrip(".").lower() if output and output.suffix else "csv")
    if form not in FORMATS:
        raise AtlasError(f"{form} is not a format that can be written; expected one of {', '.join(FORMATS)}.")
    import polars as pl

    with site_of(name) as folder:
        table = pl.read_parquet(folder / "downloads" / FILES["data"])
    target = _target(output, f"{name}.{form}")
    if form == "parquet":
        table.write_parquet(target)
    elif form == "csv":
        without_formulas(_flat(table)).write_csv(target)
    elif form == "geojson":
        target.write_text(json.dumps(_geojson(table), ensure_ascii=False, default=str), encoding="utf-8")
    else:
        _write_arrays(table, target)
    return target, table.height


def _target(output: Path | None, name: str) -> Path:
    target = output / name if output and output.is_dir() else output or Path(name)
    if not target.parent.is_dir():
        raise AtlasError(f"{target.parent} is no folder; make it first, or write elsewhere.")
    return target


def _flat(table: pl.DataFrame) -> pl.DataFrame:
    """Lists as texts, since CSV has none: their values, separated by ``|``."""
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


def _geojson(table: pl.DataFrame) -> dict[str, Any]:
    """One point per entity at its place on the first flat map, for GIS programs; the plane has no coordinate system."""
    first = next(name for name in table.columns if name.startswith("x__"))
    x, y = table[first].to_list(), table[first.replace("x__", "y__", 1)].to_list()
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x[i], y[i]]}, "properties": row}
        for i, row in enumerate(table.iter_rows(named=True))
    ]
    return {"type": "FeatureCollection", "features": features}


def _write_arrays(table: pl.DataFrame, target: Path) -> None:
    """Each map as an array (n, 2 or 3) under its key; numbers as they are, all else as texts."""
    import numpy as np
    import polars as pl

    arrays: dict[str, Any] = {}
    for name, kind in _flat(table).schema.items():
        if name.startswith(("x__", "y__", "z__")):
            continue
        column = _flat(table)[name]
        plain = kind.is_numeric() or kind == pl.Boolean
        arrays[name] = column.to_numpy() if plain else np.array([str(v) if v is not None else "" for v in column])
    for name in table.columns:
        if name.startswith("x__"):
            axes = [f"{axis}{name[1:]}" for axis in "xyz" if f"{axis}{name[1:]}" in table.columns]
            arrays[f"map__{name[3:]}"] = table.select(axes).to_numpy()
    with target.open("wb") as file:
        np.savez_compressed(file, **arrays)
