"""The nearest of what is new by the collections that it shares with what an atlas has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from atlas_assets.kernels.similarities import CODES, OTHER, compiled, similarities
from atlas_assets.placing.nearest import UNWEIGHED, Nearest, best_of, new_ids
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.similarities import SIMILARITIES
from atlas_assets.stages.index.entity_index import CollectionIndex
from atlas_assets.store.artifacts import ArtifactStore


def nearest(pipeline: Pipeline, store: ArtifactStore, folder: Path) -> Nearest:
    """By the similarity of the spec, over collections that the atlas knows or that hold some of what it has.

    folder: the canonical tables of what is new.
    """
    relation = pipeline.spec.relation
    index = CollectionIndex.load(store.folder(pipeline.address("entity_index")))
    ids = pl.read_parquet(folder / "entity_ids.parquet")["id"]
    is_new = new_ids(ids, index.ids["id"]).to_numpy()
    raw = store.folder(pipeline.address(pipeline.raw))
    held, members = _incidence(raw, folder, is_new, index.ids["id"])
    met = sparse.csr_array(held @ members)
    a, b = np.diff(np.asarray(held.indptr)), index.ids["n_collections"].to_numpy()
    rows, columns = np.repeat(np.arange(len(a)), np.diff(np.asarray(met.indptr))), np.asarray(met.indices)
    name = relation.similarity or "jaccard"
    met.data = similarities(
        CODES.get(name, OTHER),
        met.data,
        a[rows].astype(np.float64),
        np.maximum(b[columns], met.data).astype(np.float64),  # collections that are new hold some of them, too
        float(index.indptr.size - 1 + len(np.asarray(members.indptr)) - 1),
        float(relation.shrinkage or 0.0),
        0 if name in CODES else compiled(SIMILARITIES[name].formula),
    )
    return best_of(ids.filter(pl.Series(is_new)), met, [UNWEIGHED] if relation.weighting_given() else [])


def _incidence(
    raw: Path, folder: Path, is_new: np.ndarray, index: pl.Series
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Which collections hold the new things (m, C), and what of the index these collections hold (C, n); 1 or 0.

    Only collections that hold something new. Ids are compared as texts, so that types that differ between files join.
    """
    given = pl.read_parquet(folder / "interactions.parquet", columns=["collection", "entity"])
    collection, entity = given["collection"].to_numpy(), given["entity"].to_numpy()
    used, of_new = np.unique(collection[is_new[entity]]), is_new[entity]
    number = np.full(int(collection.max(initial=0)) + 1, -1)
    number[used] = np.arange(used.size)
    new = np.cumsum(is_new) - 1
    held = _ones(new[entity[of_new]], number[collection[of_new]], (int(is_new.sum()), used.size))

    names = {file: _texts(file / "collection_ids.parquet") for file in (folder, raw)}
    codes = _places(names[raw], names[folder][used])  # of those that the atlas knows, -1 for others
    theirs = np.full(len(names[raw]) + 1, -1)
    theirs[codes] = np.arange(used.size)
    theirs[-1] = -1
    known = pl.read_parquet(raw / "interactions.parquet", columns=["collection", "entity"])
    parts = [
        (theirs[known["collection"].to_numpy()], known["entity"].to_numpy(), _texts(raw / "entity_ids.parquet")),
        (number[collection], entity, _texts(folder / "entity_ids.parquet")),
    ]
    rows, columns = [], []
    for of_collection, of_entity, texts in parts:
        place = _places(index.cast(pl.String), texts)[of_entity]
        kept = (of_collection >= 0) & (place >= 0)
        rows.append(of_collection[kept])
        columns.append(place[kept])
    return held, _ones(np.concatenate(rows), np.concatenate(columns), (used.size, len(index)))


def _texts(file: Path) -> pl.Series:
    return pl.read_parquet(file)["id"].cast(pl.String)


def _places(known: pl.Series, wanted: pl.Series) -> np.ndarray:
    """Where each of ``wanted`` is in ``known``, -1 where it is not."""
    rows = known.alias("id").to_frame().with_row_index("row")
    found = wanted.alias("id").to_frame().join(rows, on="id", how="left", maintain_order="left")["row"]
    return found.cast(pl.Int64).fill_null(-1).to_numpy()


def _ones(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """1 where a pair occurs, however often."""
    matrix = sparse.coo_array((np.ones(rows.size), (rows, columns)), shape=shape).tocsr()
    matrix.data[:] = 1.0
    return matrix
