"""From a file of rows to the neighbour lists of all its entities on disk: the whole way, ours and theirs.

Each function runs in a process of its own and starts its clock after it has gone the way once with a few rows, which
imports and compiles what it needs. Everything that both sides must do is the same: distinct rows, collections of two or
more, entities in the order of their ids.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from atlas_assets.store.artifacts import Address, ArtifactStore
from benchmarks import measure

WARM_UP_ROWS = 50_000


def ours(path: str, columns: list[str], k: int, rows: str, sample: str, scratch: str) -> dict[str, Any]:
    """Read, index, neighbours, graph: the stages in the order, and with the store, of ``components.pipeline``."""
    from atlas_assets.stages.relation.knn_graph import KnnGraph

    folder = Path(tempfile.mkdtemp(dir=scratch))
    _run_ours(_few_rows(path, folder), columns, k, folder / "warm")
    start = time.perf_counter()
    _run_ours(path, columns, k, folder / "all")
    seconds = time.perf_counter() - start
    peak = measure.peak_bytes()
    made = KnnGraph.load(ArtifactStore(folder / "all").folder(_ADDRESSES["knn_graph"]))
    chosen = np.load(rows)
    direct = (made.indices[chosen] >= 0) & ~made.filled[chosen]
    np.save(sample, np.where(direct, made.similarity[chosen], 0.0))
    shutil.rmtree(folder)
    return {"seconds": seconds, "peak_bytes": peak}


def polars_scipy(path: str, columns: list[str], k: int, rows: str, sample: str, scratch: str) -> dict[str, Any]:
    """Polars reads and numbers, SciPy multiplies, and the lists are saved with their ids."""
    from benchmarks.peers import matrices

    folder = Path(tempfile.mkdtemp(dir=scratch))
    _run_polars_scipy(_few_rows(path, folder), columns, k, folder)
    start = time.perf_counter()
    lists = _run_polars_scipy(path, columns, k, folder)
    seconds = time.perf_counter() - start
    peak = measure.peak_bytes()
    np.save(sample, matrices.rows_of(lists, np.load(rows)))
    shutil.rmtree(folder)
    return {"seconds": seconds, "peak_bytes": peak}


_ADDRESSES = {
    stage: Address("benchmark", stage) for stage in ("raw_collections", "entity_index", "neighbours", "knn_graph")
}


def _few_rows(path: str, folder: Path) -> str:
    """A file with the first rows, on which a process imports and compiles what it needs."""
    import polars as pl

    few = folder / "few.parquet"
    pl.scan_parquet(path).head(WARM_UP_ROWS).collect().write_parquet(few)
    return str(few)


def _run_ours(path: str, columns: list[str], k: int, folder: Path) -> None:
    from atlas_assets.sources import files
    from atlas_assets.stages.index import entity_index
    from atlas_assets.stages.relation import knn_graph, neighbours

    store = ArtifactStore(folder)
    raw, index, near, graph = _ADDRESSES.values()
    with store.write(raw, recipe="") as draft:
        files.read_collections(
            draft.folder, interactions=[path], columns=dict(zip(("collection", "entity"), columns, strict=True))
        )
    with store.write(index, recipe="") as draft:
        entity_index.from_collections(store.folder(raw), min_collections=1, min_collection_size=2, holdout=0.0).save(
            draft.folder
        )
    with store.write(near, recipe="") as draft:
        neighbours.from_collections(
            entity_index.CollectionIndex.load(store.folder(index)), n_neighbors=k, similarity="cosine"
        ).save(draft.folder)
    with store.write(graph, recipe="") as draft:
        knn_graph.build(neighbours.Neighbours.load(store.folder(near)), n_neighbors=k).save(draft.folder)


def _run_polars_scipy(path: str, columns: list[str], k: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    import polars as pl
    from scipy.sparse import csr_matrix

    from benchmarks import matrix as rows_of_file
    from benchmarks.peers import scipy_product

    frame = rows_of_file.distinct_rows(path, *columns)
    collection, entity = (
        frame.select(pl.col(name).rank("dense").cast(pl.Int32) - 1).to_series().to_numpy() for name in columns
    )
    ids = frame.select(pl.col(columns[1]).unique().sort())
    del frame
    matrix = csr_matrix((np.ones(entity.size, np.float32), (collection, entity)))
    del collection, entity
    indices, similarities = lists = scipy_product.nearest(matrix, k)
    ids.write_parquet(folder / "ids.parquet")
    np.save(folder / "indices.npy", indices)
    np.save(folder / "similarities.npy", similarities)
    return lists
