"""Which entities lie together, on several levels: communities of the neighbour graph that are one place on the map.

Two strands that happen to lie side by side on the map share no neighbours, and neighbours that the map tears apart
share no place: an edge of the graph counts by how short it is on the map, and lying side by side a little. Of these
edges Louvain's method (Blondel et al. 2008) makes small communities, and Paris (Bonald et al. 2018) joins them, those
with the most edges for their size first. The levels are cuts through its tree, which split what is large first. An
entity amid others' territory belongs to none.
"""

from __future__ import annotations

import heapq

import numpy as np
from scipy import sparse

from atlas_assets.kernels.kd_tree import nearest_others

COARSEST, FINEST, RATIO = (3, 15), 30, 3  # regions of level 0; entities per region of the last level; between levels
MOST_LEVELS = 6
SMALLEST = 5  # entities; a smaller region is none
PIECES = 4  # communities per region of the finest level, about: joining is freer the smaller they are
EVENNESS = 2  # a group of twice the size is split before one whose parts are four times less connected
LEAST = 0.1  # of the usual size: groups below that are not counted, and belong to a finer level
SAME = 0.9  # of the region around it: one that has so much of it is the same
NEARNESS = 0.05  # weight of lying beside each other on the map, where the graph has 1: it joins what nothing else does
AROUND = 10  # entities on the map that are asked whose territory this is
FEWEST_ALIKE = 0.2  # of them in an entity's own region, for it to belong there


def level_sizes(n: int) -> list[int]:
    """How many regions each level aims at, coarse to fine, for n entities: one to six levels, each three times more."""
    if n == 0:
        return []
    counts = [max(1, min(round(float(np.clip(1.2 * n**0.25, *COARSEST))), n // SMALLEST))]
    while len(counts) < MOST_LEVELS and counts[-1] * RATIO <= n / FINEST:
        counts.append(counts[-1] * RATIO)
    return counts


def divide(positions: np.ndarray, neighbours: np.ndarray | None) -> list[np.ndarray]:
    """The region of each entity at each level, coarse to fine: (n,) int64, -1 for none.

    positions (n, 2 or 3); neighbours (n, k), rows of the most similar entities, -1 where there are fewer; without them
    those that are nearest on the map. A region lies inside one of the level above. Reproducible; O(n k).
    """
    n = len(positions)
    if n < 2:
        return [np.zeros(n, np.int64) for _ in level_sizes(n)]
    edges, around = graph(positions, neighbours)
    return _settled(communities(edges), around)


def graph(positions: np.ndarray, neighbours: np.ndarray | None) -> tuple[sparse.csr_array, np.ndarray]:
    """What is divided: edges (n, n), symmetric, weighed by how short they are on the map; and who is nearest there."""
    places = np.asarray(positions, np.float64)
    around = nearest_others(places, min(AROUND, len(places) - 1))[0]
    edges = _edges(places, around)
    if neighbours is not None:
        edges = sparse.csr_array(_edges(places, np.asarray(neighbours)) + NEARNESS * edges)
    return edges, around


def communities(edges: sparse.csr_array) -> list[np.ndarray]:
    """The community of each node at each level, coarse to fine: (n,) int64, nested, every node in one."""
    n = edges.indptr.size - 1
    counts = level_sizes(n)
    if counts in ([], [1]):
        return [np.zeros(n, np.int64) for _ in counts]
    pieces = _communities(edges, counts[-1] * PIECES)
    return [cut[pieces] for cut in _joined(edges, pieces, counts)]


def _edges(places: np.ndarray, neighbours: np.ndarray) -> sparse.csr_array:
    """The graph, symmetric, each edge with 1 / (1 + (its length on the map / the median length)^2)."""
    n = len(places)
    listed = neighbours >= 0
    first, second = np.nonzero(listed)[0], neighbours[listed].astype(np.int64)
    lengths = np.linalg.norm(places[first] - places[second], axis=1)
    usual = float(np.median(lengths[lengths > 0])) if (lengths > 0).any() else 1.0
    one_way = sparse.coo_array((1 / (1 + (lengths / usual) ** 2), (first, second)), shape=(n, n)).tocsr()
    return sparse.csr_array(one_way + one_way.T)


def _communities(edges: sparse.csr_array, about: int) -> np.ndarray:
    """About so many communities, (n,), numbered from 0."""
    from sknetwork.clustering import Louvain  # not Leiden: scikit-network's draws from C's rand, which takes no seed

    # The resolution that gives about so many on real maps.
    found = Louvain(resolution=max(1.0, about / 6)).fit_predict(_matrix(edges))
    return np.unique(found, return_inverse=True)[1]


def _joined(edges: sparse.csr_array, pieces: np.ndarray, counts: list[int]) -> list[np.ndarray]:
    """For each count the region of each piece, nested: pieces joined to so many regions, or fewer."""
    from sknetwork.hierarchy import Paris

    n_pieces = int(pieces.max()) + 1
    if n_pieces < 3:
        return [np.arange(n_pieces) for _ in counts]
    shape = (n_pieces, pieces.size)
    member = sparse.csr_array((np.ones(pieces.size), (pieces, np.arange(pieces.size))), shape=shape)
    tree = Paris(reorder=False).fit_predict(_matrix(sparse.csr_array(member @ edges @ member.T)))
    return _cuts(np.asarray(tree), np.bincount(pieces), [min(max(count, 2), n_pieces) for count in counts])


def _cuts(tree: np.ndarray, sizes: np.ndarray, counts: list[int]) -> list[np.ndarray]:
    """The group of each leaf in cuts through a tree into so many groups, rising counts; each inside those before.

    tree (m - 1, 4): the two nodes that each step joins and its height, as SciPy has it; sizes (m,) of the leaves. What
    is split next has the greatest height for its size: the tree alone would peel small groups off one that keeps
    nearly everything. Groups that are small all the same, such as those that nothing joins, come on top of the count.
    """
    m = len(sizes)
    size = np.concatenate([sizes, np.zeros(m - 1)])
    leaves = [[leaf] for leaf in range(m)]
    for step, (first, second) in enumerate(tree[:, :2].astype(int)):
        size[m + step] = size[first] + size[second]
        leaves.append(leaves[first] + leaves[second])
    with np.errstate(divide="ignore"):
        urgency = np.log(tree[:, 2]) + EVENNESS * np.log(size[m:])
    groups = [(0.0, 2 * m - 2)]  # a heap: the most urgent first, leaves last
    found = []
    for count in counts:
        least = LEAST * size[-1] / count
        n_large = sum(size[node] >= least for _, node in groups)
        while n_large < count and groups[0][1] >= m:
            _, node = heapq.heappop(groups)
            n_large -= size[node] >= least
            for part in tree[node - m, :2].astype(int):
                heapq.heappush(groups, (float(-urgency[part - m]) if part >= m else float("inf"), int(part)))
                n_large += size[part] >= least
        cut = np.empty(m, np.int64)
        for number, (_, node) in enumerate(groups):
            cut[leaves[node]] = number
        found.append(cut)
    return found


def _matrix(edges: sparse.csr_array) -> sparse.csr_matrix:
    """As scikit-network takes it: the older class, with indices of 32 bits."""
    indices = edges.indices.astype(np.int32), edges.indptr.astype(np.int32)
    return sparse.csr_matrix((edges.data, *indices), shape=edges.shape)


def _settled(levels: list[np.ndarray], around: np.ndarray) -> list[np.ndarray]:
    """The levels without entities amid other regions, and without regions that are too small then.

    A region that is far smaller than is usual at a level is one of the finer level where it is not. One that is nearly
    all of the region around it is that region, and none of its own.
    """
    n = len(around)
    settled: list[np.ndarray] = []
    inside = np.ones(n, bool)
    outer_size = np.full(n, n + 1)  # of the region of the levels before
    for level, count in zip(levels, level_sizes(n), strict=True):
        inside = inside & ((level[around] == level[:, None]).mean(axis=1) >= FEWEST_ALIKE)
        sizes = np.bincount(level[inside], minlength=int(level.max()) + 1)
        inside = inside & (sizes[level] >= SMALLEST)
        size = sizes[level]
        of_this_level = inside & (size >= LEAST * n / count) & (size < SAME * outer_size)
        outer_size = np.where(of_this_level, size, outer_size)
        settled.append(np.where(of_this_level, level, -1))
    return settled
