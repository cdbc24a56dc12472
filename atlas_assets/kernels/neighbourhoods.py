"""Overlap of the neighbourhoods of the two ends of each edge, by scattering a row and gathering along its edges."""

from __future__ import annotations

import numba
import numpy as np
from numba import njit, prange


@njit(cache=True)
def _overlaps_of_row(i, indptr, columns, weights, own, totals, use_minima, row, out):
    """Overlap of row i with each row it is linked to; ``row`` (n,) is zero before and after."""
    for slot in range(indptr[i], indptr[i + 1]):
        row[columns[slot]] = weights[slot]
    row[i] = own[i]
    for slot in range(indptr[i], indptr[i + 1]):
        j = columns[slot]
        common = min(row[j], own[j]) if use_minima else row[j] * own[j]
        for other in range(indptr[j], indptr[j + 1]):
            mine = row[columns[other]]
            common += min(mine, weights[other]) if use_minima else mine * weights[other]
        if use_minima:
            out[slot] = common / (totals[i] + totals[j] - common)
        else:
            out[slot] = common / np.sqrt(totals[i] * totals[j])
    for slot in range(indptr[i], indptr[i + 1]):
        row[columns[slot]] = 0.0
    row[i] = 0.0


@njit(cache=True, parallel=True)
def _overlaps_of_rows(n_bins, indptr, columns, weights, own, totals, use_minima, out):
    n = own.size
    for b in prange(n_bins):
        row = np.zeros(n)
        for i in range(b, n, n_bins):
            _overlaps_of_row(i, indptr, columns, weights, own, totals, use_minima, row, out)


def overlaps(
    indptr: np.ndarray, columns: np.ndarray, weights: np.ndarray, own: np.ndarray, *, use_minima: bool
) -> np.ndarray:
    """For every entry (i, j) of a symmetric CSR matrix with diagonal ``own``, the similarity of rows i and j.

    Cosine, or with ``use_minima`` the weighted Jaccard index. Cost: sum of deg(i) deg(j) over the entries; that is
    linear in the edges times the degree of their ends, never all pairs behind a hub.
    """
    entries = weights if use_minima else weights**2
    totals = (own if use_minima else own**2) + np.bincount(
        np.repeat(np.arange(own.size), np.diff(indptr)), weights=entries, minlength=own.size
    )
    out = np.empty(weights.size)
    n_bins = min(4 * numba.get_num_threads(), max(own.size, 1))
    _overlaps_of_rows(n_bins, indptr, columns, weights, own, totals, use_minima, out)
    return out


def overlaps_reference(dense: np.ndarray, own: np.ndarray, *, use_minima: bool) -> dict[tuple[int, int], float]:
    """The same from a dense matrix, entry by entry."""
    closed = dense + np.diag(own)
    result = {}
    for i, j in zip(*np.nonzero(dense), strict=True):
        a, b = closed[i], closed[j]
        value = np.minimum(a, b).sum() / np.maximum(a, b).sum() if use_minima else a @ b / np.sqrt((a @ a) * (b @ b))
        result[int(i), int(j)] = float(value)
    return result
