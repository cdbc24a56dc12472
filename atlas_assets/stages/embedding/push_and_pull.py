"""The embedding problem of a graph: neighbours pull, random pairs push; its value and gradient on all cores.

The pushes of all pairs with each other are what is meant and too many to compute; they are sampled on a ring, which
costs no memory and no random access (see ``kernels.distortion``). Few samples leave most pairs that lie close together
unseen, and they overlap: held-out recall of the 3-D embedding of mtg-decks (4,486 entities, total weight of the pushes
3 per edge) with 32, 100, 200 pairs per entity and side 0.149, 0.155, 0.156; at 6 per edge with 63, 200, 400, 2,000:
0.151, 0.158, 0.163, 0.165.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from atlas_assets.errors import AtlasError
from atlas_assets.kernels.distortion import ROWS, value_and_gradient
from atlas_assets.kernels.penalties import ATTRACTIVE, REPULSIVE


class DeviceMemoryError(AtlasError):
    """A GPU has too little memory even for the smallest working set."""


class PushAndPull:
    """Average distortion over edges (i, j) of w p(|x_i - x_j|) and over pushing pairs of q(|x_i - x_j|).

    edges (m, 2), edge_weights (m,). The pushes together weigh ``repulsive_ratio`` per edge, whatever number of pairs
    they are sampled by: ``repulsive_pairs`` per entity and direction of the ring, all pairs where entities are few. The
    sum is divided by m (1 + repulsive_ratio), as PyMDE's average over all edges is. An edge may also push.

    Memory: 16 bytes per edge and 12 n_dims + 8 per entity, beside the optimiser's 110 n_dims per entity; the pushes
    take none. A million entities with ten million edges: 0.5 GB, and 1 GB for a moment while the matrix is made.
    """

    def __init__(
        self,
        edges: np.ndarray,
        edge_weights: np.ndarray,
        *,
        n_entities: int,
        repulsive_ratio: float,
        repulsive_pairs: int,
        seed: int,
    ) -> None:
        n, m = n_entities, len(edges)
        ends = (np.r_[edges[:, 0], edges[:, 1]], np.r_[edges[:, 1], edges[:, 0]])
        matrix = csr_array((np.r_[edge_weights, edge_weights].astype(np.float32), ends), shape=(n, n))
        matrix.sort_indices()
        self.n_entities, self.n_edges = n, m
        self.indptr, self.columns = matrix.indptr.astype(np.int64), matrix.indices.astype(np.uint32)
        self.weights = matrix.data
        self.scale = 1 / (m * (1 + repulsive_ratio))
        self._pushes, self._count = repulsive_ratio * m, min(repulsive_pairs, (n - 1) // 2)
        self._used, self._generator = self._count, np.random.default_rng(seed)
        self.resample()

    def resample(self) -> None:
        """Draw other pushing pairs."""
        self.ring = self._generator.permutation(self.n_entities).astype(np.int32)
        self.place = np.empty_like(self.ring)
        self.place[self.ring] = np.arange(self.n_entities, dtype=np.int32)
        self._steps = 1 + self._generator.choice(max((self.n_entities - 1) // 2, 1), self._count, replace=False)
        self.push_by(self._used)

    def push_by(self, pairs: int) -> None:
        """From now on, push by so many of the pairs of each entity and direction; what they weigh together stays."""
        self._used = min(pairs, self._count)
        self.steps = self._steps[: self._used]
        self.push_weight = self._pushes / (self.n_entities * self._used) if self._used else 0.0

    def pairs(self) -> np.ndarray:
        """The pushing pairs one by one, (n * steps, 2): what the ring stands for."""
        places = np.arange(self.n_entities)
        return np.concatenate(
            [np.stack([self.ring, self.ring[(places + step) % self.n_entities]], axis=1) for step in self.steps]
            or [np.empty((0, 2), np.int32)]
        )


class FusedDistortion:
    """Value and gradient of a problem with penalties that have a compiled kernel."""

    device = "cpu"

    def __init__(self, problem: PushAndPull, *, attractive: str, repulsive: str, n_dims: int) -> None:
        self.problem = problem
        self._kinds = ATTRACTIVE.index(attractive), REPULSIVE.index(repulsive)
        n = problem.n_entities
        borders = problem.indptr[np.append(np.arange(0, n, ROWS), n)]
        self._widest = int(np.diff(borders).max())
        self._doubled, self._pushed = np.empty((n_dims, 2 * n), np.float32), np.empty((n_dims, n), np.float32)

    def __call__(self, x: np.ndarray, gradient: np.ndarray) -> float:
        """Distortion of positions x (n, d) float32; overwrites gradient (n, d) float32."""
        p = self.problem
        return value_and_gradient(
            x,
            p.indptr,
            p.columns,
            p.weights,
            self._widest,
            p.place,
            p.ring,
            p.steps,
            np.float32(p.push_weight),
            np.float32(p.scale),
            *self._kinds,
            self._doubled,
            self._pushed,
            gradient,
        )
