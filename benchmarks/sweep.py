"""``sweep``: 24 maps of one atlas by ``atlas run``, beside 24 scripts that make one each with the same libraries.

Two graphs (15 and 30 neighbours) x two embeddings (3 and 4 dimensions) x six layouts, from the file of rows and an
empty store to 24 maps. ``atlas run`` also measures and divides every map; the scripts only make them.
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets.errors import AtlasError
from benchmarks import atlas_run, data, layout_data, measure, overhead
from benchmarks.measure import Job, Limits
from benchmarks.report import Row

CASE = "mtg-decks"
MIN_COLLECTIONS = {CASE: 20}
GRAPHS, DIMENSIONS = (15, 30), (3, 4)
LAYOUTS: tuple[dict[str, Any], ...] = (
    {"method": "umap", "n_neighbors": 15, "min_dist": 0.1},
    {"method": "umap", "n_neighbors": 50, "min_dist": 0.3},
    {"method": "tsne", "perplexity": 30},
    {"method": "tsne", "perplexity": 50},
    {"method": "umap", "n_neighbors": 15, "min_dist": 0.1, "dims": 3},
    {"method": "pca"},
)
POINTS = tuple(itertools.product(GRAPHS, DIMENSIONS, range(len(LAYOUTS))))
# Every layout once, every graph and embedding at least once: the least from which the rest can be told.
KINDS = tuple((*tuple(itertools.product(GRAPHS, DIMENSIONS))[at % 4], at) for at in range(len(LAYOUTS)))
SCRIPTS = "scripts"
SECONDS, OVERHEAD = "seconds", "overhead share"
Point = tuple[int, int, int]


@dataclass(frozen=True)
class Script:
    """What one script took: its process from start to end, and the steps in it."""

    wall: float
    steps: dict[str, float]

    @property
    def start(self) -> float:
        """Outside of all steps: the interpreter, imports, compilation while importing."""
        return self.wall - sum(self.steps.values())


def run(
    case: str,
    *,
    runs: int,
    all_scripts: bool,
    limits: Limits,
    cache: Path,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Row]:
    """The rows of the comparison; without ``all_scripts``, six scripts are run and the other 18 are told from them."""
    try:
        found = data.find(case, cache=cache)
    except data.Absent as error:
        return [Row("sweep", case, metric, SCRIPTS, None, None, note=str(error)) for metric in (SECONDS, OVERHEAD)]
    with tempfile.TemporaryDirectory(prefix="sweep-", dir=cache) as scratch:
        rows = Path(scratch) / "rows.parquet"
        names = {found.collection: "collection", found.entity: "entity"}
        pl.read_parquet(found.path, columns=list(names)).rename(names).write_parquet(rows)
        least = MIN_COLLECTIONS.get(case, 3)
        ours = _ours(case, rows, least, Path(scratch), runs=runs, limits=limits, progress=progress)
        scripts = _scripts(
            rows, least, Path(scratch), POINTS if all_scripts else KINDS, limits=limits, progress=progress
        )
        return _rows(case, ours, scripts)


def _ours(
    case: str, rows: Path, least: int, scratch: Path, *, runs: int, limits: Limits, progress: Callable[[str], None]
) -> measure.Series:
    folder = scratch / "project"
    atlas_run.make_project(
        folder,
        rows,
        columns={"collection": "collection", "entity": "entity"},
        filter={"min_collections": least},
        quality={"holdout": 0.0},
        seed=layout_data.SEED,
        sweep={"n_neighbors": list(GRAPHS), "embedding_dim": list(DIMENSIONS), "projections": list(LAYOUTS)},
    )
    job = Job("benchmarks.atlas_run:run", {"folder": str(folder), "keep": False})
    return measure.interleaved(
        {"atlas": job}, runs=runs, limits=limits, compiled=["atlas"], progress=lambda text: progress(f"{case}: {text}")
    )["atlas"]


@dataclass(frozen=True)
class Scripts:
    """What was measured of the scripts: alone, one after another; together, two at a time, a thread each.

    seconds: wall time of those of ``together``, from the start of the first to the end of the last.
    """

    alone: dict[Point, Script]
    together: dict[Point, Script]
    seconds: float = 0.0
    note: str = ""


def _scripts(
    rows: Path, least: int, scratch: Path, points: Sequence[Point], *, limits: Limits, progress: Callable[[str], None]
) -> Scripts:
    alone: dict[Point, Script] = {}
    for at, point in enumerate(points):
        progress(f"script {at + 1} of {len(points)}, one after another")
        outcome = measure.run(_job([point], rows, least, scratch, at_once=1), limits)
        if outcome.values is None:
            return Scripts(alone, {}, note=f"a script {outcome.note}")
        alone[point] = Script(*outcome.values["scripts"][0])
    progress(f"{len(points)} scripts, two at a time")
    outcome = measure.run(_job(points, rows, least, scratch, at_once=2), Limits(limits.memory_bytes, limits.seconds, 1))
    if outcome.values is None:
        return Scripts(alone, {}, note=f"two scripts at a time {outcome.note}")
    together = {point: Script(*made) for point, made in zip(points, outcome.values["scripts"], strict=True)}
    return Scripts(alone, together, outcome.values["seconds"])


def _job(points: Sequence[Point], rows: Path, least: int, scratch: Path, *, at_once: int) -> Job:
    described = [
        {"rows": str(rows), "min_collections": least, "n_neighbors": k, "embedding_dim": d, "layout": LAYOUTS[layout]}
        for k, d, layout in points
    ]
    return Job("benchmarks.sweep:scripts", {"points": described, "scratch": str(scratch), "at_once": at_once})


def scripts(points: list[dict[str, Any]], scratch: str, at_once: int) -> dict[str, Any]:
    """A job: a fresh process per point, so many at a time. Returns the seconds of all, and (wall, steps) of each."""

    def one(at: int) -> tuple[float, dict[str, float]]:
        request, seconds = (Path(folder) / f"{name}-{at}.json" for name in ("point", "seconds"))
        files = {"out": str(Path(folder) / f"map-{at}.npy"), "seconds": str(seconds)}
        request.write_text(json.dumps(points[at] | files), encoding="utf-8")
        start = time.perf_counter()
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.one_map", str(request)], text=True, capture_output=True, check=False
        )
        wall = time.perf_counter() - start
        if told.returncode:
            raise AtlasError(f"a script failed: {told.stderr.strip()[-300:]}")
        return wall, json.loads(seconds.read_text(encoding="utf-8"))

    with tempfile.TemporaryDirectory(dir=scratch) as folder, ThreadPoolExecutor(at_once) as pool:
        start = time.perf_counter()
        made = list(pool.map(one, range(len(points))))
        return {"seconds": time.perf_counter() - start, "scripts": made}


def estimate(measured: dict[Point, Script]) -> float:
    """Seconds of all 24 scripts, one after another.

    Those that were measured as they were; of the others, each step as in the scripts that have it in common: reading
    and start with all, the graph with those of its number of neighbours, the embedding with those of its number of
    neighbours and dimensions, the layout with those of the same layout.
    """

    def mean(step: str, alike: Callable[[Point], bool]) -> float:
        return statistics.mean(script.steps[step] for point, script in measured.items() if alike(point))

    start = statistics.mean(script.start for script in measured.values())
    total = 0.0
    for point in POINTS:
        k, d, layout = point
        total += (
            measured[point].wall
            if point in measured
            else (
                start
                + mean("rows", lambda other: True)
                + mean("graph", lambda other, k=k: other[0] == k)
                + mean("embedding", lambda other, k=k, d=d: other[:2] == (k, d))
                + mean("layout", lambda other, layout=layout: other[2] == layout)
            )
        )
    return total


def _rows(case: str, ours: measure.Series, found: Scripts) -> list[Row]:
    n, told = len(found.alone), ""
    if n < len(POINTS):
        told = f"{n} of {len(POINTS)} scripts were run, the others are told from their steps (--all runs all)"
    failed = found.note if n < len(KINDS) else ""
    alone, together = None if failed else estimate(found.alone), None
    measured = sum(script.wall for script in found.alone.values())
    if found.together:  # what all would take one after another, over how far those that ran have overlapped
        overlap = sum(script.wall for script in found.together.values()) / found.seconds
        together = estimate(found.together) / overlap
    shares = [overhead.share(values["timings"], values["seconds"]) for values in ours.counted]
    idle = statistics.median(shares) if shares else None
    of_scripts = None if failed else sum(script.start for script in found.alone.values()) / measured
    notes = "; ".join(filter(None, [ours.note, failed, told]))
    runs = {"ours": ours.all("seconds"), "scripts measured": [script.wall for script in found.alone.values()]}
    return [
        Row(
            "sweep",
            case,
            SECONDS,
            SCRIPTS,
            ours.median("seconds"),
            alone,
            note=notes,
            runs=runs,
            of="24 maps, scripts one after another",
        ),
        Row(
            "sweep",
            case,
            SECONDS,
            SCRIPTS,
            ours.median("seconds"),
            together,
            note=notes or found.note,
            of="24 maps, scripts two at a time, a thread each",
        ),
        Row(
            "sweep",
            case,
            OVERHEAD,
            SCRIPTS,
            idle,
            of_scripts,
            of="wall time",
            note=f"{overhead.NOTHING_RUNS}; theirs: {overhead.OF_SCRIPTS}",
        ),
    ]
