"""The stages of one atlas, in the order in which data moves: what each is made from, with what, and how.

The table in :class:`Pipeline` is the only wiring there is. ``orchestration.assets`` turns it into Dagster assets,
partitions and mappings; ``due`` asks it what is missing or stale; what makes each stage is in ``builders.registry``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from atlas_assets import __version__, project
from atlas_assets.plan import freshness, source_state
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.sweep import Sweep
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.store.artifacts import Address, ArtifactStore, Pointers, recipe_hash

VIEWER = Address("viewer", "build")
SITE_RECORD = "site_record"  # what was published when; the site itself is in `site`, for people
SOURCE_CHECK = "source"
STAGES = (
    "raw_collections",
    "raw_edges",
    "raw_vectors",
    "entity_index",
    "cooccurrence",
    "neighbours",
    "knn_graph",
    "embedding",
    "projection",
    "regions",
    "quality",
    "sweep_report",
    "bundle",
    SITE_RECORD,
)
"""Every folder of artifacts that any atlas may have."""
A = TypeVar("A", bound=Artifact)


@dataclass(frozen=True)
class Outcome:
    """What a build has to say about the artifact that it has written."""

    checks: list[Check]
    metadata: dict[str, Any]  # for the page of the materialisation; texts that are Markdown are ``pages.Markdown``


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
        self.spec, self.base, self.name, self.kind = spec, base, spec.name, spec.kind
        self.sweep = Sweep.of(spec)
        self.raw = f"raw_{self.kind}"

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
        if self.kind == "collections":
            stages.append(self._cooccurrence())
        stages += [
            self._neighbours(),
            self._knn_graph(),
            self._embedding(),
            self._projection(),
            self._regions(),
            self._quality(),
            self._sweep_report(),
            self._bundle(),
            self._site(),
        ]
        # A sweep in which everything is laid out straight from the graph has no embedding at all.
        return {stage.name: stage for stage in stages if stage.keys != ()}

    def _raw(self) -> Stage:
        return Stage(
            self.raw,
            "3",
            "The source as canonical tables: ids, values and metadata in their own types.",
            inputs=lambda key: [],
            parameters=lambda key: {"source": self.spec.source.model_dump()},
            facts=lambda: {"fingerprint": source_state.observe(self.spec.source, base=self.base).fingerprint},
            kinds=("polars",),
            check=SOURCE_CHECK,
        )

    def _entity_index(self) -> Stage:
        return Stage(
            "entity_index",
            "2",
            "The entities that pass the filter as dense indices, and the relation in them.",
            inputs=lambda key: [self.address(self.raw)],
            parameters=lambda key: {
                "filter": self.spec.filter.model_dump(),
                "holdout": self.spec.quality.holdout,
                "seed": self.spec.seed,
                "columns": self.spec.relation.columns(),
            },
            kinds=("polars", "numpy"),
        )

    def _cooccurrence(self) -> Stage:
        return Stage(
            "cooccurrence",
            "2",
            "How often every two entities keep company, as a sparse matrix. No map needs it: made on request.",
            inputs=lambda key: [self.address("entity_index")],
            parameters=lambda key: self.spec.relation.weighting(),
            kinds=("numba",),
            on_request=True,
            grows=True,
        )

    def _neighbours(self) -> Stage:
        return Stage(
            "neighbours",
            "1",
            "The most similar entities of every entity, as many as the largest graph takes.",
            inputs=lambda key: [self.address("entity_index")],
            parameters=lambda key: self.spec.relation.model_dump() | {"n_neighbors": self.n_neighbors},
            kinds=("numba",),
            grows=True,
        )

    @property
    def n_neighbors(self) -> int:
        """Length of the neighbour lists: what the largest graph of the sweep takes."""
        return max(point.n_neighbors for point in self.sweep.graphs.values())

    def _knn_graph(self) -> Stage:
        return Stage(
            "knn_graph",
            "3",
            "The k most similar entities of every entity, and the graph that they span.",
            inputs=lambda key: [self.address("neighbours"), self.address("entity_index")],
            parameters=lambda key: self.spec.relation.model_dump() | {"key": key},
            keys=tuple(self.sweep.graphs),
            kinds=("numba",),
        )

    def _embedding(self) -> Stage:
        return Stage(
            "embedding",
            "2",
            "An intermediate embedding of the neighbour graph by PyMDE.",
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
            inputs=lambda key: self._graph_and_embedding(key),
            parameters=lambda key: {"key": key, "seed": self.spec.seed},
            keys=tuple(self.sweep.projections),
            kinds=("numpy",),
            shares_gpu=True,
        )

    def _regions(self) -> Stage:
        return Stage(
            "regions",
            "3",
            "Named regions of a projection, coarse and fine.",
            inputs=lambda key: [self.address("projection", key), self.address("entity_index"), self.address(self.raw)],
            keys=tuple(self.sweep.projections),
            kinds=("scikitlearn",),
        )

    def _quality(self) -> Stage:
        return Stage(
            "quality",
            "2",
            "How true a projection is: recall, trust, global shape, and distortion per entity.",
            inputs=lambda key: [
                self.address("projection", key),
                *self._graph_and_embedding(key),
                self.address("entity_index"),
            ],
            parameters=lambda key: {"seed": self.spec.seed},
            keys=tuple(self.sweep.projections),
            kinds=("numpy",),
        )

    def _sweep_report(self) -> Stage:
        return Stage(
            "sweep_report",
            "3",
            "Every point of the sweep side by side, ranked, with a recommendation.",
            inputs=lambda key: self._each("projection", "quality", "regions"),
            joins=lambda store: freshness.sweep_report_joins(self, store),
            kinds=("markdown",),
        )

    def _bundle(self) -> Stage:
        from atlas_assets.plan import branding

        return Stage(
            "bundle",
            "5",
            "The files that the site loads: projections, columns, names, neighbours, details.",
            inputs=lambda key: [
                self.address(self.raw),
                self.address("entity_index"),
                *(self.address("knn_graph", key) for key in self.sweep.graphs),
                *self._each("projection", "quality", "regions"),
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
            "3",
            "The static site: the viewer with this atlas's bundle, ready to host anywhere.",
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

    def _each(self, *stages: str) -> list[Address]:
        return [self.address(stage, key) for stage in stages for key in self.sweep.projections]


def viewer_recipe() -> str:
    """Hash of the viewer's sources: equal sources need not be built twice."""
    from atlas_assets.stages.site import viewer

    return recipe_hash(viewer=viewer.version())
