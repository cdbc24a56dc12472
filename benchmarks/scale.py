"""``scale``: what ``atlas new`` proposes for more and more entities, from the Parquet file to the finished site.

No peer: each stage is compared with itself at other sizes. Time and memory follow fixed + factor * n^exponent, and the
exponents are what is looked for: 1 is linear. Core seconds, the time of all threads, are steadier than seconds where
the machine has other work. Data is generated, 100 rows an entity (``generate``).
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from atlas_assets.plan.pipeline import SITE_RECORD, VIEWER
from atlas_assets.store.artifacts import Address
from benchmarks import atlas_run, data, generate, measure, overhead
from benchmarks.measure import GIB, Job, Limits
from benchmarks.report import Row, figure

DEFAULT = ("10k", "30k", "100k", "300k")
SMALLEST = 3_000  # entities of the run before all others: what it takes is mostly fixed, and it compiles
SECONDS, COMPUTED, MEMORY = "seconds", "core seconds", "peak memory bytes"
RECALL = "held-out recall"
EXPONENTS = {SECONDS: "exponent of seconds", COMPUTED: "exponent of core seconds", MEMORY: "exponent of memory"}
ALL, BETWEEN = "all", "between stages"
AIM = "aim"
MOST_EXPONENT = 1.15
AIMS = {("1m", SECONDS): 720.0, ("1m", MEMORY): 12.0 * GIB}  # of the whole command
OF_LAW, LEAST = 2.0, {SECONDS: 0.3, COMPUTED: 0.3, MEMORY: 0.0}
FITTED = "fitted at "
_CASE = re.compile(r"(\d+)([km])")


@dataclass(frozen=True)
class Law:
    """values = fixed + factor * n^exponent, fitted at these sizes."""

    exponent: float
    fixed: float
    sizes: list[int]


def entities(case: str) -> int | None:
    """How many entities a case such as 10k or 1m has; None for what is no such case."""
    match = _CASE.fullmatch(case)
    return int(match[1]) * (1_000 if match[2] == "k" else 1_000_000) if match else None


def run(
    cases: Sequence[str],
    *,
    runs: int,
    limits: Limits,
    cache: Path,
    progress: Callable[[str], None] = lambda text: None,
    finished: Callable[[list[Row]], None] = lambda rows: None,
) -> None:
    """Hand the rows of each case to ``finished``, sizes in ascending order, and at the end those of the exponents.

    A size that failed is not followed by larger ones: they would fail for the same reason, later.
    """
    sizes = {n: case for case in cases if (n := entities(case)) is not None}
    found: dict[int, list[Row]] = {}
    for n in sorted({SMALLEST, *sizes}):
        case, first = sizes.get(n, f"{n // 1_000}k"), n == SMALLEST
        rows = _case(case, n, runs=1 if first else runs, limits=limits, cache=cache, twice=first, progress=progress)
        finished(rows)
        if any(row.ours is None for row in rows):
            return
        found[n] = rows
    finished(_exponents(found))


def _case(
    case: str, n: int, *, runs: int, limits: Limits, cache: Path, twice: bool, progress: Callable[[str], None]
) -> list[Row]:
    progress(f"{case}: making data")
    source = data.find(f"generated-{n // 10}k", cache=cache)
    table = source.path.with_name(f"{source.path.stem}-entities.parquet")
    if not table.exists():
        generate.describe(table, n_rows=n * generate.ROWS_PER_ENTITY, seed=data.SEED)
    with tempfile.TemporaryDirectory(prefix="scale-", dir=cache) as scratch:
        folder = Path(scratch) / "project"
        columns = {"collection": source.collection, "entity": source.entity}
        atlas_run.make_project(folder, source.path, columns=columns, entities=table)
        job = Job("benchmarks.scale:build", {"folder": str(folder)})
        series = measure.interleaved(
            {case: job},
            runs=runs,
            limits=limits,
            compiled=[case] if twice else [],
            progress=lambda text: progress(f"{text}, {n:,} entities"),
        )[case]
    if series.failed:
        return [
            Row("scale", case, metric, AIM, None, AIMS.get((case, metric)), of=ALL, note=series.note)
            for metric in (SECONDS, MEMORY)
        ]
    return _rows(case, series)


def build(folder: str) -> dict[str, Any]:
    """A job: everything from an empty store, and what each stage took by the name of its part; then all is removed.

    stages: {name: {seconds: building and storing; core seconds: building, all threads; bytes: peak of the process}}.
    """
    took = atlas_run.run(folder, stages=())
    made, parts = atlas_run.Made(Path(folder)), dict[str, dict[str, float]]()
    for step in took["timings"]["steps"]:
        part = parts.setdefault(_part(step), {SECONDS: 0.0, COMPUTED: 0.0, MEMORY: 0.0})
        cost = _stored(made, step)
        part[SECONDS] += step["end"] - step["begin"]
        part[COMPUTED] += float(cost.get("cpu_seconds") or 0.0)
        part[MEMORY] = max(part[MEMORY], float(cost.get("peak_memory_bytes") or 0.0))
    busy = overhead.covered((step["begin"], step["end"]) for step in took["timings"]["steps"])
    recommended = next(point for point in made.points() if point.key == made.recommended)
    for kept in ("data", ".dagster"):
        shutil.rmtree(Path(folder) / kept)
    return {
        SECONDS: took["seconds"],
        MEMORY: took["peak_bytes"],
        BETWEEN: took["seconds"] - busy,
        "stages": parts,
        RECALL: recommended.metrics.get("held_out_recall"),
        "n": len(recommended.positions),
    }


def _part(step: dict[str, Any]) -> str:
    """Layouts are told apart, because each has a law of its own; other stages are sums over their keys."""
    return f"projection {step['key']}" if step["stage"] == "projection" else step["stage"]


def _stored(made: atlas_run.Made, step: dict[str, Any]) -> dict[str, Any]:
    """The recorded cost of what a step has made."""
    if step["stage"] == VIEWER.atlas:
        stored = made.store.current(VIEWER)
    else:
        stage = SITE_RECORD if step["stage"] == "site" else step["stage"]
        stored = made.store.current(Address(atlas_run.NAME, stage, step["key"]))
    return stored.cost if stored else {}


def _rows(case: str, series: measure.Series) -> list[Row]:
    def row(metric: str, of: str, values: list[float]) -> Row:
        theirs = AIMS.get((case, metric)) if of == ALL else None
        return Row("scale", case, metric, AIM, float(np.median(values)), theirs, of=of, runs={"ours": values})

    one = series.counted[0]
    rows = [row(SECONDS, ALL, series.all(SECONDS)), row(SECONDS, BETWEEN, series.all(BETWEEN))]
    rows += [row(MEMORY, ALL, series.all(MEMORY))] if one[MEMORY] else []
    for stage in one["stages"]:
        for metric in EXPONENTS:
            rows.append(row(metric, stage, [values["stages"][stage][metric] for values in series.counted]))
    if one[RECALL] is not None:
        rows.append(Row("scale", case, RECALL, "chance", one[RECALL], 15 / (one["n"] - 1), "gain"))
    return rows


def fit(values: dict[int, float], *, least: float = 0.0) -> Law | None:
    """The law that the values by size follow; None where fewer than two sizes show one.

    The smallest size tells the fixed part: what it took beyond what the law says of its size, found by iteration. The
    others are fitted by least squares in logarithms, those that are at least ``OF_LAW`` times the smallest value and at
    least ``least``: where the fixed part dominates, any exponent would do.
    """
    (n0, smallest), *others = sorted(values.items())
    used = [(n, value) for n, value in others if value >= max(OF_LAW * smallest, least)]
    if len(used) < 2:
        return None
    sizes, above = np.array([n for n, _ in used], float), np.array([value for _, value in used])
    fixed, exponent = smallest, 1.0
    for _ in range(50):
        exponent, logarithm = np.polyfit(np.log(sizes), np.log(above - fixed), 1)
        fixed = min(max(smallest - float(np.exp(logarithm + exponent * np.log(n0))), 0.0), smallest)
    return Law(float(exponent), fixed, [n for n, _ in used])


def _exponents(found: dict[int, list[Row]]) -> list[Row]:
    """The law of each part whose values show one."""
    values: dict[tuple[str, str], dict[int, float]] = {}
    for n, rows in found.items():
        for row in rows:
            if row.metric in EXPONENTS and row.ours is not None:
                values.setdefault((row.metric, row.of), {})[n] = row.ours
    made = []
    for (metric, of), by_size in values.items():
        law = fit(by_size, least=LEAST[metric]) if len(by_size) == len(found) else None
        if law is not None:
            note = FITTED + ", ".join(f"{n:,}" for n in law.sizes)
            made.append(
                Row("scale", "all sizes", EXPONENTS[metric], AIM, law.exponent, MOST_EXPONENT, of=of, note=note)
            )
    return made


def show(rows: Sequence[Row], console: Console) -> None:
    """A table per metric: a line per part, a column per size, and the exponent with the sizes it was fitted at."""
    cases = list(dict.fromkeys(row.case for row in rows if row.metric in EXPONENTS))
    for metric, named in EXPONENTS.items():
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=metric, title_justify="left")
        table.add_column("")
        for heading in (*cases, "exponent"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("fitted at")
        for part in dict.fromkeys(row.of for row in rows if row.metric == metric):
            by_case = {row.case: row.ours for row in rows if (row.metric, row.of) == (metric, part)}
            law = next((row for row in rows if (row.metric, row.of) == (named, part)), None)
            told = (
                ("", "")
                if law is None or law.ours is None
                else (f"{law.ours:.2f}{'' if law.ours <= MOST_EXPONENT else ' !'}", law.note.removeprefix(FITTED))
            )
            table.add_row(part, *(figure(metric, by_case.get(case)) for case in cases), *told)
        console.print(table)
    for row in rows:
        if row.note and row.metric in EXPONENTS:
            console.print(f"- {row.case}: {row.note}", soft_wrap=True)
    for case in cases:
        kept = next((row for row in rows if (row.case, row.metric) == (case, RECALL)), None)
        if kept is not None and kept.ours is not None and kept.theirs is not None:
            console.print(
                f"{case}: the recommended map's held-out recall is {kept.ours:.3f}, by chance {kept.theirs:.5f}"
            )
    console.print(f"! = an exponent above {MOST_EXPONENT}")
