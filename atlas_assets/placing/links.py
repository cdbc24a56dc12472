"""The nearest of what is new by its links to what an atlas has."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from scipy import sparse

from atlas_assets.placing.nearest import Nearest, best_of, new_ids
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.store.artifacts import ArtifactStore


def nearest(pipeline: Pipeline, store: ArtifactStore, folder: Path) -> Nearest:
    """Those linked to it, by weight, or the nearest by distance. folder: the canonical tables of what is new."""
    index = pl.read_parquet(store.folder(pipeline.address("entity_index")) / "ids.parquet")["id"].cast(pl.String)
    ids = pl.read_parquet(folder / "entity_ids.parquet")["id"]
    is_new = new_ids(ids, index)
    edges = pl.read_parquet(folder / "edges.parquet")
    if "distance" in edges.columns:
        value = 1 / (1 + pl.col("distance"))
    else:
        value = pl.col("weight").fill_null(1.0) if "weight" in edges.columns else pl.lit(1.0)
    texts = ids.cast(pl.String)
    known = index.alias("other").to_frame().with_row_index("row")
    fresh = texts.filter(is_new).alias("one").to_frame().with_row_index("place")
    ends = [
        pl.DataFrame({"one": texts[edges[one]], "other": texts[edges[other]]}).hstack(
            edges.select(value.cast(pl.Float64).alias("value"))
        )
        for one, other in (("source", "target"), ("target", "source"))
    ]
    links = (
        pl.concat(ends)
        .join(fresh, on="one")
        .join(known, on="other")
        .group_by("place", "row", maintain_order=True)
        .agg(pl.col("value").max())
    )
    shape = (fresh.height, known.height)
    matrix = sparse.coo_array((links["value"], (links["place"], links["row"])), shape=shape).tocsr()
    return best_of(ids.filter(is_new), sparse.csr_array(matrix), [])
