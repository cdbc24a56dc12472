"""A peer that needs more memory than it may have."""

from __future__ import annotations

from atlas_tests.benchmarks import jobs
from benchmarks.peers import scipy_product

prepare = scipy_product.prepare
similarities = scipy_product.similarities


def nearest(prepared, k: int):
    return jobs.grow()
