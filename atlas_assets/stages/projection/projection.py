"""What is seen: positions in two or three dimensions, from the embedding or straight from the neighbour graph.

Every method starts from the same positions, and every result is aligned to the sweep's reference or brought into a
canonical position, so that maps can be compared and a refreshed one stays recognisable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from atlas_assets import methods
from atlas_assets.errors import NotInstalled
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.geometry.alignment import align, canonical
from atlas_assets.stages.geometry.isolated_entities import place_isolated
from atlas_assets.stages.geometry.newcomers import place_newcomers, strays
from atlas_assets.stages.projection.layout_inputs import LayoutInputs

# A warm start takes all of its steps where that share of the neighbours is new, and at least that share of them. After
# ten refreshes of mtg-decks by 1 % of its decks each (1 to 4 % of the neighbours), one chain: held-out recall so, with
# all steps, from scratch: t-SNE 0.166, 0.166, 0.166; UMAP 0.141, 0.140, 0.140; LocalMAP 0.123, 0.125, 0.133 (it began
# at 0.118). Neighbour recall is up to 0.01 below that with all steps. Entities move less.
MUCH, LEAST_EFFORT = 0.08, 0.2
# With more new neighbours than that, methods that get ``stuck`` in the earlier map take all steps of a new one, but
# begin where entities stood. mtg-decks in ten steps, a tenth more decks each (16 to 45 % of the neighbours), held-out
# and neighbour recall at the end: t-SNE 0.167 and 0.465 instead of 0.152 and 0.399, LocalMAP 0.139 and 0.370 instead of
# 0.116 and 0.283. Entities moved by a tenth of the map's width in the median; warm by a fiftieth, from scratch by a
# quarter. UMAP is as good either way.
MOST_WARM = 0.1


@dataclass(frozen=True)
class Projection(Artifact):
    """positions (n, dims) float32, dims 2 or 3; the method and the parameters it ran with.

    placed, drift: of a map that is held (``held``), how many entities were placed since it was laid out, and which
    share of the neighbours has changed since, summed; None for one that was laid out.
    """

    positions: np.ndarray
    method: str
    params: dict[str, Any]
    placed: int | None = None
    drift: float | None = None

    def check(self) -> list[Check]:
        finite = np.isfinite(self.positions).all(axis=1)
        distinct = len(np.unique(self.positions, axis=0))
        return [
            Check("all positions are finite", bool(finite.all()), f"{int((~finite).sum())} of {finite.size} are not"),
            Check("positions are spread", distinct > 1 or finite.size == 1, f"{distinct:,} distinct positions"),
        ]


def project(
    method: str,
    *,
    inputs: LayoutInputs,
    engine: methods.Engine = "atlas",
    dims: int = 2,
    params: dict[str, Any] | None = None,
    seed: int = 0,
    start: np.ndarray | None = None,
    changed: float = 1.0,
    reference: np.ndarray | None = None,
    progress: Progress = no_progress,
) -> Projection:
    """Lay out the embedding in ``inputs``, or its graph where it has none, in ``dims`` dimensions.

    params: the method's parameters (``methods.METHODS``); missing ones take their defaults, and unknown or impossible
    ones raise methods.ParameterError. From the graph there are only as many neighbours as it lists: n_neighbors is cut
    to that, and t-SNE's perplexity to two thirds of it; ``params`` of the result holds what was used.
    engine: our own layout, or that of the method's library, from the same neighbours and start.
    start: positions (n, dims) of the same map made earlier, nan for entities it lacks: where to begin, and what to lie
    like.
    changed: which share of the neighbours was not known to that map; where it is small, few steps are enough.
    reference: positions (n, dims) that a map made from scratch is turned to; without, it takes the canonical position.
    The size of a map is the method's own, since a warm start has to begin at it; it says nothing otherwise.
    Entities without neighbours take no part and stand around the rest. The same inputs, seed and machine give the same
    bits for any number of threads; nothing given is modified.
    """
    checked = methods.check(method, params or {}, source=inputs.source, dims=dims, engine=engine)
    facts = methods.METHODS[method]
    values = {name: options[0] for name, options in checked.items()}
    rows = inputs.rows
    positions = np.zeros((inputs.graph.n_entities, dims), np.float32)
    if start is not None and np.isfinite(start[rows]).all(axis=1).sum() <= dims:
        start = None  # too few are known to speak of the same map
    if rows.size > dims:
        there = inputs.graph.n_neighbors if inputs.source == "graph" else inputs.n_entities - 1
        values = methods.limited(method, values, there)
        begin = inputs.start(dims) if start is None else _earlier(start[rows], inputs, seed)
        warm = 0.0 if start is None else effort(changed, method)
        lay_out = facts.library.lay_out if engine == "library" and facts.library else facts.lay_out
        try:
            laid_out = lay_out(inputs, begin, warm=warm, seed=seed, progress=progress, **values)
        except ModuleNotFoundError as missing:
            if engine != "library" or facts.library is None:
                raise
            raise NotInstalled(f"engine: library of {method}", facts.library.distribution, "libraries") from missing
        positions[rows] = canonical(laid_out, scale=False)
    elif rows.size:
        positions[rows, 0] = np.arange(rows.size)
    isolated = inputs.graph.isolated
    positions = place_isolated(positions, isolated)
    if start is not None:
        positions = align(positions, np.where(isolated[:, None], np.nan, start))
        stay = isolated & np.isfinite(start).all(axis=1)
        positions[stay] = start[stay]
    elif reference is not None:
        positions = align(positions, reference, scale=False)
    else:
        positions = canonical(positions, scale=False)
    return Projection(positions=positions, method=method, params=facts.written(values))


def effort(changed: float, method: str) -> float:
    """How many of a warm start's steps to take, of 1, where this share of the neighbours is new; 0: a new one's."""
    if changed > MOST_WARM and methods.METHODS[method].stuck:
        return 0.0
    return float(np.clip(changed / MUCH, LEAST_EFFORT, 1.0))


def _earlier(start: np.ndarray, inputs: LayoutInputs, seed: int) -> np.ndarray:
    """The earlier positions of the connected, newcomers and strays beside their neighbours."""
    edges = inputs.edges
    return place_newcomers(np.where(strays(start, edges)[:, None], np.nan, start), edges, seed=seed)
