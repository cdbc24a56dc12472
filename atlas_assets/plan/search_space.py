"""Where a sweep looks for maps: methods with ranges or lists of their parameters, graphs and embeddings to lay out.

A method is written ``umap:n_neighbors=5..100,min_dist=0.0/0.1/0.5,from=graph``: ``..`` is a range, ``/`` a list. Of a
method without parameters, all take their usual range; of one with some, the others keep their default.
"""

from __future__ import annotations

import difflib
import itertools
import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from atlas_assets import methods
from atlas_assets.errors import AtlasError
from atlas_assets.spec.sweep import EmbeddingPoint, GraphPoint, ProjectionPoint

LOGARITHMIC = 4.0  # ranges whose ends differ by at least this factor are drawn and divided by ratios
STEPS = 3  # values that a grid takes of each range
DIGITS = 2  # that matter of a value that was drawn: keys stay short, and nobody could tell 0.1234 from 0.12 by eye
K = methods.Parameter("k", 15, 2, 1000, True, "")
DIM = methods.Parameter("d", 3, 2, 10, True, "")


@dataclass(frozen=True)
class Axis:
    """The values that one parameter may have: a list (values), or everything from low to high."""

    name: str
    integer: bool
    values: tuple[int | float, ...] = ()
    low: float = 0.0
    high: float = 0.0

    def grid(self, steps: int) -> list[int | float]:
        """All values of a list; of a range, this many, its ends included."""
        if self.values:
            return list(self.values)
        shares = [i / (steps - 1) for i in range(steps)] if steps > 1 else [0.5]
        return list(dict.fromkeys(self.at(share) for share in shares))

    def at(self, share: float) -> int | float:
        """The value at a share (0 to 1) of the way through."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if share <= 0 or share >= 1:  # as the user wrote it
            value = self.low if share <= 0 else self.high
        elif self.low > 0 and self.high / self.low >= LOGARITHMIC:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        if self.integer:
            return round(value)
        if 0 < share < 1:
            value = min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)
        return value


@dataclass(frozen=True)
class Branch:
    """One method on one kind of input, with its parameters."""

    method: str
    source: methods.Source
    dims: int
    engine: methods.Engine
    axes: tuple[Axis, ...]

    def lays_out(self, point: ProjectionPoint) -> bool:
        """Whether the point is one of its kind."""
        kind = (self.method, self.source, self.dims, self.engine)
        return kind == (point.method, point.source, point.dims, point.engine)


@dataclass(frozen=True)
class Space:
    """Everything that a sweep may choose from: a branch, a graph, an embedding where the branch takes one."""

    branches: tuple[Branch, ...]
    k: Axis
    dim: Axis

    def grid(self, steps: int) -> list[ProjectionPoint]:
        """Every combination, upstream first: what shares a graph and an embedding comes together."""
        found: dict[str, ProjectionPoint] = {}
        for k, branch in itertools.product(self.k.grid(steps), self.branches):
            for d in self.dim.grid(steps) if branch.source == "embedding" else [None]:
                for values in itertools.product(*(axis.grid(steps) for axis in branch.axes)):
                    point = _point(branch, int(k), d, values)
                    found.setdefault(point.key, point)
        return list(found.values())

    def draw(self, generator: random.Random) -> ProjectionPoint:
        """Any point: a branch first, all alike likely, then its values."""
        branch = generator.choice(self.branches)
        k = int(self.k.at(generator.random()))
        d = self.dim.at(generator.random()) if branch.source == "embedding" else None
        return _point(branch, k, d, tuple(axis.at(generator.random()) for axis in branch.axes))

    def draws(self, generator: random.Random, *, tries: int = 2000) -> Iterator[ProjectionPoint]:
        """Different points, one after the other, until ``tries`` draws have given nothing new."""
        seen: set[str] = set()
        failures = 0
        while failures < tries:
            point = self.draw(generator)
            if point.key in seen:
                failures += 1
                continue
            seen.add(point.key)
            failures = 0
            yield point

    def beside(self, point: ProjectionPoint, generator: random.Random) -> ProjectionPoint | None:
        """The same with one thing changed; None where the point is of no branch of the space."""
        alike = [b for b in self.branches if b.lays_out(point)]
        if not alike:
            return None
        branch = generator.choice(alike)
        values = methods.METHODS[branch.method].filled(dict(point.parameters))
        k, d = point.graph.n_neighbors, point.embedding.embedding_dim if point.embedding else None
        changeable: list[Axis] = [*branch.axes, self.k, *([self.dim] if d is not None else [])]
        changed = generator.choice(changeable)
        value = changed.at(generator.random())
        if changed is self.k:
            k = int(value)
        elif changed is self.dim:
            d = int(value)
        else:
            values[changed.name] = value
        return _point(branch, k, d, tuple(values[axis.name] for axis in branch.axes))

    def centre(self, branch: Branch) -> ProjectionPoint:
        """The usual values of a branch, as far as the space has them: where a search begins."""
        defaults = methods.METHODS[branch.method].parameters
        values = tuple(_nearest(axis, defaults[axis.name].default) for axis in branch.axes)
        d = _nearest(self.dim, DIM.default) if branch.source == "embedding" else None
        return _point(branch, int(_nearest(self.k, K.default)), d, values)


def parse(
    written: Sequence[str], *, k: str | None, dim: str | None, known_k: Sequence[int], known_dim: Sequence[int]
) -> Space:
    """The space that a user described; known_k, known_dim: what the atlas has, taken where nothing is said.

    Raises AtlasError with what is wrong, what would be right, and an example.
    """
    branches = [branch for text in written or methods.searched() for branch in _branches(text)]
    return Space(
        tuple(branches),
        _axis("k", K, k, where="--k") if k else Axis("k", True, tuple(sorted(set(known_k))) or (K.default,)),
        _axis("dim", DIM, dim, where="--dim") if dim else Axis("dim", True, tuple(sorted(set(known_dim))) or (3,)),
    )


def _branches(text: str) -> Iterator[Branch]:
    method, _, rest = text.partition(":")
    if method not in methods.asked():
        close = difflib.get_close_matches(method, methods.asked(), n=1)
        raise AtlasError(
            f"{method!r} is not a method; expected one of {', '.join(methods.asked())}. "
            + (f"Did you mean {close[0]!r}?" if close else "For example: --method umap:n_neighbors=5..100")
        )
    facts = methods.METHODS[method]
    given: dict[str, str] = {}
    for part in filter(None, rest.split(",")):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise AtlasError(
                f"--method {text}: {part!r} says nothing; expected NAME=VALUES such as n_neighbors=5..100 or "
                "min_dist=0/0.1/0.5, with commas between them."
            )
        given[name.strip()] = value.strip()
    sources = _choices(given.pop("from", ""), facts.sources, text, "from")
    dims = [int(value) for value in _choices(given.pop("dims", "2"), ("2", "3"), text, "dims")]
    engines = _choices(given.pop("engine", "atlas"), facts.engines, text, "engine")
    for name in given:
        if name not in facts.parameters:
            known = ", ".join([*facts.parameters, "from", "dims", "engine"])
            raise AtlasError(f"--method {text}: {method} has no {name!r}; expected one of {known}.")
    axes = []
    for name, parameter in facts.parameters.items():
        if name in given:
            axes.append(_axis(name, parameter, given[name], where=f"--method {text}: {name}"))
        elif parameter.in_key == "when set" and parameter.usual is None:
            continue  # the default, of which no key speaks
        elif given or parameter.usual is None:
            axes.append(Axis(name, parameter.integer, (parameter.default,)))
        else:
            axes.append(Axis(name, parameter.integer, low=parameter.usual[0], high=parameter.usual[1]))
    for source, dim, engine in itertools.product(sources, dims, engines):
        yield Branch(method, source, dim, engine, tuple(axes))  # type: ignore[arg-type]


def _choices(given: str, known: Sequence[str], text: str, name: str) -> list[str]:
    chosen = given.split("/") if given else list(known)
    for one in chosen:
        if one not in known:
            raise AtlasError(f"--method {text}: {name} is {one!r}; expected {' or '.join(known)}.")
    return chosen


def _axis(name: str, parameter: methods.Parameter, text: str, *, where: str) -> Axis:
    """The values in ``5..100``, ``0/0.1/0.5`` or (for k and dim) ``10,15,30``."""
    kind = "whole numbers" if parameter.integer else "numbers"
    limits = f"{kind} from {parameter.minimum:g} to {parameter.maximum:g}"
    parts = text.split("..") if ".." in text else re.split("[/,]", text)
    try:
        numbers = [int(part) if parameter.integer else float(part) for part in parts]
    except ValueError:
        numbers = []
    in_range = all(parameter.minimum <= n <= parameter.maximum and math.isfinite(n) for n in numbers)
    if not numbers or not in_range or (".." in text and (len(numbers) != 2 or numbers[0] > numbers[1])):
        example = f"{parameter.default:g}..{min(parameter.maximum, 4 * (parameter.default or 1)):g}"
        raise AtlasError(f"{where} is {text!r}; expected {limits}: a range such as {example}, a list, or one of them.")
    if ".." in text and numbers[0] < numbers[1]:
        return Axis(name, parameter.integer, low=numbers[0], high=numbers[1])
    return Axis(name, parameter.integer, tuple(dict.fromkeys(numbers)))


def _nearest(axis: Axis, value: int | float) -> int | float:
    if axis.values:
        return min(axis.values, key=lambda one: abs(one - value))
    return type(value)(min(max(value, axis.low), axis.high))


def _point(branch: Branch, k: int, d: int | float | None, values: Sequence[int | float]) -> ProjectionPoint:
    graph = GraphPoint(k)
    embedding = None if d is None else EmbeddingPoint(graph, int(d))
    named = dict(zip((axis.name for axis in branch.axes), values, strict=True))
    parameters = tuple(methods.METHODS[branch.method].written(named).items())
    return ProjectionPoint(graph, embedding, branch.method, parameters, branch.dims, branch.engine)
