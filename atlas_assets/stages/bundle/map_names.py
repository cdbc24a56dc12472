"""What visitors call the maps of a site: by what a map shows, where the data person says by what it was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from atlas_assets.methods import METHODS

Point = Mapping[str, Any]
IN_SPACE = "Galaxy"  # a map in three dimensions, where there is one such
LAST = ("from", "k", "embedding_dim", "engine")  # what visitors are told only where nothing else differs
NOT_SAID = ("method", "dims")  # the name itself says it
WORDS = {
    "n_neighbors": "{} nearest",
    "perplexity": "{} nearest",
    "min_dist": "gaps of {}",
    "similarity_power": "by similarity",
    "from": "from the {}",
    "k": "{} listed",
    "embedding_dim": "through {} dimensions",
    "engine": "by the {}",
}


def map_names(points: Sequence[Point]) -> list[str]:
    """A name for each map, no two alike unless their parameters are: "Islands", "Overview, 50 nearest".

    points: what each was made with, as ``ProjectionPoint.describe`` has it. Maps of one kind are told apart by as few
    of their parameters as do.
    """
    in_space = [point for point in points if point["dims"] == 3]
    kinds = [_kind(point, alone=len(in_space) == 1) for point in points]
    telling = {
        kind: _telling([point for point, its in zip(points, kinds, strict=True) if its == kind]) for kind in set(kinds)
    }
    return [
        ", ".join([kind, *(_said(point, name) for name in telling[kind] if name in point)])
        for point, kind in zip(points, kinds, strict=True)
    ]


def _kind(point: Point, *, alone: bool) -> str:
    """The name that maps of this method and dimension share."""
    if point["dims"] == 3 and alone:
        return IN_SPACE
    facts = METHODS.get(point["method"])
    name = (facts.nickname or facts.label) if facts else str(point["method"])
    return f"{name} in 3-D" if point["dims"] == 3 else name


def _telling(alike: Sequence[Point]) -> Iterable[str]:
    """The fewest parameters by which these differ as far as they do."""
    named = [name for name in dict.fromkeys(name for point in alike for name in point) if name not in NOT_SAID]
    named = sorted(named, key=lambda name: name in LAST)  # stable: of the method first
    apart = len({_values(point, named) for point in alike})
    for count in range(len(named) + 1):
        for names in combinations(named, count):
            if len({_values(point, names) for point in alike}) == apart:
                return names
    return named


def _values(point: Point, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple(point.get(name) for name in names)


def _said(point: Point, name: str) -> str:
    """One parameter in words."""
    facts, value = METHODS.get(point["method"]), point[name]
    parameter = facts.parameters.get(name) if facts else None
    words = WORDS.get(name) or (parameter.words if parameter else "") or f"{name} {{}}"
    return words.format(f"{value:g}" if isinstance(value, (int, float)) else value)
