"""PyMDE's penalties and their slopes on blocks of squared distances, in arithmetic that compilers turn into SIMD.

Calls of libm's exp and log would be most of an embedding's time and keep loops scalar, so both are polynomials here
(Cephes' ``expf`` and ``logf``, relative error below 2e-7). Every loop runs over one contiguous block of float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

ATTRACTIVE = ("log1p", "linear", "quadratic", "cubic", "huber", "logistic")
REPULSIVE = ("log", "invpower", "logratio")
SMALLEST_SQUARE = np.float32(1e-12)  # closer pairs count as a distance of 1e-6: all slopes stay finite
# without nnan and ninf: a diverging line search must see its infinity; Python's check of every division costs the SIMD
FAST: dict[str, Any] = {"fastmath": {"contract", "reassoc", "nsz", "arcp"}, "error_model": "numpy"}
# The same without reassoc, for sums in the body of a prange: LLVM optimises that once when it is compiled and once more
# as it is kept, and with sums to reorder the two may differ, so that a first run would give other bits than the next.
ORDERED: dict[str, Any] = FAST | {"fastmath": FAST["fastmath"] - {"reassoc"}}
ONE, HALF = np.float32(1), np.float32(0.5)
LOG2E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
SQRT_HALF = np.float32(0.70710678)
HUBER_THRESHOLD = np.float32(0.5)
LOGISTIC_STEEPNESS = np.float32(3)


@njit(**FAST, inline="always")
def log(v):
    """ln v of a positive float32."""
    bits = np.float32(v).view(np.int32)
    exponent = np.int32((bits >> 23) - 126)
    m = np.int32((bits & 0x007FFFFF) | 0x3F000000).view(np.float32)  # in [1/2, 1)
    low = m < SQRT_HALF
    e = np.float32(exponent) - (ONE if low else np.float32(0))
    m = (m + m if low else m) - ONE
    z = m * m
    p = np.float32(7.0376836292e-2)
    p = p * m - np.float32(1.1514610310e-1)
    p = p * m + np.float32(1.1676998740e-1)
    p = p * m - np.float32(1.2420140846e-1)
    p = p * m + np.float32(1.4249322787e-1)
    p = p * m - np.float32(1.6668057665e-1)
    p = p * m + np.float32(2.0000714765e-1)
    p = p * m - np.float32(2.4999993993e-1)
    p = p * m + np.float32(3.3333331174e-1)
    return m + (m * z * p + (e * LN2_LOW - HALF * z)) + e * LN2_HIGH


@njit(**FAST, inline="always")
def expm1(v):
    """e^v - 1 of a float32, exact to rounding near 0; v above 80 counts as 80."""
    v = min(max(v, np.float32(-80)), np.float32(80))
    k = np.floor(v * LOG2E + HALF)
    r = v - k * LN2_HIGH - k * LN2_LOW
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    power = np.int32((np.int32(k) + 127) << 23).view(np.float32)
    return power * (r + r * r * p) + (power - ONE)


@njit(**FAST)
def pull(kind, squares, slopes, values, size):
    """For an attractive penalty p, values = p(d) and slopes = p'(d) / d of the first ``size`` distances d."""
    if kind == 0:  # log1p: ln(1 + d^1.5)
        for k in range(size):
            d = np.sqrt(squares[k])
            root = np.sqrt(d)
            grown = ONE + d * root
            slopes[k] = np.float32(1.5) / (root * grown)
            values[k] = log(grown)
    elif kind == 1:  # linear: d
        for k in range(size):
            d = np.sqrt(squares[k])
            slopes[k] = ONE / d
            values[k] = d
    elif kind == 2:  # quadratic: d^2
        for k in range(size):
            slopes[k] = np.float32(2)
            values[k] = squares[k]
    elif kind == 3:  # cubic: d^3
        for k in range(size):
            d = np.sqrt(squares[k])
            slopes[k] = np.float32(3) * d
            values[k] = squares[k] * d
    elif kind == 4:  # huber: d^2 / 2 up to the threshold, then straight on
        for k in range(size):
            d = np.sqrt(squares[k])
            near = d < HUBER_THRESHOLD
            slopes[k] = ONE if near else HUBER_THRESHOLD / d
            values[k] = HALF * squares[k] if near else HUBER_THRESHOLD * (d - HALF * HUBER_THRESHOLD)
    else:  # logistic: ln(1 + e^(3 d))
        for k in range(size):
            d = np.sqrt(squares[k])
            small = ONE + expm1(-LOGISTIC_STEEPNESS * d)
            slopes[k] = LOGISTIC_STEEPNESS / ((ONE + small) * d)
            values[k] = LOGISTIC_STEEPNESS * d + log(ONE + small)


@njit(**FAST)
def push(kind, squares, slopes, values, size, with_values):
    """For a repulsive penalty q = -p (1/d for invpower), values = q(d) and slopes = q'(d) / d; both fall with d."""
    if kind == 0 and with_values:  # log: -ln(1 - e^-d)
        for k in range(size):
            d = np.sqrt(squares[k])
            grown = expm1(d)
            slopes[k] = -ONE / (d * grown)
            values[k] = log(ONE + ONE / grown)
    elif kind == 0:
        for k in range(size):
            d = np.sqrt(squares[k])
            slopes[k] = -ONE / (d * expm1(d))
    elif kind == 1:  # invpower: 1 / d
        for k in range(size):
            inverse = ONE / np.sqrt(squares[k])
            slopes[k] = -inverse * inverse * inverse
            values[k] = inverse
    else:  # logratio: -ln(d^2 / (1 + d^2))
        for k in range(size):
            slopes[k] = np.float32(-2) / (squares[k] * (ONE + squares[k]))
        if with_values:
            for k in range(size):
                values[k] = log(ONE + ONE / squares[k])
