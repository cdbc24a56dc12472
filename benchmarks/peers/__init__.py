"""Everybody who is measured by ``relate``, ours included: one module each, all with the same three functions.

``prepare(data)`` makes the form that the library wants out of a :class:`Memberships` and is not timed.
``nearest(prepared, k)`` finds the k most similar entities of every entity by cosine and is. What it returns is the
library's own; ``similarities(result, rows, k)`` reads from it the similarities of some rows, for comparison.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np


@dataclass(frozen=True)
class Memberships:
    """Which entities each collection holds, as CSR rows: the matrix every peer starts from.

    indptr (C+1,) int64; entities int32 in 0 … n_entities-1, ascending and unique inside a collection.
    """

    indptr: np.ndarray
    entities: np.ndarray
    n_entities: int

    @property
    def n_collections(self) -> int:
        return self.indptr.size - 1

    def head(self, n: int) -> Memberships:
        """The first n collections over the same entities: something small to warm up on."""
        end = self.indptr[min(n, self.n_collections)]
        return Memberships(self.indptr[: n + 1].copy(), self.entities[:end].copy(), self.n_entities)


class Peer(Protocol):
    """What a module of this package offers."""

    def prepare(self, data: Memberships) -> Any: ...
    def nearest(self, prepared: Any, k: int) -> Any: ...
    def similarities(self, result: Any, rows: np.ndarray, k: int) -> np.ndarray: ...


OURS = "ours"
# name as in the tables (that of the package) -> module
PEERS = {
    "scipy": "benchmarks.peers.scipy_product",
    "sparse_dot_mkl": "benchmarks.peers.mkl_product",
    "sparse_dot_topn": "benchmarks.peers.topn_product",
    "implicit": "benchmarks.peers.implicit_cosine",
    "polars": "benchmarks.peers.polars_join",
    "recipe": "benchmarks.peers.recipe",
}
# distributions whose versions decide what was measured
PACKAGES = (
    "numpy",
    "numba",
    "scipy",
    "polars",
    "implicit",
    "sparse_dot_mkl",
    "mkl",
    "sparse_dot_topn",
    "atlas-assets",
)
MODULES = {OURS: "benchmarks.peers.ours", **PEERS}


def load(name: str) -> Peer:
    """The module of a peer; a dotted name is a module itself. Raises ImportError where its library is absent."""
    return cast(Peer, importlib.import_module(MODULES.get(name, name)))
