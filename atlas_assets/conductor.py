"""One ``atlas run`` from the first stage to the last: what is due, where it is made, what became of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import dagster as dg

from atlas_assets import schedule
from atlas_assets.components import fork_server
from atlas_assets.components.materialise import Materialised, materialise
from atlas_assets.components.pipeline import VIEWER, Stage, StageRun
from atlas_assets.components.worker import Lead, Setup, Worker
from atlas_assets.display import Step
from atlas_assets.run_log import LoggedStep
from atlas_assets.runs import Build, RunResult, Runs
from atlas_assets.schedule import Job
from atlas_assets.side_by_side import SideBySide
from atlas_assets.sweep_progress import Telling
from atlas_assets.tidying import tidy
from atlas_assets.timings import Timings
from atlas_assets.wanted import Wanted, label

# Made for a point of the sweep in one Dagster run; and what part of its time each takes, for the progress bar.
POINT_STAGES = {"projection": 0.8, "regions": 0.1, "quality": 0.1}
SECONDS_BETWEEN_REPORTS = 10  # of a sweep that is under way


@dataclass
class Tally:
    """What a run did, for its last line."""

    made: int = 0
    current: int = 0
    failed: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


class Conductor:
    """Has everything made that is due, upstream first, and keeps the tally.

    One after the other, on all cores: what points are made from, points as soon as their graph and embedding are there,
    what joins them, and the report of the sweep now and then while they arrive. jobs: None: by the lead, one process
    that has imported what this one has not; 1: in this process; more: so many points side by side, in a worker each.
    """

    def __init__(self, wanted: Wanted, runs: Runs, steps: Telling, *, jobs: int | None) -> None:
        self._wanted, self._pipeline, self._runs, self._steps = wanted, wanted.pipeline, runs, steps
        self.tally, self.timings = Tally(), Timings()
        self._alone, self.jobs = jobs == 1, jobs or 1
        self._points = [key for key in self._pipeline.sweep.projections if self._asked_for(key)]
        self._forecast, self._lock = schedule.Forecast(), threading.Lock()
        self._lead: Lead | None = None
        self._workers: SideBySide | None = None
        self._reports = schedule.Paced(SECONDS_BETWEEN_REPORTS)

    def conduct(self) -> None:
        """Raises KeyboardInterrupt when interrupted; no worker is left then."""
        self._runs.record_the_unrecorded(self._wanted.store, self._pipeline)
        try:
            self._conduct()
        finally:
            if self._lead is not None:
                self._lead.stop()
        tidy(self._pipeline, self._wanted.store)
        self._runs.forget_old(self._pipeline)

    def _conduct(self) -> None:
        try:
            passed: set[tuple[str, str | None]] = set()
            for stage, key in self._others(before_points=True):
                self._one(stage, key, warm_up=True)
                passed.add((stage.name if stage else VIEWER.atlas, key))
                self._release(lambda point, passed=passed: self._made_from(point) <= passed)
            self._release(lambda point: True)
            if self._workers is not None:
                self._workers.finish()
        except BaseException:
            if self._workers is not None:
                self._workers.stop()
            raise
        for stage, key in self._others(before_points=False):
            self._one(stage, key)

    def _others(self, *, before_points: bool) -> Iterator[tuple[Stage | None, str | None]]:
        """Every stage and key that is no point's, upstream first; None is the viewer, which only the site needs."""
        passed_points = False
        for stage in self._pipeline.stages.values():
            passed_points |= stage.name in POINT_STAGES
            if stage.name in POINT_STAGES or passed_points == before_points:
                continue
            if stage.name == "site":
                yield None, None
            for key in stage.keys or (None,):
                if key is None or key in self._wanted.keys[stage.name]:
                    yield stage, key

    def _one(
        self, stage: Stage | None, key: str | None, *, warm_up: bool = False, worker: Worker | Lead | None = None
    ) -> None:  # fmt: skip
        """Have one artifact made if it is due. worker: one that has nothing else to do; None: the lead, or here."""
        name = stage.name if stage else VIEWER.atlas
        if not self._wanted.named(stage):
            return
        if self._wanted.lacks_input(stage, key):
            self.tally.waiting.append(label(stage, key))
        elif not self._wanted.due(stage, key):
            self.tally.current += 1
        else:
            builder = worker or self._lead_if_worth_it(several_follow=warm_up and len(self._points) > 1)
            asset = dg.AssetKey([self._pipeline.name, name] if stage else [name])
            build = self._measured(builder.build if builder else materialise, builder.name if builder else "main")
            with self._steps.step(label(stage, key)) as step:
                result = self._runs.run([asset], key, build=build, progress=step)
                for message in result.failed.values():
                    step.fail(message)
            self._count(key, [name], result)

    def _lead_if_worth_it(self, *, several_follow: bool) -> Lead | None:
        """Started where there are workers, or will be. For the main thread."""
        if self._lead is None and not self._alone and (self._workers or several_follow):
            fork_server.warm_up()
            self._lead = Lead(self._setup(schedule.cores()))
        return self._lead

    def _release(self, ready) -> None:
        """Have the points made that are due and that ``ready`` says can be."""
        released = [key for key in self._points if ready(key)]
        self._points = [key for key in self._points if key not in released]
        jobs = [job for key in released if (job := self._job(key))]
        if not jobs:
            return
        self._forecast.expect(jobs)
        if self.jobs == 1:
            builder = self._lead_if_worth_it(several_follow=len(jobs) + len(self._points) > 1)
            for job in schedule.in_one_process(jobs):
                self._make(job, builder)
            return
        if self._workers is None:
            threads = max(1, schedule.cores() // self.jobs)
            setup = self._setup(threads)
            ready_at = lambda number: self.timings.ready(f"worker {number}")  # noqa: E731
            self._workers = SideBySide(setup, self.jobs, self._make, ready=ready_at)
        self._workers.add(jobs)

    def _job(self, key: str) -> Job | None:
        """What of a point is due; None where nothing is."""
        due: list[str] = []
        for name in POINT_STAGES:
            stage = self._pipeline.stages[name]
            if not self._wanted.named(stage):
                continue
            if "projection" in due:
                due.append(name)  # made from what is about to be made
            elif self._wanted.lacks_input(stage, key):
                self.tally.waiting.append(f"{name} {key}")
            elif self._wanted.due(stage, key):
                due.append(name)
            else:
                self.tally.current += 1
        point = self._pipeline.sweep.projections[key]
        group = point.embedding.key if point.embedding else point.graph.key
        return Job(key, tuple(due), group, self._seconds(key, due)) if due else None

    def _make(self, job: Job, worker: Worker | Lead | None) -> None:
        """Have one point made, here, by the lead or by a worker, in one Dagster run; failures are told and counted."""
        with self._steps.step(job.key) as step:
            self._forecast.began(job, step)
            shares = PartProgress(step, job.stages)
            build = self._measured(worker.build if worker else materialise, worker.name if worker else "main")
            assets = [dg.AssetKey([self._pipeline.name, name]) for name in job.stages]
            result = self._runs.run(assets, job.key, build=shares.following(build), progress=shares)
            for name, message in result.failed.items():
                step.fail(message, label=f"{name} {job.key}")
        self._forecast.ended(job, step.seconds)
        self._count(job.key, list(job.stages), result)
        done, total, left = self._forecast.state(self.jobs)
        self._steps.tell(done, total, left)
        if done < total:  # the last one is in the report that is made at the end
            self._reports.perhaps(lambda: self._one(self._pipeline.stages["sweep_report"], None, worker=worker))

    def _measured(self, build: Build, where: str) -> Build:
        def measured(stage: Stage, run: StageRun) -> Materialised:
            run.accept, run.anew = self._wanted.accept, self._wanted.force
            return self.timings.measured(stage.name, run.key, where, lambda: build(stage, run))

        return measured

    def _setup(self, threads: int) -> Setup:
        return Setup.here(self._pipeline.spec, self._pipeline.base, threads=threads)

    def _count(self, key: str | None, names: list[str], result: RunResult) -> None:
        called = {name: " ".join(filter(None, [name, key])) for name in names}
        with self._lock:
            self.tally.made += len(result.made)
            self.tally.failed += [called[name] for name in names if name in result.failed]
            self.tally.waiting += [
                called[name] for name in names if name not in result.made and name not in result.failed
            ]

    def _asked_for(self, key: str) -> bool:
        stages = (self._pipeline.stages[name] for name in POINT_STAGES)
        return any(self._wanted.named(stage) for stage in stages) and key in self._wanted.keys["projection"]

    def _made_from(self, key: str) -> set[tuple[str, str | None]]:
        addresses = self._pipeline.stages["projection"].inputs(key)
        return {(address.stage, address.partition) for address in addresses}

    def _seconds(self, key: str, stages: list[str]) -> float:
        """What the stages of a point took the last time; a guess where they are new."""
        stored = [self._wanted.store.current(self._pipeline.address(name, key)) for name in stages]
        known = [version.cost.get("seconds") if version else None for version in stored]
        return sum(filter(None, known)) if all(known) else schedule.estimate(self._pipeline.sweep.projections[key])


class PartProgress:
    """The progress of a point from that of its stages, one after the other."""

    def __init__(self, step: Step | LoggedStep, stages: tuple[str, ...]) -> None:
        total = sum(POINT_STAGES[name] for name in stages)
        self._step, self._done, self._part = step, 0.0, 0.0
        self._parts = {name: POINT_STAGES[name] / total for name in stages}

    def __call__(self, share: float, note: str) -> None:
        self._step(self._done + self._part * share, note)

    def following(self, build: Build) -> Build:
        """``build``, with the bar moved to where its stage begins."""

        def followed(stage: Stage, run: StageRun) -> Materialised:
            self._done, self._part = self._done + self._part, self._parts[stage.name]
            self(0.0, stage.name)
            return build(stage, run)

        return followed
