"""Polars: the rows joined with themselves on the collection, pairs counted, the best of each entity kept."""

from __future__ import annotations

import numpy as np
import polars as pl

from benchmarks.peers import Memberships


def prepare(data: Memberships) -> pl.DataFrame:
    collection = np.repeat(np.arange(data.n_collections, dtype=np.int32), np.diff(data.indptr))
    return pl.DataFrame({"collection": collection, "entity": data.entities})


def nearest(prepared: pl.DataFrame, k: int) -> pl.DataFrame:
    """[entity, similarity list, neighbour list]; counts each pair once, in the streaming engine, for memory's sake."""
    occurrences = prepared.group_by("entity").len("occurrences")
    rows = prepared.lazy()
    pairs = (
        rows.join(rows, on="collection", suffix="_2")
        .filter(pl.col("entity") < pl.col("entity_2"))
        .group_by("entity", "entity_2")
        .agg(pl.len().alias("count"))
        .collect(engine="streaming")
    )
    scored = (
        pairs.lazy()
        .join(occurrences.lazy(), on="entity")
        .join(occurrences.lazy().rename({"entity": "entity_2", "occurrences": "occurrences_2"}), on="entity_2")
        .select(
            "entity",
            "entity_2",
            (pl.col("count") / (pl.col("occurrences").cast(pl.Float64) * pl.col("occurrences_2")).sqrt())
            .cast(pl.Float32)
            .alias("similarity"),
        )
    )
    both = pl.concat(
        [scored, scored.select(pl.col("entity_2").alias("entity"), pl.col("entity").alias("entity_2"), "similarity")]
    )
    best = pl.struct("similarity", "entity_2").top_k_by("similarity", k)
    return both.group_by("entity").agg(best.alias("nearest")).collect(engine="streaming")


def similarities(result: pl.DataFrame, rows: np.ndarray, k: int) -> np.ndarray:
    chosen = result.join(pl.DataFrame({"entity": rows.astype(np.int32)}), on="entity")
    of_row = {entity: sorted((n["similarity"] for n in near), reverse=True) for entity, near in chosen.iter_rows()}
    wanted = np.zeros((rows.size, k))
    for at, row in enumerate(rows.tolist()):
        values = of_row.get(row, [])
        wanted[at, : len(values)] = values
    return wanted
