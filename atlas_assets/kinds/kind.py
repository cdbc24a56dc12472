"""What a kind of source says of itself, and what it needs to know of the rows that it reads.

Read by the spec, which must load fast: at module level, files of this package import nothing but each other, pydantic
and the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Protocol
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

if TYPE_CHECKING:
    from atlas_assets.sources.forms.form import Options
    from atlas_assets.sources.listing import Listed
    from atlas_assets.sources.memory import Memory
    from atlas_assets.spec.atlas import AtlasSpec
    from atlas_assets.stages.artifact import Artifact, Progress
    from atlas_assets.stages.relation.neighbours import Neighbours


def _as_list(value: Any) -> Any:
    return [value] if value is not None and not isinstance(value, list) else value


Paths = Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1)]
"""What is written below most kinds: files, globs, folders or URLs; one may stand alone."""


class Index(Protocol):
    """Builds ``entity_index`` from the canonical tables in a folder, by the spec's filter.

    previous: ids of an earlier index in its order, None without one.
    """

    def __call__(self, raw: Path, spec: AtlasSpec, *, previous: Any, progress: Progress) -> Artifact: ...


class Count(Protocol):
    """Builds ``neighbours`` from the ``entity_index`` in a folder: at least n_neighbors of each entity.

    spare: how many more may be listed, where that saves work later. memory: bytes for what is counted at a time.
    Returns the lists, and notes on how pairs were weighed (None where they are not).
    """

    def __call__(
        self, index: Path, spec: AtlasSpec, *, n_neighbors: int, spare: int, memory: int, progress: Progress
    ) -> tuple[Neighbours, Sequence[str] | None]: ...


@dataclass(frozen=True)
class Relation:
    """How entities are related by the rows of a source, and what follows from that.

    name: ``raw_<name>`` is the stage of its canonical tables. rows: the file of these that holds the relation, empty
    where there is none. index, count: see the protocols. similarities: the names that ``relation.similarity`` may have,
    the default first; none where rows have a metric instead. company: entities are held by collections, so that weights
    of pairs, co-occurrences and held-out collections make sense. near: of which entities visitors read that they lie
    close together, {} for the plural of what holds them. held: singular and plural of what an entity has many of, where
    the spec does not say. top: which entities ``filter.top`` keeps, empty where it keeps none.
    """

    name: str
    rows: str
    index: Index
    count: Count
    similarities: Callable[[], Sequence[str]]
    company: bool
    near: str
    held: tuple[str, str] | None = None
    top: str = ""


@dataclass(frozen=True)
class Reading:
    """How a source is to be read: the rest of ``source`` in the spec in plain types, and what helps.

    Relative paths start at ``base``; ``cache`` is a folder for what can be computed again; ``memory`` is what an
    earlier reading has left (``sources.memory``); ``form`` says how files are to be opened.
    """

    base: Path
    columns: Mapping[str, Any]
    entities: Sequence[str] | None
    entity_columns: Mapping[str, str]
    fields: Mapping[str, Mapping[str, Any]] | None
    cache: Path
    memory: Memory
    progress: Progress
    form: Options | None = None

    def of_files(self) -> dict[str, Any]:
        """The options that all readers in ``sources.files`` take."""
        names = ("columns", "entities", "entity_columns", "fields", "base", "progress")
        return {name: getattr(self, name) for name in names} | {"options": self.form}


def files_of(pattern: str, options: Any, base: Path) -> list[Listed]:
    """The files of a path, a glob, a folder or a URL."""
    from atlas_assets.sources.listing import list_files

    return list_files(pattern, base=base)


def last_parts(paths: Iterable[str]) -> list[str]:
    """Of paths or URLs: what lies before may say more than should be known."""
    return [PurePosixPath(urlsplit(path).path if "://" in path else path).name for path in paths]


@dataclass(frozen=True)
class SourceKind:
    """A kind of source: what is written below its name in ``source``, and how that becomes canonical tables.

    about: one sentence for people. options: the type of what is written there, for pydantic. read: writes the tables
    (``sources.canonical``) of its relation into a folder and returns the report ``{rows, files, notes}``; it raises
    DataError on bad input. patterns: what to look at to see whether the source has changed; listed: the files of one of
    these, DataError where there is none. columns: which of value, timestamp, weight and distance its rows may have.
    tables: whether ``entities``, ``columns``, ``entity_columns`` and ``fields`` may be given beside it; needs_table:
    whether ``entities`` must be. watched: whether Dagster looks at it by itself. told: what of the options whoever
    receives a map may know, in plain types.
    code_version: raised when the same source gives other tables.
    """

    name: str
    about: str
    relation: Relation
    read: Callable[[Path, Any, Reading], dict[str, Any]]
    options: Any = Paths
    patterns: Callable[[Any], Iterable[str]] = tuple
    listed: Callable[[str, Any, Path], list[Listed]] = files_of
    columns: tuple[str, ...] = ()
    tables: bool = True
    needs_table: bool = False
    watched: bool = True
    told: Callable[[Any], Any] = last_parts
    code_version: str = ""
