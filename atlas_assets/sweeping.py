"""A sweep: points are chosen from a space, written to points.yaml, made, and compared; round by round where later ones
depend on how earlier ones came out.

Whatever ends it, what is made is stored and what was chosen is recorded: the same request goes on from there.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from atlas_assets import points_file, project, schedule, search_space
from atlas_assets.components.freshness import Freshness
from atlas_assets.components.pipeline import VIEWER, Pipeline
from atlas_assets.conductor import SECONDS_BETWEEN_REPORTS, Conductor
from atlas_assets.resources import Storage
from atlas_assets.runs import Runs
from atlas_assets.search import Measured, choose
from atlas_assets.search_space import Space
from atlas_assets.spec import AtlasSpec, load
from atlas_assets.stages.quality import Quality
from atlas_assets.stages.sweep_report import RANKED_BY
from atlas_assets.sweep import ProjectionPoint, Sweep
from atlas_assets.sweep_cost import Costs, Estimate
from atlas_assets.sweep_progress import Telling, Whole
from atlas_assets.sweep_request import Record, Request
from atlas_assets.wanted import Wanted

JOINS = ("sweep_report", "bundle", "site")
CHOSEN_AT_ONCE = 4  # points of a smart or random search between two looks at what came out
PREVIEWED = 200  # points from which is told what a search within a time would make


@dataclass
class Outcome:
    """What a session of a sweep did: points made by it, what failed, and the best map before and after it."""

    made: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    before: tuple[str, float] | None = None
    best: tuple[str, float] | None = None
    ranked_by: str = RANKED_BY[0]


class Sweeper:
    """One request on one atlas. ``file``: its defs.yaml. jobs: points side by side, None for as many as fit."""

    def __init__(self, file: Path, request: Request, *, jobs: int | None = None) -> None:
        self.file, self.request, self.jobs = file, request, jobs
        self.store = Storage().store()
        self.spec = load(file)
        written = Sweep.of(self.spec.model_copy(update={"sweep": self.spec.sweep.model_copy(update={"found": []})}))
        self.space: Space = search_space.parse(
            request.methods, k=request.k, dim=request.dim,
            known_k=[point.n_neighbors for point in written.graphs.values()],
            known_dim=[point.embedding_dim for point in written.embeddings.values()],
        )  # fmt: skip
        self.record = Record.of(self.spec.name or "", request)
        self._started, self._spent_before = time.monotonic(), self.record.seconds
        self._tried: set[str] = set()

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(self.spec, base=project.root())

    @property
    def points_file(self) -> Path:
        return points_file.beside(self.file)

    @property
    def points_are_known(self) -> bool:
        """Whether it is clear beforehand which points will be made."""
        return self.request.search != "smart" and self.request.budget.seconds is None

    def estimate(self) -> Estimate:
        """What the sweep would take now. Where the points depend on how others come out: as if they were drawn."""
        costs, jobs = self._costs(), self._jobs()
        limit = self.request.budget
        if limit.seconds is None:
            return costs.estimate(list(itertools.islice(self._listed(), limit.points)), jobs=jobs)
        points = list(itertools.islice(self._listed(), PREVIEWED))
        fitting = [n for n in range(len(points) + 1) if costs.estimate(points[:n], jobs=jobs).seconds <= limit.seconds]
        return costs.estimate(points[: max(fitting, default=0)], jobs=jobs)

    def run(self, steps: Telling, runs_of: Callable[[AtlasSpec], Runs]) -> Outcome:
        """Make what the budget allows, then the report and the site. Raises KeyboardInterrupt when interrupted."""
        outcome = Outcome(before=self.best(), ranked_by=self._ranked_by())
        reports = schedule.Paced(SECONDS_BETWEEN_REPORTS)
        try:
            while points := self._next():
                self._add(points)
                missing = [point.key for point in points if not self._costs().is_made(point.key)]
                whole = Whole(steps, len(self.record.keys) - len(points), self._total(), self._seconds_left)
                self._conduct(self._round([point.key for point in points]), whole, runs_of, outcome)
                costs = self._costs()
                outcome.made += [key for key in missing if costs.is_made(key)]
                self._save()
                reports.perhaps(lambda: self._conduct(self._stages_of(["sweep_report"]), steps, runs_of, outcome))
        finally:
            self._save()
        self._conduct(self._stages_of([*self._stages(), VIEWER.atlas]), steps, runs_of, outcome)
        outcome.best = self.best()
        return outcome

    def _conduct(self, wanted: Wanted, steps: Telling, runs_of: Callable[[AtlasSpec], Runs], outcome: Outcome) -> None:
        conductor = Conductor(wanted, runs_of(self.spec), steps, jobs=self.jobs)
        conductor.conduct()
        outcome.failed += [label for label in conductor.tally.failed if label not in outcome.failed]

    def best(self) -> tuple[str, float] | None:
        """The best flat map (any, where there is none) that is made and up to date: its key and its figure."""
        known = [m for m in self._measured() if m.value is not None]
        flat = [m for m in known if m.point.dims == 2] or known
        best = max(flat, key=lambda m: m.value or 0.0, default=None)
        return (best.point.key, best.value or 0.0) if best else None

    @property
    def is_complete(self) -> bool:
        """Whether an earlier session has made all that was asked for."""
        return bool(self.record.keys) and not self._pending() and not self._left()

    def _next(self) -> list[ProjectionPoint]:
        """The points of the next round; none when the sweep is done."""
        pending = self._pending()
        if not pending and self._left():
            pending = self._fitting(self._chosen())
        self._tried |= {point.key for point in pending}
        return pending

    def _pending(self) -> list[ProjectionPoint]:
        """What an earlier session chose and did not come to make. What has failed would fail again."""
        points, costs = self.pipeline.sweep.projections, self._costs()
        failures = Freshness(self.pipeline, self.store).join.failures
        return [
            points[key]
            for key in self.record.keys
            if key in points and key not in self._tried and key not in failures and not costs.is_made(key)
        ]

    def _left(self) -> bool:
        limit = self.request.budget
        if limit.seconds is not None:
            return self._seconds_left() > 0 and self._more()
        return (limit.points is None or len(self.record.keys) < limit.points) and self._more()

    def _more(self) -> bool:
        """Whether the space has points that were not chosen yet."""
        return any(point.key not in self.record.keys for point in self._listed())

    def _chosen(self) -> list[ProjectionPoint]:
        limit = self.request.budget
        room = None if limit.points is None else limit.points - len(self.record.keys)
        if self.request.search == "smart":
            costs = self._costs()
            return choose(
                self.space, self._measured(), min(self._at_once(), room or self._at_once()), seconds=costs.price,
                seed=self.request.seed, per_second=limit.seconds is not None, without=dict.fromkeys(self.record.keys),
            )  # fmt: skip
        new = (point for point in self._listed() if point.key not in self.record.keys)
        return list(itertools.islice(new, room if limit.seconds is None else 2 * self._at_once()))

    def _fitting(self, points: list[ProjectionPoint]) -> list[ProjectionPoint]:
        """As many as can be made in the time that is left."""
        if self.request.budget.seconds is None:
            return points
        costs, left = self._costs(), self._seconds_left()
        there, fitting, upstream = costs.there(), [], 0.0
        for point in points:
            upstream += costs.upstream(point, there).seconds
            if upstream + costs.layout(point).seconds <= left:
                fitting.append(point)
        return fitting

    def _listed(self) -> Iterator[ProjectionPoint]:
        """The points in the order in which a grid or a random search takes them."""
        if self.request.search == "grid":
            return iter(self.space.grid(self.request.steps))
        return self.space.draws(random.Random(self.request.seed))

    def _add(self, points: list[ProjectionPoint]) -> None:
        """Make the points a part of the sweep, on disk first: what is made belongs to a point that is known."""
        known = self.pipeline.sweep.projections
        new = [point for point in points if point.key not in known]
        points_file.add(points_file.beside(self.file), new, because=str(self.request))
        self.record.keys += [point.key for point in points if point.key not in self.record.keys]
        self._save()
        self.spec = load(self.file)

    def _round(self, keys: list[str]) -> Wanted:
        """These points. All graphs: their lists may have grown, and points of outdated graphs could not be compared."""
        wanted = self._stages_of([name for name in self._stages() if name not in JOINS], points=keys)
        return replace(wanted, keys=wanted.keys | {"knn_graph": set(wanted.pipeline.sweep.graphs)})

    def _stages_of(self, stages: list[str], *, points: list[str] | None = None) -> Wanted:
        return Wanted.of(self.pipeline, self.store, stages=stages, points=points, retry=False)

    def _stages(self) -> list[str]:
        """All, but what was read of the source stays: points of a sweep are compared on the same data."""
        pipeline = self.pipeline
        read = self.store.current(pipeline.address(pipeline.raw)) is not None
        return [s.name for s in pipeline.stages.values() if not s.on_request and not (read and s.name == pipeline.raw)]

    def _measured(self) -> list[Measured]:
        """What is known of the points of the space's methods: figures of those made, and which failed."""
        join, sweep, name = Freshness(self.pipeline, self.store).join, self.pipeline.sweep, self._ranked_by()
        kinds = {(branch.method, branch.engine, branch.dims) for branch in self.space.branches}
        found = []
        for key, point in sweep.projections.items():
            if (point.method, point.engine, point.dims) not in kinds:
                continue
            if key in join.keys:
                quality = Quality.load(self.store.folder(self.pipeline.address("quality", key)))
                found.append(Measured(point, quality.metrics.get(name)))
            elif key in join.failures:
                found.append(Measured(point, None))
        return found

    def _ranked_by(self) -> str:
        """As the report ranks: by held-out recall, where collections are held out."""
        return RANKED_BY[0] if self.spec.kind == "collections" and self.spec.quality.holdout else RANKED_BY[1]

    def _costs(self) -> Costs:
        return Costs(self.pipeline, self.store)

    def _jobs(self) -> int:
        return self.jobs or 1

    def _at_once(self) -> int:
        """How many points are chosen before the next look at what came out."""
        return self.jobs or CHOSEN_AT_ONCE

    def _seconds(self) -> float:
        return self._spent_before + time.monotonic() - self._started

    def _seconds_left(self) -> float:
        return (self.request.budget.seconds or 0.0) - self._seconds()

    def _save(self) -> None:
        self.record.seconds = self._seconds()
        if self.record.keys:
            self.record.save()

    def _total(self) -> int | None:
        limit = self.request.budget
        if limit.seconds is not None:
            return None
        return limit.points if self.request.search == "smart" else len(self.record.keys)
