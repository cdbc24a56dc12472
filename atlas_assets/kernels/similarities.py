"""Similarities of pairs from how often they meet, each beside the formula it is.

Of a pair (i, j): c = weight of shared collections, a = occurrences of i, b = occurrences of j, n = total of all
collections. With weights from ``cooccurrence``, c^2 <= ab, so cosine, jaccard and npmi are at most 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numba import njit, prange

COUNT, COSINE, JACCARD, LIFT, NPMI = range(5)
CODES = {"count": COUNT, "cosine": COSINE, "jaccard": JACCARD, "lift": LIFT, "npmi": NPMI}


@njit(cache=True)
def _similarity(code, c, a, b, n, shrinkage):
    if code == COUNT:
        return c
    if code == COSINE:
        value = c / math.sqrt(a * b)
    elif code == JACCARD:
        value = c / (a + b - c)
    elif code == LIFT:
        value = c * n / (a * b)
    elif c >= n:  # every collection holds both: the limit of npmi
        value = 1.0
    else:
        value = math.log(c * n / (a * b)) / math.log(n / c)
    return value * c / (c + shrinkage)


@njit(cache=True, parallel=True)
def _similarities_of_rows(code, indptr, indices, data, occurrences, total, shrinkage, out):
    for i in prange(indptr.size - 1):
        for slot in range(indptr[i], indptr[i + 1]):
            # numba's float() would stay float32, and differences between large counts would become ties
            c = np.float64(data[slot])
            a, b = np.float64(occurrences[i]), np.float64(occurrences[indices[slot]])
            # a <= b in both directions, so that rounding cannot make a pair's similarity depend on its direction
            out[slot] = _similarity(code, c, min(a, b), max(a, b), total, shrinkage)


def similarities(
    name: str, *, indptr: np.ndarray, indices: np.ndarray, data: np.ndarray, occurrences: np.ndarray, total: float,
    shrinkage: float,
) -> np.ndarray:  # fmt: skip
    """Similarity of every stored pair, float64, in the order of ``data``. Symmetric bit for bit.

    count: c. cosine: c / sqrt(ab). jaccard: c / (a + b - c). lift: cn / (ab). npmi: ln(cn / (ab)) / ln(n / c)
    (Bouma 2009; 0 = as often as chance, 1 = only ever together). All but count are multiplied by c / (c + shrinkage):
    a pair that met ``shrinkage`` times keeps half, so that rare entities do not win by coincidence.
    """
    out = np.empty(data.size)
    _similarities_of_rows(CODES[name], indptr, indices, data, occurrences, float(total), float(shrinkage), out)
    return out


FORMULAE: dict[str, Callable[[float, float, float, float], float]] = {
    "count": lambda c, a, b, n: c,
    "cosine": lambda c, a, b, n: c / (a * b) ** 0.5,
    "jaccard": lambda c, a, b, n: c / (a + b - c),
    "lift": lambda c, a, b, n: (c / n) / ((a / n) * (b / n)),
    "npmi": lambda c, a, b, n: 1.0 if c >= n else math.log((c / n) / ((a / n) * (b / n))) / -math.log(c / n),
}
"""The definitions in probabilities, in plain Python: what the tests hold :func:`similarities` against."""
