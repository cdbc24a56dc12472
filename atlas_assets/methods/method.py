"""What a projection method says of itself: one ``Method``, at the end of the file that has its name.

Read by the spec, the sweep, the search, the pages and the viewer, most of which must start fast: at module level, files
of this package import nothing but each other and the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from atlas_assets.errors import AtlasError

if TYPE_CHECKING:
    import numpy as np

Source = Literal["embedding", "graph"]
Engine = Literal["atlas", "library"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
Values = Mapping[str, Any]
"""Values of a method's parameters, by name."""

LayOut = Callable[..., "np.ndarray"]
"""``lay_out(inputs: LayoutInputs, start, *, warm, seed, progress: Progress, **parameters)``: positions (m, dims).

start (m, dims) float32: positions to begin from. warm: 0 from scratch; above, start is an earlier map, and this share
of a warm start's steps is enough. parameters: all of the method's. Orientation and size of the result are left as they
come; ``stages.projection`` aligns it. Nothing given is modified.
"""


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

    words: what a visitor reads, with the value in the place of ``{}``. usual: the range in which a search looks for
    good maps; None: it keeps the default. in_key: a parameter that a method did not always have is written only where
    it is not the default ("when set"), since keys name files and links that are there already. instead_of: where this
    one is set, that parameter says nothing, is not written either, and may not be given. source: the only one that it
    makes sense for.
    """

    prefix: str
    default: int | float
    minimum: float
    maximum: float
    integer: bool
    help: str
    words: str = ""
    usual: tuple[float, float] | None = None
    in_key: Literal["always", "when set"] = "always"
    instead_of: str = ""
    source: Source | None = None

    @property
    def expected(self) -> str:
        """``an integer from 2 to 500``."""
        return f"{'an integer' if self.integer else 'a number'} from {self.minimum:g} to {self.maximum:g}"

    def checked(self, name: str, value: Any) -> int | float:
        """The value. Raises ParameterError."""
        if isinstance(value, bool) or not isinstance(value, int if self.integer else (int, float)):
            raise ParameterError(name, value, self.expected)
        if not self.minimum <= value <= self.maximum:
            raise ParameterError(name, value, self.expected)
        return value


NEIGHBOURS = Parameter(
    "nn",
    15,
    2,
    500,
    True,
    "Neighbours per point; more shows the large picture.",
    "looks at the {} nearest",
    usual=(5, 100),
)
"""``n_neighbors``, which most methods have."""


@dataclass(frozen=True)
class Cost:
    """About how long a layout takes, in units that are good for comparisons only: one is the measuring of a map."""

    layout: float = 0.0
    per_neighbour: float = 0.0
    in_3d: float = 1.0  # times as much

    def units(self, n_neighbors: int, *, dims: int) -> float:
        return (self.layout + self.per_neighbour * n_neighbors) * (self.in_3d if dims == 3 else 1.0)


@dataclass(frozen=True)
class Library:
    """The library that lays out with ``engine: library``. distribution: its name in package registries."""

    distribution: str
    lay_out: LayOut
    cost: Cost


def none(_: Values) -> int:
    """Of a method that takes no neighbours."""
    return 0


def as_named(values: Values) -> int:
    """The neighbours of a method that calls them n_neighbors."""
    return int(values["n_neighbors"])


def as_listed(n_listed: int) -> dict[str, float]:
    """n_neighbors is at most what is listed."""
    return {"n_neighbors": n_listed}


@dataclass(frozen=True)
class Method:
    """A projection method. sources: what it can lay out, the embedding, the neighbour graph, or both.

    about: one sentence for visitors, who call its maps by the nickname. neighbors: how many neighbours per entity it
    takes at these values. limits: the most that parameters may be where so many are listed. stuck: a warm start that
    has far to go stays in the earlier map, see ``stages.projection``. given: its positions come with the data, so
    nobody asks for it. code_version: of one that is not Atlas's own, raised when the same input gives other maps.
    """

    name: str
    label: str
    about: str
    parameters: dict[str, Parameter]
    sources: tuple[Source, ...]
    lay_out: LayOut
    library: Library | None = None
    neighbors: Callable[[Values], int] = none
    limits: Callable[[int], dict[str, float]] = lambda _: {}
    cost: Cost = Cost()
    stuck: bool = False
    given: bool = False
    code_version: str = ""
    nickname: str = ""

    @property
    def engines(self) -> tuple[Engine, ...]:
        """By what it can be laid out."""
        return ENGINES if self.library else ENGINES[:1]

    def filled(self, values: Values) -> dict[str, Any]:
        """These values, the defaults where they have none, in the order of the parameters."""
        return {name: values.get(name, parameter.default) for name, parameter in self.parameters.items()}

    def written(self, values: Values) -> dict[str, Any]:
        """What of these values is written in keys, names and files: not what says nothing new."""
        known = {name: parameter for name, parameter in self.parameters.items() if name in values}
        changed = {name for name, parameter in known.items() if values[name] != parameter.default}
        replaced = {known[name].instead_of for name in changed}
        return {
            name: values[name]
            for name, parameter in known.items()
            if name not in replaced and (parameter.in_key == "always" or name in changed)
        }
