"""The order of the rows of a bundle: important entities first, and near ones near each other.

Rows are grouped into buckets of importance, so that a page which has loaded the first bucket shows what most visitors
look for, spread over the whole map. Inside a bucket they follow the Morton curve of the default projection, which puts
near points near each other in the file: positions then differ little from row to row and compress to half.
"""

from __future__ import annotations

import numpy as np

from atlas_assets.stages.bundle.encoding import quantise

# The first paint, what a phone can hold in one frame, and the rest. The first is what a visitor waits for: with names,
# colours and sizes 5,000 rows take about 70 kB, and they are enough to give the map its shape.
BUCKET_ENDS = (5_000, 100_000)
LEAST_REST = 0.5  # a bucket is closed only where at least this share of its end follows: small files are slow too


def bucket_ends(n_rows: int) -> list[int]:
    """Cumulative ends of the buckets; the last one is n_rows, and none is empty."""
    return [end for end in BUCKET_ENDS if n_rows >= (1 + LEAST_REST) * end] + [n_rows]


def row_order(popularity: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The entity of each row: a permutation of 0..n-1, int64.

    popularity (n,); positions (n, 2 or 3), finite. Which of equally popular entities come into the earlier bucket is
    decided by a fixed shuffle, not by index: ids often follow groups or time, and a bucket should be a fair sample.
    """
    n = len(popularity)
    shuffled = np.random.default_rng(0).permutation(n)
    by_popularity = shuffled[np.argsort(-np.asarray(popularity, np.float64)[shuffled], kind="stable")]
    curve = morton(positions)
    buckets, begin = [], 0
    for end in bucket_ends(n):
        rows = np.sort(by_popularity[begin:end])  # equal curve positions then keep the order of the index
        buckets.append(rows[np.argsort(curve[rows], kind="stable")])
        begin = end
    return np.concatenate(buckets)


def morton(positions: np.ndarray) -> np.ndarray:
    """Place of each point on the Morton (Z-order) curve through the bounding box, (n,) uint64.

    The bits of the 16-bit coordinates are interleaved, the first dimension lowest (Morton 1966).
    """
    dims = positions.shape[1]
    code = np.zeros(len(positions), np.uint64)
    for dim in range(dims):
        values = positions[:, dim]
        steps = quantise(values, float(values.min()), float(values.max())).astype(np.uint64)
        for bit in range(16):
            code |= ((steps >> np.uint64(bit)) & np.uint64(1)) << np.uint64(bit * dims + dim)
    return code
