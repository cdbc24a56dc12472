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
    known = np.asarray(index.vectors)
    ids = pl.read_parquet(folder / "entities.parquet")["id"]
    is_new = new_ids(ids, index.ids["id"])
    vectors = np.load(folder / "vectors.npy")[is_new.to_numpy()]
    if vectors.shape[1] != known.shape[1]:
        raise DataError(
            file="the new vectors",
            where="",
            found=Found(f"have {vectors.shape[1]} numbers"),
            expected=f"{known.shape[1]}, as those of {pipeline.name} have",
            remedy="Make them by the same model.",
        )
    indices, similarity = closest(vectors, known, metric=pipeline.spec.relation.metric or guess_metric(known)[0])
    return Nearest(ids.filter(is_new), indices, similarity, [])


def closest(new: np.ndarray, known: np.ndarray, *, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """indices (m, NEAREST) int64 of the vectors known (n, d) that are nearest to each of new (m, d), and how similar.

    Of equally near ones the first; -1 and 0 where there are fewer. All are compared with all, in float64.
    """
    known, new = np.asarray(known, np.float64), np.asarray(new, np.float64)
    k = min(NEAREST, len(known))
    indices, similarity = np.full((len(new), NEAREST), -1, np.int64), np.zeros((len(new), NEAREST))
    for begin in range(0, len(new), AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        values = _similarities(new[part], known, metric)
        least = np.partition(values, -k, axis=1)[:, -k]
        for row, (own, at_least) in enumerate(zip(values, least, strict=True), begin):
            candidates = np.flatnonzero(own >= at_least)
            best = candidates[np.argsort(-own[candidates], kind="stable")[:k]]
            indices[row, :k], similarity[row, :k] = best, own[best]
    return indices, np.maximum(similarity, 0)


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
