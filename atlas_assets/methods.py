"""The projection methods: their parameters, defaults and limits, and how a point's parameters are written in a key.

A registry of plain facts that the spec, the sweep and the viewer share; the layouts themselves are in
``stages/projection.py``. The key format is frozen: it names partitions, files and links.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from atlas_assets.errors import AtlasError

Source = Literal["embedding", "graph"]
PERPLEXITY_NEIGHBOURS = 3  # neighbours per unit of perplexity: farther ones weigh next to nothing


class ParameterError(AtlasError):
    """A projection's parameter is unknown (``unknown``) or has a value it cannot have."""

    def __init__(
        self, parameter: str, found: object, expected: str, *, unknown: bool = False, choices: Iterable[str] = ()
    ) -> None:
        self.parameter, self.found, self.expected, self.unknown = parameter, found, expected, unknown
        self.choices = list(choices)
        super().__init__(f"{parameter} is {found!r}; expected {expected}.")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a method, under the method's own name. ``prefix`` stands before the value in keys.

    usual: the range in which a search looks for good maps.
    """

    prefix: str
    default: int | float
    minimum: float
    maximum: float
    integer: bool
    help: str
    usual: tuple[float, float] | None = None


@dataclass(frozen=True)
class Method:
    """A projection method. ``sources`` says what it can lay out: the embedding, the neighbour graph, or both."""

    label: str
    parameters: dict[str, Parameter]
    sources: tuple[Source, ...]


METHODS: dict[str, Method] = {
    "umap": Method(
        "UMAP",
        {
            "n_neighbors": Parameter("nn", 15, 2, 500, True, "Neighbours per point; more shows the large picture.",
                                     (5, 100)),
            "min_dist": Parameter("md", 0.1, 0.0, 1.0, False, "How close points may lie; less makes tighter clumps.",
                                  (0.0, 0.8)),
        },
        ("embedding", "graph"),
    ),
    "tsne": Method(
        "t-SNE",
        {"perplexity": Parameter("p", 30, 2, 500, False, "Roughly the neighbours that count; more blurs detail.",
                                 (5, 60))},
        ("embedding", "graph"),
    ),
    "localmap": Method(
        "LocalMAP",
        {
            "n_neighbors": Parameter("nn", 15, 2, 500, True, "Neighbours per point; more shows the large picture.",
                                     (5, 100)),
            "low_dist_thres": Parameter("ld", 10, 1, 100, False, "Strangers nearer than this part; less parts more.",
                                        (5, 20)),
        },
        ("embedding", "graph"),
    ),
    "pacmap": Method(
        "PaCMAP",
        {
            "n_neighbors": Parameter("nn", 15, 2, 500, True, "Neighbours per point; more shows the large picture.",
                                     (5, 100)),
            "MN_ratio": Parameter("mn", 0.5, 0.0, 10.0, False, "Mid-near pairs per neighbour; they make the shape.",
                                  (0.1, 2.0)),
            "FP_ratio": Parameter("fp", 2.0, 0.5, 20.0, False, "Farther pairs per neighbour: they spread the map.",
                                  (0.5, 5.0)),
        },
        ("embedding", "graph"),
    ),
    "pca": Method("PCA", {}, ("embedding",)),
    "mde": Method("MDE", {}, ("embedding",)),
}  # fmt: skip


def check(method: str, parameters: dict[str, Any], *, source: Source, dims: int) -> dict[str, list[int | float]]:
    """The values of every parameter as a list (defaults filled in, single values wrapped). Raises ParameterError."""
    if method not in METHODS:
        raise ParameterError("method", method, f"one of {', '.join(METHODS)}", choices=METHODS)
    facts = METHODS[method]
    if source not in facts.sources:
        raise ParameterError("from", source, f"'embedding': {method} cannot lay out a graph", choices=facts.sources)
    if dims not in (2, 3):
        raise ParameterError("dims", dims, "2 or 3", choices=("2", "3"))
    for name in parameters:
        if name not in facts.parameters:
            known = ", ".join(facts.parameters) or "no parameters"
            raise ParameterError(
                name, parameters[name], f"{method} to have {known}", unknown=True, choices=facts.parameters
            )
    values: dict[str, list[int | float]] = {}
    for name, parameter in facts.parameters.items():
        given = parameters.get(name, parameter.default)
        values[name] = [_value(name, parameter, one) for one in (given if isinstance(given, list) else [given])]
        if not values[name]:
            raise ParameterError(name, given, "at least one value")
    return values


def neighbors_wanted(method: str, parameters: dict[str, int | float]) -> int:
    """How many neighbours per entity this projection takes; 0 where it takes none."""
    if "n_neighbors" in parameters:
        return int(parameters["n_neighbors"])
    return round(PERPLEXITY_NEIGHBOURS * parameters["perplexity"]) if "perplexity" in parameters else 0


def key(method: str, parameters: dict[str, int | float], *, dims: int) -> str:
    """The part of a partition key that names this projection: ``umap-nn30-md0.1``, ``tsne-p30-3d``."""
    parts = [method, *(f"{METHODS[method].parameters[name].prefix}{value:g}" for name, value in parameters.items())]
    return "-".join(parts + (["3d"] if dims == 3 else []))


def name(method: str, parameters: dict[str, int | float], *, source: Source, dims: int) -> str:
    """How people read the same thing: ``UMAP, n_neighbors 30, min_dist 0.1, 3-D``."""
    parts = [METHODS[method].label, *(f"{parameter} {value:g}" for parameter, value in parameters.items())]
    if source == "graph":
        parts.append("from the graph")
    return ", ".join(parts + (["3-D"] if dims == 3 else []))


def _value(name: str, parameter: Parameter, value: Any) -> int | float:
    kind = "an integer" if parameter.integer else "a number"
    expected = f"{kind} from {parameter.minimum:g} to {parameter.maximum:g}"
    if isinstance(value, bool) or not isinstance(value, int if parameter.integer else (int, float)):
        raise ParameterError(name, value, expected)
    if not parameter.minimum <= value <= parameter.maximum:
        raise ParameterError(name, value, expected)
    return value
