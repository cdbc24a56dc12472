"""A sweep: points are chosen from a space, written to points.yaml, made, and compared; round by round where later ones
depend on how earlier ones came out.

Whatever ends it, what is made is stored and what was chosen is recorded: the same request goes on from there.
"""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from atlas_assets import project
from atlas_assets.plan import search_space
from atlas_assets.plan.costs import Costs, Estimate
from atlas_assets.plan.freshness import Freshness
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.plan.search import Measured, choose
from atlas_assets.plan.search_space import Space
from atlas_assets.plan.sweep_request import Record, Request
from atlas_assets.spec import points_file
from atlas_assets.spec.loading import load
from atlas_assets.spec.sweep import ProjectionPoint, Sweep
from atlas_assets.spec.time_spans import duration
from atlas_assets.stages.quality.measures import FIGURES, value_text
from atlas_assets.stages.quality.quality import Quality
from atlas_assets.stages.quality.sweep_report import RANKED_BY
from atlas_assets.store.artifacts import ArtifactStore

JOINS = ("sweep_report", "bundle", "site")
CHOSEN_AT_ONCE = 4  # points of a smart or random search between two looks at what came out
LISTED = 40  # points of a grid or a random search that a round within a time chooses from
PREVIEWED = 200  # points from which is told what a search within a time would make


class Sweeper:
    """One request on one atlas. ``file``: its defs.yaml."""

    def __init__(self, file: Path, request: Request, store: ArtifactStore) -> None:
        self.file, self.request, self.store = file, request, store
        self.spec = load(file)
        written = Sweep.of(self.spec.model_copy(update={"sweep": self.spec.sweep.model_copy(update={"found": []})}))
        self.space: Space = search_space.parse(
            request.methods,
            k=request.k,
            dim=request.dim,
            known_k=[point.n_neighbors for point in written.graphs.values()],
            known_dim=[point.embedding_dim for point in written.embeddings.values()],
        )
        self.record = Record.of(self.spec.name or "", request, store)

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
        costs = self._costs()
        limit = self.request.budget
        if limit.seconds is None:
            return costs.estimate(list(itertools.islice(self._listed(), limit.points)))
        points = list(itertools.islice(self._listed(), PREVIEWED))
        fitting = [n for n in range(len(points) + 1) if costs.estimate(points[:n]).seconds <= limit.seconds]
        return costs.estimate(points[: max(fitting, default=0)])

    def begin(self) -> None:
        """The clock of the sweep goes on; what lay between two sessions is not counted."""
        self.record.since = time.time()
        self._save()

    def end(self) -> None:
        """The clock of the sweep stands still."""
        self._stop_clock()
        self._save()

    def choose(self, *, rounds_left: int = 1) -> list[str]:
        """The keys of the points of the next round, which are then a part of the sweep; none when it is done.

        rounds_left: with this one; a smart search has more of them look at what came out the more there are.
        """
        self._stop_clock()
        self.record.since = time.time()
        points = self._pending()
        if not points and self._left():
            points = self._fitting(self._chosen(rounds_left), rounds_left)
        self._add(points)
        self._save()
        return [point.key for point in points]

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

    def _pending(self) -> list[ProjectionPoint]:
        """What an earlier session chose and did not come to make. What has failed would fail again."""
        points, costs = self.pipeline.sweep.projections, self._costs()
        failures = Freshness(self.pipeline, self.store).join.failures
        return [
            points[key] for key in self.record.keys if key in points and key not in failures and not costs.is_made(key)
        ]

    def _left(self) -> bool:
        limit = self.request.budget
        if limit.seconds is not None:
            return self._seconds_left() > 0 and self._more()
        return (limit.points is None or len(self.record.keys) < limit.points) and self._more()

    def _more(self) -> bool:
        """Whether the space has points that were not chosen yet."""
        return any(point.key not in self.record.keys for point in self._listed())

    def _chosen(self, rounds_left: int) -> list[ProjectionPoint]:
        limit = self.request.budget
        room = None if limit.points is None else limit.points - len(self.record.keys)
        at_once = max(CHOSEN_AT_ONCE, math.ceil((room or 0) / rounds_left))
        if self.request.search == "smart":
            costs = self._costs()
            return choose(
                self.space,
                self._measured(),
                min(at_once, room or at_once),
                seconds=costs.price,
                seed=self.request.seed,
                per_second=limit.seconds is not None,
                without=dict.fromkeys(self.record.keys),
            )
        new = (point for point in self._listed() if point.key not in self.record.keys)
        return list(itertools.islice(new, room if limit.seconds is None else None))[:LISTED]

    def _fitting(self, points: list[ProjectionPoint], rounds_left: int) -> list[ProjectionPoint]:
        """As many as can be made in this round's share of the time that is left; one, if there is time for that."""
        if self.request.budget.seconds is None:
            return points
        costs, left = self._costs(), self._seconds_left()
        share = left / rounds_left
        there, fitting, upstream = costs.there(), [], 0.0
        for point in points:
            upstream += costs.upstream(point, there).seconds
            upstream += costs.layout(point).seconds
            if upstream <= (share if fitting else left):
                fitting.append(point)
        return fitting

    def _listed(self) -> Iterator[ProjectionPoint]:
        """The points in the order in which a grid or a random search takes them."""
        if self.request.search == "grid":
            return iter(self.space.grid(self.request.steps))
        return self.space.draws(random.Random(self.request.seed))

    def _add(self, points: list[ProjectionPoint]) -> None:
        """Make the points a part of the sweep, on disk first: what is made belongs to a point that is known."""
        if not points:
            return
        known = self.pipeline.sweep.projections
        new = [point for point in points if point.key not in known]
        points_file.add(points_file.beside(self.file), new, because=str(self.request))
        self.record.keys += [point.key for point in points if point.key not in self.record.keys]
        self._save()
        self.spec = load(self.file)

    def stages_of_a_round(self) -> list[str]:
        """What a round makes: everything but what joins the points."""
        return [name for name in self.stages() if name not in JOINS]

    def stages(self) -> list[str]:
        """All, but what was read of the source stays: points of a sweep are compared on the same data."""
        pipeline = self.pipeline
        read = self.store.current(pipeline.address(pipeline.raw)) is not None
        return [s.name for s in pipeline.stages.values() if not s.on_request and not (read and s.name == pipeline.raw)]

    def _measured(self) -> list[Measured]:
        """What is known of the points of the space's methods: figures of those made, and which failed."""
        join, sweep, name = Freshness(self.pipeline, self.store).join, self.pipeline.sweep, self.ranked_by
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

    @property
    def ranked_by(self) -> str:
        """As the report ranks: by held-out recall, where collections are held out."""
        return RANKED_BY[0] if self.spec.related.company and self.spec.quality.holdout else RANKED_BY[1]

    def _costs(self) -> Costs:
        return Costs(self.pipeline, self.store)

    def _stop_clock(self) -> None:
        if self.record.since is not None:
            self.record.seconds += max(0.0, time.time() - self.record.since)
            self.record.since = None

    def _seconds_left(self) -> float:
        return (self.request.budget.seconds or 0.0) - self.record.seconds

    def _save(self) -> None:
        self.record.save()


def plan_in_words(sweeper: Sweeper, estimate: Estimate) -> str:
    """``24 points, 6 of them made already; 2 new graphs, 4 new embeddings; about 3 min (a guess: ...)``."""
    request, about = sweeper.request, "" if sweeper.points_are_known else "about "
    resumed = len(sweeper.record.keys)
    parts = [f"{about}{estimate.points} points", f"{estimate.there} of them made already" if estimate.there else ""]
    new = [(estimate.graphs, "graph"), (estimate.embeddings, "embedding")]
    parts.append(", ".join(f"{n} new {what}{'' if n == 1 else 's'}" for n, what in new if n))
    time = f"about {duration(estimate.seconds)}"
    if estimate.guessed:
        time += f" (partly a guess: this atlas has no {' or '.join(sorted(estimate.guessed))} yet to tell from)"
    if request.budget.seconds is not None:
        time = f"within {duration(max(0.0, request.budget.seconds - sweeper.record.seconds))}"
    parts.append(time)
    begun = f"Going on with a sweep of which {resumed} points were chosen: " if resumed else ""
    return f"{begun}{request.search} search: {'; '.join(filter(None, parts))}."


def outcome_in_words(
    sweeper: Sweeper, made: Sequence[str], failed: Sequence[str], before: tuple[str, float] | None
) -> str:
    """What was made, what failed, and what it was good for. before: the best map before, and its figure."""
    said = f"{len(made)} point{'' if len(made) == 1 else 's'} made"
    said += f", {len(failed)} failed." if failed else "."
    best, ranked_by = sweeper.best(), sweeper.ranked_by
    if best is None:
        return said
    title, text = FIGURES[ranked_by].title, lambda figure: value_text(ranked_by, figure)
    key, value = best
    if before is None:
        return f"{said} Best: {key}, {title.lower()} {text(value)}."
    if before[0] == key:
        return f"{said} The best map is still {key}, {title.lower()} {text(value)}."
    return f"{said} Best: {key}, {title.lower()} {text(value)}; before: {text(before[1])} ({before[0]})."
