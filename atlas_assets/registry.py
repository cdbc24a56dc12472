"""What can be added to Atlas: everything of one sort by name, Atlas's own and that of installed packages.

A package adds to a registry by an entry point, which every process that imports Atlas finds: the command line,
Dagster's webserver and daemon, workers elsewhere. In its ``pyproject.toml``::

    [project.entry-points."atlas.similarities"]
    overlap = "my_maps:OVERLAP"

They are loaded at the first look into the registry, not on import, so that a package may be imported before Atlas is.
docs/extending.md shows one of each sort.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, MutableMapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, Protocol, TypeVar

from atlas_assets.errors import AtlasError


class Named(Protocol):
    """What every declaration has."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Registry(MutableMapping[str, T], Generic[T]):
    """Declarations by name: Atlas's own first, in their order, then those of the entry points of ``group``.

    sort: the class of a declaration. Looking into it raises AtlasError where an entry point cannot be loaded, is
    something else, or has a name that is taken.
    """

    def __init__(self, group: str, sort: type[T], own: Iterable[T]) -> None:
        self.group, self.sort, self.own = group, sort, {one.name: one for one in own}
        self._known = dict(self.own)
        self._complete = False

    @property
    def added(self) -> dict[str, T]:
        """What is not Atlas's own."""
        return {name: one for name, one in self.items() if name not in self.own}

    def __getitem__(self, name: str) -> T:
        return self._all()[name]

    def __setitem__(self, name: str, one: T) -> None:
        self._all()[name] = one

    def __delitem__(self, name: str) -> None:
        del self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, T]:
        if not self._complete:
            known = dict(self._known)
            for point in sorted(_installed().select(group=self.group)):
                one = self._loaded(point)
                if one.name in known:
                    raise AtlasError(f"{_origin(point)} is called {one.name!r}, and there is one of that name already.")
                known[one.name] = one
            self._known, self._complete = known, True
        return self._known

    def _loaded(self, point: EntryPoint) -> T:
        try:
            one: Any = point.load()
        except Exception as error:
            raise AtlasError(
                f"{_origin(point)} cannot be loaded ({type(error).__name__}: {error}). Mend or uninstall it."
            ) from error
        if not isinstance(one, self.sort):
            raise AtlasError(f"{_origin(point)} is a {type(one).__name__}; expected a {self.sort.__name__}.")
        return one


@functools.cache
def _installed() -> Any:  # EntryPoints; in Python 3.11 another class with the same select
    """Of all packages; looking them up costs some hundredths of a second, so once is enough."""
    return entry_points()


def _origin(point: EntryPoint) -> str:
    package = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
    return f"The entry point {point.name} = {point.value!r} in {point.group}{package}"
