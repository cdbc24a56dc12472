"""AnnData's ``.h5ad``: cells and what is measured of them. Vectors from ``obsm`` or ``X``, metadata from ``obs``."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.sources.forms import matrices
from atlas_assets.sources.forms.form import Form, Given, Pieces, Role, missing, write_parquet

_MAGIC = b"\x89HDF\r\n\x1a\n"
_BEST = ("X_scVI", "X_pca_harmony", "X_harmony", "X_pca")  # a map of a map says little: never X_umap by itself


def read(given: Given) -> Pieces:
    """What ``given.part`` names (``X``, ``X_pca``), or the best that there is; ``obs`` as the table of entities."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import anndata

            data = anndata.read_h5ad(given.path, backed="r")
    except ImportError as error:
        raise missing(given, "anndata", error) from error
    except Exception as error:  # h5py and anndata raise what they like on a file that is none of theirs
        raise given.unreadable(error, "an AnnData file") from error
    try:
        return _pieces(given, data)
    finally:
        data.file.close()


def _pieces(given: Given, data: Any) -> Pieces:
    cells = pl.Series("id", [str(name) for name in data.obs_names])
    obs = _obs(data, cells)
    if given.role == "entities":
        return Pieces(write_parquet(given, obs), "parquet", told=(f"{given.name}: obs, {len(obs):,} rows",))
    if given.role == "collections":
        genes = pl.Series("id", [str(name) for name in data.var_names])
        told = f"{given.name}: X, {data.n_obs:,} cells are collections, {data.n_vars:,} genes entities"
        return matrices.pieces(given, data.X[:], rows=cells, columns=genes, told=told)
    name, matrix = _matrix(given, data)
    if matrix.shape[0] * matrix.shape[1] > matrices.MOST_NUMBERS:
        raise given.wrong(
            f"has {matrix.shape[0]:,} × {matrix.shape[1]:,} numbers in {name}",
            expected=f"at most {matrices.MOST_NUMBERS >> 28} GiB of them",
            remedy="Compute principal components first (scanpy.pp.pca), and save the file again.",
        )
    dense = matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)
    vectors = pl.Series("vector", dense.astype(np.float32), dtype=pl.Array(pl.Float32, dense.shape[1]))
    table = write_parquet(given, pl.DataFrame([cells, vectors]))
    told = f"{given.name}: {name} -> vectors: {len(dense):,} of length {dense.shape[1]:,}; obs -> metadata"
    return Pieces(table, "parquet", write_parquet(given, obs, "entities.parquet"), (told,))


def _matrix(given: Given, data: Any) -> tuple[str, Any]:
    held = list(data.obsm.keys())
    part = given.part.removeprefix("obsm/") if given.part else next((name for name in _BEST if name in held), "X")
    if part == "X":
        return "X", data.X[:]
    if part not in held:
        raise given.wrong(
            f"has no {part!r}", expected=f"X or one of {', '.join(held)}", remedy="Name another behind the #."
        )
    return part, data.obsm[part]


def _obs(data: Any, cells: pl.Series) -> pl.DataFrame:
    """The columns of obs; categories as text."""
    columns = [cells]
    for name in data.obs.columns:
        values = data.obs[name]
        plain = values.astype(object) if str(values.dtype) == "category" else values
        columns.append(pl.Series("id_in_obs" if name == "id" else str(name), plain.to_list(), strict=False))
    return pl.DataFrame(columns)


_GIVES: frozenset[Role] = frozenset({"collections", "vectors", "entities"})
FORM = Form(
    "anndata",
    "an AnnData file",
    (".h5ad",),
    _GIVES,
    lambda head, role: head.bytes.startswith(_MAGIC),
    read,
    needs="anndata",
)
