"""What a user writes about one atlas: the ``attributes`` of its ``defs.yaml``.

:func:`load` reads a file and reports every mistake in it at once, each with the file, the field, what was found, what
would be right and what to do. Nothing here touches the data or Dagster.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
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
from atlas_assets.errors import AtlasError, Found, SpecError, raise_all
from atlas_assets.fields import FIELD_TYPES
from atlas_assets.kinds import SOURCES, Paths, Relation, SourceKind
from atlas_assets.spec import points_file, yaml_file
from atlas_assets.spec.display import DisplaySpec
from atlas_assets.spec.model import MISTAKE, Model, mistake
from atlas_assets.spec.refresh import Owner, RefreshSpec, RetentionSpec
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
        raise mistake(name, expected=f"one of {', '.join(FIELD_TYPES)}", remedy=_nearest(name, FIELD_TYPES))
    return name


class FieldSpec(Model):
    """One metadata field of the entities."""

    type: Annotated[str, AfterValidator(_known_type)]
    label: str | None = Field(None, description="Name shown to visitors. Default: the column's name.")
    unit: str | None = Field(None, description="Shown after numbers, for example 'pages'.")


def _describe_kinds(schema: dict[str, Any]) -> None:
    for kind in SOURCES.values():
        schema["properties"][kind.name] = TypeAdapter(kind.options).json_schema() | {"description": kind.about}


class SourceSpec(Model):
    """Where the data comes from: one of the kinds of source (``kinds``), and tables beside it."""

    # The key of the kind, with whatever that takes, is checked by the kind.
    model_config = ConfigDict(extra="allow", frozen=True, json_schema_extra=_describe_kinds)

    entities: Paths | None = Field(None, description="Table with one row per entity: id, label and metadata.")
    form: str | None = Field(
        None, description="Of the relation's files, where their first bytes do not say it: see docs/files.md; or table."
    )
    query: str | None = Field(None, description="What to ask a database for the relation's rows: SELECT …")
    trust: bool = Field(False, description="Read pickles, which run whatever code their writer put there.")
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
    relation: RelationSpec = RelationSpec()  # type: ignore[call-arg]
    embedding: EmbeddingSpec = EmbeddingSpec()  # type: ignore[call-arg]
    sweep: SweepSpec = Field(default_factory=lambda: SweepSpec())  # type: ignore[call-arg]
    quality: QualitySpec = QualitySpec()  # type: ignore[call-arg]
    display: DisplaySpec = DisplaySpec()  # type: ignore[call-arg]
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


def load(path: Path) -> AtlasSpec:
    """The spec in one ``defs.yaml``, its name filled in. Raises SpecError or AtlasErrors with every mistake found."""
    try:
        document = yaml_file.read(path)
    except FileNotFoundError:
        raise SpecError(
            file=path,
            field="",
            found=Found("does not exist"),
            expected="the defs.yaml of an atlas",
            remedy="Make one with: atlas new NAME --interactions FILE",
        ) from None
    attributes = document.get("attributes") if isinstance(document, dict) else None
    if not isinstance(attributes, dict):
        raise SpecError(
            file=path,
            field="attributes",
            found=Found("is missing"),
            expected="a mapping with at least 'source'",
            remedy=f"Start the file with 'type: {COMPONENT_TYPE}' and put the rest below 'attributes:'.",
        )
    return validate(attributes, file=path, found=points_file.read(points_file.beside(path)))


def validate(attributes: dict[str, Any], *, file: Path, found: Sequence[Any] = ()) -> AtlasSpec:
    """The spec in ``attributes``; ``file`` names them in messages, and its folder is the default name.

    found: the points of the points.yaml beside it, as they are written there.
    """
    try:
        spec = AtlasSpec.model_validate(attributes)
    except ValidationError as error:
        raise_all([_spec_error(problem, file) for problem in error.errors()])
        raise AssertionError("unreachable") from error
    if found:
        spec = spec.model_copy(update={"sweep": spec.sweep.model_copy(update={"found": _found_points(found, file)})})
    if spec.name is None:
        spec = spec.model_copy(update={"name": file.resolve().parent.name})
    raise_all(list(_cross_field_errors(spec, file)))
    return spec


def _found_points(found: Sequence[Any], spec_file: Path) -> list[PointSpec]:
    try:
        return TypeAdapter(list[PointSpec]).validate_python(found)
    except ValidationError as error:
        raise_all([_spec_error(problem, points_file.beside(spec_file), PointSpec) for problem in error.errors()])
        raise AssertionError("unreachable") from error


def _cross_field_errors(spec: AtlasSpec, file: Path):
    name = spec.name or ""
    if not NAME.fullmatch(name) or name in RESERVED_NAMES:
        yield SpecError(
            file=file,
            field="name",
            found=name,
            expected="lower-case letters, digits and _, starting with a letter",
            remedy="Give the atlas another name (it names files, URLs and Dagster assets).",
        )
    allowed = spec.related.similarities()
    if spec.relation.similarity is not None and not allowed:
        yield SpecError(
            file=file,
            field="relation.similarity",
            found=Found("is given, but the source holds vectors"),
            expected="relation.metric: cosine, euclidean or dot",
            remedy="Call it metric.",
        )
    elif spec.relation.similarity is not None and spec.relation.similarity not in allowed:
        yield SpecError(
            file=file,
            field="relation.similarity",
            found=spec.relation.similarity,
            expected=f"one of {', '.join(allowed)} for {spec.kind}",
            remedy=_nearest(spec.relation.similarity, allowed),
        )
    may_have = {column: spec.source.may_have(column) for column in ("value", "timestamp")}
    yield from spec.relation.mistakes(file=file, relation=spec.related, may_have=may_have)
    beside = sorted(spec.source.model_fields_set & set(SourceSpec.model_fields))
    for name in [] if spec.source.kind.tables else beside:
        yield SpecError(
            file=file,
            field=f"source.{name}",
            found=Found(f"is given, but {spec.source.kind.name} says itself what there is"),
            expected="it only with files",
            remedy="Delete it.",
        )
    listed = [(file, f"sweep.projections[{i}]", p) for i, p in enumerate(spec.sweep.projections)]
    listed += [(file, f"sweep.points[{i}].projection", p.projection) for i, p in enumerate(spec.sweep.points)]
    points = points_file.beside(file)
    listed += [(points, f"[{i}].projection", p.projection) for i, p in enumerate(spec.sweep.found)]
    if not listed:
        yield SpecError(
            file=file,
            field="sweep.projections",
            found=Found("is empty"),
            expected="at least one projection",
            remedy="Add '- {method: umap}'.",
        )
    for origin, where, projection in listed:
        try:
            methods.check(
                projection.method,
                projection.parameters,
                source=projection.source,
                dims=projection.dims,
                engine=projection.engine,
            )
        except methods.ParameterError as error:
            yield SpecError(
                file=origin,
                field=f"{where}.{error.parameter}",
                found=error.found,
                expected=error.expected,
                remedy=_nearest(str(error.parameter if error.unknown else error.found), error.choices),
            )
    from atlas_assets.spec.sweep import Sweep, count

    try:
        points = count(spec)
    except AtlasError:
        return  # already reported above
    if points > spec.sweep.max_points:
        yield SpecError(
            file=file,
            field="sweep",
            found=Found(f"has {points:,} points"),
            expected=f"at most {spec.sweep.max_points:,}, since each is a map to make",
            remedy=f"Shorten its lists; or, if you mean it, add max_points: {points} below sweep. "
            "`atlas sweep` looks for the best of many without making them all.",
        )
        return
    if spec.display.projection is not None:
        try:
            keys = list(Sweep.of(spec).projections)
        except AtlasError:
            return  # already reported above
        if spec.display.projection not in keys:
            yield SpecError(
                file=file,
                field="display.projection",
                found=spec.display.projection,
                expected=f"one of the sweep's keys ({', '.join(keys[:12])})",
                remedy=_nearest(spec.display.projection, keys),
            )


def _spec_error(problem: Any, file: Path, model: type[BaseModel] = AtlasSpec) -> SpecError:
    location = [part for part in problem["loc"] if not str(part).startswith("function-")]
    field = re.sub(r"\.\[", "[", ".".join(f"[{p}]" if isinstance(p, int) else str(p) for p in location))
    found: object = problem["input"]
    if problem["type"] == "extra_forbidden":
        known = _known_keys(location[:-1], model)
        return SpecError(
            file=file,
            field=field,
            found=Found("is not a known key"),
            expected=f"one of {', '.join(known)}",
            remedy=_nearest(str(location[-1]), known),
        )
    if problem["type"] == "missing":
        return SpecError(
            file=file,
            field=field,
            found=Found("is missing"),
            expected="a value",
            remedy=f"Add '{location[-1]}:'.",
        )
    if problem["type"] == MISTAKE:
        said = dict(problem["ctx"])
        below = said.pop("below")
        return SpecError(file=file, field=f"{field}.{below}" if below else field, **said)
    if problem["type"] == "value_error":
        return SpecError(
            file=file,
            field=field,
            found=Found("does not say one thing"),
            expected=str(problem["ctx"]["error"]),
            remedy="Keep one and delete the others.",
        )
    expected = re.sub(r"^(Input should be|Value should have) ", "", problem["msg"])
    choices = re.findall(r"'([^']+)'", expected) if problem["type"] == "literal_error" else []
    shown = found if isinstance(found, (str, int, float, bool, type(None))) else Found(f"is {found!r:.80}")
    return SpecError(file=file, field=field, found=shown, expected=expected, remedy=_nearest(str(found), choices))


def _known_keys(location: list[Any], model: Any) -> list[str]:
    """The keys that the model at ``location`` inside of ``model`` knows, found by walking its annotations."""
    for part in location:
        if isinstance(part, int) or not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        model = _model_in(model.model_fields[part].annotation)
    if model is None:
        return []
    more = model.more_keys() if issubclass(model, SourceSpec) else []
    return sorted([*(field.alias or key for key, field in model.model_fields.items()), *more])


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)


def _nearest(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, [str(k) for k in known], n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else "Correct it and load the definitions again."


def file_of(name: str, paths: Iterable[Path]) -> Path | None:
    """Which of these files is that of the atlas; as a rule it is in the folder of that name. Raises as ``load``."""
    for path in sorted(paths, key=lambda path: path.parent.name != name):
        if load(path).name == name:
            return path
    return None


def load_all(paths: Iterable[Path]) -> list[AtlasSpec]:
    """The specs in all of these files. Raises every mistake in any of them, and two atlases with one name."""
    specs: dict[str, tuple[Path, AtlasSpec]] = {}
    errors: list[AtlasError] = []
    for path in paths:
        try:
            spec = load(path)
        except AtlasError as error:
            errors.append(error)
            continue
        assert spec.name is not None
        if spec.name in specs:
            errors.append(
                SpecError(
                    file=path,
                    field="name",
                    found=spec.name,
                    expected=f"a name of its own: {specs[spec.name][0]} has this one already",
                    remedy="Rename one of the two, or delete it.",
                )
            )
        specs[spec.name] = (path, spec)
    raise_all(errors)
    return [spec for _, spec in specs.values()]
