"""Sparse matrices: MatrixMarket and SciPy's NPZ. Rows are collections or vectors, columns entities; or edges."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from atlas_assets.sources.forms.form import RELATIONS, Form, Given, Head, Pieces, Role, no_rows, write_parquet

if TYPE_CHECKING:
    import scipy.sparse as sp

MOST_NUMBERS = 1 << 31  # of a dense matrix of vectors: 8 GiB
GIVES: frozenset[Role] = frozenset({*RELATIONS, "vectors"})
_MARKET = b"%%MatrixMarket"
_BLOCK = 1 << 20
_LEAST_DISTANCES, _ROWS_TRIED, _MOST_SAME_PLACES = 4, 64, 0.2
MOST_NEAREST = 200  # of each row that are kept of a matrix of distances


def read_market(given: Given) -> Pieces:
    """A MatrixMarket file, of coordinates or dense."""
    import scipy.io

    path = _with_whole_lines(given)
    try:
        matrix = scipy.io.mmread(str(path))
    except (ValueError, OSError, OverflowError) as error:
        raise given.unreadable(error, "a MatrixMarket file") from error
    return pieces(given, matrix)


def _with_whole_lines(given: Given) -> Path:
    """The file, or a copy whose last line ends: SciPy's parser looks for that end, beyond the file if need be.

    Raises DataError for a zero byte, at which it stops looking and ends the process.
    """
    n_read, last = 0, b""
    with given.path.open("rb") as file:
        while block := file.read(_BLOCK):
            if (at := block.find(b"\0")) >= 0:
                raise given.wrong(
                    f"has a zero byte at byte {n_read + at:,}",
                    expected="a MatrixMarket file, which is text",
                    remedy="Download it or write it again.",
                )
            n_read, last = n_read + len(block), block[-1:]
    if last == b"\n":
        return given.path
    target = given.target("whole_lines.mtx")
    shutil.copyfile(given.path, target)
    with target.open("ab") as file:
        file.write(b"\n")
    return target


def read_scipy(given: Given) -> Pieces:
    """What ``scipy.sparse.save_npz`` wrote."""
    import scipy.sparse as sp

    try:
        matrix = sp.load_npz(str(given.path))
    except Exception as error:  # as of other archives of arrays
        raise given.unreadable(error, "a sparse matrix of SciPy") from error
    return pieces(given, matrix)


def pieces(
    given: Given, matrix: Any, *, rows: pl.Series | None = None, columns: pl.Series | None = None, told: str = ""
) -> Pieces:
    """A matrix as the rows that ``given.role`` wants. rows, columns: ids; the numbers from 0 where there are none."""
    import scipy.sparse as sp

    if matrix.dtype.kind not in "fiub":
        raise given.wrong(
            f"holds {matrix.dtype} values", expected="real numbers", remedy="Save a matrix of real numbers."
        )
    n_rows, n_columns = map(int, matrix.shape)
    shape = f"{n_rows:,} rows and {n_columns:,} columns"
    if given.role == "vectors":
        if n_rows * n_columns > MOST_NUMBERS:
            raise given.wrong(
                f"has {shape}: as vectors {n_rows * n_columns * 4 / 2**30:,.0f} GiB",
                expected=f"at most {MOST_NUMBERS >> 28} GiB",
                remedy="Reduce it first, for example with sklearn.decomposition.TruncatedSVD, and save the result with "
                "numpy.save; or give it as --interactions: rows are collections then, columns entities.",
            )
        dense = matrix.toarray() if sp.issparse(matrix) else np.asarray(matrix)
        path = given.target("vectors.npy")
        np.save(path, dense.astype(np.float32))
        return Pieces(path, "npy", told=(told or f"{given.name}: {shape}, one vector per row",))
    if given.role == "edges" and not sp.issparse(matrix) and are_distances(np.asarray(matrix)):
        return _distances(given, np.asarray(matrix, np.float64), rows)
    found = sp.coo_array(matrix)
    found.eliminate_zeros()
    if (bad := np.flatnonzero(~np.isfinite(found.data))).size:
        raise given.wrong(
            f"holds {found.data[bad[0]]}, as do {bad.size - 1:,} more cells",
            expected="finite numbers, and 0 where there is nothing",
            remedy="Write 0 into these cells, for example with numpy.nan_to_num.",
            where=f"row {found.row[bad[0]] + 1:,}, column {found.col[bad[0]] + 1:,}",
        )
    if not found.nnz:
        raise no_rows(given)
    if given.role == "edges":
        return _edges(given, found, rows, shape)
    row, column = found.row, found.col
    order = np.lexsort((column, row))
    table = pl.DataFrame(
        {
            "collection": _ids(row[order], rows),
            "entity": _ids(column[order], columns),
            "value": found.data[order].astype(np.float64),
        }
    )
    told = told or f"{given.name}: {shape}; rows are collections, columns entities, by their number from 0"
    return Pieces(write_parquet(given, table), "parquet", told=(told,))


def _edges(given: Given, found: sp.coo_array, ids: pl.Series | None, shape: str) -> Pieces:
    n, n_columns = map(int, found.shape or (0, 0))
    if n != n_columns:
        raise given.wrong(
            f"has {shape}",
            expected="as many rows as columns: an adjacency matrix",
            remedy="Give it as --interactions: rows are collections, columns entities.",
        )
    row, column = found.row, found.col
    loops = row == column
    symmetric = abs(found - found.T).nnz == 0
    kept = row < column if symmetric else ~loops
    order = np.lexsort((column[kept], row[kept]))
    table = pl.DataFrame(
        {
            "source": _ids(row[kept][order], ids),
            "target": _ids(column[kept][order], ids),
            "weight": found.data[kept][order].astype(np.float64),
        }
    )
    if table.is_empty():
        raise no_rows(given)
    told = [
        f"{given.name}: an adjacency matrix of {n:,}, {'the same both ways' if symmetric else 'directed'}; "
        "the larger a cell, the nearer (--distance weight: the farther)"
    ]
    if loops.any():
        told.append(f"{given.name}: {int(loops.sum()):,} edges from an entity to itself were left out")
    return Pieces(write_parquet(given, table), "parquet", told=tuple(told))


def are_distances(matrix: np.ndarray) -> bool:
    """Whether a matrix holds distances: 0 to itself, the same both ways, and no way round shorter than the direct one.

    That the largest is more than twice the smallest is asked for, too: else no way round could be.
    """
    n = len(matrix)
    if matrix.shape != (n, n) or n < _LEAST_DISTANCES or np.diagonal(matrix).any():
        return False
    some = np.unique(np.linspace(0, n - 1, min(n, _ROWS_TRIED)).astype(int))
    part = np.asarray(matrix[np.ix_(some, some)], np.float64)
    others = part[~np.eye(len(part), dtype=bool)]
    if not np.isfinite(part).all() or others.min() < 0 or (others == 0).mean() > _MOST_SAME_PLACES:
        return False
    tolerance = 1e-6 * others.max()
    if others.max() <= 2 * others[others > 0].min() or not np.allclose(part, part.T, atol=tolerance):
        return False
    return all((part <= part[:, [by]] + part[by] + tolerance).all() for by in range(len(part)))


def _distances(given: Given, matrix: np.ndarray, ids: pl.Series | None) -> Pieces:
    """The nearest of each row, with their distances."""
    n = len(matrix)
    if not np.isfinite(matrix).all() or (matrix < 0).any():
        row, column = np.argwhere(~(np.isfinite(matrix) & (matrix >= 0)))[0]
        raise given.wrong(
            f"holds {matrix[row, column]}",
            expected="a distance of at least 0",
            remedy="Correct it, or give edges with a column of distances.",
            where=f"row {row + 1:,}, column {column + 1:,}",
        )
    k = min(n - 1, MOST_NEAREST)
    away = matrix.copy()
    np.fill_diagonal(away, np.inf)
    near = np.argpartition(away, k - 1, axis=1)[:, :k]
    row, column = np.repeat(np.arange(n), k), near.reshape(-1)
    low, high = np.minimum(row, column), np.maximum(row, column)
    pairs = np.unique(low * n + high)
    low, high = pairs // n, pairs % n
    table = pl.DataFrame({"source": _ids(low, ids), "target": _ids(high, ids), "distance": matrix[low, high]})
    rest = f", of which the {k:,} nearest of each are kept" if k < n - 1 else ""
    said = f"{given.name}: distances between {n:,}{rest} (--weight distance: the larger a cell, the nearer)"
    return Pieces(write_parquet(given, table), "parquet", told=(said,))


def _ids(codes: np.ndarray, ids: pl.Series | None) -> pl.Series:
    return pl.Series(codes.astype(np.int64)) if ids is None else ids.gather(codes.astype(np.uint32))


def _is_market(head: Head, role: Role) -> bool:
    return head.bytes[: len(_MARKET)].lower() == _MARKET.lower()


FORM = Form("matrix_market", "a MatrixMarket file", (".mtx", ".mm"), GIVES, _is_market, read_market)
