"""Jobs that add points to a sweep and make them: ``<atlas>_sweep`` looks for some, ``<atlas>_add_point`` takes one.

Both make what they add in their own run, from the points.yaml as it is then; partitions that are new are seen by the UI
when the definitions are loaded again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from functools import cache
from typing import Any

import dagster as dg
from pydantic import Field

from atlas_assets import dead_runs, lock, methods, project, run_tags
from atlas_assets.components.pipeline import Pipeline
from atlas_assets.errors import AtlasError
from atlas_assets.spec import file_of

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
        [], description="Such as umap:n_neighbors=5..100,min_dist=0/0.1/0.5 (.. is a range, / a list). Empty: the "
        f"usual ranges of {', '.join(methods.searched())}.",
    )  # fmt: skip
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
            {}, description="Of the method, where they are not the default: "
            + "; ".join(f"{listed} of {name}" for name, listed in settings.items() if listed) + ".",
        )  # fmt: skip
        source: Source = Field(Source.EMBEDDING, description="What is laid out: the embedding, or the graph itself.")
        engine: Engine = Field(
            Engine.ATLAS, description=f"LIBRARY: laid out by {', '.join(methods.libraries())}, to compare with."
        )
        n_neighbors: int = Field(15, ge=2, description="Neighbours of the graph.")
        embedding_dim: int = Field(3, ge=2, le=10, description="Dimensions of the embedding, where that is laid out.")
        dims: int = Field(2, ge=2, le=3, description="Dimensions of the map.")

    return PointConfig


def jobs_of(pipeline: Pipeline) -> list[dg.JobDefinition]:
    """The two jobs of one atlas."""
    name, PointConfig = pipeline.name, point_config(tuple(methods.METHODS))
    tags = {run_tags.ATLAS: name, **run_tags.NO_RETRY}

    @dg.op(name=f"{name}_look_for_maps", description="Adds points to points.yaml and makes them, round by round.")
    def look_for_maps(context: dg.OpExecutionContext, config: SweepConfig) -> None:
        from atlas_assets.sweep_request import Budget, Request

        search = config.search.value
        request = Request(
            search, tuple(config.methods), config.k or None, config.dim or None, Budget.parse(config.budget, search),
            config.steps, config.seed,
        )  # fmt: skip
        _sweep(context, pipeline.name, request, dry_run=config.dry_run)

    @dg.op(name=f"{name}_add_point_to_sweep", description="Adds one point to points.yaml and makes it.")
    def add_point_to_sweep(context: dg.OpExecutionContext, config: PointConfig) -> None:  # type: ignore[valid-type]
        from atlas_assets.sweep_request import Budget, Request

        text = _written(config)
        request = Request(
            "grid", (text,), str(config.n_neighbors), str(config.embedding_dim), Budget(), named="by the job add_point"
        )
        _sweep(context, pipeline.name, request, dry_run=False)

    @dg.job(
        name=f"{name}_sweep", executor_def=dg.in_process_executor, tags=tags,
        description="Look for better maps: choose points, add them to points.yaml, make and compare them. Stop it "
        "whenever you like: the same configuration goes on from there.",
    )  # fmt: skip
    def sweep() -> None:
        look_for_maps()

    @dg.job(
        name=f"{name}_add_point", executor_def=dg.in_process_executor, tags=tags,
        description="Add one point to the sweep, and make its map.",
    )  # fmt: skip
    def add_point() -> None:
        add_point_to_sweep()

    return [sweep, add_point]


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


def _sweep(context: dg.OpExecutionContext, name: str, request, *, dry_run: bool) -> None:
    from atlas_assets.run_log import RunLog
    from atlas_assets.runs import Baton, Runs, uncaptured
    from atlas_assets.sweep_command import outcome_in_words, plan_in_words
    from atlas_assets.sweeping import Sweeper

    run_tags.sign(context.instance, context.run)
    with _failures():
        file = file_of(name, project.spec_files())
        if file is None:
            raise AtlasError(f"{name} has no defs.yaml any more in {project.defs_folder()}.")
        sweeper = Sweeper(file, request)
        if sweeper.is_complete:
            context.log.info(f"This sweep is done: {len(sweeper.record.keys)} points. Another seed looks at others.")
            return
        context.log.info(plan_in_words(sweeper, sweeper.estimate()))
        if dry_run:
            return
        wait = lambda other: context.log.info(f"Waiting for {other}: one at a time makes an atlas.")  # noqa: E731
        made_by, baton = f"sweep {context.run_id[:8]}", Baton()
        with lock.held(name, made_by, waiting=wait), uncaptured(context.instance.get_ref()) as state:
            dead_runs.heal(state, [name])

            def runs_of(spec) -> Runs:
                runs = Runs(spec, state, made_by=made_by)
                runs.baton = baton
                return runs

            with RunLog(context.log.log, baton) as log:
                outcome = sweeper.run(log, runs_of)
    context.log.info(outcome_in_words(outcome))
    context.log.info(RELOAD)
    context.add_output_metadata({
        "points made": len(outcome.made), "failed": len(outcome.failed),
        "best": outcome.best[0] if outcome.best else "", "points": ", ".join(outcome.made),
    })  # fmt: skip


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except AtlasError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except KeyboardInterrupt as interrupt:  # so Dagster records that this run was stopped, too
        raise dg.DagsterExecutionInterruptedError from interrupt
