"""What a user writes about one atlas: the ``attributes`` of its ``defs.yaml``. Read by ``loading``."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import InitErrorDetails

from atlas_assets import methods
from atlas_assets.fields import FIELD_TYPES
from atlas_assets.kinds import SOURCES, Paths, Relation, SourceKind
from atlas_assets.spec.display import DisplaySpec
from atlas_assets.spec.model import Model, mistake, nearest
from atlas_assets.spec.refresh import Owner, RefreshSpec, RetentionSpec
from atlas_assets.spec.regions import RegionsSpec
from atlas_assets.spec.relation import RelationSpec

COMPONENT_TYPE = "atlas_assets.components.Atlas"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
# Names that Dagster's asset keys, Atlas's own assets or the storage folder already use.
RESERVED_NAMES = frozenset({"viewer", "site", "config", "context", "input", "output", "type"})


class Columns(Model):
    """Which columns of the relation's files hold what. Only those of the source's kind may be given."""

    collection: str | None = Field(None, description="Who or what holds the entities: user, deck, playlist, file.")
    entity: str | None = Field(None, description="What is put on the map: book, card, track, function.")
    value: str | None = Field(None, description="How strongly: rating, copies, plays. Used by filter.min_value.")
    timestamp: str | None = Field(None, description="When: unix seconds or milliseconds, or ISO dates.")
    weight: str | None = Field(None, description="Weight of the row or edge; 1 where it is not given.")
    distance: str | None = Field(None, description="Of two ends, in place of a weight: 0 is the same place.")
    source: str | None = Field(None, description="One end of an edge.")
    target: str | None = Field(None, description="The other end of an edge.")
    id: str | None = Field(None, description="Entity id beside a vector.")
    vector: str | list[str] | None = Field(None, description="List column with the vector, or several numeric columns.")


class EntityColumns(Model):
    """Which columns of the entity table identify and name an entity."""

    id: str | None = Field(None, description="Same ids as in the relation's files.")
    label: str | None = Field(None, description="The text shown on the map. Default: the id.")


def _known_type(name: str) -> str:
    if name not in FIELD_TYPES:
        raise mistake(name, expected=f"one of {', '.join(FIELD_TYPES)}", remedy=nearest(name, FIELD_TYPES))
    return name


def _by_text(words: Any) -> Any:
    """Keys as they are in files: YAML reads 1 as a number, and true as no text."""
    if not isinstance(words, dict):
        return words
    return {str(key).lower() if isinstance(key, bool) else str(key): word for key, word in words.items()}


class FieldSpec(Model):
    """One metadata field of the entities."""

    type: Annotated[str, AfterValidator(_known_type)]
    label: str | None = Field(None, description="Name shown to visitors. Default: the column's name.")
    unit: str | None = Field(None, description="Shown after numbers, for example 'pages'.")
    words: Annotated[dict[str, str], BeforeValidator(_by_text)] | None = Field(
        None, description="What visitors read instead of values: {W: white}. Categories and lists only."
    )

    @model_validator(mode="after")
    def _words_of_texts(self) -> FieldSpec:
        if self.words and FIELD_TYPES[self.type].column not in ("codes", "lists"):
            raise mistake(
                self.type,
                expected="type: category or list, since words are given for its values",
                remedy="Change the type, or delete words.",
                below="type",
            )
        return self


def _describe_kinds(schema: dict[str, Any]) -> None:
    for kind in SOURCES.values():
        own = TypeAdapter(kind.options).json_schema()
        schema["properties"][kind.name] = _inlined(own, own.pop("$defs", {})) | {"description": kind.about}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """A schema with its definitions where they are used: those of a kind are not among those of the spec."""
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(named := schema.get("$ref"), str):
        return _inlined(definitions[named.removeprefix("#/$defs/")], definitions)
    return {key: _inlined(one, definitions) for key, one in schema.items()}


class SourceSpec(Model):
    """Where the data comes from: one of the kinds of source (``kinds``), and tables beside it."""

    # The key of the kind, with whatever that takes, is checked by the kind.
    model_config = ConfigDict(extra="allow", frozen=True, json_schema_extra=_describe_kinds)

    entities: Paths | None = Field(None, description="Table with one row per entity: id, label and metadata.")
    entity: Literal["entity", "collection"] = Field(
        "entity", description="What is put on the map; collection: the decks or readers themselves, by what they hold."
    )
    members: Paths | None = Field(
        None, description="With entity: collection, a table of what collections hold, for its labels."
    )
    form: str | None = Field(
        None, description="Of the relation's files, where their first bytes do not say it: see docs/files.md; or table."
    )
    query: str | None = Field(None, description="What to ask a database for the relation's rows: SELECT …")
    separator: str | None = Field(
        None,
        min_length=1,
        description="Where a cell of columns.entity holds several entities: the sign between them, or [] for lists.",
    )
    trust: bool = Field(False, description="Read pickles, which run whatever code their writer put there.")
    coordinates: list[str] | None = Field(
        None,
        min_length=2,
        max_length=3,
        description="Columns of the entities that are a map already: x, y, maybe z.",
    )
    columns: Columns = Columns()  # type: ignore[call-arg]
    entity_columns: EntityColumns = EntityColumns()  # type: ignore[call-arg]
    fields: dict[str, FieldSpec] | None = Field(
        None, description="Metadata to keep. Default: every column, typed by a sample."
    )

    @property
    def kind(self) -> SourceKind:
        """What is known of the kind of source."""
        return SOURCES[self._key]

    @property
    def options(self) -> Any:
        """What is written below the key of the kind, as it declares that."""
        return (self.__pydantic_extra__ or {})[self._key]

    @property
    def _key(self) -> str:
        return next(iter(self.__pydantic_extra__ or {}))

    def may_have(self, column: str) -> bool:
        """Whether the rows may come with it: named here, or left to be guessed when the files are read."""
        named, guessed = self.columns, not (self.columns.collection and self.columns.entity)
        return column in self.kind.columns and (guessed or getattr(named, column) is not None)

    @classmethod
    def more_keys(cls) -> list[str]:
        """The keys that are known beside the fields."""
        return list(SOURCES)

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        own = {key: one for key, one in value.items() if key in cls.model_fields}
        others = {key: one for key, one in value.items() if key not in own}
        if unknown := [key for key in others if key not in SOURCES]:
            problems = [InitErrorDetails(type="extra_forbidden", loc=(key,), input=others[key]) for key in unknown]
            raise ValidationError.from_exception_data(cls.__name__, problems)
        given = [key for key, one in others.items() if one is not None]
        if len(given) != 1:
            *names, last = SOURCES
            found = " and ".join(given) if given else "none of them"
            raise ValueError(f"exactly one of {', '.join(names)} or {last} (found {found})")
        [key] = given
        wanted: dict[str, Any] = {key: (SOURCES[key].options, ...)}
        checked = create_model(cls.__name__, **wanted)  # its mistakes say where they are
        return own | {key: getattr(checked.model_validate({key: others[key]}), key)}


class FilterSpec(Model):
    """What is left out before anything is computed; every rule reports how much it removed."""

    min_collections: int = Field(
        3, ge=1, description="Entities in fewer collections are dropped; raise it against noise."
    )
    min_collection_size: int = Field(2, ge=1, description="Smaller collections say nothing about company.")
    max_collection_size: int | None = Field(
        1000, ge=2, description="Cost grows with the square of the size; null = no limit."
    )
    larger: Literal["sample", "drop", "keep"] = Field("sample", description="What to do with larger collections.")
    min_value: float | None = Field(None, description="Rows with a smaller value are dropped.")
    min_degree: int = Field(1, ge=1, description="Edges only: entities with fewer edges are dropped.")
    top: int | None = Field(
        None, ge=2, description="Keep this many entities: of edges the best-connected, of vectors a fixed sample."
    )
    keep: list[str | int] | None = Field(None, description="Keep only these entities (ids or labels).")
    drop: list[str | int] | None = Field(None, description="Drop these entities (ids or labels).")
    deduplicate: bool = Field(True, description="Count an entity once per collection; false adds repeated rows up.")


class EdgesSpec(Model):
    """How edges are counted. Only where the source holds edges."""

    repeats: Literal["strongest", "sum"] = Field(
        "strongest",
        description="Of rows with the same source and target: the strongest stays, or their weights are added up.",
    )


Penalty = str | dict[str, str | float]


class EmbeddingSpec(Model):
    """PyMDE's problem; the same for every point of the sweep."""

    repulsive_ratio: float | None = Field(
        None, gt=0, description="Weight of all repulsion per attractive edge; more spreads the map. Default 6."
    )
    repulsive_pairs: int | None = Field(
        None, ge=1, description="Random pairs per entity that the repulsion is sampled by; more is better and slower."
    )
    attractive_penalty: Penalty | None = Field(
        None, description="A pymde penalty, such as log1p, cubic; with parameters {name: power, exponent: 2}."
    )
    repulsive_penalty: Penalty | None = Field(None, description="A pymde penalty, such as log, logratio, invpower.")
    constraint: Literal["centered", "standardized", "anchored"] | None = Field(
        None, description="PyMDE's constraint on positions; anchored: entities of the previous map stay in place."
    )
    resample: int | None = Field(None, ge=0, description="New random pairs every so many iterations; 0: never.")
    init: Literal["spectral", "random"] = Field("spectral", description="Positions to start from.")
    max_iterations: int | None = Field(None, ge=1, description="Stop here if the residual has not converged before.")
    tolerance: float | None = Field(
        None, ge=0, description="Residual at which the embedding has converged; free of units. Default 0.05."
    )


def _int_list(value: Any) -> Any:
    return [value] if isinstance(value, int) else value


class ProjectionSpec(Model):
    """A method and its parameters; a parameter may be a list, and lists are crossed."""

    model_config = ConfigDict(extra="allow", frozen=True)  # the method's own parameters, checked by methods

    method: str
    source: Literal["embedding", "graph"] = Field(
        "embedding", alias="from", description="Lay out the embedding or the graph itself."
    )
    dims: Literal[2, 3] = 2
    engine: methods.Engine = Field(
        "atlas", description="library: laid out by the method's own library, to compare with."
    )

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.__pydantic_extra__ or {})


class PointSpec(Model):
    """One extra point of the sweep, given in full."""

    n_neighbors: int = Field(15, ge=2)
    embedding_dim: int = Field(3, ge=2, le=10)
    projection: ProjectionSpec


MOST_POINTS = 200
"""Points of a sweep that nobody is asked about."""


class SweepSpec(Model):
    """Every combination of these, plus the points listed one by one."""

    n_neighbors: Annotated[
        list[Annotated[int, Field(ge=2, le=1000)]], BeforeValidator(_int_list), Field(min_length=1)
    ] = Field([15])
    embedding_dim: Annotated[
        list[Annotated[int, Field(ge=2, le=10)]], BeforeValidator(_int_list), Field(min_length=1)
    ] = Field([3])
    projections: list[ProjectionSpec] = Field(
        default_factory=lambda: [ProjectionSpec.model_validate(one) for one in methods.UNSAID]
    )
    points: list[PointSpec] = Field([])
    found: list[PointSpec] = Field(
        [], description="Those of points.yaml beside the defs.yaml, which `atlas sweep` adds."
    )
    max_points: int = Field(
        MOST_POINTS, ge=1, description="More points written here than that are taken for a slip. Each is a map to make."
    )


class QualitySpec(Model):
    """How maps are measured."""

    holdout: float = Field(
        0.05, ge=0, le=0.5, description="Share of collections kept from the map to test it on; 0 = none."
    )


class AtlasSpec(Model):
    """One atlas: where its data comes from, what is kept, how it is related, which maps are made, how it is shown."""

    name: str | None = Field(None, description="Default: the name of the folder that holds defs.yaml.")
    title: str | None = Field(None, description="Shown on the site. Default: the name.")
    description: str = ""
    attribution: str = Field("", description="Where the data comes from and whom to thank; shown on the site.")
    licence: str | None = Field(None, description="Licence of the data; goes into the downloads.")
    source: SourceSpec
    filter: FilterSpec = FilterSpec()  # type: ignore[call-arg]
    edges: EdgesSpec = EdgesSpec()  # type: ignore[call-arg]
    relation: RelationSpec = RelationSpec()  # type: ignore[call-arg]
    embedding: EmbeddingSpec = EmbeddingSpec()  # type: ignore[call-arg]
    sweep: SweepSpec = Field(default_factory=lambda: SweepSpec())  # type: ignore[call-arg]
    quality: QualitySpec = QualitySpec()  # type: ignore[call-arg]
    display: DisplaySpec = DisplaySpec()  # type: ignore[call-arg]
    regions: RegionsSpec = RegionsSpec()  # type: ignore[call-arg]
    refresh: RefreshSpec = RefreshSpec()  # type: ignore[call-arg]
    retention: RetentionSpec = RetentionSpec()  # type: ignore[call-arg]
    owners: list[Owner] = Field([], description="Whom to ask, shown in Dagster: me@example.org, or team:maps.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed on the same data gives the same map.")

    @property
    def related(self) -> Relation:
        """How the rows of the source relate entities."""
        return self.source.kind.relation

    @property
    def kind(self) -> str:
        """The name of that: collections, edges, vectors."""
        return self.related.name

    @property
    def similarity(self) -> str:
        """The name of the similarity in force."""
        return self.relation.similarity or self.related.similarities()[0]

    @property
    def watched(self) -> bool:
        """Whether a sensor looks at the source; what changes all the time is read on request only."""
        return self.source.kind.watched if self.refresh.watch is None else self.refresh.watch
