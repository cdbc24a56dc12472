"""The stages of one atlas, in the order in which data moves: what each is made from, with what, and how.

The table in :class:`Pipeline` is the only wiring there is. ``orchestration.assets`` turns it into Dagster assets,
partitions and mappings; ``due`` asks it what is missing or stale; what makes each stage is named in its ``build``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from atlas_assets import __version__, methods, project
from atlas_assets.errors import AtlasError
from atlas_assets.fields import FIELD_TYPES
from atlas_assets.kinds import relations
from atlas_assets.plan import freshness, source_state
from atlas_assets.plan.point_stages import POINT_STAGES, UPSTREAM, PointStage, of_a_point
from atlas_assets.similarities import SIMILARITIES
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.sweep import Sweep
from atlas_assets.stages.artifact import Artifact, Progress, no_progress
from atlas_assets.store.artifacts import Address, ArtifactStore, Pointers, recipe_hash

if TYPE_CHECKING:
    from atlas_assets.plan.point_stages import Builder

VIEWER = Address("viewer", "build")
SITE_RECORD = "site_record"  # what was published when; the site itself is in `site`, for people
SOURCE_CHECK = "source"
Step = Literal["relate", "graph", "embed", "project", "publish"]
"""What is made together: see ``orchestration.assets``."""
A = TypeVar("A", bound=Artifact)


def folders() -> set[str]:
    """Every folder of artifacts that any atlas may have."""
    raw = {f"raw_{name}" for name in relations()}
    made_once = {"entity_index", "cooccurrence", "neighbours", "sweep_report", "bundle", SITE_RECORD}
    return raw | made_once | {"knn_graph", "embedding", *of_a_point()}


@dataclass
class StageRun:
    """One materialisation: the atlas, the partition, and where to read, write and report."""

    spec: AtlasSpec
    sweep: Sweep
    store: ArtifactStore
    base: Path  # relative paths in the spec start here
    key: str | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    progress: Progress = no_progress
    notes: dict[str, Any] = field(default_factory=dict)  # what the run cost beyond time and memory: the device used
    predecessor: dict[str, str] | None = None  # what the artifact was made to resemble (components.predecessor)
    read_from: dict[str, Any] | None = None  # what lay at the source when it was read (components.reading)
    anew: bool = False  # read everything again, whatever is known of it
    accept: bool = False  # take a source that lost more than it may, or columns that were used

    @property
    def name(self) -> str:
        assert self.spec.name is not None, "a spec is named after its folder when it is loaded"
        return self.spec.name

    def address(self, stage: str, key: str | None = None) -> Address:
        return Address(self.name, stage, key)

    def folder(self, stage: str, key: str | None = None) -> Path:
        return self.store.folder(self.address(stage, key))

    @cached_property
    def pipeline(self) -> Pipeline:
        return Pipeline(self.spec, base=self.base)

    def lineage(self, stage: Stage) -> str:
        return self.pipeline.lineage(stage.name, self.key) if stage.keys else ""

    def load(self, artifact: type[A], stage: str, key: str | None = None) -> A:
        return artifact.load(self.folder(stage, key))


@dataclass(frozen=True)
class Stage:
    """One artifact of an atlas, or one per key where it is swept."""

    name: str
    code_version: str  # bumped by hand when the same inputs and parameters give another result
    description: str
    build: Builder | str  # what makes it, or where that is: "module:function", imported when it is called
    step: Step
    inputs: Callable[[str | None], list[Address]]
    parameters: Callable[[str | None], dict[str, Any]] = lambda key: {}
    facts: Callable[[], dict[str, Any]] = dict  # what it depends on beside, which has to be looked up
    keys: tuple[str, ...] | None = None
    kinds: tuple[str, ...] = ("python",)
    uses_gpu: bool = False  # waits for one of its own, where there are queues for it
    shares_gpu: bool = False  # takes one that is at hand, beside others: what it needs of its memory is little
    on_request: bool = False  # a product of its own: nothing needs it, so nothing but a person asks for it
    stored_as: str | None = None  # the artifact's folder, where it is not the stage's name
    # Of a join: what it takes of its inputs as things are, by address; None while there is nothing to join.
    joins: Callable[[Pointers], dict[str, str] | None] | None = None
    check: str = "invariants"  # what its blocking check is called
    grows: bool = False  # made from its earlier version and what its inputs were then, where that is less work

    def recipe(self, store: Pointers, key: str | None) -> str | None:
        """Hash of all that the artifact is made from; None while an input is missing."""
        reads = self.reads(store, key)
        return None if reads is None else self.recipe_from(reads, key)

    def reads(self, store: Pointers, key: str | None) -> dict[str, str] | None:
        """What of its inputs it would take now, versions by address; None while one is missing."""
        if self.joins is not None:
            return self.joins(store)
        versions: dict[str, str] = {}
        for address in self.inputs(key):
            stored = store.current(address)
            if stored is None:
                return None
            versions[str(address)] = stored.version
        return versions

    def recipe_from(self, versions: dict[str, str], key: str | None) -> str:
        """The recipe with these versions of the inputs."""
        told = self.parameters(key) | self.facts()
        return recipe_hash(stage=self.name, code=self.code_version, parameters=told, inputs=versions)


class Pipeline:
    """The stages of one atlas. ``base`` is the folder from which relative paths in the spec start."""

    def __init__(self, spec: AtlasSpec, *, base: Path) -> None:
        assert spec.name is not None, "a spec is named after its folder when it is loaded"
        self.spec, self.base, self.name = spec, base, spec.name
        self.sweep = Sweep.of(spec)
        self.raw = f"raw_{spec.kind}"

    def address(self, stage: str, key: str | None = None) -> Address:
        return Address(self.name, stage, key)

    def run(self, store: ArtifactStore, key: str | None = None, **options: Any) -> StageRun:
        return StageRun(self.spec, self.sweep, store, self.base, key, **options)

    def code_version(self, stage: Stage) -> str:
        """What Dagster compares: it changes with the code of a stage and with what the spec says to it."""
        return f"{stage.code_version}-{recipe_hash(told=stage.parameters(None))[:8]}"

    def addresses(self) -> set[Address]:
        """Every artifact that the atlas has, made or not."""
        return {
            self.address(stage.stored_as or stage.name, key)
            for stage in self.stages.values()
            for key in stage.keys or (None,)
        }

    def lineage(self, stage: str, key: str | None) -> str:
        """Hash of what the swept stages up to this one are told: it changes with parameters, not with the data."""
        own = self.stages[stage]
        above = [(a.stage, a.partition) for a in own.inputs(key) if a.atlas == self.name and self.stages[a.stage].keys]
        return recipe_hash(
            stage=stage,
            code=own.code_version,
            parameters=own.parameters(key),
            above=[self.lineage(*address) for address in above],
        )

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """Every stage by name, upstream first."""
        stages = [self._raw(), self._entity_index()]
        if self.spec.related.company:
            stages.append(self._cooccurrence())
        stages += [
            self._neighbours(),
            self._knn_graph(),
            self._embedding(),
            self._projection(),
            *(self._of_point(declared) for declared in POINT_STAGES.values()),
            self._sweep_report(),
            self._bundle(),
            self._site(),
        ]
        # A sweep in which everything is laid out straight from the graph has no embedding at all.
        return {stage.name: stage for stage in stages if stage.keys != ()}

    def _raw(self) -> Stage:
        source = self.spec.source
        return Stage(
            self.raw,
            "4",
            "The source as canonical tables: ids, values and metadata in their own types.",
            "atlas_assets.builders.reading:make_tables",
            "relate",
            inputs=lambda key: [],
            parameters=lambda key: {"source": source.model_dump()} | _code(source.kind.code_version, **_types_added()),
            facts=lambda: {"fingerprint": source_state.observe(source, base=self.base).fingerprint},
            kinds=("polars",),
            check=SOURCE_CHECK,
        )

    def _entity_index(self) -> Stage:
        return Stage(
            "entity_index",
            "2",
            "The entities that pass the filter as dense indices, and the relation in them.",
            "atlas_assets.builders.relating:make_index",
            "relate",
            inputs=lambda key: [self.address(self.raw)],
            parameters=lambda key: (
                {
                    "filter": self.spec.filter.model_dump(),
                    "holdout": self.spec.quality.holdout,
                    "seed": self.spec.seed,
                    "columns": self.spec.relation.columns(),
                }
                | ({} if self.spec.edges.repeats == "strongest" else self.spec.edges.model_dump())
            ),
            kinds=("polars", "numpy"),
        )

    def _cooccurrence(self) -> Stage:
        return Stage(
            "cooccurrence",
            "2",
            "How often every two entities keep company, as a sparse matrix. No map needs it: made on request.",
            "atlas_assets.builders.relating:make_cooccurrence",
            "relate",
            inputs=lambda key: [self.address("entity_index")],
            parameters=lambda key: self.spec.relation.weighting(),
            kinds=("numba",),
            on_request=True,
            grows=True,
        )

    def _neighbours(self) -> Stage:
        return Stage(
            "neighbours",
            "1" if self.spec.related.company else "2",
            "The most similar entities of every entity, as many as the largest graph takes.",
            "atlas_assets.builders.relating:make_neighbours",
            "relate",
            inputs=lambda key: [self.address("entity_index")],
            parameters=lambda key: self._relation() | {"n_neighbors": self.n_neighbors},
            kinds=("numba",),
            grows=True,
        )

    def _relation(self) -> dict[str, Any]:
        added = _code(SIMILARITIES[self.spec.similarity].code_version) if self.spec.related.company else {}
        return self.spec.relation.model_dump() | added

    @property
    def n_neighbors(self) -> int:
        """Length of the neighbour lists: what the largest graph of the sweep takes."""
        return max(point.n_neighbors for point in self.sweep.graphs.values())

    def _knn_graph(self) -> Stage:
        return Stage(
            "knn_graph",
            "3",
            "The k most similar entities of every entity, and the graph that they span.",
            "atlas_assets.builders.relating:make_graph",
            "graph",
            inputs=lambda key: [self.address("neighbours"), self.address("entity_index")],
            parameters=lambda key: self._relation() | {"key": key},
            keys=tuple(self.sweep.graphs),
            kinds=("numba",),
        )

    def _embedding(self) -> Stage:
        return Stage(
            "embedding",
            "2",
            "An intermediate embedding of the neighbour graph by PyMDE.",
            "atlas_assets.builders.mapping:make_embedding",
            "embed",
            inputs=lambda key: [self.address("knn_graph", self.sweep.embeddings[key or ""].graph.key)],
            parameters=lambda key: self.spec.embedding.model_dump() | {"key": key, "seed": self.spec.seed},
            keys=tuple(self.sweep.embeddings),
            kinds=("pytorch",),
            uses_gpu=True,
        )

    def _projection(self) -> Stage:
        return Stage(
            "projection",
            "5",
            "What is seen: two or three coordinates per entity.",
            "atlas_assets.builders.mapping:make_projection",
            "project",
            inputs=lambda key: [*self._graph_and_embedding(key), *self._raw_of_given(key)],
            parameters=lambda key: {"key": key, "seed": self.spec.seed} | self._method(key),
            keys=tuple(self.sweep.projections),
            kinds=("numpy",),
            shares_gpu=True,
        )

    def _method(self, key: str | None) -> dict[str, Any]:
        used = [self.sweep.projections[key]] if key else self.sweep.projections.values()
        return _code(*(methods.METHODS[point.method].code_version for point in used))

    def _of_point(self, declared: PointStage) -> Stage:
        return Stage(
            declared.name,
            declared.code_version,
            declared.description,
            declared.build,
            "project",
            inputs=lambda key: [address for name in declared.takes for address in self._taken(declared, name, key)],
            parameters=lambda key: declared.parameters(self.spec),
            facts=lambda: declared.facts(self.spec),
            keys=tuple(self.sweep.projections),
            kinds=declared.kinds,
        )

    def _taken(self, declared: PointStage, name: str, key: str | None) -> list[Address]:
        """What a stage of a map takes by this name."""
        if name in ("raw", "entity_index"):
            return [self.address(self.raw if name == "raw" else name)]
        if name in ("knn_graph", "embedding"):
            return [address for address in self._graph_and_embedding(key) if address.stage == name]
        made = of_a_point()
        before = made[: made.index(declared.name)]
        if name not in before:
            choices = ", ".join(dict.fromkeys((*UPSTREAM, *before)))
            raise AtlasError(f"The stage {declared.name} takes {name!r}; expected some of {choices}.")
        return [self.address(name, key)]

    def _sweep_report(self) -> Stage:
        return Stage(
            "sweep_report",
            "3",
            "Every point of the sweep side by side, ranked, with a recommendation.",
            "atlas_assets.builders.judging:make_sweep_report",
            "publish",
            inputs=lambda key: self._each(*of_a_point()),
            joins=lambda store: freshness.sweep_report_joins(self, store),
            kinds=("markdown",),
        )

    def _bundle(self) -> Stage:
        from atlas_assets.plan import branding

        return Stage(
            "bundle",
            "11",
            "The files that the site loads: projections, columns, names, neighbours, details.",
            "atlas_assets.builders.publishing:make_bundle",
            "publish",
            inputs=lambda key: [
                self.address(self.raw),
                self.address("entity_index"),
                *(self.address("knn_graph", key) for key in self.sweep.graphs),
                *self._each(*of_a_point()),
                self.address("sweep_report"),
            ],
            joins=lambda store: freshness.bundle_joins(self, store),
            parameters=lambda key: {
                "display": self.spec.display.model_dump(),
                "version": __version__,
                "texts": [self.spec.title, self.spec.description, self.spec.attribution, self.spec.licence],
                "public_url": project.public_url(self.name),  # the poster says it
            },
            facts=lambda: {"logo": branding.fingerprint(self.spec.display, base=self.base)},
            kinds=("json",),
        )

    def _site(self) -> Stage:
        return Stage(
            "site",
            "4",
            "The static site: the viewer with this atlas's bundle, ready to host anywhere.",
            "atlas_assets.builders.publishing:make_site",
            "publish",
            inputs=lambda key: [self.address("bundle"), VIEWER],
            parameters=lambda key: {
                "public_url": project.public_url(self.name),
                "keep": self.spec.refresh.keep_versions,
            },
            kinds=("svelte",),
            stored_as=SITE_RECORD,
        )

    def _graph_and_embedding(self, key: str | None) -> list[Address]:
        point = self.sweep.projections[key or ""]
        addresses = [self.address("knn_graph", point.graph.key)]
        if point.embedding:
            addresses.append(self.address("embedding", point.embedding.key))
        return addresses

    def _raw_of_given(self, key: str | None) -> list[Address]:
        """What has the coordinates of a map that is not laid out, and which entities are meant."""
        given = methods.METHODS[self.sweep.projections[key or ""].method].given
        return [self.address(self.raw), self.address("entity_index")] if given else []

    def _each(self, *stages: str) -> list[Address]:
        return [self.address(stage, key) for stage in stages for key in self.sweep.projections]


def _code(*versions: str, **more: str) -> dict[str, Any]:
    """The versions of what installed packages add, as a parameter of the stage that uses it; nothing without any."""
    known = [*filter(None, versions), *(f"{name} {version}" for name, version in sorted(more.items()))]
    return {"added": known} if known else {}


def _types_added() -> dict[str, str]:
    """Any of them may be guessed."""
    return {name: added.code_version for name, added in FIELD_TYPES.added.items()}


def viewer_recipe() -> str:
    """Hash of the viewer's sources: equal sources need not be built twice."""
    from atlas_assets.stages.site import viewer

    return recipe_hash(viewer=viewer.version())
