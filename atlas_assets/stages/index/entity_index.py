"""Which entities take part, as dense indices, and the relation between them in those indices.

From the canonical tables of a reader to arrays: filters, removal of repeated rows, hold-out. Everything downstream
speaks of entity 0 … n-1; ids come back only in the bundle. How similar two entities are is decided later.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.kernels import memberships as kernels
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.index.edge_filter import Edges, Repeats
from atlas_assets.stages.index.membership import Memberships, Steps
from atlas_assets.stages.index.stable_hash import hash_ids

Larger = Literal["sample", "drop", "keep"]
Listed = Sequence[str | int] | None
NOTABLE_PAIRS = 10_000_000  # of one collection: 4,473 entities; about what all of a small data set has
_SAMPLE_STREAM = 0x5A17  # sampling and hold-out must not depend on each other, though both start from the seed


@dataclass(frozen=True)
class CollectionIndex(Artifact):
    """Collections as CSR rows over entities.

    ids: [id, n_collections int64]; the row number is the entity's index. Rows are in the order of ids, but those of an
    earlier index come first, in its order. n_collections counts the collections in ``indptr`` (not the held-out ones).
    indptr (C+1,) int64; entities int32, ascending and unique inside a collection; values and weights float32,
    timestamps int64 (unix seconds), parallel to entities, absent as a whole where the source has none or nobody asked;
    a value or weight that is unknown is NaN or 1, a timestamp -2^63. Collections are in the order of their ids.
    holdout_*: the collections kept aside to test maps on, in the same form. steps: what each rule of the filter left
    and removed.
    """

    ids: pl.DataFrame
    indptr: np.ndarray
    entities: np.ndarray
    values: np.ndarray | None
    timestamps: np.ndarray | None
    weights: np.ndarray | None
    holdout_indptr: np.ndarray | None
    holdout_entities: np.ndarray | None
    steps: list[dict[str, Any]]
    min_collections: int = 1

    @property
    def n_entities(self) -> int:
        return self.ids.height

    @property
    def n_collections(self) -> int:
        return self.indptr.size - 1

    def check(self) -> list[Check]:
        n, sizes = self.n_entities, np.diff(self.indptr)
        in_range = _in_range(self.entities, n)
        counted = kernels.count_entities(self.entities, n) if in_range else np.zeros(n, np.int64)
        recorded = self.ids["n_collections"].to_numpy()
        columns = [a for a in (self.values, self.timestamps, self.weights) if a is not None]
        rarest = int(counted.min()) if n else 0
        complete = self.entities.size == self.indptr[-1]
        ascending = complete and bool(kernels.ascending(self.indptr, self.entities))
        checks = [
            _ids_check(self.ids),
            Check(
                "every column has one entry per membership",
                complete and all(a.size == self.entities.size for a in columns),
                f"{self.entities.size:,} memberships in {sizes.size:,} collections",
            ),
            Check("entities are in range", in_range, f"{n:,} entities"),
            Check("entities are ascending and unique in a collection", ascending, ""),
            Check(
                "recorded numbers of collections are those counted",
                counted.size == n and bool((counted == recorded).all()),
                f"{int(recorded.sum()):,} recorded",
            ),
            Check(
                "every entity is in enough collections",
                rarest >= self.min_collections,
                f"{rarest} at least, {self.min_collections} asked for",
            ),
        ]
        if self.holdout_indptr is not None and self.holdout_entities is not None:
            held = self.holdout_entities
            good = _in_range(held, n) and held.size == self.holdout_indptr[-1]
            good = good and kernels.ascending(self.holdout_indptr, held)
            checks.append(
                Check("held-out collections are sound", good, f"{self.holdout_indptr.size - 1:,} collections")
            )
        return checks


@dataclass(frozen=True)
class EdgeIndex(Artifact):
    """Edges between entities. ids as in CollectionIndex, with the number of neighbours as n_collections.

    source, target (m,) int32, never equal, each ordered pair once, sorted; weight (m,) float32, finite.
    """

    ids: pl.DataFrame
    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    steps: list[dict[str, Any]]

    @property
    def n_entities(self) -> int:
        return self.ids.height

    def check(self) -> list[Check]:
        n, m = self.n_entities, self.source.size
        keys = self.source.astype(np.int64) * n + self.target
        return [
            _ids_check(self.ids),
            Check("every edge has two ends and a weight", self.target.size == m == self.weight.size, f"{m:,} edges"),
            Check("entities are in range", _in_range(self.source, n) and _in_range(self.target, n), f"{n:,} entities"),
            Check("edges are sorted and unique", bool((np.diff(keys) > 0).all()), ""),
            Check("no edge joins an entity to itself", not bool((self.source == self.target).any()), ""),
            Check("weights are finite", bool(np.isfinite(self.weight).all()), ""),
        ]


@dataclass(frozen=True)
class VectorIndex(Artifact):
    """One vector per entity: vectors (n, d) float32 or float64 in the order of ids, whose counts are 1."""

    ids: pl.DataFrame
    vectors: np.ndarray
    steps: list[dict[str, Any]]

    @property
    def n_entities(self) -> int:
        return self.ids.height

    def check(self) -> list[Check]:
        return [
            _ids_check(self.ids),
            Check(
                "one vector per entity",
                self.vectors.ndim == 2 and len(self.vectors) == self.n_entities,
                f"{self.vectors.shape}",
            ),
            Check("vectors are finite", bool(np.isfinite(self.vectors).all()), ""),
        ]


def from_collections(
    raw: Path,
    *,
    min_collections: int = 3,
    min_collection_size: int = 2,
    max_collection_size: int | None = None,
    larger: Larger = "sample",
    min_value: float | None = None,
    keep: Listed = None,
    drop: Listed = None,
    deduplicate: bool = True,
    holdout: float = 0.05,
    seed: int = 0,
    previous: pl.Series | None = None,
    columns: Collection[str] | None = None,
    progress: Progress = no_progress,
) -> CollectionIndex:
    """The entities of ``raw`` (a folder written by ``sources``) that pass the filter, and their collections.

    Rules, in order: ``min_value`` (a row without a value does not pass); ``keep`` and ``drop`` (ids or labels);
    repeated (collection, entity) rows become one: that of the largest value, then the latest, then the heaviest, or,
    with ``deduplicate=False``, one whose value and weight are the sums; hold-out; collection sizes and entity counts
    until both hold at once; ``max_collection_size`` on what is left, and both again. ``larger`` says what becomes of a
    larger collection: ``sample`` keeps that many of its entities, those whose hash of (seed, collection id, entity id)
    is lowest, so that the same are drawn in every run and from rows in any order; ``drop`` leaves it out; ``keep`` does
    nothing. The step says how many collections that meets and how many pairs it saves, or what keeping them costs.

    previous: the ids of an earlier index in its row order. Entities that are still there keep that order, new ones
    follow in the order of their ids; without it, all are in the order of their ids. Nothing else depends on it.

    columns: which of "value", "timestamp" and "weight" the index is to have, None for those that there are.

    A collection is held out if a hash of seed and its id falls below ``holdout``: data that is added later moves none
    to the other side. Counts of entities are taken over the collections that are not held out. The result does not
    depend on the order of rows. Raises DataError where fewer than two entities are left.
    """
    progress(0.0, "reading interactions")
    wanted = ("value", "timestamp", "weight") if columns is None else columns
    rows = Memberships.read(raw, progress, columns=[*wanted, *(["value"] if min_value is not None else [])])
    labels = pl.read_parquet(raw / "entities.parquet", columns=["id", "label"])
    steps = Steps(*_measure(rows))
    if min_value is not None:
        rows.keep_values(min_value)
        steps.add(f"value at least {min_value:g}", *_measure(rows))
    for name, listed in (("keep", keep), ("drop", drop)):
        if listed is not None:
            named = _named(listed, rows.entity_ids, labels, name)
            rows.keep(entities=named if name == "keep" else ~named)
            steps.add(f"{name} list of {len(listed):,}", *_measure(rows))
    if deduplicate:
        rows.keep_best_of_repeated()
        steps.add("repeated rows", *_measure(rows))
    else:
        rows.sum_repeated()
        steps.add("repeated rows added up", *_measure(rows))
    held = None
    if holdout > 0:
        held = rows.take_out(hash_ids(rows.collection_ids, seed) < np.uint64(int(holdout * 2**64)))
        steps.add(f"{holdout:.0%} of collections held out to test maps", *_measure(rows))
    progress(0.6, "applying the filter")
    settle = functools.partial(
        _settle, rows, steps, min_collections=min_collections, min_collection_size=min_collection_size
    )
    settle(again=False)
    if max_collection_size is not None and larger != "keep":
        note = _told_of_cap(rows.sizes(), max_collection_size, 0 if larger == "drop" else max_collection_size)
        _cap(rows, max_collection_size, larger, seed)
        sampled = "a sample" if larger == "sample" else "larger ones dropped"
        steps.add(f"at most {max_collection_size:,} entities per collection ({sampled})", *_measure(rows), note=note)
        settle(again=True)
    elif note := _told_of_cost(rows.sizes(), max_collection_size):
        steps.add("collections of any size are kept", *_measure(rows), note=note)
    if rows.n_entities < 2:
        raise _nothing_left(steps, f"lower filter.min_collections (now {min_collections})")
    progress(0.8, "numbering entities")
    present = rows.counts > 0
    ids = pl.DataFrame({"id": rows.entity_ids.filter(pl.Series(present)), "n_collections": rows.counts[present]})
    order, place = _row_order(ids["id"], previous)
    numbers = place[np.cumsum(present) - 1]
    if held is not None:
        held.keep(entities=present)
        held.keep(collections=held.sizes() >= max(2, min_collection_size))
        if max_collection_size is not None and larger != "keep":
            _cap(held, max_collection_size, larger, seed)
        held.renumber(numbers)
    rows.renumber(numbers)
    progress(0.85, "reading values")
    return CollectionIndex(
        ids=ids[order],
        indptr=rows.borders(),
        entities=rows.entities,
        values=rows.column("value") if "value" in wanted else None,
        timestamps=rows.column("timestamp") if "timestamp" in wanted else None,
        weights=rows.column("weight") if "weight" in wanted else None,
        holdout_indptr=None if held is None else held.borders(),
        holdout_entities=None if held is None else held.entities,
        steps=steps.listed,
        min_collections=min_collections,
    )


def from_edges(
    raw: Path,
    *,
    min_degree: int = 1,
    repeats: Repeats = "strongest",
    top: int | None = None,
    keep: Listed = None,
    drop: Listed = None,
    previous: pl.Series | None = None,
    progress: Progress = no_progress,
) -> EdgeIndex:
    """The entities of ``raw`` that pass the filter, and the edges between them.

    Edges from an entity to itself are dropped; of repeated (source, target) edges the strongest stays, or their sum
    (``repeats``); directions are kept. ``min_degree`` counts distinct neighbours in either direction, until it holds
    for all that are left. ``top`` keeps the entities with the most neighbours (then the largest sum of weights, then
    the smaller id), and ``min_degree`` is applied again. previous: as for ``from_collections``. Raises DataError where
    no edge is left.
    """
    progress(0.0, "reading edges")
    labels = pl.read_parquet(raw / "entities.parquet", columns=["id", "label"])
    edges = Edges(raw, repeats=repeats)
    for name, listed in (("keep", keep), ("drop", drop)):
        if listed is not None:
            named = _named(listed, edges.entity_ids, labels, name)
            edges.keep_between(named if name == "keep" else ~named, f"{name} list of {len(listed):,}")
    progress(0.5, "applying the filter")
    edges.keep_min_degree(min_degree)
    if top is not None:
        edges.keep_top(top)
        edges.keep_min_degree(min_degree)
    if not edges.source.size:
        raise _nothing_left(edges.steps, f"lower filter.min_degree (now {min_degree})")
    degree = edges.degrees()
    present = degree > 0
    ids = pl.DataFrame({"id": edges.entity_ids.filter(pl.Series(present)), "n_collections": degree[present]})
    rows, place = _row_order(ids["id"], previous)
    numbers = place[np.cumsum(present) - 1]
    source, target = numbers[edges.source], numbers[edges.target]
    order = np.lexsort((target, source))
    ids = ids[rows].cast({"n_collections": pl.Int64})
    return EdgeIndex(ids, source[order], target[order], edges.weight[order], edges.steps.listed)


def from_vectors(
    raw: Path,
    *,
    keep: Listed = None,
    drop: Listed = None,
    top: int | None = None,
    seed: int = 0,
    normalise: bool = False,
    previous: pl.Series | None = None,
    progress: Progress = no_progress,
) -> VectorIndex:
    """The entities of ``raw`` that pass the filter, with their vectors; ``normalise`` scales these to length 1.

    A vector of zeros has no direction and stays as it is. ``top`` keeps that many of what is left, those whose hash of
    (seed, id) is lowest: the same in every run. previous: as for ``from_collections``. Raises DataError where fewer
    than two entities are left.
    """
    progress(0.0, "reading vectors")
    entities = pl.read_parquet(raw / "entities.parquet", columns=["id", "label"])
    vectors = np.load(raw / "vectors.npy", mmap_mode="r", allow_pickle=False)
    order = entities["id"].arg_sort().to_numpy()
    ids = entities["id"].gather(order)
    steps = Steps(ids.len(), 0, ids.len())
    for name, listed in (("keep", keep), ("drop", drop)):
        if listed is not None:
            named = _named(listed, ids, entities, name)
            wanted = named if name == "keep" else ~named
            order, ids = order[wanted], ids.filter(pl.Series(wanted))
            steps.add(f"{name} list of {len(listed):,}", ids.len(), 0, ids.len())
    if top is not None:
        drawn = np.sort(np.argsort(hash_ids(ids, seed), kind="stable")[:top])
        order, ids = order[drawn], ids.gather(drawn)
        steps.add(f"a sample of {top:,}", ids.len(), 0, ids.len())
    if ids.len() < 2:
        raise DataError(
            file="filter",
            where="keep and drop",
            found=Found(f"leave {ids.len()} of {entities.height:,} entities"),
            expected="at least two",
            remedy="List more entities in filter.keep, or fewer in filter.drop.",
        )
    rows, _ = _row_order(ids, previous)
    order, ids = order[rows], ids[rows]
    chosen = np.ascontiguousarray(vectors[order])
    if normalise:
        lengths = np.linalg.norm(chosen.astype(np.float64), axis=1, keepdims=True)
        chosen = (chosen / np.where(lengths > 0, lengths, 1.0)).astype(chosen.dtype)
    table = pl.DataFrame({"id": ids, "n_collections": np.ones(ids.len(), dtype=np.int64)})
    return VectorIndex(table, chosen, steps.listed)


def _measure(rows: Memberships) -> tuple[int, int, int]:
    return len(rows), rows.n_collections, rows.n_entities


def _settle(rows: Memberships, steps: Steps, *, min_collections: int, min_collection_size: int, again: bool) -> None:
    """Apply both limits in turn until neither removes anything; the result is the same in whichever order."""
    if not again:
        rows.keep(collections=rows.sizes() >= min_collection_size)
        steps.add(f"collections of at least {min_collection_size:,} entities", *_measure(rows))
        rows.keep(entities=rows.counts >= min_collections)
        steps.add(f"entities in at least {min_collections:,} collections", *_measure(rows))
    passes, before = 0, -1
    while True:
        before = len(rows)
        rows.keep(collections=rows.sizes() >= min_collection_size)
        rows.keep(entities=rows.counts >= min_collections)
        if len(rows) == before:
            break
        passes += 1
    if passes:
        steps.add(f"both again until they hold together ({passes} passes)", *_measure(rows))


def _told_of_cap(sizes: np.ndarray, limit: int, left: int) -> str:
    """What a limit means for collections of these sizes, of which ``left`` entities stay where they are larger."""
    large = sizes[sizes > limit]
    if not large.size:
        return "no collection is larger"
    saved = int((large * (large - 1) // 2).sum()) - large.size * (left * (left - 1) // 2)
    return (
        f"{large.size:,} collections are larger, the largest with {large.max():,} entities; "
        f"{int((large - left).sum()):,} rows are left out, which saves {saved:,} pairs"
    )


def _told_of_cost(sizes: np.ndarray, limit: int | None) -> str:
    """What the collections above ``limit``, or those of very many pairs, will cost; empty where there are none."""
    pairs = sizes * (sizes - 1) // 2
    large = pairs >= NOTABLE_PAIRS if limit is None else sizes > limit
    if not large.any():
        return ""
    return (
        f"{int(large.sum()):,} collections are very large, the largest with {sizes.max():,} entities: they make "
        f"{int(pairs[large].sum()):,} pairs, {pairs[large].sum() / pairs.sum():.0%} of all. "
        "filter.max_collection_size with larger: sample would draw a part of each"
    )


def _row_order(ids: pl.Series, previous: pl.Series | None) -> tuple[np.ndarray, np.ndarray]:
    """(order, place): row i is for ids[order[i]], and ids[j] gets row place[j]. ``ids`` are sorted and unique."""
    order = np.arange(len(ids), dtype=np.int32)
    if previous is not None:
        earlier = previous.cast(ids.dtype, strict=False).drop_nulls().unique(maintain_order=True).to_frame("id")
        known = earlier.join(pl.DataFrame({"id": ids, "at": order}), on="id", maintain_order="left")["at"].to_numpy()
        order = np.concatenate([known, np.setdiff1d(order, known)]).astype(np.int32)
    place = np.empty_like(order)
    place[order] = np.arange(order.size, dtype=np.int32)
    return order, place


def _cap(rows: Memberships, limit: int, larger: Larger, seed: int) -> None:
    if larger == "drop":
        rows.keep(collections=rows.sizes() <= limit)
    else:
        rows.keep_sample(limit, seed ^ _SAMPLE_STREAM)


def _named(listed: Sequence[str | int], ids: pl.Series, labels: pl.DataFrame, field: str) -> np.ndarray:
    """Mask over ``ids``: which of them, or of their labels, are listed. Ids may be given as text."""
    wanted = pl.Series([str(item) for item in listed], dtype=pl.String)
    table = pl.DataFrame({"id": ids}).join(labels.unique("id"), on="id", how="left", maintain_order="left")
    text = pl.col("id").cast(pl.String)
    found = table.select(text.is_in(wanted.implode()) | pl.col("label").is_in(wanted.implode()).fill_null(False))
    mask = found.to_series().to_numpy()
    if not mask.any():
        raise DataError(
            file="filter",
            where=field,
            found=Found(f"names no entity of the data (first of {len(listed):,}: {listed[0]!r})"),
            expected=f"ids or labels, such as {', '.join(repr(v) for v in table['id'].head(3).to_list())}",
            remedy=f"Correct filter.{field}: letter case and blanks count.",
        )
    return mask


def _nothing_left(steps: Steps, advice: str) -> DataError:
    start, worst = steps.listed[0], max(steps.listed[1:], key=lambda s: s["removed_entities"], default=steps.listed[0])
    told = "; ".join(
        f"{s['rule']}: {s['rows']:,} rows, {s['entities']:,} entities left"
        for s in steps.listed[1:]
        if s["removed_rows"]
    )
    what = f"leaves {steps.listed[-1]['entities']:,} of {start['entities']:,} entities ({told})"
    return DataError(
        file="filter",
        where="",
        found=Found(what),
        expected="at least two entities that keep company",
        remedy=f"The rule '{worst['rule']}' removed most ({worst['removed_entities']:,} entities): "
        f"relax it, or {advice}.",
    )


def _ids_check(ids: pl.DataFrame) -> Check:
    values = ids["id"]
    return Check("ids are unique", values.n_unique() == len(values) and not values.null_count(), f"{len(values):,} ids")


def _in_range(entities: np.ndarray, n: int) -> bool:
    return entities.size == 0 or bool(entities.min() >= 0 and entities.max() < n)
