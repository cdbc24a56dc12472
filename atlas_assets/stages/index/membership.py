"""Which entities are in which collection, and the account of what each rule of a filter took away.

From the canonical tables (``sources.canonical``) to collections in the order of their ids. Rules move nothing but
entities and, where the table has further columns, the place that each membership has in it: those columns are read
once, for what is left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from atlas_assets.kernels import memberships as kernels
from atlas_assets.stages.artifact import Progress
from atlas_assets.stages.index.stable_hash import hash_ids

NO_TIME = np.iinfo(np.int64).min
_BATCH = 1 << 20
_COLUMNS: dict[str, tuple[type, float | int]] = {
    "value": (np.float32, np.nan),
    "timestamp": (np.int64, NO_TIME),
    "weight": (np.float32, 1.0),
}


class Table:
    """The further columns of an ``interactions.parquet``. One that is empty throughout counts as absent."""

    def __init__(self, path: Path) -> None:
        parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        self._files = [pq.ParquetFile(part) for part in parts]
        self.n_rows = sum(file.metadata.num_rows for file in self._files)
        known = self._files[0].schema_arrow.names
        self.names = [name for name in _COLUMNS if name in known and not self._is_empty(name)]

    def _is_empty(self, name: str) -> bool:
        at = self._files[0].schema_arrow.names.index(name)
        groups = [file.metadata.row_group(i) for file in self._files for i in range(file.metadata.num_row_groups)]
        statistics = [group.column(at).statistics for group in groups]
        return all(s is not None and s.null_count == g.num_rows for s, g in zip(statistics, groups, strict=True))

    def codes(self, name: str, ranks: np.ndarray | None, report: Any) -> np.ndarray:
        """A column of codes, each replaced by its rank."""
        found = np.empty(self.n_rows, np.int32)
        for start, values in self._batches(name):
            part = found[start : start + values.size]
            if ranks is None:
                part[:] = values
            else:
                np.take(ranks, values, out=part, mode="clip")  # codes are in range; "raise" would copy through a buffer
            report(start + values.size)
        return found

    def column(self, name: str, places: np.ndarray | None = None) -> np.ndarray:
        """A column, or what it holds at ``places``; empty where the table has none. NaN, NO_TIME or 1 where unknown.

        Ascending places need no more memory than their result.
        """
        dtype, _ = _COLUMNS[name]
        if name not in self.names:
            return np.empty(0, dtype)
        if places is not None and not bool((places[1:] > places[:-1]).all()):
            return self.column(name)[places]
        found = np.empty(self.n_rows if places is None else places.size, dtype)
        for start, values in self._batches(name):
            if places is None:
                found[start : start + values.size] = values
            else:
                begin, end = np.searchsorted(places, np.array([start, start + values.size], places.dtype))
                np.take(values, places[begin:end] - start, out=found[begin:end], mode="clip")
        return found

    def _batches(self, name: str) -> Any:
        start = 0
        batches = (
            batch
            for file in self._files
            for batch in file.iter_batches(batch_size=_BATCH, columns=[name], use_threads=False)
        )
        for batch in batches:
            values = batch.column(0)
            if values.null_count:
                values = values.fill_null(_COLUMNS[name][1])
            yield start, values.to_numpy(zero_copy_only=False)
            start += len(values)


@dataclass
class Memberships:
    """indptr (C+1,) int64 and entities (m,) int32: collections by id, in each its entities by id, as positions in the
    sorted collection_ids and entity_ids; these stay as they are while memberships are removed. places (m,): where in
    ``table`` each membership is, empty where the table has no further columns. counts (E,): memberships per entity.

    Rules change the arrays in place.
    """

    collection_ids: pl.Series
    entity_ids: pl.Series
    indptr: np.ndarray
    entities: np.ndarray
    places: np.ndarray
    counts: np.ndarray
    table: Table
    sums: dict[str, np.ndarray] | None = None  # columns that ``summed`` made instead of those of the table

    @classmethod
    def read(cls, raw: Path, progress: Progress, *, columns: Collection[str] | None = None) -> Memberships:
        """The memberships of a folder with ``raw_collections``.

        columns: the further columns that will be asked for, None for all. Where the table has none of these it is taken
        for one without any, so that no place has to be kept; where it has one, the others decide between repeated rows.
        """
        table = Table(raw / "interactions.parquet")
        if columns is not None and not set(columns) & set(table.names):
            table.names = []
        collection_ids, of_collection = ranked_ids(raw / "collection_ids.parquet")
        entity_ids, of_entity = ranked_ids(raw / "entity_ids.parquet")
        n = max(1, table.n_rows)
        told = "reading interactions"
        collection = table.codes("collection", of_collection, lambda done: progress(0.2 * done / n, told))
        entity = table.codes("entity", of_entity, lambda done: progress(0.2 + 0.2 * done / n, told))
        progress(0.4, "sorting")
        indptr, entities, places = kernels.group(collection, entity, len(collection_ids), with_places=bool(table.names))
        counts = kernels.count_entities(entities, len(entity_ids))
        return cls(collection_ids, entity_ids, indptr, entities, places, counts, table)

    def __len__(self) -> int:
        return self.entities.size

    @property
    def n_entities(self) -> int:
        return int(np.count_nonzero(self.counts))

    @property
    def n_collections(self) -> int:
        return int(np.count_nonzero(self.indptr[1:] > self.indptr[:-1]))

    def sizes(self) -> np.ndarray:
        """(C,) memberships per collection."""
        return np.diff(self.indptr)

    def keep(self, *, collections: np.ndarray | None = None, entities: np.ndarray | None = None) -> None:
        """Remove all but the chosen collections (C,) and entities (E,), masks."""
        if collections is None:
            collections = np.ones(len(self.collection_ids), dtype=bool)
        if entities is None:
            entities = np.ones(len(self.entity_ids), dtype=bool)
        if collections[self.indptr[1:] > self.indptr[:-1]].all() and entities[self.counts > 0].all():
            return
        self._cut(
            kernels.select(self.indptr, self.entities, self.places, collections, entities, self.entities, self.places)
        )

    def keep_values(self, limit: float) -> None:
        """Remove memberships of a smaller value, or none."""
        values = self.table.column("value")
        if values.size:
            self._cut(kernels.select_at_least(self.indptr, self.entities, self.places, values, np.float32(limit)))
        else:
            self.keep(collections=np.zeros(len(self.collection_ids), dtype=bool))

    def keep_best_of_repeated(self) -> None:
        """Remove all but one membership of each pair: that of the largest value, then time, then weight."""
        if kernels.count_repeated(self.indptr, self.entities):
            columns = [self.table.column(name) for name in _COLUMNS]
            self._cut(kernels.best_of_repeated(self.indptr, self.entities, self.places, *columns))

    def sum_repeated(self) -> None:
        """Make the memberships of each pair one: values and weights added, the latest time."""
        columns = [self.table.column(name) for name in _COLUMNS]
        indptr, *sums = kernels.sum_repeated(self.indptr, self.entities, self.places, *columns)
        self.sums = {name: column for name, column in zip(_COLUMNS, sums, strict=True) if column.size}
        dtype = np.int32 if self.entities.size < 2**31 else np.int64
        self.places = np.arange(self.entities.size, dtype=dtype)
        self._cut(indptr)

    def take_out(self, collections: np.ndarray) -> Memberships:
        """Move the chosen collections to a table of their own, without places."""
        size = int(self.sizes()[collections].sum())
        entities, places = np.empty(size, np.int32), self.places[:0]
        everything = np.ones(len(self.entity_ids), dtype=bool)
        indptr = kernels.select(self.indptr, self.entities, places, collections, everything, entities, places)
        counts = kernels.count_entities(entities, len(self.entity_ids))
        out = dataclasses.replace(self, indptr=indptr, entities=entities, places=places, counts=counts)
        self.keep(collections=~collections)
        return out

    def keep_sample(self, limit: int, seed: int) -> None:
        """Of each collection that is larger, keep ``limit`` memberships: those whose hash of seed and ids is lowest."""
        large = np.flatnonzero(self.sizes() > limit)
        if large.size:
            of_large, of_entity = hash_ids(self.collection_ids.gather(large), seed), hash_ids(self.entity_ids, seed)
            self._cut(kernels.sample(self.indptr, self.entities, self.places, limit, large, of_large, of_entity))

    def renumber(self, numbers: np.ndarray) -> None:
        """Give every entity another number, (E,) int32; entities of a collection are sorted again if need be."""
        kernels.renumber(self.entities, numbers, self.entities)
        if not kernels.ascending(self.indptr, self.entities):
            kernels.sort_inside(self.indptr, self.entities, self.places)

    def column(self, name: str) -> np.ndarray | None:
        """What a further column holds for each membership; None where there is no such column."""
        if self.sums is not None:
            return self.sums[name][self.places] if name in self.sums else None
        return self.table.column(name, self.places) if name in self.table.names else None

    def borders(self) -> np.ndarray:
        """indptr of the collections that have memberships."""
        return np.concatenate([self.indptr[:1], self.indptr[1:][self.indptr[1:] > self.indptr[:-1]]])

    def _cut(self, indptr: np.ndarray) -> None:
        """Take over what a kernel left of the arrays."""
        self.indptr = indptr
        self.entities, self.places = self.entities[: indptr[-1]], self.places[: indptr[-1]]
        self.counts = kernels.count_entities(self.entities, len(self.entity_ids))


class Steps:
    """What each rule left and removed, in order: the ``steps`` of an index."""

    def __init__(self, *size: int) -> None:
        """size: rows, collections and entities that were read."""
        self.listed: list[dict[str, Any]] = []
        self._size = size
        self.add("read", *size)

    def add(self, rule: str, *size: int, note: str = "") -> None:
        """What ``rule`` left."""
        names = ("rows", "collections", "entities")
        step: dict[str, Any] = {"rule": rule} | dict(zip(names, size, strict=True))
        step |= {f"removed_{n}": b - a for n, b, a in zip(names, self._size, size, strict=True)}
        self.listed.append(step | {"note": note})
        self._size = size


def ranked_ids(path: Path) -> tuple[pl.Series, np.ndarray | None]:
    """The ids of a table sorted, and the rank of each as it stands; None where they are in order already."""
    ids = pl.read_parquet(path)["id"]
    if ids.is_sorted():
        return ids, None
    order = ids.arg_sort().to_numpy()
    ranks = np.empty(order.size, np.int32)
    ranks[order] = np.arange(order.size, dtype=np.int32)
    return ids.gather(order), ranks
