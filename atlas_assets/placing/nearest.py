"""What is nearest to things that are new, as every way of finding it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

NEAREST = 10
UNWEIGHED = "the weights of relation are left out: every collection counts as one"


@dataclass(frozen=True)
class Nearest:
    """Of m things that are new: ids (m,); indices (m, k) rows of the entity index, nearest first, -1 where there are
    fewer; similarity (m, k); notes: what was done otherwise than for the map, and what was set aside."""

    ids: pl.Series
    indices: np.ndarray
    similarity: np.ndarray
    notes: list[str]


def new_ids(ids: pl.Series, index: pl.Series) -> pl.Series:
    """Whether each is not among those of the index; ids of another type are compared as texts."""
    return ~ids.cast(pl.String).is_in(index.cast(pl.String).implode())
