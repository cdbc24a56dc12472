"""What a sweep was asked for, and what of it was done: the same request goes on where it was interrupted."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args

from atlas_assets.errors import AtlasError
from atlas_assets.plan.search_space import STEPS
from atlas_assets.spec import time_spans
from atlas_assets.store.artifacts import ArtifactStore, recipe_hash

Search = Literal["smart", "random", "grid"]
SEARCHES: tuple[Search, ...] = get_args(Search)
FOLDER = ".sweeps"  # of an atlas's folder in the store
DEFAULT_POINTS = 20  # of a search that could go on without end


@dataclass(frozen=True)
class Budget:
    """What a sweep may spend: so many points, or so many seconds by the clock; of a grid, neither is no limit."""

    points: int | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str | None, search: Search) -> Budget:
        """``20`` is points, ``10m`` a time. Raises AtlasError for anything else."""
        if not text:
            return cls() if search == "grid" else cls(points=DEFAULT_POINTS)
        if text.isdigit() and int(text) > 0:
            return cls(points=int(text))
        seconds = time_spans.seconds_of(re.sub(r"(?<=\d)m$", "min", text.strip()))
        if not seconds:
            raise AtlasError(
                f"--budget is {text!r}; expected a number of points such as 20, or a time such as 90s, 10m or 2h."
            )
        return cls(seconds=seconds)


@dataclass(frozen=True)
class Request:
    """One sweep in the words of its user (``search_space``): equal requests are one sweep. named: what to call it."""

    search: Search = "smart"
    methods: tuple[str, ...] = ()
    k: str | None = None
    dim: str | None = None
    budget: Budget = field(default_factory=lambda: Budget(points=DEFAULT_POINTS))
    steps: int = STEPS
    seed: int = 0
    named: str = ""

    def __post_init__(self) -> None:
        if self.search not in SEARCHES:
            raise AtlasError(f"--search is {self.search!r}; expected one of {', '.join(SEARCHES)}.")

    def as_record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> Self:
        """What ``as_record`` made JSON of."""
        budget = Budget(**record["budget"])
        return cls(**record | {"methods": tuple(record["methods"]), "budget": budget})

    @property
    def identity(self) -> str:
        return recipe_hash(**asdict(self))

    def __str__(self) -> str:
        """Why a point is in points.yaml."""
        return self.named or (self.search if self.search == "grid" else f"{self.search}, seed {self.seed}")


@dataclass
class Record:
    """What a sweep has chosen and spent, kept in the store. keys: of its points, in their order.

    since: when its clock was started (seconds since 1970); None while it stands still.
    """

    place: tuple[str, ...]
    store: ArtifactStore
    keys: list[str]
    seconds: float = 0.0
    since: float | None = None

    @classmethod
    def of(cls, atlas: str, request: Request, store: ArtifactStore) -> Record:
        """Of an earlier session of the same sweep, or empty."""
        place = (atlas, FOLDER, f"{request.identity}.json")
        known = store.read_record(*place)
        return cls(place, store, **known) if known else cls(place, store, [])

    def save(self) -> None:
        known = {"keys": self.keys, "seconds": round(self.seconds, 1), "since": self.since}
        self.store.write_record(known, *self.place)
