"""What one collection adds to one pair, as a scalar function for the counting kernels."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

NO_CLOSENESS, LINEAR, GAUSSIAN = range(3)
FORMS = {None: NO_CLOSENESS, "linear": LINEAR, "gaussian": GAUSSIAN}
NO_TIME = np.iinfo(np.int64).min


class Weighting(NamedTuple):
    """``stages.pair_weights.PairWeights`` as the kernels take it: arrays of size 0 stand for "all 1".

    rows (m,), values (m,) float64 and times (m,) int64 are parallel to the memberships, collections is (C,) float64.
    scale: contributions are rounded to multiples of 1/scale, a power of two, and added up as integers. So a sum does
    not depend on the order of its terms, and what was added can be taken away again.
    """

    rows: np.ndarray
    collections: np.ndarray
    values: np.ndarray
    times: np.ndarray
    form: int
    width: float
    half_life: float
    scale: float

    def in_order(self, places: np.ndarray) -> Weighting:
        """Of memberships that stand in another order: the i-th of them is the one at ``places[i]``."""
        rows, values, times = (array[places] if array.size else array for array in (self.rows, self.values, self.times))
        return self._replace(rows=rows, values=values, times=times)


@njit(cache=True)
def only_rows(weighting):
    """Whether a pair adds the product of the weights of its rows, and nothing else matters."""
    others = weighting.collections.size + weighting.values.size + weighting.times.size
    return weighting.rows.size > 0 and others == 0


@njit(cache=True)
def value_closeness(form, width, a, b):
    """f(a, b) >= 0, symmetric bit for bit; 1 where a value is unknown (NaN)."""
    if form == NO_CLOSENESS or math.isnan(a) or math.isnan(b):
        return 1.0
    if form == LINEAR:
        largest = max(abs(a), abs(b))
        apart = abs(a - b) / largest if largest > 0.0 else 0.0
        return max(2.0 * (1.0 - apart / width), 0.0)
    apart = (a - b) / width
    return math.exp(-0.5 * apart * apart)


@njit(cache=True)
def time_closeness(half_life, a, b):
    """g(a, b) = 2^(-|a - b| / half_life); 1 where a time is unknown."""
    if a == NO_TIME or b == NO_TIME:
        return 1.0
    return 0.5 ** (abs(np.float64(a) - np.float64(b)) / half_life)


@njit(cache=True)
def contribution(weighting, collection, a, b):
    """W_c (w_a w_b) f(v_a, v_b) g(t_a, t_b) of two memberships of one collection, in units of 1/scale, int64.

    The same whichever comes first: products of two are commutative in floating point, those of three are not.
    """
    amount = 1.0
    if weighting.rows.size:
        amount = weighting.rows[a] * weighting.rows[b]
    if weighting.collections.size:
        amount *= weighting.collections[collection]
    if weighting.values.size:
        amount *= value_closeness(weighting.form, weighting.width, weighting.values[a], weighting.values[b])
    if weighting.times.size:
        amount *= time_closeness(weighting.half_life, weighting.times[a], weighting.times[b])
    return np.int64(np.rint(amount * weighting.scale))
