"""Nearest neighbours of vectors: exact by blocks, or approximate above ``EXACT_LIMIT`` rows."""

from __future__ import annotations

import numpy as np

from atlas_assets.errors import DataError
from atlas_assets.kernels.top_k import top_k, top_k_dense
from atlas_assets.stages.artifact import Progress, no_progress

EXACT_LIMIT = 60_000  # n^2 multiply-adds of d: about a minute at 60,000 x 784 on two cores
BLOCK_VALUES = 32_000_000  # 128 MB of float32 scores at a time
SPARE = 8  # candidates beyond k that are compared exactly, because block scores are rounded to float32


def nearest(
    vectors: np.ndarray, *, k: int, metric: str, exact_limit: int = EXACT_LIMIT, progress: Progress = no_progress
) -> tuple[np.ndarray, np.ndarray]:
    """indices (n, k) int32 and similarity (n, k) float64 as ``knn_graph.from_vectors`` documents them.

    Equal similarities go to the lower index. Above ``exact_limit`` rows candidates come from pynndescent (seeded).
    """
    unusable = ~np.isfinite(vectors).all(axis=1)
    if unusable.any():
        row = int(np.flatnonzero(unusable)[0])
        raise DataError(
            file="entity_index", where=f"vector of row {row}", found=f"{vectors[row][~np.isfinite(vectors[row])][0]}",
            expected="finite numbers only", remedy="Drop or mend this vector.",
        )  # fmt: skip
    points = vectors.astype(np.float32)
    if metric == "cosine":
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
        points = (vectors / np.where(lengths > 0, lengths, 1)[:, None]).astype(np.float32)
        usable = np.flatnonzero(lengths > 0)
    else:
        points = points - points.mean(axis=0)  # distances do not change, and float32 loses less near the origin
        usable = np.arange(len(points))
    points = np.ascontiguousarray(points[usable])
    n_candidates = min(k + SPARE, len(points) - 1)
    if n_candidates < 1:
        return np.full((len(vectors), k), -1, np.int32), np.zeros((len(vectors), k))
    find = _exact_candidates if len(points) <= exact_limit else _approximate_candidates
    candidates = find(points, n_candidates, metric, progress)
    distances = _exact_distances(points, candidates, metric)
    # top_k takes the largest positive score: turn distances (0...) into scores in (0, 1] that keep their order
    flat_candidates, scores = candidates.ravel(), 1.0 / (1.0 + distances.ravel())
    scores[flat_candidates < 0] = 0
    indptr = np.arange(0, scores.size + 1, n_candidates)
    listed, chosen = top_k(indptr, flat_candidates, scores, k=k)
    distances = np.where(listed >= 0, 1.0 / np.where(listed >= 0, chosen, 1.0) - 1.0, 0.0)
    if metric == "cosine":
        similarity = 1.0 - distances / 2.0  # of unit vectors, half the squared distance is 1 - cosine
    else:
        distances = np.sqrt(np.maximum(distances, 0))
        ends = distances[listed[:, -1] >= 0, -1]
        scale = float(np.median(ends)) if ends.size and np.median(ends) > 0 else 1.0
        similarity = 1.0 / (1.0 + distances / scale)
    indices, values = np.full((len(vectors), k), -1, np.int32), np.zeros((len(vectors), k))
    indices[usable] = np.where(listed >= 0, usable[listed], -1)
    values[usable] = np.where(listed >= 0, similarity, 0.0)
    return indices, values


def _exact_candidates(points: np.ndarray, n_candidates: int, metric: str, progress: Progress) -> np.ndarray:
    n = len(points)
    squares = np.einsum("ij,ij->i", points, points)
    rows = max(1, BLOCK_VALUES // n)
    found = []
    for begin in range(0, n, rows):
        scores = points[begin : begin + rows] @ points.T
        if metric == "euclidean":
            scores -= squares / 2  # xy - yy/2 orders as -|x - y|^2 does
        found.append(top_k_dense(scores, first_row=begin, k=n_candidates)[0])
        progress(0.8 * min(begin + rows, n) / n, f"comparing {n:,} vectors")
    return np.concatenate(found)


def _approximate_candidates(points: np.ndarray, n_candidates: int, metric: str, progress: Progress) -> np.ndarray:
    from pynndescent import NNDescent

    progress(0.0, f"searching neighbours of {len(points):,} vectors")
    index = NNDescent(points, metric="euclidean", n_neighbors=n_candidates + 1, random_state=0, n_jobs=1)
    found: np.ndarray = index.neighbor_graph[0]  # type: ignore[index]  # one job: with more, pynndescent's random streams depend on their number
    own = found == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True  # duplicates may push the row itself off its list: then drop the last
    return found[~own].reshape(len(points), n_candidates).astype(np.int32)


def _exact_distances(points: np.ndarray, candidates: np.ndarray, metric: str) -> np.ndarray:
    """Squared distances in float64, in blocks."""
    out = np.empty(candidates.shape)
    rows = max(1, BLOCK_VALUES // 4 // (candidates.shape[1] * points.shape[1]))
    for begin in range(0, len(points), rows):
        block = slice(begin, begin + rows)
        difference = points[candidates[block]].astype(np.float64) - points[block, None].astype(np.float64)
        out[block] = np.einsum("ijk,ijk->ij", difference, difference)
    return out
