"""The column that sizes the points of a map at first: how well known each is, where anything tells."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl

FLAT = 1.25  # upper quartile over the lower one: where it is no more, points would hardly differ in size
SKEWED, FEWEST_KNOWN = 2.0, 0.8
POPULARITY = "popularity"
# Counts of people and of what they do: the more, the better known. No ranks and no marks.
_COUNTED = re.compile(
    r"(?i)(n_|num_|number_of_)\w+|(.*_)?(counts?|frequency|popularity|votes?|views?|plays?|listens|likes|stars|forks"
    r"|downloads|ratings|reviews|followers|subscribers|members|citations|sales|users|readers|players|owners)"
)


def telling_size(entities: pl.DataFrame, fields: list[dict[str, Any]]) -> str:
    """The name of the column to size points by: popularity, or a field that counts where that hardly varies.

    entities: n rows with ``popularity``. Of several fields that with the largest counts.
    """
    if _spread(entities[POPULARITY]) > FLAT:
        return POPULARITY
    counted = [
        (float(np.nanmedian(_values(entities[field["name"]]))), field["name"])
        for field in fields
        if field["type"] == "number" and _COUNTED.fullmatch(field["name"]) and _is_skewed(entities[field["name"]])
    ]
    return max(counted, default=(0.0, POPULARITY))[1]


def _is_skewed(values: pl.Series) -> bool:
    known = _values(values)
    known = known[np.isfinite(known)]
    return (
        known.size >= FEWEST_KNOWN * len(values)
        and bool((known >= 0).all() and (known == np.rint(known)).all())
        and _spread(values) >= SKEWED
    )


def _spread(values: pl.Series) -> float:
    known = _values(values)
    known = known[np.isfinite(known)]
    if not known.size:
        return 1.0
    low, high = np.quantile(known, [0.25, 0.75])
    return float(high / low) if low > 0 else float("inf") if high > 0 else 1.0


def _values(values: pl.Series) -> np.ndarray:
    return values.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
