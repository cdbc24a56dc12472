"""What a visitor would not find alone: outliers, twins, bridges and hidden gems, from the graph and the regions.

Each is a figure of every entity with a plain definition, and a short walk along the entities that have most of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np
import polars as pl

from atlas_assets.stages.relation.knn_graph import KnnGraph

STOPS = 6
FEWEST = 3  # shorter walks are none
MIN_NEIGHBOURS = 5  # of whom something can be said by its neighbours
# Of little-known entities, similarities rest on few collections: what is remarkable about them may be chance.
KNOWN_RANK = 0.5
GEM_RANK, GEM_LIFT = 0.5, 0.35
MIN_BRIDGE = 0.5


@dataclass(frozen=True)
class Figures:
    """One number per entity, NaN where nothing can be said.

    nearness: mean similarity to its neighbours. twin: similarity to the nearest one, where each is the other's nearest.
    bridge: 1 - the sum of the squared shares of its neighbours' similarity by coarsest region (participation
    coefficient of Guimerà and Amaral 2005). gem: mean popularity of its neighbours less its own, both as ranks 0 to 1.
    """

    nearness: np.ndarray
    twin: np.ndarray
    bridge: np.ndarray
    gem: np.ndarray
    partner: np.ndarray  # of a twin, -1 for none

    def columns(self) -> list[pl.Series]:
        """For the open data."""
        named = {"nearness": self.nearness, "twin": self.twin, "bridge": self.bridge, "gem": self.gem}
        return [pl.Series(f"remarkable__{name}", values, pl.Float32).fill_nan(None) for name, values in named.items()]


def measure(graph: KnnGraph, popularity: np.ndarray, coarse: np.ndarray | None) -> Figures:
    """graph: of n entities. popularity (n,). coarse (n,): the coarsest region of each, -1 for none; or no regions."""
    near, similarity = np.asarray(graph.indices), np.asarray(graph.similarity, np.float64)
    there = near >= 0
    n, held = len(near), there.sum(axis=1)
    enough = held >= MIN_NEIGHBOURS
    weights = np.where(there, np.maximum(similarity, 0), 0)
    others = np.maximum(near, 0)

    nearness = np.where(enough, weights.sum(axis=1) / np.maximum(held, 1), np.nan)
    first = np.where(there[:, 0], near[:, 0], -1) if near.shape[1] else np.full(n, -1)
    mutual = (first >= 0) & (first[np.maximum(first, 0)] == np.arange(n))
    twin = np.where(mutual, weights[:, 0] if near.shape[1] else np.nan, np.nan)

    bridge = np.full(n, np.nan)
    if coarse is not None:
        region = np.where(there, coarse[others], -1)
        placed = np.where(region >= 0, weights, 0)
        total = placed.sum(axis=1)
        squares = np.zeros(n)
        for number in np.unique(region[region >= 0]):
            squares += np.where(region == number, placed, 0).sum(axis=1) ** 2
        told = enough & (total > 0)
        bridge[told] = 1 - squares[told] / total[told] ** 2

    gem = np.full(n, np.nan)
    if np.ptp(popularity) > 0:
        rank = pl.Series(popularity).rank("average").to_numpy() / n
        among = np.where(there, rank[others], 0).sum(axis=1) / np.maximum(held, 1)
        gem = np.where(enough, among - rank, np.nan)
    return Figures(nearness, twin, bridge, gem, np.where(mutual, first, -1))


def tours(
    figures: Figures,
    *,
    graph: KnnGraph,
    ids: list[str],
    labels: list[str],
    popularity: np.ndarray,
    coarse: np.ndarray | None,
    names: dict[int, str],
    entity: list[str],
) -> Iterator[dict[str, Any]]:
    """Walks of a few stops, each a view and what is said of it. names: of coarsest regions; entity: as in build."""
    many = entity[1]
    rank = pl.Series(popularity).rank("average").to_numpy() / max(1, len(popularity))
    known = rank >= KNOWN_RANK if np.ptp(popularity) > 0 else np.ones(len(rank), bool)

    def region(row: int) -> int:
        return -1 if coarse is None else int(coarse[row])

    def place(row: int) -> str:
        return f", in {names[region(row)]}" if region(row) in names else ""

    def between(row: int) -> str:
        near, similarity = graph.indices[row], graph.similarity[row]
        shares: dict[int, float] = {}
        for other, share in zip(near[near >= 0].tolist(), similarity[near >= 0].tolist(), strict=True):
            shares[region(other)] = shares.get(region(other), 0.0) + share
        told = [names[number] for number in sorted(shares, key=lambda number: -shares[number]) if number in names][:3]
        if len(told) < 2:
            return f"What is near to {labels[row]} lies in several regions."
        return f"{labels[row]} stands between {', '.join(told[:-1])} and {told[-1]}."

    def walk(
        title: str, about: str, scores: np.ndarray, may: np.ndarray, text: Callable[[int], str]
    ) -> dict[str, Any] | None:
        chosen = _best(np.where(may, scores, np.nan), region)
        if len(chosen) < FEWEST:
            return None
        stops = [{"view": f"select={quote(ids[row], safe='')}", "text": text(row)} for row in chosen]
        return {"title": title, "about": about, "stops": stops}

    twins = (figures.partner < 0) | (np.arange(len(ids)) < figures.partner)  # each pair once
    for tour in (
        walk(
            "Twins",
            f"Pairs of {many} that are each other's nearest, the most alike first.",
            figures.twin,
            known & twins & (figures.partner >= 0),
            lambda row: f"{labels[row]} and {labels[int(figures.partner[row])]} are each other's nearest{place(row)}.",
        ),
        walk(
            "Bridges",
            f"Well-known {many} whose neighbours lie in several regions at once.",
            figures.bridge,
            known & (figures.bridge >= MIN_BRIDGE),
            between,
        ),
        walk(
            "Hidden gems",
            f"Little-known {many} among the best-known ones.",
            figures.gem,
            (rank <= GEM_RANK) & (figures.gem >= GEM_LIFT),
            lambda row: f"Few know {labels[row]}, but what is nearest to it is among the best known{place(row)}.",
        ),
        walk(
            "Outliers",
            f"Well-known {many} that are like hardly anything else.",
            -figures.nearness,
            known,
            lambda row: f"{labels[row]} is less like its nearest neighbours than other {many} are like theirs.",
        ),
    ):
        if tour is not None:
            yield tour


def _best(scores: np.ndarray, region: Callable[[int], int]) -> list[int]:
    """The rows that have most of something, at most one in each region, so that a walk sees the map."""
    chosen: list[int] = []
    seen: set[int] = set()
    usable = np.flatnonzero(~np.isnan(scores))
    for row in usable[np.argsort(-scores[usable], kind="stable")].tolist():
        if region(row) >= 0 and region(row) in seen:
            continue
        seen.add(region(row))
        chosen.append(row)
        if len(chosen) == STOPS:
            break
    return chosen
