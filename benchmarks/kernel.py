"""One peer on one matrix, timed: what ``relate`` runs in a child process. Imports only what every peer needs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import matrix, measure, peers

_WARM_UP_COLLECTIONS = 2_000


def measured(peer: str, folder: str, k: int, rows: str, sample: str) -> dict[str, Any]:
    """One peer on the matrix in ``folder``. Leaves the similarities of the sampled rows in ``sample``."""
    library, members = peers.load(peer), matrix.load(Path(folder))
    library.nearest(library.prepare(members.head(_WARM_UP_COLLECTIONS)), k)  # loads what is loaded when first used
    ready = library.prepare(members)
    del members
    measure.reset_peak()
    start = time.perf_counter()
    result = library.nearest(ready, k)
    seconds = time.perf_counter() - start
    peak = measure.peak_bytes()
    np.save(sample, library.similarities(result, np.load(rows), k))
    return {"seconds": seconds, "peak_bytes": peak}
