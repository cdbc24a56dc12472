"""NumPy's NPZ: one matrix of vectors, with the ids or labels of its rows where an array beside it holds them.

A sparse matrix that SciPy saved is an NPZ too, and goes the way of ``matrices``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from atlas_assets.sources.forms import matrices, neighbours
from atlas_assets.sources.forms.form import Form, Given, Head, Pieces, Role, write_parquet

_SPARSE = {"format", "shape", "data"}


def _recognises(head: Head, role: Role) -> bool:
    start = head.bytes
    length = int.from_bytes(start[26:28], "little")
    return start.startswith(b"PK\x03\x04") and start[30 : 30 + length].endswith(b".npy")


def read(given: Given) -> Pieces:
    """The arrays of an NPZ as vectors and what is known of their rows. Raises DataError where no matrix is meant."""
    try:
        with np.load(given.path, allow_pickle=False) as archive:
            sparse = set(archive.files) >= _SPARSE
            arrays = {} if sparse else {name: archive[name] for name in archive.files}
    except Exception as error:  # of archives, of their compression, of what is encrypted, and of headers of arrays
        raise given.unreadable(error, "an NPZ file") from error
    if sparse:
        return matrices.read_scipy(given)
    name, matrix = _matrix(given, arrays)
    if given.role == "edges" or (given.role == "collections" and matrix.dtype.kind in "biu"):
        return matrices.pieces(given, matrix)
    if given.role != "vectors":
        raise given.wrong(
            f"holds arrays: {_described(arrays)}",
            expected="rows",
            remedy="Give it as --vectors, or write a Parquet file.",
        )
    beside = {n: a for n, a in arrays.items() if n != name and a.ndim == 1 and len(a) == len(matrix)}
    told = [f"{given.name}: {name} -> vectors: {len(matrix):,} of length {matrix.shape[1]:,}"]
    left = sorted(set(arrays) - {name} - set(beside))
    if left:
        told.append(f"{given.name}: the arrays {', '.join(left)} are not one value per vector, and were left out")
    if not beside:
        path = given.target("vectors.npy")
        np.save(path, matrix)
        return Pieces(path, "npy", told=tuple(told))
    return Pieces(*with_columns(given, matrix, {n: pl.Series(n, a) for n, a in beside.items()}), told=tuple(told))


def read_matrix(given: Given) -> Pieces:
    """An NPY file as edges or collections: a matrix between rows, numbers of neighbours, or counts."""
    try:
        matrix = np.load(given.path, allow_pickle=False)
    except Exception as error:  # of headers of arrays
        raise given.unreadable(error, "an NPY file") from error
    if matrix.ndim != 2 or not matrix.size or matrix.dtype.kind not in "fiub":
        raise given.wrong(
            f"holds an array of shape {matrix.shape} and type {matrix.dtype}",
            expected="numbers in rows and columns",
            remedy="Save a two-dimensional array of numbers.",
        )
    if given.role == "collections" and matrix.dtype.kind == "f" and (matrix != 0).all():
        raise given.wrong(
            f"has {len(matrix):,} rows of {matrix.shape[1]:,} decimals, none of them 0",
            expected="0 wherever a collection does not hold an entity",
            remedy="Give it as --vectors, if a row describes one thing by numbers.",
        )
    if given.role == "edges" and neighbours.are_numbers_of_rows(matrix):
        return neighbours.of_numbers(given, matrix)
    return matrices.pieces(given, matrix)


def with_columns(given: Given, matrix: np.ndarray, columns: Mapping[str, pl.Series]) -> tuple:
    """A Parquet file of vectors and what is known of each: path and format, as ``Pieces`` has them."""
    vectors = pl.Series("vector", matrix.astype(np.float32), dtype=pl.Array(pl.Float32, matrix.shape[1]))
    return write_parquet(given, pl.DataFrame([*columns.values(), vectors])), "parquet"


def _matrix(given: Given, arrays: Mapping[str, np.ndarray]) -> tuple[str, np.ndarray]:
    numeric = {n: a for n, a in arrays.items() if a.ndim >= 2 and a.dtype.kind in "fiub"}
    if given.part is not None:
        if given.part not in numeric:
            raise given.wrong(
                f"holds no matrix {given.part!r} ({_described(arrays)})",
                expected=f"one of {', '.join(numeric) or 'its matrices'}",
                remedy="Name another behind the #.",
            )
        numeric = {given.part: numeric[given.part]}
    if len(numeric) != 1:
        first = next(iter(numeric), "NAME")
        raise given.wrong(
            f"holds {len(numeric)} matrices ({_described(arrays)})",
            expected="one matrix of numbers, one row per entity",
            remedy=f"Name the one that is meant behind a #: {given.name}#{first}"
            if numeric
            else "Save a two-dimensional array of numbers.",
        )
    name, matrix = next(iter(numeric.items()))
    return name, matrix.reshape(len(matrix), -1)


def _described(arrays: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{name} {'×'.join(map(str, array.shape)) or 'one value'}" for name, array in arrays.items())


FORM = Form("npz", "an NPZ file", (".npz",), matrices.GIVES, _recognises, read)
