"""Similarities of pairs from how often they meet, for kernels: ``atlas_assets.similarities`` has their formulae.

Of a pair (i, j): c = weight of shared collections, a = occurrences of i, b = occurrences of j, n = total of all
collections. With weights from ``cooccurrence``, c^2 <= ab, so cosine, jaccard and npmi are at most 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from llvmlite import ir
from numba import cfunc, njit, types
from numba.extending import intrinsic

from atlas_assets.similarities import ALL

COUNT, COSINE, JACCARD, LIFT, NPMI, OTHER = range(6)
CODES = {"count": COUNT, "cosine": COSINE, "jaccard": JACCARD, "lift": LIFT, "npmi": NPMI}
_PAIR = types.float64(types.float64, types.float64, types.float64, types.float64)


@functools.cache
def compiled(formula: Callable[[float, float, float, float], float]) -> int:
    """Where the machine code of a formula is; it stays there as long as the process.

    An address, so that kernels are compiled once for all formulae and kept on disk: of a function that is handed in,
    numba keeps nothing.
    """
    _COMPILED.append(cfunc(_PAIR, error_model="numpy")(formula))
    return int(_COMPILED[-1].address)


_COMPILED: list = []


@intrinsic
def _called(typing, address, c, a, b, n):
    """The value of the formula at an address."""

    def call(context, builder, signature, arguments):
        double = ir.DoubleType()
        function = ir.FunctionType(double, [double] * 4).as_pointer()
        return builder.call(builder.inttoptr(arguments[0], function), arguments[1:])

    return types.float64(types.int64, *[types.float64] * 4), call


@njit(cache=True)
def similarity(code, c, a, b, n, shrinkage, formula=0):
    """Similarity of one pair. For the result to be symmetric bit for bit, give a and b in the same order for both.

    count: c. cosine: c / sqrt(ab). jaccard: c / (a + b - c). lift: cn / (ab). npmi: ln(cn / (ab)) / ln(n / c)
    (Bouma 2009; 0 = as often as chance, 1 = only ever together). All but count are multiplied by c / (c + shrinkage):
    a pair that met ``shrinkage`` times keeps half, so that rare entities do not win by coincidence. OTHER: what the
    ``formula`` says, see ``compiled``.
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
    elif code == OTHER:
        value = _called(formula, c, a, b, n)  # pyright: ignore[reportCallIssue]: numba adds the context
    elif c >= n * ALL:  # every collection holds both: the limit of npmi
        value = 1.0
    else:
        value = min(math.log(c * n / (a * b)) / math.log(n / c), 1.0)
    # Not times c / c where there is none: rounding would tell equal similarities apart.
    return value if shrinkage == 0.0 else value * (c / (c + shrinkage))


@njit(cache=True)
def similarities(code, c, a, b, n, shrinkage, formula=0):
    """``similarity`` of many pairs: c, a and b (m,) float64; returns (m,) float64."""
    found = np.empty(c.size)
    for pair in range(c.size):
        found[pair] = similarity(code, c[pair], a[pair], b[pair], n, shrinkage, formula)
    return found
