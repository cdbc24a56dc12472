"""A ``defs.yaml`` read and checked.

:func:`load` reports every mistake in a file at once, each with the file, the field, what was found, what would be right
and what to do. Nothing here touches the data or Dagster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from atlas_assets import methods
from atlas_assets.errors import AtlasError, Found, SpecError, raise_all
from atlas_assets.spec import points_file, regions, yaml_file
from atlas_assets.spec.atlas import COMPONENT_TYPE, NAME, RESERVED_NAMES, AtlasSpec, PointSpec, SourceSpec
from atlas_assets.spec.mistakes import spec_error
from atlas_assets.spec.model import Model, nearest
from atlas_assets.spec.regions import RegionName
from atlas_assets.spec.source_mistakes import source_mistakes
from atlas_assets.spec.sweep import Sweep, count

M = TypeVar("M", bound=Model)


def load(path: Path) -> AtlasSpec:
    """The spec in one ``defs.yaml``, its name filled in. Raises SpecError or AtlasErrors with every mistake found."""
    beside = (points_file.beside(path), regions.beside(path))
    return _load(path, path.resolve(), yaml_file.content(path), *map(yaml_file.content, beside))


@lru_cache(maxsize=8)
def _load(path: Path, _file: Path, _defs: bytes | None, _points: bytes | None, _names: bytes | None) -> AtlasSpec:
    """Kept while the files hold the same bytes: each step of a run asks, and reading YAML takes longer than many do."""
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
    return validate_with_beside(attributes, file=path)


def validate_with_beside(attributes: dict[str, Any], *, file: Path) -> AtlasSpec:
    """The same as ``validate``, with the points and the names of regions that lie beside the file."""
    found, names = points_file.read(points_file.beside(file)), regions.read(regions.beside(file))
    return validate(attributes, file=file, found=found, names=names)


def validate(
    attributes: dict[str, Any], *, file: Path, found: Sequence[Any] = (), names: Sequence[Any] = ()
) -> AtlasSpec:
    """The spec in ``attributes``; ``file`` names them in messages, and its folder is the default name.

    found: the points of the points.yaml beside it, names: those of the regions.yaml, as they are written there.
    """
    try:
        spec = AtlasSpec.model_validate(attributes)
    except ValidationError as error:
        raise_all([spec_error(problem, file, AtlasSpec) for problem in error.errors()])
        raise AssertionError("unreachable") from error
    if found:
        points = _beside(found, PointSpec, points_file.beside(file))
        spec = spec.model_copy(update={"sweep": spec.sweep.model_copy(update={"found": points})})
    if names:
        known = _beside(names, RegionName, regions.beside(file))
        own = spec.regions.names
        spec = spec.model_copy(update={"regions": spec.regions.model_copy(update={"names": [*own, *known]})})
    if spec.name is None:
        spec = spec.model_copy(update={"name": file.resolve().parent.name})
    raise_all(list(_cross_field_errors(spec, file)))
    return spec


def _beside(found: Sequence[Any], model: type[M], file: Path) -> list[M]:
    try:
        return TypeAdapter(list[model]).validate_python(found)  # pyright: ignore[reportInvalidTypeForm]
    except ValidationError as error:
        raise_all([spec_error(problem, file, model) for problem in error.errors()])
        raise AssertionError("unreachable") from error


def _cross_field_errors(spec: AtlasSpec, file: Path) -> Iterator[SpecError]:
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
            remedy=nearest(spec.relation.similarity, allowed),
        )
    yield from source_mistakes(spec, file)
    may_have = {column: spec.source.may_have(column) for column in ("value", "timestamp")}
    yield from spec.relation.mistakes(file=file, relation=spec.related, may_have=may_have)
    beside = sorted(spec.source.model_fields_set & set(SourceSpec.model_fields) - {"entity"})
    for name in [] if spec.source.kind.tables else beside:
        yield SpecError(
            file=file,
            field=f"source.{name}",
            found=Found(f"is given, but {spec.source.kind.name} says itself what there is"),
            expected="it only with files",
            remedy="Delete it.",
        )
    if spec.source.kind.needs_table and not spec.source.entities:
        yield SpecError(
            file=file,
            field="source.entities",
            found=Found("is missing"),
            expected=f"the table that has the columns of source.{spec.source.kind.name}",
            remedy="Name its file: entities: [papers.csv].",
        )
    listed = [(file, f"sweep.projections[{i}]", p) for i, p in enumerate(spec.sweep.projections)]
    listed += [(file, f"sweep.points[{i}].projection", p.projection) for i, p in enumerate(spec.sweep.points)]
    beside_it = points_file.beside(file)
    listed += [(beside_it, f"[{i}].projection", p.projection) for i, p in enumerate(spec.sweep.found)]
    if not listed:
        yield SpecError(
            file=file,
            field="sweep.projections",
            found=Found("is empty"),
            expected="at least one projection",
            remedy="Add '- {method: umap}'.",
        )
    for origin, where, projection in listed:
        if projection.method in methods.METHODS and methods.METHODS[projection.method].given:
            yield SpecError(
                file=origin,
                field=f"{where}.method",
                found=projection.method,
                expected="a method that lays out",
                remedy="Delete it: source.coordinates makes the map of the data's own coordinates.",
            )
            continue
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
                remedy=nearest(str(error.parameter if error.unknown else error.found), error.choices),
            )
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
                remedy=nearest(spec.display.projection, keys),
            )


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
