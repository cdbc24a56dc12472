"""From rows in a file to the matrix in memory that every kernel starts from. Imports little: children load it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.peers import Memberships


def load(folder: Path) -> Memberships:
    """The memberships that ``prepared`` left in a folder."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return Memberships(np.load(folder / "indptr.npy"), np.load(folder / "entities.npy"), about["entities"])


def prepare(path: str, columns: list[str], out: str) -> dict[str, Any]:
    """Write the arrays of a case: collections of at least two entities, entities in the order of their ids."""
    rows = distinct_rows(path, *columns)
    codes = rows.select(pl.all().rank("dense").cast(pl.Int64) - 1).sort(columns)
    collection, entity = (codes[name].to_numpy() for name in columns)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    about = {"rows": rows.height, "collections": int(collection[-1]) + 1, "entities": int(entity.max()) + 1}
    np.save(folder / "indptr.npy", np.r_[0, np.cumsum(np.bincount(collection))].astype(np.int64))
    np.save(folder / "entities.npy", entity.astype(np.int32))
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return about


def distinct_rows(path: str, collection: str, entity: str) -> pl.DataFrame:
    """The distinct rows of the collections with two or more entities: the filter that every competitor applies."""
    rows = pl.read_parquet(path, columns=[collection, entity]).drop_nulls().unique()
    return rows.filter(pl.len().over(collection) >= 2)
