"""Jobs that add points to a sweep and make them: ``<atlas>_sweep`` looks for some, ``<atlas>_add_point`` takes one.

A sweep is a graph of as many rounds as a run has, of which those that nothing is left for make nothing. Points are made
from the points.yaml as it is then; partitions that are new are seen by the UI when the definitions are loaded again.
"""

from collections.abc import Iterator
from dataclasses import asdict
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from atlas_assets import methods, project
from atlas_assets.errors import AtlasError
from atlas_assets.orchestration import names, run_tags
from atlas_assets.orchestration.failures import told_errors
from atlas_assets.orchestration.jobs import Plan, Steps, new_plan
from atlas_assets.orchestration.making import Tally
from atlas_assets.plan.pipeline import VIEWER, Pipeline
from atlas_assets.plan.sweep_request import Budget, Request
from atlas_assets.spec.loading import file_of
from atlas_assets.store.artifacts import ArtifactStore

if TYPE_CHECKING:
    from atlas_assets.plan.sweeper import Sweeper

ROUNDS = 5  # of a sweep in one run: points of a later round are chosen by how those of the earlier ones came out
RELOAD = (
    "To see new points as partitions, press Reload definitions (Deployment, Code locations). They are made, and on the "
    "site, without that."
)


class SearchConfig(Enum):
    """How points are chosen."""

    SMART = "smart"
    RANDOM = "random"
    GRID = "grid"


class Source(Enum):
    """What is laid out."""

    EMBEDDING = "embedding"
    GRAPH = "graph"


class Engine(Enum):
    """By what it is laid out."""

    ATLAS = "atlas"
    LIBRARY = "library"


class SweepConfig(dg.Config):
    """What `atlas sweep` takes, in the same words."""

    search: SearchConfig = Field(
        SearchConfig.SMART, description="SMART spends the budget where maps get better; RANDOM; GRID: all combinations."
    )
    budget: str = Field("", description="Points such as 20, or a time such as 10m. Empty: 20 points; of a grid, all.")
    methods: list[str] = Field(
        [],
        description="Such as umap:n_neighbors=5..100,min_dist=0/0.1/0.5 (.. is a range, / a list). Empty: the "
        f"usual ranges of {', '.join(methods.searched())}.",
    )
    k: str = Field("", description="Neighbours of the graphs: 10,15,30 or 10..50. Empty: those of the defs.yaml.")
    dim: str = Field("", description="Dimensions of the embeddings: 3,4 or 2..5. Empty: those of the defs.yaml.")
    steps: int = Field(3, ge=1, description="Values that a grid takes of each range.")
    seed: int = Field(0, description="Another seed is another random or smart sweep.")
    dry_run: bool = Field(False, description="Only say how many points it would be, and about how long it would take.")


@cache
def point_config(names: tuple[str, ...]) -> type[dg.Config]:
    """The form of one point of the sweep, with these methods to choose from."""
    Method = Enum("Method", {name.upper(): name for name in names})
    settings = {name.upper(): ", ".join(methods.METHODS[name].parameters) for name in names}

    class PointConfig(dg.Config):
        """One point of the sweep."""

        method: Method = Field(Method(names[0]), description="How the map is laid out.")  # type: ignore[valid-type]
        parameters: dict[str, float] = Field(
            {},
            description="Of the method, where they are not the default: "
            + "; ".join(f"{listed} of {name}" for name, listed in settings.items() if listed)
            + ".",
        )
        source: Source = Field(Source.EMBEDDING, description="What is laid out: the embedding, or the graph itself.")
        engine: Engine = Field(
            Engine.ATLAS, description=f"LIBRARY: laid out by {', '.join(methods.libraries())}, to compare with."
        )
        n_neighbors: int = Field(15, ge=2, description="Neighbours of the graph.")
        embedding_dim: int = Field(3, ge=2, le=10, description="Dimensions of the embedding, where that is laid out.")
        dims: int = Field(2, ge=2, le=3, description="Dimensions of the map.")

    return PointConfig


def spec_file(atlas: str) -> Path:
    """The defs.yaml of an atlas. Raises AtlasError where it has none any more."""
    file = file_of(atlas, project.spec_files())
    if file is None:
        raise AtlasError(f"{atlas} has no defs.yaml any more in {project.defs_folder()}.")
    return file


def config_of(request: Request) -> dict[str, Any]:
    """The configuration that asks for a sweep."""
    budget = request.budget
    spent = str(budget.points or "") if budget.seconds is None else f"{budget.seconds:g}s"
    return {
        "search": request.search.upper(),
        "budget": spent,
        "methods": list(request.methods),
        "k": request.k or "",
        "dim": request.dim or "",
        "steps": request.steps,
        "seed": request.seed,
    }


def jobs_of(steps: "SweepSteps") -> list[dg.JobDefinition]:
    """The two jobs of one atlas."""
    name, PointConfig = steps.pipeline.name, point_config(tuple(methods.asked()))
    tags = {run_tags.ATLAS: name, **run_tags.NO_RETRY}

    @steps.op("look_for_maps", "What is looked for, and what it will take about.", out=dg.Out(dict))
    def look_for_maps(context: dg.OpExecutionContext, config: SweepConfig) -> dict:
        with told_errors():
            search = config.search.value
            request = Request(
                search,
                tuple(config.methods),
                config.k or None,
                config.dim or None,
                Budget.parse(config.budget, search),
                config.steps,
                config.seed,
            )
            return steps.begun(context, request, dry_run=config.dry_run)

    @steps.op("add_point_to_sweep", "The point that is to be added, checked.", out=dg.Out(dict))
    def add_point_to_sweep(context: dg.OpExecutionContext, config: PointConfig) -> dict:  # type: ignore[valid-type]
        with told_errors():
            k, dim = str(config.n_neighbors), str(config.embedding_dim)
            request = Request("grid", (_written(config),), k, dim, Budget(), named="by the job add_point")
            return steps.begun(context, request, dry_run=False)

    return [
        sweep_graph(steps, look_for_maps, names.SWEEP, rounds=ROUNDS).to_job(
            names.job_name(name, names.SWEEP),
            tags=tags,
            description="Look for better maps: choose points, add them to points.yaml, make and compare them. Stop it "
            "whenever you like: the same configuration goes on from there.",
        ),
        sweep_graph(steps, add_point_to_sweep, names.ADD_POINT, rounds=1).to_job(
            names.job_name(name, names.ADD_POINT),
            tags=tags,
            description="Add one point to the sweep, and make its map.",
        ),
    ]


class SweepSteps(Steps):
    """The steps of a refresh, and those that choose points."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(pipeline)
        self.choose, self.join, self.compare = self._choose(), self._join(), self._compare()

    def begun(self, context: dg.OpExecutionContext, request: Request, *, dry_run: bool) -> Plan:
        """What the steps of a sweep are told; says what the sweep comes to."""
        from atlas_assets.plan.sweeper import plan_in_words

        run_tags.sign(context.instance, context.run)
        store = context.resources.storage.store()
        sweeper = self._sweeper(store, request)
        sweeper.begin()
        if sweeper.is_complete:
            context.log.info(f"This sweep is done: {len(sweeper.record.keys)} points. Another seed looks at others.")
        else:
            context.log.info(plan_in_words(sweeper, sweeper.estimate()))
        plan = new_plan(sweeper.pipeline, store) | {"retry": False}
        return plan | {"request": request.as_record(), "dry_run": dry_run, "best": sweeper.best()}

    def _sweeper(self, store: ArtifactStore, request: Request) -> "Sweeper":
        from atlas_assets.plan.sweeper import Sweeper  # with its numerics, which loading the definitions does without

        return Sweeper(spec_file(self.pipeline.name), request, store)

    def _choose(self) -> dg.OpDefinition:
        @self.op(
            "choose",
            "Chooses points, adds them to points.yaml, and makes the graphs that they need.",
            ins={
                "before": dg.In(dict, default_value=asdict(Tally())),
                "embedded": dg.In(list, default_value=[]),
                "projected": dg.In(list, default_value=[]),
            },
            out={"plan": dg.Out(dict), "tally": dg.Out(dict), "embeddings": dg.DynamicOut(dict)},
            config_schema={"rounds_left": dg.Field(int, default_value=1)},
        )
        def choose(
            context: dg.OpExecutionContext, plan: dict, before: dict, embedded: list, projected: list
        ) -> Iterator[Any]:
            tally = sum((Tally(**each) for each in [before, *embedded, *projected]), Tally())
            with told_errors():
                sweeper = self._sweeper(context.resources.storage.store(), Request.of_record(plan["request"]))
                keys = [] if plan["dry_run"] else sweeper.choose(rounds_left=context.op_config["rounds_left"])
            if keys:
                context.log.info(f"Chosen: {', '.join(keys)}")
            stages = sweeper.stages_of_a_round() if keys else [sweeper.pipeline.raw]
            own = plan | {"stages": stages, "points": keys, "all_graphs": True}
            yield dg.Output(own, "plan")
            if keys:
                yield from self.related(context, own, tally)
            else:
                yield dg.Output(asdict(tally), "tally", metadata=tally.as_metadata())

        return choose

    def _join(self) -> dg.OpDefinition:
        @self.op("join", "Everything that joins the points is due.", out=dg.Out(dict))
        def join(context: dg.OpExecutionContext, plan: dict, projected: list) -> dict:
            sweeper = self._sweeper(context.resources.storage.store(), Request.of_record(plan["request"]))
            sweeper.end()
            stages = [sweeper.pipeline.raw] if plan["dry_run"] else [*sweeper.stages(), VIEWER.atlas]
            return plan | {"stages": stages}

        return join

    def _compare(self) -> dg.OpDefinition:
        @self.op("compare", "What the sweep was good for.", out=dg.Out(dg.Nothing))
        def compare(context: dg.OpExecutionContext, plan: dict, tally: dict) -> None:
            from atlas_assets.plan.sweeper import outcome_in_words

            if plan["dry_run"]:
                return
            sweeper = self._sweeper(context.resources.storage.store(), Request.of_record(plan["request"]))
            made = [label.removeprefix("quality ") for label in tally["made"] if label.startswith("quality ")]
            before = tuple(plan["best"]) if plan["best"] else None
            context.log.info(outcome_in_words(sweeper, made, list(tally["failed"]), before))
            context.log.info(RELOAD)

        return compare


def sweep_graph(steps: SweepSteps, first: dg.OpDefinition, what: str, *, rounds: int) -> dg.GraphDefinition:
    """Rounds of choose -> embed, fanned out -> project, fanned out; each knows how the points before came out."""

    @dg.graph(name=f"{steps.pipeline.name}__{what}_steps")
    def sweep() -> None:
        plan = first.alias("plan")()
        after: dict[str, Any] = {}
        for number in range(1, rounds + 1):
            left = {"rounds_left": rounds - number + 1}
            choose = steps.choose.configured(left, name=f"{steps.pipeline.name}__{what}_choose_{number}")
            chosen = choose.alias(f"choose_{number}")(plan=plan, **after)
            embedded = chosen.embeddings.map(steps.embed.alias(f"embed_{number}")).collect()
            points = steps.points.alias(f"points_{number}")(chosen.plan, embedded)
            projected = points.map(steps.project.alias(f"project_{number}")).collect()
            after = {"before": chosen.tally, "embedded": embedded, "projected": projected}
        joined = steps.join.alias("join")(plan, after["projected"])
        published = steps.publish.alias("publish")(joined, after["before"], after["embedded"], after["projected"])
        steps.compare.alias("compare")(plan, published.tally)
        published.failed.map(steps.failed.alias("failed"))

    return sweep


def _written(config: Any) -> str:
    """The point in the words of a request, checked. Raises dg.Failure."""
    method, engine, facts = config.method.value, config.engine.value, methods.METHODS[config.method.value]
    whole = facts.parameters
    given = {
        name: int(value) if name in whole and whole[name].integer and value == int(value) else value
        for name, value in config.parameters.items()
    }
    try:
        values = methods.check(method, given, source=config.source.value, dims=config.dims, engine=engine)
    except AtlasError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    written = facts.written({name: value[0] for name, value in values.items()})
    said = (
        written | {"from": config.source.value, "dims": config.dims} | ({} if engine == "atlas" else {"engine": engine})
    )
    return f"{method}:{','.join(f'{name}={value}' for name, value in said.items())}"
