"""``relate``: from collections to the nearest neighbours of every entity, beside other libraries on the same data.

Two measurements. The kernel: from the collections x entities matrix in memory, in the form each library wants, to the
15 nearest of every entity by cosine. End to end: from the file to the neighbour lists on disk. Peak memory is that of
the whole process in both; for the kernel it starts counting once the matrix is there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from atlas_assets.errors import AtlasError
from benchmarks import data, matrix, measure
from benchmarks.measure import Job, Limits, Series
from benchmarks.peers import OURS, PEERS
from benchmarks.report import Row

N_NEIGHBORS = 15
END_TO_END = "polars+scipy"
ALL_PEERS = (*PEERS, END_TO_END)
KERNEL_SECONDS, END_TO_END_SECONDS, PEAK_BYTES = "kernel seconds", "end-to-end seconds", "peak memory bytes"
_COMPILED = (OURS, "recipe")
_SAMPLED_ROWS = 1_000
_RELATIVE, _ABSOLUTE = 1e-5, 1e-6  # float32 sums of up to 2^24 products, against float64
_NOTABLE_SECONDS = 1.0  # a first run that took this much longer than the others is worth a word


def run(
    cases: Sequence[str],
    names: Sequence[str],
    *,
    runs: int,
    limits: Limits,
    cache: Path,
    progress: Callable[[str], None] = lambda text: None,
    finished: Callable[[list[Row]], None] = lambda rows: None,
) -> list[Row]:
    """The rows of every case. ``names``: of peers, or dotted modules like those in ``peers``.

    ``finished`` is called with the rows of each case as soon as they are there.
    """
    rows = []
    for name in cases:
        progress(f"{name}: data")
        try:
            case = data.find(name, cache=cache)
            folder = data.prepared(case, cache=cache)
        except (data.Absent, AtlasError) as error:
            made = [
                Row("relate", name, metric, "all", None, None, note=str(error))
                for metric in (KERNEL_SECONDS, END_TO_END_SECONDS, PEAK_BYTES)
            ]
        else:
            with tempfile.TemporaryDirectory(prefix="relate-", dir=cache) as scratch:
                made = _case(case, folder, names, Path(scratch), runs=runs, limits=limits, progress=progress)
        finished(made)
        rows += made
    return rows


def _case(
    case: data.Case,
    folder: Path,
    names: Sequence[str],
    scratch: Path,
    *,
    runs: int,
    limits: Limits,
    progress: Callable[[str], None],
) -> list[Row]:
    """Both measurements of one case, as far as ``names`` asks for them."""
    n_entities = matrix.load(folder).n_entities
    chosen = np.random.default_rng(data.SEED).permutation(n_entities)[:_SAMPLED_ROWS]
    np.save(scratch / "rows.npy", np.sort(chosen))
    shared: dict[str, Any] = {"k": N_NEIGHBORS, "rows": str(scratch / "rows.npy")}
    rows = []
    kernels = [name for name in names if name != END_TO_END]
    if kernels:
        jobs = {
            name: Job(
                "benchmarks.kernel:measured",
                shared | {"peer": name, "folder": str(folder), "sample": str(scratch / f"kernel-{at}.npy")},
            )
            for at, name in enumerate((OURS, *kernels))
        }
        rows += _compare(case.name, KERNEL_SECONDS, jobs, runs=runs, limits=limits, progress=progress)
    if END_TO_END in names:
        shared |= {"path": str(case.path), "columns": [case.collection, case.entity], "scratch": str(scratch)}
        jobs = {
            OURS: Job("benchmarks.end_to_end:ours", shared | {"sample": str(scratch / "ours.npy")}),
            END_TO_END: Job("benchmarks.end_to_end:polars_scipy", shared | {"sample": str(scratch / "theirs.npy")}),
        }
        rows += _compare(case.name, END_TO_END_SECONDS, jobs, runs=runs, limits=limits, progress=progress)
    return rows


def _compare(
    case: str, metric: str, jobs: dict[str, Job], *, runs: int, limits: Limits, progress: Callable[[str], None]
) -> list[Row]:
    """Measure the jobs; a row of seconds and one of memory for every peer, ours in each of them."""
    measured = measure.interleaved(
        jobs,
        runs=runs,
        limits=limits,
        compiled=_COMPILED,
        progress=lambda text: progress(f"{case}, {metric.split()[0]}: {text}"),
    )
    ours = measured.pop(OURS)
    of_sample = {name: Path(job.arguments["sample"]) for name, job in jobs.items()}
    rows = []
    for wanted, key in ((metric, "seconds"), (PEAK_BYTES, "peak_bytes")):
        for name, theirs in measured.items():
            both = not (ours.failed or theirs.failed)
            different = difference(np.load(of_sample[OURS]), np.load(of_sample[name])) if both else ""
            notes = [_failure("ours", ours), _failure("", theirs), different]
            if key == "seconds":
                notes += [_first_run("ours", ours), _first_run("theirs", theirs)]
            rows.append(
                Row(
                    "relate",
                    case,
                    wanted,
                    name,
                    ours.median(key),
                    theirs.median(key),
                    comparable=not different,
                    note="; ".join(filter(None, notes)),
                    runs={"ours": ours.all(key), "theirs": theirs.all(key)},
                )
            )
    return rows


def difference(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Which rows of similarities differ, as a sentence; nothing where all agree. Ties do not matter to similarities.

    Both (rows, k), descending, 0 where an entity has fewer neighbours.
    """
    wrong = ~np.asarray(np.isclose(ours, theirs, rtol=_RELATIVE, atol=_ABSOLUTE)).all(axis=1)
    if not wrong.any():
        return ""
    return f"RESULTS DIFFER in {int(wrong.sum()):,} of {wrong.size:,} sampled entities: no comparison"


def _failure(who: str, series: Series) -> str:
    return f"{who} {series.note}".strip() if series.failed else ""


def _first_run(who: str, series: Series) -> str:
    median = series.median("seconds")
    if series.first is None or median is None or series.first["seconds"] - median < _NOTABLE_SECONDS:
        return ""
    return f"{who}: first run {series.first['seconds']:.1f} s (compiles)"
