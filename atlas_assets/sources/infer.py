"""Which column is what, for someone who has a file and no patience: guesses from names and values, each with a reason.

Used by ``atlas new`` to write a defs.yaml that works as it is, and by the readers for columns the spec leaves open.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import DataError
from atlas_assets.sources import metadata, tables
from atlas_assets.sources.extent import entities_of, numbers_of
from atlas_assets.sources.forms import registry
from atlas_assets.sources.forms.form import ROLES as FORM_ROLES
from atlas_assets.sources.forms.form import Options, Role
from atlas_assets.sources.locate import Located, locate
from atlas_assets.sources.roles.entity_table import guess_entity_columns
from atlas_assets.sources.roles.guess import ROLES, Guess
from atlas_assets.sources.roles.names import noun
from atlas_assets.sources.roles.relation import guess_relation
from atlas_assets.sources.roles.vectors import are_measured, guess_vectors, naming, other_columns
from atlas_assets.sources.samples import understood
from atlas_assets.sources.text import table
from atlas_assets.sources.vector_files import matrix_of
from atlas_assets.stages.relation.metric import SAMPLE, guess_metric

SAMPLE_ROWS = 100_000
_NESTED = ("items", "entities", "tracks", "cards", "books", "products", "songs", "movies", "words", "tags", "members")


@dataclass(frozen=True)
class Inference:
    """What ``atlas new`` writes: kind (collections, edges, vectors), columns, entity_columns, fields {name: {type}}.

    entity_noun, collection_noun: (singular, plural) where the column names give them away. n_entities, n_numbers: see
    ``extent``. form: of the files, where a spec should name it. metric: of vectors, see ``guess_metric``.
    """

    kind: str
    columns: dict[str, Any]
    entity_columns: dict[str, str]
    fields: dict[str, dict[str, Any]]
    sentences: list[str]
    entity_noun: tuple[str, str] | None = None
    collection_noun: tuple[str, str] | None = None
    n_entities: int | None = None
    n_numbers: int | None = None
    form: str | None = None
    examples: list[str] = field(default_factory=list)
    metric: str | None = None


def infer(
    *,
    interactions: Sequence[str] | str | None = None,
    edges: Sequence[str] | str | None = None,
    vectors: Sequence[str] | str | None = None,
    entities: Sequence[str] | str | None = None,
    base: Path = Path(),
    options: Options | None = None,
    roles: Mapping[str, str] | None = None,
) -> Inference:
    """Decide which columns hold what, from the header and a sample of the files (paths as in defs.yaml).

    Exactly one of interactions, edges and vectors. roles: columns that are known, {role: column}; ``label`` and, beside
    an entity table, ``id`` are columns of that. Raises DataError, listing the columns, where no guess is possible.
    """
    given: dict[Role, Any] = {"collections": interactions, "edges": edges, "vectors": vectors}
    kind: Role = next(role for role in FORM_ROLES if given.get(role))
    patterns = given[kind]
    with tempfile.TemporaryDirectory(prefix="atlas-") as scratch:
        place = Path(scratch) / "relation"
        first, *others = locate(_listed(patterns), base=base, scratch=place, role=kind, options=options)
        # Of collections the first file decides, and looking through all of them would keep who asks waiting.
        others = (
            others
            if kind == "collections"
            else [table.prepare(one, place / f"text{i}") for i, one in enumerate(others)]
        )
        files = [table.prepare(first, place / "first"), *others]
        table_files = [files[0].own_entities] if files[0].own_entities else []
        if entities:
            n_rows = len(tables.read_npy(files[0])) if files[0].format == "npy" else None
            own = Options(trust=bool(options and options.trust), n_rows=n_rows)
            place = Path(scratch) / "entities"
            table_files = tables.located(_listed(entities), base=base, scratch=place, role="entities", options=own)
        if files[0].format == "npy":
            guess_ = Guess({}, [f"{files[0].name}: row i is the vector of row i of the entity table"])
            sample = pl.DataFrame()
        else:
            sample = sample_of(files[0])
            guess_ = guess_columns(sample, kind, file=files[0], given=_named(roles, kind, sample, files[0]))
        n_entities = entities_of(kind, files, guess_.columns)
        n_numbers = numbers_of(files[0], sample, guess_.columns) if kind == "vectors" else None
        metric, because = _metric(files[0], sample, guess_.columns) if kind == "vectors" else (None, "")
        because = f"metric: {metric}, because {because}"
        sentences = [*files[0].told, *guess_.sentences, *([because] if metric else [])]
        entity_columns: dict[str, str] = {}
        labels: dict[str, str] = {}
        fields: dict[str, dict[str, Any]] = {}
        if table_files:
            entity_table = tables.collect(tables.scan(table_files[0]), table_files[0])
            ids = _sampled_ids(sample, guess_.columns)
            described = {role: column for role, column in (roles or {}).items() if role in ("id", "label")}
            if kind == "vectors" and described.get("id") not in entity_table.columns:
                described.pop("id", None)  # that of the vectors
            for role, column in described.items():
                tables.column(table_files[0], entity_table.columns, column, field=f"--{role}")
            chosen = guess_entity_columns(
                entity_table, ids=ids, relation=_id_names(guess_.columns), file=table_files[0], given=described
            )
            entity_columns, rest = chosen.columns, [c for c in entity_table.columns if c not in chosen.columns.values()]
            sentences += [*table_files[0].told, *chosen.sentences]
            _describe(entity_table.select(rest), table_files[0], fields, sentences)
            labels = _labels(entity_table, entity_columns)
        elif "vector" in guess_.columns and (known := other_columns(sample.columns, guess_.columns)):
            given_id = {"id": guess_.columns.get("id", "")}
            given_label = {"label": roles["label"]} if roles and roles.get("label") in known else {}
            names = sample.select(list(dict.fromkeys([*naming(sample.select(known)), *given_label.values()])))
            given_columns = given_id | given_label
            chosen = guess_entity_columns(names, ids=None, relation=[], file=files[0], given=given_columns)
            entity_columns = {role: name for role, name in chosen.columns.items() if role != "id"}
            sentences += chosen.sentences if entity_columns else []
            rest = [name for name in known if name not in entity_columns.values()]
            _describe(sample.select(rest), files[0], fields, sentences)
    return Inference(
        kind,
        guess_.columns,
        entity_columns,
        fields,
        sentences,
        entity_noun=noun([guess_.columns.get("entity"), entity_columns.get("id"), guess_.columns.get("id")]),
        collection_noun=noun([guess_.columns.get("collection")]),
        n_entities=n_entities,
        n_numbers=n_numbers,
        form=registry.to_be_named(files[0].form),
        examples=understood(kind, sample, guess_.columns, labels),
        metric=metric,
    )


def _named(roles: Mapping[str, str] | None, kind: str, sample: pl.DataFrame, file: Located) -> dict[str, str]:
    """Those of the given roles that are columns of the relation's own file."""
    given = {role: column for role, column in (roles or {}).items() if role in ROLES[kind]}
    for role, column in given.items():
        tables.column(file, sample.columns, column, field=f"--{'time' if role == 'timestamp' else role}")
    return given


def _labels(entity_table: pl.DataFrame, columns: Mapping[str, str]) -> dict[str, str]:
    """The label of every id, both as text; nothing where ids are shown."""
    if "label" not in columns:
        return {}
    pairs = entity_table.select(pl.col(columns["id"], columns["label"]).cast(pl.String).str.strip_chars()).drop_nulls()
    return dict(pairs.iter_rows())


def _metric(file: Located, sample: pl.DataFrame, columns: Mapping[str, Any]) -> tuple[str | None, str]:
    """Which metric tells these vectors apart, by some of them, and why; None where they cannot be read."""
    try:
        if file.format == "npy":
            stored = np.load(file.path, mmap_mode="r", allow_pickle=False)
            some = np.asarray(stored[:: max(1, len(stored) // SAMPLE)], np.float64)
        else:
            rows = sample.gather_every(max(1, sample.height // SAMPLE))
            some = matrix_of(rows, columns["vector"], file)
        some = some[np.isfinite(some).all(axis=1)]
    except (DataError, ValueError, OSError):  # reading all of them says it better
        return None, ""
    return guess_metric(some, measured=are_measured(columns)) if some.ndim == 2 and len(some) else (None, "")


def _describe(table: pl.DataFrame, file: Located, fields: dict[str, dict[str, Any]], sentences: list[str]) -> None:
    """Add what the columns of a table are as fields, and say why."""
    for name in table.columns:
        decided = metadata.guess(table[name], typed=tables.is_typed(file))
        fields[name] = {"type": decided.type}
        sentences.append(f"{name} -> {decided.type} field: {decided.why}")


def _listed(patterns: Sequence[str] | str | None) -> list[str]:
    return [patterns] if isinstance(patterns, str) else list(patterns or [])


def sample_of(file: Located) -> pl.DataFrame:
    """The first rows of a file, lists of entities unfolded."""
    frame = tables.scan(file).head(SAMPLE_ROWS)
    sample = tables.collect(frame, file)
    nested = nested_column(sample.schema)
    return unfold(sample.lazy(), nested).collect() if nested else sample


def nested_column(schema: Mapping[str, pl.DataType], entity: str | None = None) -> str | None:
    """The column that holds a list of entities per row: the named one, a usual name, or the only list of ids."""
    lists = [name for name, dtype in schema.items() if isinstance(dtype, pl.List)]
    if entity is not None:
        return next((name for name in lists if entity == name or entity.startswith(f"{name}.")), None)
    usual = [name for name in lists if name.lower() in _NESTED]
    floats = [name for name in lists if isinstance(schema[name], pl.List) and schema[name].inner.is_float()]  # type: ignore[attr-defined]
    candidates = usual or [name for name in lists if name not in floats]
    return candidates[0] if candidates and (usual or len(candidates) == 1) and len(schema) <= 6 else None


def unfold(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """One row per member of the list ``name``; fields of members that are objects become columns ``name.field``."""
    dtype = frame.collect_schema()[name]
    frame = frame.filter(pl.col(name).list.len() > 0).explode(name)
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        fields = [f.name for f in dtype.inner.fields]
        frame = frame.with_columns(pl.col(name).struct.field(f).alias(f"{name}.{f}") for f in fields).drop(name)
    return frame


def guess_columns(sample: pl.DataFrame, kind: str, *, file: Located, given: Mapping[str, Any]) -> Guess:
    """Columns for the roles of ``kind``; those in ``given`` are taken as they are. Raises DataError where it cannot."""
    if kind == "vectors":
        return guess_vectors(sample, file=file, given=given)
    return guess_relation(sample, kind, file=file, given=given)


def _sampled_ids(sample: pl.DataFrame, columns: Mapping[str, Any]) -> pl.Series | None:
    name = next((columns[role] for role in ("entity", "source", "id") if role in columns), None)
    return sample[name] if name is not None else None


def _id_names(columns: Mapping[str, Any]) -> list[str]:
    return [columns[role] for role in ("entity", "id") if role in columns]
