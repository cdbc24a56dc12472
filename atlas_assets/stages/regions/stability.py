"""Is this region real? How much of it comes together again when the graph is divided without a fifth of its edges.

By chance something does, too, which ``of_chance`` tells: the same of a graph whose edges join anybody to anybody, with
as many at each entity as before. There are few of which more than a fifth comes together (``python -m benchmarks
regions``), so a region that keeps less than half is called weak.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from atlas_assets.stages.regions.hierarchy import communities

KEPT = 0.8  # of the edges, drawn anew for each division
DIVISIONS = 2
WEAK = 0.5
SEED = 0


def stability(levels: Sequence[np.ndarray], edges: sparse.csr_array, *, divisions: int = DIVISIONS) -> list[np.ndarray]:
    """For each level the stability of its regions, 0 to 1.

    levels: (n,) each, regions numbered from 0, -1 for none, with at least one region; edges (n, n), symmetric. The
    stability of a region is the Jaccard index with the community of the same level that is most like it, the mean over
    several divisions. Reproducible.
    """
    return _recurring(levels, edges, divisions, np.random.default_rng(SEED))


def of_chance(edges: sparse.csr_array) -> list[np.ndarray]:
    """The same of the communities of each level in the graph with shuffled edges, which are none."""
    generator = np.random.default_rng(SEED)
    shuffled = _shuffled(edges, generator)
    return _recurring(communities(shuffled), shuffled, 1, generator)


def _recurring(
    levels: Sequence[np.ndarray], edges: sparse.csr_array, divisions: int, generator: np.random.Generator
) -> list[np.ndarray]:
    total = [np.zeros(int(level.max(initial=0)) + 1) for level in levels]
    for _ in range(divisions):
        again = communities(_thinned(edges, generator))
        for depth, level in enumerate(levels):
            total[depth] += _overlap(level, again[min(depth, len(again) - 1)])
    return [of_level / divisions for of_level in total]


def _overlap(level: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The Jaccard index of each region with the community that is most like it; entities in no region left out."""
    rows = level >= 0
    n, m = int(level.max(initial=0)) + 1, int(other.max()) + 1
    both = sparse.coo_array((np.ones(int(rows.sum())), (level[rows], other[rows])), shape=(n, m)).tocsr().tocoo()
    sizes, theirs = np.bincount(level[rows], minlength=n), np.bincount(other[rows], minlength=m)
    alike = both.data / (sizes[both.row] + theirs[both.col] - both.data)
    best = np.zeros(n)
    np.maximum.at(best, both.row, alike)
    return best


def _thinned(edges: sparse.csr_array, generator: np.random.Generator) -> sparse.csr_array:
    upper = sparse.triu(edges, k=1).tocoo()
    kept = generator.random(upper.data.size) < KEPT
    return _symmetric(upper.row[kept], upper.col[kept], upper.data[kept], edges.indptr.size - 1)


def _shuffled(edges: sparse.csr_array, generator: np.random.Generator) -> sparse.csr_array:
    """Every edge with another's end; one from an entity to itself is lost."""
    upper = sparse.triu(edges, k=1).tocoo()
    ends = generator.permutation(upper.col)
    apart = upper.row != ends
    return _symmetric(upper.row[apart], ends[apart], upper.data[apart], edges.indptr.size - 1)


def _symmetric(row: np.ndarray, column: np.ndarray, weight: np.ndarray, n: int) -> sparse.csr_array:
    one_way = sparse.coo_array((weight, (row, column)), shape=(n, n)).tocsr()
    return sparse.csr_array(one_way + one_way.T)
