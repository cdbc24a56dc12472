"""Ways from collections to a map, each as the recipe it is: what DESIGN compares, and what people do otherwise.

``walked`` goes one of them in a process of its own. Names say what they do from left to right; the peer is the package
that a route stands for.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import layout_data, measure
from benchmarks.peers import Memberships, practice, published

NEIGHBOURS = 15
FACTORS = 64
UMAP = {"n_neighbors": 15, "min_dist": 0.1}
PERPLEXITY = 30
GRAPH_PERPLEXITY = 10  # two thirds of the neighbours that a list has


@dataclass
class Clock:
    """Seconds by step; calling it as ``with clock("step"):`` adds to one."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start


Make = Callable[[Memberships, Clock], np.ndarray]


@dataclass(frozen=True)
class Route:
    """``make`` returns positions (n, 2); ``warm``, where given, goes the same way in less time."""

    peer: str
    make: Make
    warm: Make | None = None


def as_published(
    data: Memberships, clock: Clock, *, iterations: int = published.ITERATIONS, epochs: int | None = None
) -> np.ndarray:
    embedded = published_embedding(data, clock, iterations=iterations)
    with clock("layout"):
        return published.lay_out(embedded, epochs=epochs)


def published_embedding(data: Memberships, clock: Clock, *, iterations: int = published.ITERATIONS) -> np.ndarray:
    """The first half of the published recipe: positions (n, 3)."""
    with clock("graph"):
        lengths = published.lengths(data)
    with clock("embedding"):
        return published.embed(lengths, iterations=iterations)


def by_mde(data: Memberships, clock: Clock, *, kind: str, ratio: float = 1.0, layout: str = "umap") -> np.ndarray:
    """Neighbours by a similarity, three dimensions by stock PyMDE, two by UMAP or t-SNE."""
    with clock("graph"):
        lists = practice.nearest(data, NEIGHBOURS, kind=kind)
    with clock("embedding"):
        embedded = practice.mde(lists, dims=3, ratio=ratio)
    with clock("layout"):
        return practice.umap(embedded, **UMAP) if layout == "umap" else practice.tsne(embedded, perplexity=PERPLEXITY)


def by_factors(
    data: Memberships, clock: Clock, *, factors: Callable[..., np.ndarray], layout: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Vectors of the entities, and a layout of them."""
    with clock("embedding"):
        vectors = factors(data, factors=FACTORS)
    with clock("layout"):
        return layout(vectors)


def from_graph(data: Memberships, clock: Clock, *, kind: str, layout: str) -> np.ndarray:
    """Neighbours by a similarity, and the map straight from their lists."""
    with clock("graph"):
        lists = practice.nearest(data, NEIGHBOURS, kind=kind)
    with clock("layout"):
        return laid_out(lists, layout)


def laid_out(lists: practice.Lists, layout: str) -> np.ndarray:
    """umap-learn's or openTSNE's map of given neighbour lists."""
    if layout == "umap":
        return practice.umap_of_lists(lists, min_dist=UMAP["min_dist"])
    return practice.tsne_of_lists(lists, perplexity=min(PERPLEXITY, 2 * lists[0].shape[1] / 3))


def _routes() -> dict[str, Route]:
    made = {
        "published recipe": Route(
            "pymde.preserve_neighbors", as_published, functools.partial(as_published, iterations=3, epochs=3)
        ),
        "count, MDE, UMAP": Route("pymde", functools.partial(by_mde, kind="count")),
    }
    als, ppmi_svd = f"ALS({FACTORS})", f"PPMI-SVD({FACTORS})"
    by_cosine = functools.partial(practice.umap, metric="cosine", **UMAP)
    parted, dire = functools.partial(practice.pacmap, local=True), functools.partial(practice.dire, **UMAP)
    for name, peer, factors, layout, in_short in (
        (f"{als}, UMAP", "implicit", practice.als, by_cosine, None),
        (f"{ppmi_svd}, UMAP", "scikit-learn", practice.ppmi_svd, by_cosine, None),
        (f"{ppmi_svd}, LocalMAP", "pacmap", practice.ppmi_svd, parted, None),
        (f"{ppmi_svd}, DiRe", "dire-rapids", practice.ppmi_svd, dire, functools.partial(dire, iterations=1)),
    ):
        walk = functools.partial(by_factors, factors=factors)
        warm = functools.partial(walk, layout=in_short) if in_short else None
        made[name] = Route(peer, functools.partial(walk, layout=layout), warm)
    for kind in ("cosine", "npmi"):
        made[f"{kind}, MDE, UMAP"] = Route("pymde", functools.partial(by_mde, kind=kind))
    for layout, name in (("umap", "UMAP"), ("tsne", "t-SNE")):
        made[f"npmi, MDE x3, {name}"] = Route("pymde", functools.partial(by_mde, kind="npmi", ratio=3.0, layout=layout))
    for kind in ("cosine", "npmi", "jaccard"):
        for layout, name, peer in (("umap", "UMAP", "umap-learn"), ("tsne", "t-SNE", "openTSNE")):
            made[f"{kind}, {name}"] = Route(peer, functools.partial(from_graph, kind=kind, layout=layout))
    return made


ROUTES = _routes()


def walked(route: str, folder: str, out: str) -> dict[str, Any]:
    """Go a route on a prepared case; positions are left in ``out``. Seconds are without imports and compilation."""
    chosen, clock = ROUTES[route], Clock()
    data = layout_data.load(Path(folder))
    (chosen.warm or chosen.make)(small(data.n_entities), Clock())
    positions = chosen.make(data, clock)
    np.save(out, positions.astype(np.float32))
    return {"seconds": sum(clock.seconds.values()), "steps": clock.seconds, "peak_bytes": measure.peak_bytes()}


def small(n_entities: int) -> Memberships:
    """Something to warm up on before so many entities: collections of 12, from groups of 30 entities.

    From 4,096 rows on, umap-learn searches neighbours by other code, which takes long to compile.
    """
    random = np.random.default_rng(0)
    groups = 140 if n_entities >= 4_096 else 10
    rows = [np.sort(random.permutation(30)[:12] + 30 * group) for group in random.integers(0, groups, 50 * groups)]
    indptr = np.arange(len(rows) + 1, dtype=np.int64) * 12
    return Memberships(indptr, np.concatenate(rows).astype(np.int32), 30 * groups)
