"""One map as a script of one's own: ``python -m benchmarks.one_map POINT.json``. What ``sweep`` runs 24 of.

Polars reads, SciPy counts and finds neighbours, PyMDE embeds, umap-learn, openTSNE or scikit-learn lay out.
POINT.json: rows (a Parquet file with collection and entity), min_collections, n_neighbors, embedding_dim, layout (see
``lay_out``), out, seconds (a file for what each step took; what is missing from the process's time is its start).
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.peers import Memberships, practice
from benchmarks.routes import Clock

PACKAGES = {"umap": "umap", "tsne": "openTSNE", "pca": "sklearn.decomposition"}


def main(point: dict[str, Any]) -> None:
    """Make the map and say what each step took."""
    for package in ("pymde", PACKAGES[point["layout"]["method"]]):
        importlib.import_module(package)
    clock = Clock()
    with clock("rows"):
        data = read(point["rows"], point["min_collections"])
    with clock("graph"):
        lists = practice.nearest(data, point["n_neighbors"], kind="jaccard")
    with clock("embedding"):
        embedded = practice.mde(lists, dims=point["embedding_dim"])
    with clock("layout"):
        positions = lay_out(embedded, **point["layout"])
    np.save(point["out"], positions)
    Path(point["seconds"]).write_text(json.dumps(clock.seconds), encoding="utf-8")


def read(path: str, min_collections: int) -> Memberships:
    """The collections of two or more of the entities in at least so many."""
    rows = pl.read_parquet(path, columns=["collection", "entity"]).unique()
    rows = rows.filter(pl.len().over("entity") >= min_collections).filter(pl.len().over("collection") >= 2)
    rows = rows.select(pl.all().rank("dense").cast(pl.Int64) - 1).sort("collection", "entity")
    sizes = np.bincount(rows["collection"])
    entities = rows["entity"].to_numpy().astype(np.int32)
    return Memberships(np.r_[0, np.cumsum(sizes)].astype(np.int64), entities, int(entities.max()) + 1)


def lay_out(embedded: np.ndarray, *, method: str, dims: int = 2, **options: Any) -> np.ndarray:
    """umap (n_neighbors, min_dist), tsne (perplexity) or pca of the embedding."""
    if method == "umap":
        return practice.umap(embedded, dims=dims, **options)
    if method == "tsne":
        return practice.tsne(embedded, dims=dims, **options)
    from sklearn.decomposition import PCA

    return PCA(dims).fit_transform(embedded)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
