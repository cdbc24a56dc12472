"""How similar two entities are by the company they keep: the values of ``relation.similarity`` for collections.

Each is one formula in plain Python; installed packages add theirs (``registry``), and everything that knows
similarities anywhere (specs, neighbours) derives from SIMILARITIES. Those of Atlas are written once
more in ``kernels.similarities``, where they cost less; any other is compiled from its formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from atlas_assets.registry import Registry

# From this share of all collections on, weights that are rounded cannot be told from all; npmi would be 0 / 0.
ALL = 1.0 - 1e-12


@dataclass(frozen=True)
class Similarity:
    """A similarity of pairs.

    formula: (c, a, b, n) -> value, all float: c is the weight of the collections that hold both, a and b of those that
    hold the one and the other, n of all. It is symmetric in a and b, rises with c, and is finite; pairs of 0 or less
    are no neighbours. Only arithmetic and ``math``: it is compiled. code_version: of one that is not Atlas's own,
    raised with the formula.
    """

    name: str
    formula: Callable[[float, float, float, float], float]
    code_version: str = ""


def _npmi(c: float, a: float, b: float, n: float) -> float:
    if c >= n * ALL:  # every collection holds both: the limit
        return 1.0
    return math.log((c / n) / ((a / n) * (b / n))) / -math.log(c / n)


JACCARD = Similarity("jaccard", lambda c, a, b, n: c / (a + b - c))
NPMI = Similarity("npmi", _npmi)
COSINE = Similarity("cosine", lambda c, a, b, n: c / (a * b) ** 0.5)
LIFT = Similarity("lift", lambda c, a, b, n: (c / n) / ((a / n) * (b / n)))
COUNT = Similarity("count", lambda c, a, b, n: c)
SIMILARITIES = Registry("atlas.similarities", Similarity, (JACCARD, NPMI, COSINE, LIFT, COUNT))
