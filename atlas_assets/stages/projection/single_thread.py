"""One thread for a stretch of code: libraries whose sums or random numbers differ with the number of threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numba
from threadpoolctl import threadpool_limits


@contextlib.contextmanager
def single_thread() -> Iterator[None]:
    """Inside, numba, BLAS and OpenMP run on one thread, whatever the machine has."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        numba.set_num_threads(before)
