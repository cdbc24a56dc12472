"""``refresh``: an atlas whose source grows file by file, beside building it anew from the same files.

Both are `atlas run`, from the start of the command to its end: in a project whose store has everything of the step
before, and in one whose store has only the viewer. What is compared: seconds, how far entities have moved, and how much
of what was held out from the maps they keep.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import AtlasError
from atlas_assets.stages.geometry.alignment import align
from benchmarks import atlas_run, data, measure, refresh_data
from benchmarks.measure import Job, Limits
from benchmarks.refresh_data import Part
from benchmarks.report import Row

REFRESHED, ANEW = "refreshed", "built anew"
SECONDS, MOVEMENT, UNCHANGED = "seconds", "median movement", "artifacts of an unchanged source"
KEPT = {"held_out_recall": "held-out recall", "triplet_accuracy": "triplet accuracy"}
MOVED = (
    "movement is that of entities that had been there, in widths of the map (1st to 99th percentile of its longer "
    "side), the map of those that moved most; maps built anew are turned to the earlier ones first"
)
Progress = Callable[[str], None]


def run(
    case: str, *, steps: int, runs: int, limits: Limits, cache: Path, progress: Progress = lambda text: None
) -> list[Row]:
    """The rows of a case: each step of the replay once, then the last one, the newest 1 %, ``runs`` times."""
    with tempfile.TemporaryDirectory(prefix="refresh-", dir=cache) as scratch:
        files = Path(scratch) / "files"
        try:
            parts = refresh_data.parts(case, steps, files)
        except data.Absent as error:
            return [Row("refresh", case, SECONDS, ANEW, None, None, note=str(error))]
        folder = Path(scratch) / "project"
        _make_project(case, folder, files)
        replay = Replay(case, folder, limits, lambda text: progress(f"{case}: {text}"))
        replay.begin(parts[0])
        rows = [row for part in parts[1:-1] for row in replay.step(part)]
        return rows + replay.last(parts[-1], runs=runs)


def _make_project(case: str, folder: Path, files: Path) -> None:
    """The atlas that ``atlas new`` proposes for all rows, told to read whatever lies in its folder ``source``."""
    whole = files / "all.parquet"
    pl.concat([pl.read_parquet(file) for file in sorted(files.glob("part-*"))]).write_parquet(whole)
    atlas_run.make_project(
        folder,
        whole,
        columns=refresh_data.COLUMNS,
        entities=data.shared_folder(case) / "entities.parquet",
        source={"interactions": ["source/*.parquet"]},
    )
    whole.unlink()
    (folder / "source").mkdir()


@dataclass(frozen=True)
class State:
    """The maps of a project as they are now: who is where, and what they keep of what they never saw."""

    ids: pl.Series
    positions: dict[str, np.ndarray]
    metrics: dict[str, dict[str, float | None]]

    @classmethod
    def of(cls, folder: Path) -> State:
        made = atlas_run.Made(folder)
        points = made.points()
        return cls(made.ids(), {p.key: p.positions for p in points}, {p.key: p.metrics for p in points})

    def moved_since(self, before: State, *, turn: bool) -> dict[str, float]:
        """Of each map, how far entities that had been there have moved in the median, in widths of the map."""
        rows = (
            pl.DataFrame({"id": self.ids})
            .with_row_index("now")
            .join(pl.DataFrame({"id": before.ids}).with_row_index("then"), on="id", maintain_order="left")
        )
        now, then = rows["now"].to_numpy(), rows["then"].to_numpy()
        moved: dict[str, float] = {}
        for key, positions in self.positions.items():
            here, there = positions[now].astype(np.float64), before.positions[key][then].astype(np.float64)
            here = align(here, there) if turn else here
            low, high = np.quantile(there, [0.01, 0.99], axis=0)
            moved[key] = float(np.median(np.linalg.norm(here - there, axis=1)) / (high - low).max())
        return moved

    def mean(self, metric: str) -> float:
        return statistics.mean(metrics[metric] or 0.0 for metrics in self.metrics.values())


class Replay:
    """A project to which files are added, and after each the state of its maps."""

    def __init__(self, case: str, folder: Path, limits: Limits, progress: Progress) -> None:
        self._case, self._folder, self._limits, self._progress = case, folder, limits, progress
        self._before: State | None = None

    def begin(self, part: Part) -> None:
        """The first build, and what is made once on a machine: the viewer, compiled code."""
        self._progress(f"{part.title}, built for the first time")
        _add(self._folder, part.file)
        self._run(Job("benchmarks.atlas_run:run", {"folder": str(self._folder), "stages": ["viewer"]}))
        self._run(Job("benchmarks.atlas_run:run", {"folder": str(self._folder), "stages": []}))
        self._before = State.of(self._folder)

    def step(self, part: Part) -> list[Row]:
        """One file more: refreshed, then built anew in a copy of the project."""
        self._progress(f"{part.title}, refreshed")
        _add(self._folder, part.file)
        took = self._run(Job("benchmarks.atlas_run:run", {"folder": str(self._folder), "stages": []}))
        self._progress(f"{part.title}, built anew")
        other = self._folder.with_name("anew")
        _copy(self._folder, other)
        theirs = self._run(Job("benchmarks.refresh:build_anew", {"folder": str(other)}))
        rows = self._rows(part.title, State.of(other), [took[SECONDS]], [theirs[SECONDS]])
        shutil.rmtree(other)
        return rows

    def last(self, part: Part, *, runs: int) -> list[Row]:
        """The newest 1 %, from the same state again and again; then the same source once more."""
        before, title = self._folder.with_name("before"), "1 % more"
        _copy(self._folder, before)
        arguments = {"folder": str(self._folder), "before": str(before), "file": str(part.file)}
        jobs = {
            ANEW: Job("benchmarks.refresh:again", arguments | {"anew": True}),
            REFRESHED: Job("benchmarks.refresh:again", arguments | {"anew": False}),
        }
        series = measure.interleaved(
            jobs, runs=runs, limits=self._limits, progress=lambda text: self._progress(f"{title}, {text}")
        )
        if failed := "; ".join(f"{name}: {one.note}" for name, one in series.items() if one.failed):
            raise AtlasError(failed)
        # whichever of both came last, the maps of both are looked at; equal inputs give equal maps
        self._run(jobs[ANEW])
        theirs = State.of(self._folder)
        self._run(jobs[REFRESHED])
        ours = State.of(self._folder)
        took = {name: one.all(SECONDS) for name, one in series.items()}
        spent = {name: [_spent(values["timings"]) for values in one.counted] for name, one in series.items()}
        rows = self._rows(title, theirs, took[REFRESHED], took[ANEW])
        for key in ours.positions:
            rows += [
                Row(
                    "refresh",
                    self._case,
                    told,
                    ANEW,
                    ours.metrics[key][name],
                    theirs.metrics[key][name],
                    "gain",
                    of=f"{title}, {key}",
                )
                for name, told in KEPT.items()
            ]
        for stage in spent[ANEW][0]:
            median = {name: statistics.median(each.get(stage, 0.0) for each in spent[name]) for name in jobs}
            of = f"{title}, {stage}"
            rows.append(Row("refresh", self._case, SECONDS, ANEW, median[REFRESHED], median[ANEW], of=of))
        self._progress("unchanged source")
        idle = self._run(Job("benchmarks.atlas_run:run", {"folder": str(self._folder), "stages": []}))
        artifacts = sum(len(one["timings"]["steps"]) for one in series[ANEW].counted[-1:])
        rows.append(Row("refresh", self._case, UNCHANGED, ANEW, float(len(idle["timings"]["steps"])), float(artifacts)))
        return rows

    def _rows(self, title: str, anew: State, ours: list[float], theirs: list[float]) -> list[Row]:
        """What a step came to; the project's state is that of the step before from now on."""
        assert self._before is not None
        now, before, case = State.of(self._folder), self._before, self._case
        self._before = now
        moved = max(now.moved_since(before, turn=False).values())
        turned = max(anew.moved_since(before, turn=True).values())
        return [
            Row(
                "refresh",
                case,
                SECONDS,
                ANEW,
                statistics.median(ours),
                statistics.median(theirs),
                of=title,
                runs={"ours": ours, "theirs": theirs},
            ),
            Row("refresh", case, MOVEMENT, ANEW, moved, turned, of=title, note=MOVED),
            *(
                Row(
                    "refresh",
                    case,
                    f"{told}, mean of all maps",
                    ANEW,
                    now.mean(name),
                    anew.mean(name),
                    "gain",
                    of=title,
                )
                for name, told in KEPT.items()
            ),
        ]

    def _run(self, job: Job) -> dict[str, Any]:
        outcome = measure.run(job, self._limits)
        if outcome.values is None:
            raise AtlasError(f"{self._case}: {outcome.note}")
        return outcome.values


def _spent(timings: dict[str, Any]) -> dict[str, float]:
    """Seconds in each stage, over all of its points and processes."""
    steps = timings["steps"]
    return {
        name: sum(step["end"] - step["begin"] for step in steps if step["stage"] == name)
        for name in dict.fromkeys(step["stage"] for step in steps)
    }


def build_anew(folder: str) -> dict[str, Any]:
    """A job: everything but the viewer, from an empty store."""
    for made in (Path(folder) / "data" / atlas_run.NAME, Path(folder) / ".dagster"):
        shutil.rmtree(made)
    return atlas_run.run(folder, stages=())


def again(folder: str, before: str, file: str, anew: bool) -> dict[str, Any]:
    """A job: put a project back to where it was, add a file, and refresh it or build it anew."""
    shutil.rmtree(folder)
    _copy(Path(before), Path(folder))
    _add(Path(folder), Path(file))
    return build_anew(folder) if anew else atlas_run.run(folder, stages=())


def _copy(project: Path, other: Path) -> None:
    """With the times of all files, by which the change of a source is noticed."""
    shutil.copytree(project, other, copy_function=shutil.copy2)


def _add(project: Path, file: Path) -> None:
    """As careful programs write: under another name first."""
    target = project / "source" / file.name
    draft = target.with_suffix(".part")
    shutil.copy2(file, draft)
    os.replace(draft, target)
