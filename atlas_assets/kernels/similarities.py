"""Similarities of pairs from how often they meet, each beside the formula it is.

Of a pair (i, j): c = weight of shared collections, a = occurrences of i, b = occurrences of j, n = total of all
collections. With weights from ``cooccurrence``, c^2 <= ab, so cosine, jaccard and npmi are at most 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from numba import njit

COUNT, COSINE, JACCARD, LIFT, NPMI = range(5)
CODES = {"count": COUNT, "cosine": COSINE, "jaccard": JACCARD, "lift": LIFT, "npmi": NPMI}
# From this share of all collections on, weights that are rounded cannot be told from all; npmi would be 0 / 0.
ALL = 1.0 - 1e-12


@njit(cache=True)
def similarity(code, c, a, b, n, shrinkage):
    """Similarity of one pair. For the result to be symmetric bit for bit, give a and b in the same order for both.

    count: c. cosine: c / sqrt(ab). jaccard: c / (a + b - c). lift: cn / (ab). npmi: ln(cn / (ab)) / ln(n / c)
    (Bouma 2009; 0 = as often as chance, 1 = only ever together). All but count are multiplied by c / (c + shrinkage):
    a pair that met ``shrinkage`` times keeps half, so that rare entities do not win by coincidence.
    """
    if code == COUNT:
        return c
    if code == COSINE:
        # One division: c / sqrt(ab) told equal ones apart, 1 of 3 and 1 from 3 of 3 and 9, and ties went by rounding.
        value = min(math.sqrt(c * c / (a * b)), 1.0)  # weights that are rounded may exceed the bound by as much
    elif code == JACCARD:
        value = min(c / (a + b - c), 1.0)
    elif code == LIFT:
        value = c * n / (a * b)
    elif c >= n * ALL:  # every collection holds both: the limit of npmi
        value = 1.0
    else:
        value = min(math.log(c * n / (a * b)) / math.log(n / c), 1.0)
    # Not times c / c where there is none: rounding would tell equal similarities apart.
    return value if shrinkage == 0.0 else value * (c / (c + shrinkage))


FORMULAE: dict[str, Callable[[float, float, float, float], float]] = {
    "count": lambda c, a, b, n: c,
    "cosine": lambda c, a, b, n: c / (a * b) ** 0.5,
    "jaccard": lambda c, a, b, n: c / (a + b - c),
    "lift": lambda c, a, b, n: (c / n) / ((a / n) * (b / n)),
    "npmi": lambda c, a, b, n: 1.0 if c >= n * ALL else math.log((c / n) / ((a / n) * (b / n))) / -math.log(c / n),
}
"""The definitions in probabilities, in plain Python: what the tests hold :func:`similarity` against."""
