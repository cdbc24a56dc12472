"""The smart search: which points of a sweep to make next, judged by those that are made.

A Gaussian process over methods, what they lay out, and their parameters says what every candidate may come to; the one
with most expected improvement for its price comes next (Jones et al. 1998; per second: Snoek et al. 2012). What two
points have in common is a sum of four parts, so that a few points already tell about methods, about graphs and
embeddings, and about parameters apart. Pure; it makes no maps and knows no files.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.special import ndtr

from atlas_assets import methods
from atlas_assets.plan.search_space import Space
from atlas_assets.spec.sweep import ProjectionPoint

CANDIDATES = 600  # drawn anew for every choice
NEARBY = 60  # of these, as many are the best point with one parameter changed
PARTS = 4  # of the covariance: method, method and source, graph and embedding, parameters
PRIOR_DEVIATION = 1.0  # of the logarithms of all scales: a few points shall not make the process sure of anything
NOISE = 0.05  # share of the variance that is no property of a point: another seed, the sample of collections
TOO_CLOSE = 0.15  # for two points of one round: in logarithms of k and dimensions, and shares of the usual ranges
PRICE = 0.5  # exponent of the seconds where points are counted: cheap ones first, but not at any price


@dataclass(frozen=True)
class Measured:
    """A point that is made, and its figure; more is better. None: it failed."""

    point: ProjectionPoint
    value: float | None


def choose(
    space: Space,
    measured: Sequence[Measured],
    n: int,
    *,
    seconds: Callable[[ProjectionPoint], float],
    seed: int,
    per_second: bool,
    without: Mapping[str, object] | None = None,
) -> list[ProjectionPoint]:
    """The next ``n`` points (fewer where the space has no more): first a usual one of every method, then the promising.

    seconds: what a point would take, with all that it is made from and that is not there yet. per_second: the budget is
    one of time. without: keys of points that are not to be chosen. The same arguments give the same points.
    """
    generator = random.Random(f"{seed} {len(measured)}")
    taken = {m.point.key for m in measured} | set(without or ())
    chosen = [point for point in _beginnings(space, measured) if point.key not in taken][:n]
    taken |= {point.key for point in chosen}
    believed = list(measured)
    while len(chosen) < n:
        candidates = _candidates(space, believed, taken, generator)
        if not candidates:
            break
        price = np.array([max(seconds(point), 1e-3) for point in candidates]) ** (1.0 if per_second else PRICE)
        mean, gain = expected_improvement(believed, candidates)
        best = int(np.argmax(np.where(_alike(candidates, chosen), 0.0, gain) / price))
        chosen.append(candidates[best])
        taken.add(candidates[best].key)
        believed.append(Measured(candidates[best], float(mean[best])))  # until it is made (Ginsbourger et al. 2010)
    return chosen


def _alike(candidates: Sequence[ProjectionPoint], chosen: Sequence[ProjectionPoint]) -> np.ndarray:
    """Which candidates would say little beside those that are made at the same time."""
    if not chosen:
        return np.zeros(len(candidates), bool)
    same_method, same_source, made_from, parameters = _parts(candidates, chosen)
    close = (same_method * same_source > 0) & (made_from + parameters < TOO_CLOSE**2)
    return np.any(close, axis=1)


def expected_improvement(
    measured: Sequence[Measured], candidates: Sequence[ProjectionPoint]
) -> tuple[np.ndarray, np.ndarray]:
    """(mean, expected improvement on the best of as many dimensions) of each candidate."""
    values = _values(measured)
    if not len(values):
        return np.zeros(len(candidates)), np.ones(len(candidates))
    centre, scale = values.mean(), values.std() or 1.0
    points = [m.point for m in measured]
    mean, deviation = _predict(points, (values - centre) / scale, candidates)
    mean, deviation = mean * scale + centre, deviation * scale
    best = {
        dims: max(v for v, p in zip(values, points, strict=True) if p.dims == dims) for dims in {p.dims for p in points}
    }
    beaten = np.array([best.get(point.dims, centre) for point in candidates])
    z = (mean - beaten) / deviation
    return mean, deviation * (z * ndtr(z) + np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi))


def _values(measured: Sequence[Measured]) -> np.ndarray:
    """A point that failed counts as the worst that did not."""
    known = [m.value for m in measured if m.value is not None]
    worst = min(known, default=0.0)
    return np.array([worst if m.value is None else m.value for m in measured])


def _beginnings(space: Space, measured: Sequence[Measured]) -> list[ProjectionPoint]:
    """A usual point of every method that none was made of, their sources in turn."""
    known = {(m.point.method, m.point.engine, m.point.dims) for m in measured}
    branches: dict[tuple[str, str, int], list] = {}
    for branch in space.branches:
        branches.setdefault((branch.method, branch.engine, branch.dims), []).append(branch)
    fresh = [listed for kind, listed in branches.items() if kind not in known]
    return [space.centre(listed[number % len(listed)]) for number, listed in enumerate(fresh)]


def _candidates(
    space: Space, measured: Sequence[Measured], taken: set[str], generator: random.Random
) -> list[ProjectionPoint]:
    found: dict[str, ProjectionPoint] = {}
    known = [m for m in measured if m.value is not None]
    if known:
        best = max(known, key=lambda m: m.value or 0.0).point
        for _ in range(NEARBY):
            point = space.beside(best, generator)
            if point is not None:
                found.setdefault(point.key, point)
    for _ in range(CANDIDATES):
        point = space.draw(generator)
        found.setdefault(point.key, point)
    return [point for key, point in found.items() if key not in taken]


def _predict(
    points: Sequence[ProjectionPoint], values: np.ndarray, candidates: Sequence[ProjectionPoint]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each candidate under the process that explains the values best."""
    among = _parts(points, points)
    logs = _fit(among, values)
    matrix = _covariance(among, logs) + NOISE * np.eye(len(points))
    across = _covariance(_parts(candidates, points), logs)
    factor = cho_factor(matrix, lower=True)
    mean = across @ cho_solve(factor, values)
    prior = float(np.exp(logs[:PARTS]).sum())
    variance = prior - np.einsum("ij,ji->i", across, cho_solve(factor, across.T))
    return mean, np.sqrt(np.maximum(variance, 1e-9))


def _fit(parts: Sequence[np.ndarray], values: np.ndarray) -> np.ndarray:
    """Logarithms of the parts' variances and of the two lengths: most likely under the values and the prior."""
    start = np.log([1 / PARTS] * PARTS + [0.7, 0.7])

    def loss(logs: np.ndarray) -> float:
        matrix = _covariance(parts, logs) + NOISE * np.eye(len(values))
        factor = cho_factor(matrix, lower=True)
        fitted = 0.5 * values @ cho_solve(factor, values) + np.log(np.diag(factor[0])).sum()
        return float(fitted + ((logs - start) ** 2).sum() / (2 * PRIOR_DEVIATION**2))

    return minimize(loss, start, method="L-BFGS-B", bounds=[(s - 3, s + 3) for s in start], options={"maxiter": 40}).x


def _covariance(parts: Sequence[np.ndarray], logs: np.ndarray) -> np.ndarray:
    same_method, same_source, made_from, parameters = parts
    variances, (from_length, parameter_length) = np.exp(logs[:PARTS]), np.exp(logs[PARTS:])
    return (
        variances[0] * same_method
        + variances[1] * same_method * same_source
        + variances[2] * same_source * np.exp(-made_from / (2 * from_length**2))
        + variances[3] * same_method * np.exp(-parameters / (2 * parameter_length**2))
    )


def _parts(one: Sequence[ProjectionPoint], other: Sequence[ProjectionPoint]) -> tuple[np.ndarray, ...]:
    """What pairs of points have in common: method, source (1 or 0); squared distances of inputs and of parameters."""

    def equal(what: Callable[[ProjectionPoint], object]) -> np.ndarray:
        codes: dict[object, int] = {}
        rows = [np.array([codes.setdefault(what(p), len(codes)) for p in points]) for points in (one, other)]
        return (rows[0][:, None] == rows[1]).astype(float)

    def squared(what: Callable[[ProjectionPoint], list[float]]) -> np.ndarray:
        lists = [[what(p) for p in points] for points in (one, other)]
        longest = max(len(values) for listed in lists for values in listed)
        rows = [np.array([values + [0.0] * (longest - len(values)) for values in listed]) for listed in lists]
        return ((rows[0][:, None, :] - rows[1][None, :, :]) ** 2).sum(2)

    return (
        equal(lambda p: (p.method, p.engine, p.dims)),
        equal(lambda p: p.source),
        squared(_made_from),
        squared(_parameters),
    )


def _made_from(point: ProjectionPoint) -> list[float]:
    dim = point.embedding.embedding_dim if point.embedding else 3
    return [math.log(point.graph.n_neighbors), math.log(dim)]


def _parameters(point: ProjectionPoint) -> list[float]:
    """Each parameter as a share of its usual range, by ratios where that spans some."""
    facts = methods.METHODS[point.method]
    return [_share(facts.parameters[name], value) for name, value in facts.filled(dict(point.parameters)).items()]


def _share(parameter: methods.Parameter, value: float) -> float:
    low, high = parameter.usual or (parameter.minimum, parameter.maximum)
    if low > 0:
        return math.log(max(value, 1e-6) / low) / math.log(high / low)
    return (value - low) / (high - low)
