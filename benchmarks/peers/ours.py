"""Ours: ``stages.neighbours`` on a collection index."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from atlas_assets.stages.index.entity_index import CollectionIndex
from atlas_assets.stages.relation import neighbours
from benchmarks.peers import Memberships


def prepare(data: Memberships) -> CollectionIndex:
    counts = np.bincount(data.entities, minlength=data.n_entities)
    ids = pl.DataFrame({"id": np.arange(data.n_entities), "n_collections": counts.astype(np.int64)})
    return CollectionIndex(
        ids=ids,
        indptr=data.indptr,
        entities=data.entities,
        values=None,
        timestamps=None,
        weights=None,
        holdout_indptr=None,
        holdout_entities=None,
        steps=[],
    )


def nearest(prepared: CollectionIndex, k: int) -> Any:
    return neighbours.from_collections(prepared, n_neighbors=k, similarity="cosine")


def similarities(result: Any, rows: np.ndarray, k: int) -> np.ndarray:
    return np.where(result.indices[rows] >= 0, result.similarity[rows], 0.0)
