"""What points of a sweep will take, judged by what an atlas's own have taken."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from atlas_assets import methods
from atlas_assets.plan.freshness import Freshness
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.plan.point_stages import of_a_point
from atlas_assets.spec.sweep import EmbeddingPoint, GraphPoint, ProjectionPoint
from atlas_assets.store.artifacts import ArtifactStore, Snapshot

# Of 10,000 entities, on one core of an ordinary machine, where nothing of the kind was recorded.
ENTITIES, SECONDS_PER_UNIT, EMBEDDING_SECONDS, GRAPH_SECONDS, LISTS_SECONDS = 10_000, 0.7, 4.0, 0.05, 0.5
JOIN_SECONDS = 4.0


@dataclass(frozen=True)
class Price:
    """Seconds of one core. guessed: of which methods and stages nothing was recorded from which they could be told."""

    seconds: float
    guessed: frozenset[str] = frozenset()

    def __add__(self, other: Price) -> Price:
        return Price(self.seconds + other.seconds, self.guessed | other.guessed)


@dataclass(frozen=True)
class Estimate:
    """What a list of points would take, in seconds by the clock.

    there: how many of them are made. graphs, embeddings: how many are new. guessed: as of a Price.
    """

    points: int
    there: int
    graphs: int
    embeddings: int
    seconds: float
    guessed: frozenset[str]


class Costs:
    """Prices at this moment, of the points that are made and of any others."""

    def __init__(self, pipeline: Pipeline, store: ArtifactStore) -> None:
        self._pipeline, self._store = pipeline, Snapshot(store)
        self._fresh = Freshness(pipeline, self._store)
        self._size = _entities(pipeline, store)
        sweep = pipeline.sweep
        self._points = {key: sum(known) for key in sweep.projections if (known := self._recorded_point(key))}
        self._per_unit = _medians(
            (_maker(sweep.projections[key]), seconds / units_of(sweep.projections[key]))
            for key, seconds in self._points.items()
        )
        self._embeddings = _medians(
            ("", seconds / _embedding_units(point))
            for key, point in sweep.embeddings.items()
            if (seconds := self._recorded("embedding", key))
        )

    def is_made(self, key: str) -> bool:
        """Whether all of a point is there as it would be made now from what it is made from now."""
        stages = (self._pipeline.stages[name] for name in of_a_point())
        return key in self._pipeline.sweep.projections and all(self._fresh.as_made_today(s, key) for s in stages)

    def layout(self, point: ProjectionPoint) -> Price:
        """Projection, regions and quality of a point, with its graph and embedding there."""
        if point.key in self._points:
            return Price(self._points[point.key])
        units = units_of(point)
        maker = _maker(point)
        if maker in self._per_unit:
            return Price(units * self._per_unit[maker])
        return Price(units * self._per_unit.get("", SECONDS_PER_UNIT * self._size), frozenset({maker}))

    def upstream(self, point: ProjectionPoint, there: set[str]) -> Price:
        """The graph and the embedding of a point; nothing for those whose keys are ``there``, which is added to."""
        price = Price(0.0)
        if point.graph.key not in there:
            there.add(point.graph.key)
            price += self._graph(point.graph)
        if point.embedding and point.embedding.key not in there:
            there.add(point.embedding.key)
            price += self._embedding(point.embedding)
        return price

    def price(self, point: ProjectionPoint) -> float:
        """Seconds of a point with all that it is made from and that is not there yet."""
        return self.layout(point).seconds + self.upstream(point, self.there()).seconds

    def there(self) -> set[str]:
        """Keys of the graphs and embeddings that are made."""
        sweep = self._pipeline.sweep
        named = [("knn_graph", key) for key in sweep.graphs] + [("embedding", key) for key in sweep.embeddings]
        return {key for stage, key in named if self._store.current(self._pipeline.address(stage, key)) is not None}

    def estimate(self, points: Sequence[ProjectionPoint]) -> Estimate:
        """What it would take to make all of these that are not made, and the site with them."""
        missing = [point for point in points if not self.is_made(point.key)]
        before = self.there()
        there = set(before)
        above = sum((self.upstream(point, there) for point in missing), Price(0.0))
        laid_out = sum((self.layout(point) for point in missing), Price(0.0))
        new = there - before
        graphs = len(new & {point.graph.key for point in missing})
        return Estimate(
            points=len(points),
            there=len(points) - len(missing),
            graphs=graphs,
            embeddings=len(new) - graphs,
            seconds=above.seconds + laid_out.seconds + (self._joins() if missing else 0.0),
            guessed=above.guessed | laid_out.guessed,
        )

    def _graph(self, graph: GraphPoint) -> Price:
        """With the lists that graphs are cut from, where these are too short."""
        recorded = [seconds for key in self._pipeline.sweep.graphs if (seconds := self._recorded("knn_graph", key))]
        price = (
            Price(statistics.median(recorded))
            if recorded
            else Price(GRAPH_SECONDS * self._size, frozenset({"knn_graph"}))
        )
        if graph.n_neighbors > self._pipeline.n_neighbors:
            lists = self._recorded("neighbours", None)
            price += Price(lists) if lists else Price(LISTS_SECONDS * self._size, frozenset({"neighbours"}))
        return price

    def _embedding(self, embedding: EmbeddingPoint) -> Price:
        if "" in self._embeddings:
            return Price(self._embeddings[""] * _embedding_units(embedding))
        return Price(EMBEDDING_SECONDS * self._size, frozenset({"embedding"}))

    def _joins(self) -> float:
        known = [self._recorded(stage, None) for stage in ("sweep_report", "bundle", "site_record")]
        return sum(seconds for seconds in known if seconds) or JOIN_SECONDS

    def _recorded_point(self, key: str) -> list[float] | None:
        known = [self._recorded(stage, key) for stage in of_a_point()]
        return [seconds for seconds in known if seconds is not None] if None not in known else None

    def _recorded(self, stage: str, key: str | None) -> float | None:
        stored = self._store.current(self._pipeline.address(stage, key))
        return stored.cost.get("seconds") if stored else None


def _maker(point: ProjectionPoint) -> str:
    return methods.maker(point.method, point.engine)


def _medians(recorded: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The median of each kind; under "", that of all."""
    values: dict[str, list[float]] = {}
    for kind, value in recorded:
        for name in {kind, ""}:
            values.setdefault(name, []).append(value)
    return {name: statistics.median(listed) for name, listed in values.items()}


def _embedding_units(point: EmbeddingPoint) -> float:
    """In proportion to the pairs that attract, and a little to the dimensions."""
    return point.graph.n_neighbors * (3 + point.embedding_dim)


def _entities(pipeline: Pipeline, store: ArtifactStore) -> float:
    """How many entities the atlas has, in ENTITIES; 1 where that is not known yet."""
    address = pipeline.address("entity_index")
    if store.current(address) is None:
        return 1.0
    return pl.scan_parquet(store.folder(address) / "ids.parquet").select(pl.len()).collect().item() / ENTITIES


def units_of(point: ProjectionPoint) -> float:
    """About how long a point takes that was never made, in units that are good for comparisons only."""
    return 1.0 + methods.units(point.method, dict(point.parameters), dims=point.dims, engine=point.engine)
