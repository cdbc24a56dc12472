"""The nearest of what is new by its vector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.placing.nearest import NEAREST, Nearest, new_ids
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.stages.index.entity_index import VectorIndex
from atlas_assets.stages.relation.metric import guess_metric
from atlas_assets.store.artifacts import ArtifactStore

AT_ONCE = 2_000  # new vectors that are compared with all others together


def nearest(pipeline: Pipeline, store: ArtifactStore, folder: Path) -> Nearest:
    """By the metric of the spec, all compared with all. folder: the canonical tables of what is new."""
    index = VectorIndex.load(store.folder(pipeline.address("entity_index")))
    known = np.asarray(index.vectors, np.float64)
    ids = pl.read_parquet(folder / "entities.parquet")["id"]
    is_new = new_ids(ids, index.ids["id"])
    vectors = np.asarray(np.load(folder / "vectors.npy"), np.float64)[is_new.to_numpy()]
    if vectors.shape[1] != known.shape[1]:
        raise DataError(
            file="the new vectors",
            where="",
            found=Found(f"have {vectors.shape[1]} numbers"),
            expected=f"{known.shape[1]}, as those of {pipeline.name} have",
            remedy="Make them by the same model.",
        )
    metric = pipeline.spec.relation.metric or guess_metric(known)[0]
    k = min(NEAREST, len(known))
    indices, similarity = np.full((len(vectors), NEAREST), -1, np.int64), np.zeros((len(vectors), NEAREST))
    for begin in range(0, len(vectors), AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        values = _similarities(vectors[part], known, metric)
        best = np.argsort(-values, axis=1, kind="stable")[:, :k]
        indices[part, :k], similarity[part, :k] = best, np.take_along_axis(values, best, axis=1)
    return Nearest(ids.filter(is_new), indices, np.maximum(similarity, 0), [])


def _similarities(new: np.ndarray, known: np.ndarray, metric: str) -> np.ndarray:
    """(m, n): the cosine, the product, or what falls with the distance in units of the usual one."""
    if metric == "dot":
        return new @ known.T
    if metric == "cosine":
        return _unit(new) @ _unit(known).T
    squares = (new**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * new @ known.T
    apart = np.sqrt(np.maximum(squares, 0))
    return 1 / (1 + apart / max(float(np.median(apart)), 1e-300))


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
