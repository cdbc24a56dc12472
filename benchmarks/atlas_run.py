"""``atlas run`` as a person runs it, in a project of its own: a folder that is a copy of nothing and shares nothing."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.store.artifacts import Address, ArtifactStore
from benchmarks import measure
from benchmarks.process_tree import PeakOfTree

NAME = "benchmark"
# All that maps and their comparison need; a bundle and a site are more than any peer makes.
STAGES = (
    "raw_collections",
    "entity_index",
    "neighbours",
    "knn_graph",
    "embedding",
    "projection",
    "regions",
    "quality",
    "sweep_report",
)


def make_project(
    folder: Path,
    rows: Path,
    *,
    columns: dict[str, str],
    entities: Path | None = None,
    option: str = "interactions",
    **changes: Any,
) -> None:
    """Let ``atlas new`` write the spec of an atlas of these rows, then change what the case asks for.

    option: what ``atlas new`` calls such rows: interactions, edges, vectors. changes: attributes of the spec, such as
    ``sweep``; those of ``source`` are merged into it. What is left out is what every new atlas gets.
    """
    make_folder(folder)
    told = _atlas(folder, "new", NAME, f"--{option}", str(rows), *(["--entities", str(entities)] if entities else []))
    if told.returncode:
        raise AtlasError(f"atlas new failed: {told.stderr.strip()[-300:]}")
    path = folder / "defs" / NAME / "defs.yaml"
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    attributes = spec["attributes"]
    changes["source"] = attributes["source"] | {"columns": columns} | changes.get("source", {})
    path.write_text(yaml.safe_dump(spec | {"attributes": attributes | changes}, sort_keys=False), encoding="utf-8")


def make_folder(folder: Path) -> None:
    """A project without atlases."""
    folder.mkdir(parents=True)
    for name in (project.MARKER, "workspace.yaml"):
        shutil.copy(project.template(name), folder)


def run(folder: str, keep: bool = True, stages: Sequence[str] = STAGES) -> dict[str, Any]:
    """A job: make these stages (all, where none is named). Seconds are those of the whole command, start to end.

    peak_bytes: of all processes of the command together (``process_tree``), None where the system does not tell.
    """
    timings = Path(folder) / "timings.json"
    named = (argument for stage in stages for argument in ("--stage", stage))
    start = time.perf_counter()
    with PeakOfTree(os.getpid()) as peak:
        told = _atlas(Path(folder), "run", NAME, *named, "--timings", str(timings))
    seconds = time.perf_counter() - start
    if told.returncode:
        raise AtlasError(f"atlas run failed: {(told.stderr or told.stdout).strip()[-300:]}")
    if not keep:
        for made in ("data", ".dagster"):
            shutil.rmtree(Path(folder) / made)
    return {"seconds": seconds, "peak_bytes": peak.bytes, "timings": json.loads(timings.read_text(encoding="utf-8"))}


def _atlas(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ATLAS_", "DAGSTER_"))}
    environment |= {
        "ATLAS_DEFS": str(folder / "defs"),
        "ATLAS_STORAGE": str(folder / "data"),
        "NO_COLOR": "1",
        "PYTHONPATH": os.pathsep.join([str(measure.REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    return subprocess.run(
        [sys.executable, "-m", "atlas_assets.cli", *arguments],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


@dataclass(frozen=True)
class Point:
    """One map of a finished run. seconds: of neighbours, graph, embedding and layout, as each stage recorded them."""

    key: str
    dims: int
    positions: np.ndarray
    graph: str
    seconds: float
    metrics: dict[str, float | None]


class Made:
    """What a run has left in its store."""

    def __init__(self, folder: Path) -> None:
        self.store = ArtifactStore(folder / "data")
        self._root = folder / "data" / NAME

    def keys(self, stage: str) -> list[str]:
        """The points of the sweep that it has this stage of."""
        return sorted(path.parent.name for path in (self._root / stage).glob("*/current.json"))

    @property
    def recommended(self) -> str:
        return self._report["recommended"]

    @functools.cached_property
    def _report(self) -> dict[str, Any]:
        return json.loads((self.folder("sweep_report") / "info.json").read_text(encoding="utf-8"))

    def folder(self, stage: str, key: str | None = None) -> Path:
        return self.store.folder(Address(NAME, stage, key))

    def seconds(self, stage: str, key: str | None = None) -> float:
        stored = self.store.current(Address(NAME, stage, key))
        return float(stored.cost.get("seconds") or 0.0) if stored else 0.0

    def ids(self) -> pl.Series:
        """The entities in the order of the rows of every position."""
        return pl.read_parquet(self.folder("entity_index") / "ids.parquet")["id"]

    def points(self) -> list[Point]:
        """Every map, best first."""
        return [self._point(row["key"], row) for row in self._report["rows"]]

    def _point(self, key: str, row: dict[str, Any]) -> Point:
        parts = key.split("_")
        embedding = "_".join(parts[:2]) if len(parts) == 3 else None
        seconds = self.seconds("neighbours") + self.seconds("knn_graph", parts[0]) + self.seconds("projection", key)
        if embedding:
            seconds += self.seconds("embedding", embedding)
        positions = np.load(self.folder("projection", key) / "positions.npy")
        return Point(key, row["dims"], positions, parts[0], seconds, row["metrics"])

    def lists(self, graph: str) -> tuple[np.ndarray, np.ndarray]:
        """indices (n, k) and similarity (n, k) of one of its graphs."""
        folder = self.folder("knn_graph", graph)
        return np.load(folder / "indices.npy"), np.load(folder / "similarity.npy")
