"""Shortest paths along a weighted graph from a few of its entities to all others, one source per thread at a time.

Near-far lists (Davidson et al. 2014, "Work-efficient parallel GPU methods for single-source shortest paths") in place
of a heap: what lies within the present limit is settled by rounds of relaxation, what lies beyond waits. The lengths
are the least fixed point of ``d[v] = min(d[u] + w[u, v])``; rounding is monotone, so they are the same to the last bit
in whatever order edges are relaxed, and equal Dijkstra's.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

STEP = 0.5  # of the limit, in mean edge lengths; with 0.1 to 4 it takes about as long


@njit(cache=True)
def _from_source(source, indptr, columns, lengths, step, distance, present, following, waiting, place):
    """Fill ``distance``; the other arrays (n,) are scratch. place: 0 nowhere, 1 present or following, 2 waiting."""
    distance[:] = np.inf
    place[:] = 0
    distance[source] = 0.0
    present[0] = source
    n_present, n_waiting, limit = 1, 0, step
    while n_present > 0:
        while n_present > 0:
            n_following = 0
            for slot in range(n_present):
                place[present[slot]] = 0
            for slot in range(n_present):
                u = present[slot]
                so_far = distance[u]
                for edge in range(indptr[u], indptr[u + 1]):
                    v = columns[edge]
                    reached = so_far + lengths[edge]
                    if reached < distance[v]:
                        distance[v] = reached
                        if reached < limit:
                            if place[v] != 1:  # one that waits stays in its list, and is passed over there
                                place[v] = 1
                                following[n_following] = v
                                n_following += 1
                        elif place[v] == 0:
                            place[v] = 2
                            waiting[n_waiting] = v
                            n_waiting += 1
            present, following = following, present
            n_present = n_following
        least = np.inf
        for slot in range(n_waiting):
            if place[waiting[slot]] == 2:
                least = min(least, distance[waiting[slot]])
        limit = least + step
        kept = 0
        for slot in range(n_waiting):
            v = waiting[slot]
            if place[v] == 2:
                if distance[v] < limit:
                    place[v] = 1
                    present[n_present] = v
                    n_present += 1
                else:
                    waiting[kept] = v
                    kept += 1
        n_waiting = kept


@njit(cache=True, parallel=True)
def _from_sources(sources, indptr, columns, lengths, step, out):
    n = indptr.size - 1
    for s in prange(sources.size):
        distance = np.empty(n)
        present, following, waiting = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
        _from_source(
            sources[s], indptr, columns, lengths, step, distance, present, following, waiting, np.empty(n, np.uint8)
        )
        for v in range(n):
            out[s, v] = distance[v]


def shortest_paths(sources: np.ndarray, indptr: np.ndarray, columns: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Lengths of the shortest paths, (len(sources), n) float32, summed in float64; inf where there is none.

    indptr, columns, lengths: the graph as symmetric CSR with positive lengths; an edge may occur more than once.
    """
    out = np.empty((sources.size, indptr.size - 1), np.float32)
    step = STEP * float(lengths.mean()) if lengths.size else 1.0
    _from_sources(
        np.asarray(sources, np.int64),
        np.asarray(indptr, np.int64),
        np.asarray(columns, np.int32),
        np.asarray(lengths, np.float64),
        step,
        out,
    )
    return out


def shortest_paths_reference(
    sources: np.ndarray, indptr: np.ndarray, columns: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """The same by relaxing every edge until nothing changes (Bellman-Ford), in float64."""
    n = len(indptr) - 1
    origins = np.repeat(np.arange(n), np.diff(indptr))
    out = np.full((len(sources), n), np.inf)
    for distance, source in zip(out, sources, strict=True):
        distance[source] = 0
        before = np.zeros(0)
        while not np.array_equal(before, distance):
            before = distance.copy()
            np.minimum.at(distance, columns, before[origins] + lengths)
    return out
