"""The hash that kernels share; ``stages.stable_hash.splitmix64`` is the same for whole arrays."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, inline="always")
def splitmix64(value):
    """The finaliser of Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".

    A permutation of uint64, every bit of whose result depends on every bit of ``value``.
    """
    z = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def splitmix64_reference(value: int) -> int:
    """The same of Python's integers."""
    low = 2**64 - 1
    z = (value + 0x9E3779B97F4A7C15) & low
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & low
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & low
    return z ^ (z >> 31)
