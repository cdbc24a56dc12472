"""The jobs that make an atlas: plan, relate, embed, project, publish, as steps that any executor of Dagster runs.

Embeddings and points are fanned out, a step each; what they come from and what joins them are steps of their own. Each
step tells of the assets and partitions that it has made. A point that fails stops no other: it is told where it is
made, and the run ends as failed, by a step that bears its name, after the rest was published.

A step takes what to do from the step before and everything else from the store, so that it may run anywhere.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import dagster as dg
from pydantic import Field

from atlas_assets import project
from atlas_assets.orchestration import events, names, run_tags, unrecorded
from atlas_assets.orchestration.failures import told_errors
from atlas_assets.orchestration.making import Maker, Tally
from atlas_assets.orchestration.resources import GPU_OP_TAGS, GPU_POOL
from atlas_assets.plan.due import Wanted
from atlas_assets.plan.pipeline import VIEWER, Pipeline
from atlas_assets.plan.point_stages import of_a_point
from atlas_assets.plan.tidying import tidy
from atlas_assets.reports import history
from atlas_assets.spec.loading import file_of, load
from atlas_assets.store.artifacts import ArtifactStore

Plan = dict[str, Any]
"""What a run is to make, as JSON: the arguments of ``Wanted.of``, and what was there when it began."""
PUBLISHED = ("sweep_report", "bundle", VIEWER.atlas, "site")
RESOURCES = {"storage", "pymde"}


class RefreshConfig(dg.Config):
    """What a refresh may do. With nothing changed: all that is missing or out of date."""

    accept: bool = Field(False, description="Take a source that lost more rows than it may, or columns that were used.")
    force: bool = Field(False, description="Make everything again, also what is up to date.")
    source: bool = Field(True, description="Look at the source. Without: make the rest from what was read before.")
    stages: list[str] = Field([], description="Only these, such as bundle and site. Empty: all.")
    points: list[str] = Field([], description="Only these keys of the sweep, and what they need. Empty: all.")
    retry: bool = Field(True, description="Also make what failed the last time with the same inputs and parameters.")


def as_written(pipeline: Pipeline) -> Pipeline:
    """The atlas as its files say now, which is what a run makes; definitions may be from before an edit."""
    file = file_of(pipeline.name, project.spec_files())
    return Pipeline(load(file), base=project.root()) if file else pipeline


def jobs_of(steps: "Steps") -> list[dg.JobDefinition]:
    """What can be launched by hand, and what sensor and schedule launch."""
    pipeline, refresh = steps.pipeline, refresh_graph(steps)
    tags = {run_tags.ATLAS: pipeline.name, **run_tags.NO_RETRY}
    forced = {"ops": {"plan": {"config": {"force": True}}}}
    return [
        refresh.to_job(
            names.job_name(pipeline.name),
            tags=tags,
            description="Make what is missing or out of date, from the source to the site. What the sensor launches.",
        ),
        refresh.to_job(
            names.job_name(pipeline.name, names.REBUILD),
            tags=tags,
            config=forced,
            description="Make everything again, from the source to the site, also what is up to date.",
        ),
    ]


class Steps:
    """The steps of one atlas, which its jobs are put together from."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.plan = self._plan()
        self.relate = self._relate()
        self.embed = self._one("embed", "One embedding of the sweep.", ("embedding",), gpu=True)
        self.points = self._points()
        self.project = self._one(
            "project", "One point of the sweep: its projection and what is made of that.", of_a_point()
        )
        self.publish = self._publish()
        self.failed = self._failed_point()

    def op(self, step: str, description: str, **options: Any) -> Callable[[Callable[..., Any]], dg.OpDefinition]:
        """A decorator: named after the atlas, because a location has one step of each name."""
        settings = {"pool": names.pool(self.pipeline.name), "required_resource_keys": RESOURCES} | options
        return dg.op(name=f"{self.pipeline.name}__{step}", description=description, **settings)

    def wanted(self, context: dg.OpExecutionContext, plan: Plan) -> Wanted:
        """What is asked for, on the files and the store of now."""
        store = context.resources.storage.store()
        options = {name: plan[name] for name in ("stages", "points", "force", "retry", "accept")}
        wanted = Wanted.of(as_written(self.pipeline), store, **options)
        if plan.get("all_graphs"):  # their lists may have grown, and points of outdated graphs could not be compared
            wanted = replace(wanted, keys=wanted.keys | {"knn_graph": set(wanted.pipeline.sweep.graphs)})
        return wanted

    def maker(self, context: dg.OpExecutionContext, plan: Plan) -> Maker:
        """For the artifacts that a step makes."""
        return Maker(context, self.wanted(context, plan), context.resources.pymde)

    def _plan(self) -> dg.OpDefinition:
        @self.op("plan", "What is to be made: it checks the spec, and keeps what was there before.", out=dg.Out(dict))
        def plan(context: dg.OpExecutionContext, config: RefreshConfig) -> Iterator[Any]:
            run_tags.sign(context.instance, context.run)
            with told_errors():
                pipeline = as_written(self.pipeline)
                stages = config.stages or (None if config.source else [*_but_the_source(pipeline), VIEWER.atlas])
                made = new_plan(pipeline, context.resources.storage.store(), stages=stages, points=config.points)
                made |= {"force": config.force, "retry": config.retry, "accept": config.accept}
                self.wanted(context, made)
            yield from unrecorded.of_stopped_runs(context.instance, pipeline, context.resources.storage.store())
            yield dg.Output(made)

        return plan

    def _relate(self) -> dg.OpDefinition:
        @self.op(
            "relate",
            "From the source to the graphs of the sweep.",
            out={"tally": dg.Out(dict), "embeddings": dg.DynamicOut(dict)},
        )
        def relate(context: dg.OpExecutionContext, plan: dict) -> Iterator[Any]:
            with told_errors():
                yield from self.related(context, plan)

        return relate

    def related(self, context: dg.OpExecutionContext, plan: Plan, before: Tally | None = None) -> Iterator[Any]:
        """Make everything up to the graphs; then the embeddings that are due, a task each. before: what was made."""
        maker = self.maker(context, plan)
        stages = list(maker.pipeline.stages.values())
        yield from maker.stages(*(stage.name for stage in stages if stage.step in ("relate", "graph")))
        _stop_if_unswept_failed(maker)
        tally = (before or Tally()) + maker.tally
        yield dg.Output(asdict(tally), "tally", metadata=tally.as_metadata())
        for key in due_keys(maker.wanted, ("embedding",)):
            yield task("embeddings", key, plan)

    def _one(self, step: str, description: str, stages: tuple[str, ...], *, gpu: bool = False) -> dg.OpDefinition:
        device = {"pool": GPU_POOL, "tags": GPU_OP_TAGS} if gpu else {}

        @self.op(step, description, out=dg.Out(dict), **device)
        def one(context: dg.OpExecutionContext, task: dict) -> Iterator[Any]:
            with told_errors():
                maker = self.maker(context, task["plan"])
                for stage in stages:
                    yield from maker.artifact(stage, task["key"])
                yield dg.Output(asdict(maker.tally), metadata=maker.tally.as_metadata())

        return one

    def _points(self) -> dg.OpDefinition:
        @self.op(
            "points",
            "The points of the sweep that are to be made, those of one embedding one after the other.",
            out={"tasks": dg.DynamicOut(dict)},
        )
        def points(context: dg.OpExecutionContext, plan: dict, embedded: list) -> Iterator[Any]:
            with told_errors():
                wanted = self.wanted(context, plan)
                for key in points_of(wanted):
                    yield task("tasks", key, plan)

        return points

    def _publish(self) -> dg.OpDefinition:
        @self.op(
            "publish",
            "What joins the points: the report of the sweep, the bundle and the site.",
            out={"tally": dg.Out(dict), "failed": dg.DynamicOut(dict)},
        )
        def publish(
            context: dg.OpExecutionContext, plan: dict, related: dict, embedded: list, projected: list
        ) -> Iterator[Any]:
            with told_errors():
                maker = self.maker(context, plan)
                for event in maker.stages(*PUBLISHED):
                    yield _with_history(event, maker, plan)
                tally = sum((Tally(**each) for each in [related, *embedded, *projected]), Tally()) + maker.tally
                tally.current = maker.wanted.count_current() - len(tally.made)
                if maker.store.current(maker.pipeline.address("site_record")):
                    yield complete(maker.pipeline, tally)
                tidy(maker.pipeline, maker.store)
                _stop_if_unswept_failed(maker)
                yield dg.Output(asdict(tally), "tally", metadata=tally.as_metadata())
                for label, message in tally.failed.items():
                    yield task("failed", label, {"message": message})

        return publish

    def _failed_point(self) -> dg.OpDefinition:
        @self.op("failed", "Something that could not be made: this step fails for it, so that the run does.")
        def failed(context: dg.OpExecutionContext, task: dict) -> None:
            raise dg.Failure(f"{task['key']} failed: {task['plan']['message']}", allow_retries=False)

        return failed


def refresh_graph(steps: Steps) -> dg.GraphDefinition:
    """plan -> relate -> embed, fanned out -> project, fanned out -> publish."""

    @dg.graph(name=f"{steps.pipeline.name}__refresh_steps")
    def refresh() -> None:
        plan = steps.plan.alias("plan")()
        related = steps.relate.alias("relate")(plan)
        embedded = related.embeddings.map(steps.embed.alias("embed")).collect()
        projected = steps.points.alias("points")(plan, embedded).map(steps.project.alias("project")).collect()
        published = steps.publish.alias("publish")(plan, related.tally, embedded, projected)
        published.failed.map(steps.failed.alias("failed"))

    return refresh


def new_plan(
    pipeline: Pipeline, store: ArtifactStore, *, stages: list[str] | None = None, points: list[str] | None = None
) -> Plan:
    """A plan of what is due, with what ``history`` compares with."""
    before = history.Maps.of(pipeline, store).versions
    return {
        "stages": stages,
        "points": list(points or ()),
        "force": False,
        "retry": True,
        "accept": False,
        "before": before,
        "began": time.time(),
    }


def points_of(wanted: Wanted) -> list[str]:
    """The points of which anything is to be made or told, those that share inputs one after the other."""
    points, due = wanted.pipeline.sweep.projections, due_keys(wanted, of_a_point())
    groups = list(dict.fromkeys(_group(points[key]) for key in due))
    return sorted(due, key=lambda key: groups.index(_group(points[key])))


def due_keys(wanted: Wanted, names: tuple[str, ...]) -> list[str]:
    """The keys of which one of these stages is asked for, and is not what it would be made into now."""
    stages = [
        stage for name in names if (stage := wanted.pipeline.stages.get(name)) is not None and wanted.named(stage)
    ]
    fresh = wanted.now()
    return [
        key
        for key in (stages[0].keys or () if stages else ())
        if key in wanted.keys[stages[0].name]
        and (wanted.force or not all(fresh.as_made_today(stage, key) for stage in stages))
    ]


def _group(point: Any) -> str:
    return point.embedding.key if point.embedding else point.graph.key


def task(output: str, key: str, plan: Plan) -> dg.DynamicOutput:
    """What a step of a fan-out is to do."""
    return dg.DynamicOutput({"key": key, "plan": plan}, mapping_key=re.sub(r"\W", "_", key), output_name=output)


def complete(pipeline: Pipeline, tally: Tally) -> dg.AssetCheckEvaluation:
    """Whether everything that was asked for is there, as a check of the site."""
    return dg.AssetCheckEvaluation(
        asset_key=events.key_of(pipeline, "site"),
        check_name=names.ALL_MAPS,
        passed=not tally.lacking,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Not made: {', '.join(tally.lacking)}. The log says why." if tally.lacking else None,
    )


def _stop_if_unswept_failed(maker: Maker) -> None:
    """What is made once and failed is needed by all that follows; of what is swept, the rest goes on."""
    unswept = {name for name, stage in maker.pipeline.stages.items() if stage.keys is None} | {VIEWER.atlas}
    broken = {label: message for label, message in maker.tally.failed.items() if label in unswept}
    if broken:
        first = next(iter(broken.values()))
        raise dg.Failure(
            f"{', '.join(broken)} failed. {first} The site stays as it was.",
            metadata=maker.tally.as_metadata(),
            allow_retries=False,
        )


def _with_history(event: events.Event, maker: Maker, plan: Plan) -> events.Event:
    """The materialisation of the site says what the run did to the atlas: its history is that of the atlas."""
    if not isinstance(event, dg.AssetMaterialization) or event.asset_key.path[-1] != "site":
        return event
    facts = history.changes(maker.pipeline, maker.store, history.Maps(plan["before"]))
    facts["refresh_seconds"] = round(time.time() - plan["began"], 1)
    return event.with_metadata({**event.metadata, **facts})


def _but_the_source(pipeline: Pipeline) -> list[str]:
    return [name for name, stage in pipeline.stages.items() if name != pipeline.raw and not stage.on_request]
