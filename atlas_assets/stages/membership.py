"""Rows (collection, entity) as parallel arrays, and the account of what each rule of a filter took away."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from atlas_assets.stages.stable_hash import hash_ids, mix

NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Memberships:
    """collection, entity: (m,) int32 codes into the sorted collection_ids and entity_ids; value and weight (m,) float32
    and timestamp (m,) int64 or None. Codes stay as they are while rows are removed, so counts have fixed lengths.
    """

    collection_ids: pl.Series
    entity_ids: pl.Series
    collection: np.ndarray
    entity: np.ndarray
    value: np.ndarray | None
    timestamp: np.ndarray | None
    weight: np.ndarray | None

    @classmethod
    def read(cls, path: Path) -> Self:
        """The rows of an ``interactions.parquet``. A column that is empty throughout counts as absent."""
        names = pl.scan_parquet(path).collect_schema().names()
        collection_ids, collection = _encode(path, "collection")
        entity_ids, entity = _encode(path, "entity")
        return cls(
            collection_ids, entity_ids, collection, entity,
            value=_column(path, "value", np.float32, np.nan) if "value" in names else None,
            timestamp=_column(path, "timestamp", np.int64, NO_TIME) if "timestamp" in names else None,
            weight=_column(path, "weight", np.float32, 1.0) if "weight" in names else None,
        )  # fmt: skip

    def __len__(self) -> int:
        return self.collection.size

    @property
    def n_entities(self) -> int:
        return int(np.count_nonzero(self.counts()))

    @property
    def n_collections(self) -> int:
        return int(np.count_nonzero(self.sizes()))

    def sizes(self) -> np.ndarray:
        """Rows per collection."""
        return np.bincount(self.collection, minlength=len(self.collection_ids))

    def counts(self) -> np.ndarray:
        """Rows per entity."""
        return np.bincount(self.entity, minlength=len(self.entity_ids))

    def indptr(self) -> np.ndarray:
        """(C+1,) int64 offsets of the collections that have rows. Rows must be sorted."""
        sizes = self.sizes()
        return np.concatenate([[0], np.cumsum(sizes[sizes > 0])]).astype(np.int64)

    def where(self, chosen: np.ndarray) -> Memberships:
        """The rows of a mask or in an order."""
        if chosen.dtype == bool and chosen.all():
            return self
        columns = {name: getattr(self, name) for name in ("collection", "entity", "value", "timestamp", "weight")}
        return dataclasses.replace(self, **{k: None if v is None else v[chosen] for k, v in columns.items()})

    def sorted(self) -> Memberships:
        """By collection, then entity; rows of one pair keep their order."""
        key = self._key()
        if bool((key[1:] >= key[:-1]).all()):
            return self
        return self.where(np.argsort(key, kind="stable"))

    def value_at_least(self, limit: float) -> np.ndarray:
        """Mask. Rows without a value do not pass."""
        return np.zeros(len(self), dtype=bool) if self.value is None else self.value >= limit

    def best_of_repeated(self) -> np.ndarray:
        """Mask over sorted rows: of each pair the row of the largest value, then time, then weight."""
        repeated = self._repeats_previous()
        chosen = ~repeated
        involved = np.flatnonzero(repeated | np.r_[repeated[1:], False])
        if involved.size:
            ranks = [
                np.nan_to_num(-column[involved].astype(np.float64), nan=np.inf)
                for column in (self.weight, self.timestamp, self.value)
                if column is not None
            ]
            key = self._key()[involved]
            order = np.lexsort((*ranks, key))
            first = np.r_[True, np.diff(key[order]) != 0]
            chosen[involved] = False
            chosen[involved[order[first]]] = True
        return chosen

    def summed(self) -> Memberships:
        """Sorted rows with those of one pair made one: values and weights added, the latest time."""
        first = np.flatnonzero(~self._repeats_previous())
        one = self.where(first)
        weight = np.ones(len(self), dtype=np.float32) if self.weight is None else self.weight
        value, timestamp = self.value, self.timestamp
        return dataclasses.replace(
            one,
            weight=np.add.reduceat(weight, first, dtype=np.float64).astype(np.float32),
            value=None if value is None else _sum_known(value, first),
            timestamp=None if timestamp is None else np.maximum.reduceat(timestamp, first),
        )

    def pair_hashes(self, at: np.ndarray, seed: int) -> np.ndarray:
        """A stable hash of (seed, collection id, entity id) for the rows ``at``."""
        collections, entities = np.unique(self.collection[at]), np.unique(self.entity[at])
        left = hash_ids(self.collection_ids.gather(collections), seed)
        right = hash_ids(self.entity_ids.gather(entities), seed)
        of_collection = left[np.searchsorted(collections, self.collection[at])]
        return mix(of_collection, right[np.searchsorted(entities, self.entity[at])])

    def _key(self) -> np.ndarray:
        return self.collection.astype(np.int64) * len(self.entity_ids) + self.entity  # < 2^62: both are int32

    def _repeats_previous(self) -> np.ndarray:
        key = self._key()
        return np.r_[np.zeros(min(1, key.size), dtype=bool), key[1:] == key[:-1]]


class Steps:
    """What each rule left and removed, in order: the ``steps`` of an index."""

    def __init__(self, rows: Memberships) -> None:
        self.listed: list[dict[str, Any]] = []
        self._add("read", self._size(rows), self._size(rows))

    @staticmethod
    def _size(rows: Memberships) -> tuple[int, int, int]:
        return len(rows), rows.n_collections, rows.n_entities

    def apply(self, rule: str, rows: Memberships, chosen: np.ndarray) -> Memberships:
        """The chosen rows, and the step noted."""
        return self.replace(rule, rows, rows.where(chosen))

    def replace(self, rule: str, before: Memberships, after: Memberships) -> Memberships:
        """``after``, and the step from ``before`` noted."""
        self._add(rule, self._size(before), self._size(after))
        return after

    def _add(self, rule: str, before: tuple[int, int, int], after: tuple[int, int, int]) -> None:
        names = ("rows", "collections", "entities")
        step: dict[str, Any] = {"rule": rule} | dict(zip(names, after, strict=True))
        step |= {f"removed_{n}": b - a for n, b, a in zip(names, before, after, strict=True)}
        self.listed.append(step)


def _encode(path: Path, name: str) -> tuple[pl.Series, np.ndarray]:
    """The sorted distinct values of a column, and each row's place among them."""
    column = pl.read_parquet(path, columns=[name])[name]
    ids = column.unique().sort()
    if ids.dtype.is_integer():
        return ids, np.searchsorted(ids.to_numpy(), column.to_numpy()).astype(np.int32)
    places = pl.DataFrame({name: ids, "place": np.arange(len(ids), dtype=np.int32)})
    joined = column.to_frame().join(places, on=name, how="left", maintain_order="left")
    return ids, joined["place"].to_numpy()


def _column(path: Path, name: str, dtype: Any, missing: Any) -> np.ndarray | None:
    column = pl.read_parquet(path, columns=[name])[name]
    if column.null_count() == len(column):
        return None
    return column.fill_null(missing).to_numpy().astype(dtype, copy=False)


def _sum_known(value: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Sums over rows first[i] … first[i+1]-1 that leave out NaN; NaN where nothing is known."""
    known = ~np.isnan(value)
    total = np.add.reduceat(np.where(known, value, 0.0), first, dtype=np.float64)
    return np.where(np.add.reduceat(known, first, dtype=np.int64) > 0, total, np.nan).astype(np.float32)
