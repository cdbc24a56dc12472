"""The projection methods, and how a point's parameters are written in a key.

Each method declares itself in a file of this package; MODULES lists them, installed packages add theirs (``registry``),
and everything that knows methods anywhere (specs, forms, searches, costs, the viewer's words) derives from METHODS. The
key format is frozen: it names partitions, files and links.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from atlas_assets.methods import localmap, mde, own, pacmap, pca, tsne, umap
from atlas_assets.methods.method import (
    ENGINES,
    Cost,
    Engine,
    Library,
    Method,
    Parameter,
    ParameterError,
    Source,
    Values,
)
from atlas_assets.registry import Registry

__all__ = [
    "ENGINES",
    "METHODS",
    "UNSAID",
    "WRITTEN",
    "Cost",
    "Engine",
    "Library",
    "Method",
    "Parameter",
    "ParameterError",
    "Source",
    "Values",
    "asked",
    "check",
    "key",
    "libraries",
    "limited",
    "maker",
    "name",
    "neighbors_wanted",
    "searched",
    "units",
    "words",
]

MODULES = (umap, tsne, localmap, pacmap, pca, mde, own)
METHODS = Registry("atlas.methods", Method, (module.METHOD for module in MODULES))

# The maps of an atlas whose spec says nothing about any, and those that ``atlas new`` writes, with a remark: some that
# are true in different ways, the first of which the others are turned to.
UNSAID: tuple[dict[str, Any], ...] = (
    {"method": "umap", "from": "graph"},
    {"method": "tsne", "from": "graph", "similarity_power": 1.5},
    {"method": "localmap", "from": "graph"},
    {"method": "umap"},
    {"method": "umap", "dims": 3},
)
WRITTEN: tuple[tuple[dict[str, Any], str], ...] = (
    ({"method": "tsne", "from": "graph", "similarity_power": 1.5}, "neighbours pull by similarity"),
    ({"method": "umap", "from": "graph", "n_neighbors": 15, "min_dist": 0.1}, ""),
    ({"method": "localmap", "from": "graph", "n_neighbors": 15}, "parts clusters"),
    ({"method": "umap", "n_neighbors": 50, "min_dist": 0.3}, ""),
    ({"method": "mde", "dims": 3}, ""),
)


def check(
    method: str, parameters: Values, *, source: Source, dims: int, engine: Engine = "atlas"
) -> dict[str, list[int | float]]:
    """The values of every parameter as a list (defaults filled in, single values wrapped). Raises ParameterError."""
    if method not in METHODS:
        raise ParameterError("method", method, f"one of {', '.join(asked())}", choices=asked())
    facts = METHODS[method]
    if source not in facts.sources:
        raise ParameterError("from", source, f"'embedding': {method} cannot lay out a graph", choices=facts.sources)
    if engine not in ENGINES:
        raise ParameterError("engine", engine, f"one of {', '.join(ENGINES)}", choices=ENGINES)
    if engine == "library" and facts.library is None:
        raise ParameterError("engine", engine, f"'atlas': there is no library for {method}", choices=facts.engines)
    if dims not in (2, 3):
        raise ParameterError("dims", dims, "2 or 3", choices=("2", "3"))
    for name in parameters:
        if name not in facts.parameters:
            known = ", ".join(facts.parameters) or "no parameters"
            raise ParameterError(
                name, parameters[name], f"{method} to have {known}", unknown=True, choices=facts.parameters
            )
        parameter = facts.parameters[name]
        if parameter.source not in (None, source) and parameters[name] != parameter.default:
            raise ParameterError(name, parameters[name], f"to be left out: it is only for 'from: {parameter.source}'")
        if parameter.instead_of in parameters and parameters[name] != parameter.default:
            raise ParameterError(
                name, parameters[name], f"to be given without {parameter.instead_of}, in whose place it stands"
            )
    values: dict[str, list[int | float]] = {}
    for name, given in facts.filled(parameters).items():
        values[name] = [
            facts.parameters[name].checked(name, one) for one in (given if isinstance(given, list) else [given])
        ]
        if not values[name]:
            raise ParameterError(name, given, "at least one value")
    return values


def asked() -> list[str]:
    """The methods that somebody may ask for: those that lay out."""
    return [name for name, facts in METHODS.items() if not facts.given]


def searched() -> list[str]:
    """The methods that a search tries where none is named: those that have parameters to choose."""
    return [name for name, facts in METHODS.items() if any(one.usual for one in facts.parameters.values())]


def neighbors_wanted(method: str, parameters: Values) -> int:
    """How many neighbours per entity this projection takes; 0 where it takes none."""
    facts = METHODS[method]
    return facts.neighbors(facts.filled(parameters))


def key(method: str, parameters: Values, *, dims: int, engine: Engine = "atlas") -> str:
    """The part of a partition key that names this projection: ``umap-nn30-md0.1``, ``tsne-p30-3d-library``."""
    facts = METHODS[method]
    parts = [method, *(f"{facts.parameters[one].prefix}{value:g}" for one, value in facts.written(parameters).items())]
    return "-".join(parts + (["3d"] if dims == 3 else []) + (["library"] if engine == "library" else []))


def name(method: str, parameters: Values, *, source: Source, dims: int, engine: Engine = "atlas") -> str:
    """How people read the same thing: ``UMAP, n_neighbors 30, min_dist 0.1, 3-D, by umap-learn``."""
    facts = METHODS[method]
    parts = [facts.label, *(f"{parameter} {value:g}" for parameter, value in facts.written(parameters).items())]
    if source == "graph":
        parts.append("from the graph")
    if dims == 3:
        parts.append("3-D")
    if engine == "library" and facts.library:
        parts.append(f"by {facts.library.distribution}")
    return ", ".join(parts)


def maker(method: str, engine: Engine) -> str:
    """What lays out, for tables of costs: ``umap``, or ``umap by umap-learn``."""
    library = METHODS[method].library
    return f"{method} by {library.distribution}" if engine == "library" and library else method


def libraries() -> list[str]:
    """The distributions that can lay out with ``engine: library``."""
    return sorted({facts.library.distribution for facts in METHODS.values() if facts.library}, key=str.lower)


def words(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What a site's visitors read of these methods: label, a sentence, parameters with ``{}`` for the value."""
    said: dict[str, dict[str, Any]] = {}
    for name in names:
        if (facts := METHODS.get(name)) is None:
            continue
        parameters = {one: parameter.words for one, parameter in facts.parameters.items() if parameter.words}
        said[name] = {"label": facts.label, "about": facts.about, "parameters": parameters}
        if facts.library:
            said[name]["library"] = facts.library.distribution
    return said


def limited(method: str, values: Values, n_listed: int) -> dict[str, Any]:
    """The values cut to what can be where so many neighbours are listed."""
    limits = METHODS[method].limits(n_listed)
    return {name: min(value, limits.get(name, value)) for name, value in values.items()}


def units(method: str, parameters: Values, *, dims: int, engine: Engine = "atlas") -> float:
    """About how long the layout takes, in the units of ``Cost``."""
    facts = METHODS[method]
    cost = facts.library.cost if engine == "library" and facts.library else facts.cost
    return cost.units(neighbors_wanted(method, parameters), dims=dims)
