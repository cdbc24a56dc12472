"""From the sweep of a spec to partition keys, and from keys to parameters.

Keys are prefixes: a graph ``k15``, an embedding made from it ``k15_d3``, a projection made from that
``k15_d3_umap-nn30-md0.1``; a projection straight from the graph is ``k15_umap-nn30-md0.1``. So upstream work is shared
by construction and a sweep need not be rectangular. Keys are never parsed: every key maps to its parameters. Pure; the
Dagster partitions and mappings made from it are in ``orchestration.assets``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atlas_assets import methods
from atlas_assets.methods import own

if TYPE_CHECKING:
    from atlas_assets.spec.atlas import AtlasSpec, ProjectionSpec


@dataclass(frozen=True)
class GraphPoint:
    """Parameters of one ``knn_graph``."""

    n_neighbors: int

    @property
    def key(self) -> str:
        return f"k{self.n_neighbors}"


@dataclass(frozen=True)
class EmbeddingPoint:
    """Parameters of one ``embedding``."""

    graph: GraphPoint
    embedding_dim: int

    @property
    def key(self) -> str:
        return f"{self.graph.key}_d{self.embedding_dim}"


@dataclass(frozen=True)
class ProjectionPoint:
    """Parameters of one ``projection``; ``embedding`` is None where the graph itself is laid out.

    parameters: those that its key names; of the method's others, it has the defaults.
    """

    graph: GraphPoint
    embedding: EmbeddingPoint | None
    method: str
    parameters: tuple[tuple[str, int | float], ...]
    dims: int
    engine: methods.Engine = "atlas"

    @property
    def source(self) -> methods.Source:
        return "embedding" if self.embedding else "graph"

    @property
    def key(self) -> str:
        upstream = self.embedding.key if self.embedding else self.graph.key
        return f"{upstream}_{methods.key(self.method, dict(self.parameters), dims=self.dims, engine=self.engine)}"

    @property
    def name(self) -> str:
        parameters = dict(self.parameters)
        return methods.name(self.method, parameters, source=self.source, dims=self.dims, engine=self.engine)

    def describe(self) -> dict[str, Any]:
        """All parameters that led to this projection, flat, for manifests and tables."""
        made = {"embedding_dim": self.embedding.embedding_dim} if self.embedding else {}
        by = {"engine": self.engine} if self.engine != "atlas" else {}
        return {
            "k": self.graph.n_neighbors,
            **made,
            "method": self.method,
            **by,
            "from": self.source,
            "dims": self.dims,
        } | dict(self.parameters)


@dataclass(frozen=True)
class Sweep:
    """Every point of a sweep by its key, each stage in a stable order (the order of the spec)."""

    graphs: dict[str, GraphPoint]
    embeddings: dict[str, EmbeddingPoint]
    projections: dict[str, ProjectionPoint]

    @classmethod
    def of(cls, spec: AtlasSpec) -> Sweep:
        return cls._over({point.key: point for point in _points(spec)})

    def of_keys(self, keys: Collection[str]) -> Sweep:
        """The same with these projections only, and what they are made from."""
        return self._over({key: point for key, point in self.projections.items() if key in keys})

    @classmethod
    def _over(cls, projections: dict[str, ProjectionPoint]) -> Sweep:
        embeddings = {p.embedding.key: p.embedding for p in projections.values() if p.embedding}
        graphs = {p.graph.key: p.graph for p in projections.values()}
        return cls(graphs, embeddings, projections)

    @property
    def largest_graph(self) -> GraphPoint:
        """The graph with most neighbours: its lists contain those of all others."""
        return max(self.graphs.values(), key=lambda point: point.n_neighbors)

    @property
    def reference(self) -> ProjectionPoint:
        """The projection that every other one is turned to, so that maps of a sweep can be compared by eye."""
        return next((p for p in self.projections.values() if p.dims == 2), next(iter(self.projections.values())))


def count(spec: AtlasSpec) -> int:
    """How many points the sweep of a spec has as it is written, found ones aside: without making them."""
    sweep = spec.sweep
    crossed = len(sweep.n_neighbors) * len(sweep.embedding_dim) * sum(map(_variants, sweep.projections))
    return crossed + sum(_variants(point.projection) for point in sweep.points) + bool(spec.source.coordinates)


def _variants(projection: ProjectionSpec) -> int:
    values = _values(projection)
    return math.prod(len(of_one) for of_one in values.values())


def _points(spec: AtlasSpec) -> Iterator[ProjectionPoint]:
    sweep = spec.sweep
    for k, d, projection in itertools.product(sweep.n_neighbors, sweep.embedding_dim, sweep.projections):
        yield from _crossed(k, d, projection)
    for point in (*sweep.points, *sweep.found):
        yield from _crossed(point.n_neighbors, point.embedding_dim, point.projection)
    if spec.source.coordinates:
        graph = GraphPoint(sweep.n_neighbors[0])
        yield ProjectionPoint(graph, None, own.METHOD.name, (), len(spec.source.coordinates))


def _crossed(n_neighbors: int, embedding_dim: int, projection: ProjectionSpec) -> Iterator[ProjectionPoint]:
    graph = GraphPoint(n_neighbors)
    embedding = EmbeddingPoint(graph, embedding_dim) if projection.source == "embedding" else None
    method, facts = projection.method, methods.METHODS.get(projection.method)
    values = _values(projection)
    assert facts is not None
    for combination in itertools.product(*values.values()):
        parameters = tuple(facts.written(dict(zip(values, combination, strict=True))).items())
        yield ProjectionPoint(graph, embedding, method, parameters, projection.dims, projection.engine)


def _values(projection: ProjectionSpec) -> methods.Values:
    return methods.check(
        projection.method,
        projection.parameters,
        source=projection.source,
        dims=projection.dims,
        engine=projection.engine,
    )
