"""Small random relations with every kind of pair weight, and what they mean, for the tests of counting and neighbours.

A :class:`Relation` names its entities and keeps its collections apart, so that the same one can be packed with its
collections, or its entities, in any order.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unittest import mock

import numba
import numpy as np
import polars as pl

from atlas_assets.stages.relation.pair_weights import PairWeights, pair_weight_reference

KINDS = ["unit", "rows", "collections", "linear", "gaussian", "times", "all"]
NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Index:
    """What counting needs of ``entity_index.CollectionIndex``; its own weights are not used here."""

    ids: pl.DataFrame
    indptr: np.ndarray
    entities: np.ndarray
    values: np.ndarray | None = None
    timestamps: np.ndarray | None = None
    weights: np.ndarray | None = None

    @property
    def n_entities(self) -> int:
        return self.ids.height


def index_of(sets: Sequence, n: int, *, values=None, timestamps=None, weights=None) -> Index:
    """Entities 0...n - 1, ids in the order of rows. Columns: one entry per membership, in the order of
    the sets and, in each, of its sorted entities.
    """
    indptr = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
    entities = np.array([entity for members in sets for entity in sorted(members)], np.int32)
    return Index(
        pl.DataFrame({"id": pl.int_range(n, eager=True)}),
        indptr,
        entities,
        values=None if values is None else np.array(values, np.float32),
        timestamps=None if timestamps is None else np.array(timestamps, np.int64),
        weights=None if weights is None else np.array(weights, np.float32),
    )


@dataclass(frozen=True)
class Relation:
    """Collections as lists of (entity, w, v, t), the W of each, and which of these the pair weights take."""

    n: int
    kind: str
    collections: list[list[tuple[int, float, float, int]]]
    amounts: list[float]

    def pack(
        self, *, names: Sequence[int] | None = None, order: Sequence[int] | None = None
    ) -> tuple[Index, PairWeights | None]:
        """names[e]: row of entity e, whose id is e. order: of the collections. Both as they are unless given.

        The weights are None for unit weights.
        """
        names = range(self.n) if names is None else names
        order = range(len(self.collections)) if order is None else order
        ids = np.empty(self.n, np.int64)
        ids[np.asarray(names, np.int64)] = np.arange(self.n)
        packed = [sorted((int(names[row[0]]), *row[1:]) for row in self.collections[c]) for c in order]
        rows = list(itertools.chain.from_iterable(packed))
        index = Index(
            pl.DataFrame({"id": ids}),
            np.concatenate([[0], np.cumsum([len(rows) for rows in packed])]).astype(np.int64),
            np.array([row[0] for row in rows], np.int32),
        )
        if self.kind == "unit":
            return index, None
        closeness = {"gaussian": "gaussian", "linear": "linear", "all": "linear"}.get(self.kind)
        weights = PairWeights(
            rows=np.array([row[1] for row in rows]) if self.kind in ("rows", "all") else None,
            collections=np.array([self.amounts[c] for c in order]) if self.kind in ("collections", "all") else None,
            values=np.array([row[2] for row in rows]) if closeness else None,
            value_form=closeness,  # type: ignore[arg-type]
            value_width=0.8 if closeness else 0.0,
            times=np.array([row[3] for row in rows], np.int64) if self.kind in ("times", "all") else None,
            half_life=1000.0,
        )
        return index, weights


def relation(seed: int, kind: str, *, n: int = 12, n_collections: int = 25, largest: int = 6) -> Relation:
    """Some entities are more popular than others; weights may be 0, values and times unknown."""
    generator = np.random.default_rng(seed)
    popularity = 1.0 / np.arange(1, n + 1)
    collections = []
    for _ in range(generator.integers(0, n_collections + 1)):
        size = min(int(generator.integers(0, largest + 1)), n)
        members = generator.choice(n, size, replace=False, p=popularity / popularity.sum())
        w = generator.choice([0.0, 0.25, 1 / 3, 1.0, 3.7], size)
        v = generator.choice([np.nan, 0.0, 1.0, 1.5, 4.0], size)
        t = generator.choice([NO_TIME, 0, 500, 3000], size)
        collections.append([(int(e), float(a), float(b), int(c)) for e, a, b, c in zip(members, w, v, t, strict=True)])
    return Relation(n, kind, collections, [float(w) for w in generator.choice([0.3, 1.0, 2.5], len(collections))])


def amount(weights: PairWeights | None):
    """``amount(c, a, b)`` for the references of the kernels."""
    return lambda c, a, b: 1.0 if weights is None else pair_weight_reference(weights, c, a, b)


@contextlib.contextmanager
def parts(count: int) -> Iterator[None]:
    """Work is divided as for ``count`` threads, on as many of them as this machine has."""
    available = numba.get_num_threads()
    numba.set_num_threads(min(count, available))
    try:
        with mock.patch.object(numba, "get_num_threads", return_value=count):
            yield
    finally:
        numba.set_num_threads(available)
