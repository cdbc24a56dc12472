"""Hashes of ids that are the same in every run, on every machine, with every version of the libraries.

A library's own hash (``polars.Series.hash``) may change with its version, and what is drawn by it would be drawn anew.
"""

from __future__ import annotations

import numpy as np
import polars as pl

_PRIME = np.uint64(0x100000001B3)


def hash_ids(ids: pl.Series, seed: int) -> np.ndarray:
    """(n,) uint64, evenly spread; equal ids have equal hashes, another seed gives unrelated ones. Integers or strings.

    Strings: sum of byte_i * prime^i modulo 2^64, then splitmix64, whose output is a permutation of its input.
    """
    with np.errstate(over="ignore"):
        raw = _string_sums(ids) if ids.dtype == pl.String else ids.cast(pl.Int64).to_numpy().view(np.uint64)
        return splitmix64(raw ^ splitmix64(np.array([seed], dtype=np.int64).view(np.uint64)))


def mix(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """One uint64 from two, for a hash of a pair."""
    with np.errstate(over="ignore"):
        return splitmix64(left + splitmix64(right))


def splitmix64(values: np.ndarray) -> np.ndarray:
    """The finaliser of Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"."""
    with np.errstate(over="ignore"):
        z = values + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _string_sums(ids: pl.Series) -> np.ndarray:
    lengths = ids.str.len_bytes().to_numpy().astype(np.int64)
    text = np.frombuffer("".join(ids.to_list()).encode(), dtype=np.uint8)
    starts = np.cumsum(lengths) - lengths
    place = np.arange(text.size) - np.repeat(starts, lengths)
    powers = np.cumprod(np.concatenate([[np.uint64(1)], np.full(int(lengths.max(initial=0)), _PRIME)]), dtype=np.uint64)
    # + 1: else a trailing NUL byte would not count
    sums = np.concatenate([[np.uint64(0)], np.cumsum((text + np.uint64(1)) * powers[place], dtype=np.uint64)])
    return sums[starts + lengths] - sums[starts]
