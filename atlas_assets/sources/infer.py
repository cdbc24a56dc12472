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

from atlas_assets.sources import metadata, nested, suspects, tables, vector_files
from atlas_assets.sources.extent import entities_of, numbers_of
from atlas_assets.sources.forms import registry
from atlas_assets.sources.forms.form import ROLES as FORM_ROLES
from atlas_assets.sources.forms.form import Options, Role
from atlas_assets.sources.locate import Located, locate
from atlas_assets.sources.roles.entity_table import guess_entity_columns
from atlas_assets.sources.roles.guess import ROLES, Guess
from atlas_assets.sources.roles.names import noun, noun_of_file
from atlas_assets.sources.roles.relation import ENOUGH_ROWS, guess_relation
from atlas_assets.sources.roles.vectors import (
    are_measured,
    guess_vectors,
    naming,
    other_columns,
    other_vectors,
    told_of_others,
)
from atlas_assets.sources.samples import understood
from atlas_assets.sources.text import table
from atlas_assets.stages.relation.metric import SAMPLE, guess_metric

SAMPLE_ROWS = 100_000


@dataclass(frozen=True)
class Inference:
    """What ``atlas new`` writes: kind (collections, edges, vectors), columns, entity_columns, fields {name: {type}}.

    entity_noun, collection_noun: (singular, plural) where the column names give them away. n_entities, n_numbers: see
    ``extent``. form: of the files, where a spec should name it. metric: of vectors, see ``guess_metric``.
    separator: of lists of entities in one cell. mapped: entity or collection. table_of_members: whether what
    was given as table of the entities is one of what collections hold. features: of a table whose rows are
    compared, {column: how}. picture_column: of a table of pictures.
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
    separator: str | None = None
    mapped: str = "entity"
    table_of_members: bool = False
    features: dict[str, str] | None = None
    picture_column: str | None = None


def infer(
    *,
    interactions: Sequence[str] | str | None = None,
    edges: Sequence[str] | str | None = None,
    vectors: Sequence[str] | str | None = None,
    entities: Sequence[str] | str | None = None,
    base: Path = Path(),
    options: Options | None = None,
    roles: Mapping[str, str] | None = None,
    mapped: str = "entity",
) -> Inference:
    """Decide which columns hold what, from the header and a sample of the files (paths as in defs.yaml).

    Exactly one of interactions, edges and vectors. roles: columns that are known, {role: column}; ``label`` and, beside
    an entity table, ``id`` are columns of that. mapped: entity, or collection. Raises DataError, listing the columns,
    where no guess is possible.
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
            sample, members = sample_of(files[0], kind)
            named = _named(roles, kind, sample, files[0])
            guess_ = guess_columns(sample, kind, file=files[0], given=named, members=members)
            if guess_.separator:
                cells = nested.split(sample.lazy(), guess_.columns["entity"], guess_.separator)
                sample = nested.unfolded(cells, guess_.columns["entity"]).collect()
        n_entities = entities_of(kind, files, guess_.columns)
        if kind == "collections" and len(files) == 1 and sample.height < SAMPLE_ROWS:  # the sample is all of it
            n_entities = sample[guess_.columns[mapped]].n_unique()
        n_numbers = numbers_of(files[0], sample, guess_.columns) if kind == "vectors" else None
        metric, because = _metric(files[0], sample, guess_.columns) if kind == "vectors" else (None, "")
        because = f"metric: {metric}, because {because}"
        sentences = [*files[0].told, *guess_.sentences, *([because] if metric else [])]
        if n_repeated := _repeated(sample, guess_.columns):
            sentences.append(
                f"{n_repeated:,} of the first {sample.height:,} rows repeat an edge: of these the strongest stays; "
                "edges: {repeats: sum} adds them up"
            )
        if kind == "edges" and members:
            sentences.append(f"{members[0]}: a row holds a list of neighbours, the first of them the nearest")
        sentences += _doubts(sample, guess_.columns, files[0])
        if "vector" in guess_.columns:
            sentences += told_of_others(other_vectors(sample.select(other_columns(sample.columns, guess_.columns))))
        table_of_members = False
        known = _Known()
        if table_files:
            entity_table = tables.collect(tables.scan(table_files[0]), table_files[0])
            if mapped == "collection":
                table_of_members = not entities or _has_ids_of(entity_table, sample, guess_.columns) == "entity"
            of = "entity" if table_of_members else mapped
            known = _of_table(entity_table, table_files[0], kind, sample, guess_.columns, roles or {}, mapped=of)
        elif "vector" in guess_.columns and (rest := _known_columns(sample, guess_.columns)):
            known = _of_rows(sample, rest, files[0], guess_.columns, roles or {})
        sentences += known.sentences
        if table_of_members:
            sentences.append(f"{table_files[0].name} describes what collections hold, so it is written as members")
    nouns = [guess_.columns.get("entity"), known.columns.get("id"), guess_.columns.get("id")]
    entity_noun, collection_noun = noun(nouns), noun([guess_.columns.get("collection")])
    if entity_noun is None and mapped == "entity":
        label = known.columns.get("label", guess_.columns.get("label"))
        entity_noun = noun_of_file(table_files[0].name) if table_files else None
        entity_noun = entity_noun or noun([label])
    if mapped == "collection":
        entity_noun, collection_noun = collection_noun, entity_noun
    written = _Known() if table_of_members else known
    labels = known.labels if table_of_members or mapped == "entity" else {}
    return Inference(
        kind,
        guess_.columns,
        written.columns,
        written.fields,
        sentences,
        entity_noun=entity_noun,
        collection_noun=collection_noun,
        n_entities=n_entities,
        n_numbers=n_numbers,
        form=registry.to_be_named(files[0].form),
        examples=understood(kind, sample, guess_.columns, labels),
        metric=metric,
        separator=guess_.separator,
        mapped=mapped,
        table_of_members=table_of_members,
    )


@dataclass(frozen=True)
class _Known:
    """What a table knows of entities: columns {id, label}, fields {name: {type}}, the label of every id, and why."""

    columns: dict[str, str] = field(default_factory=dict)
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)


def _of_table(
    table: pl.DataFrame,
    file: Located,
    kind: str,
    sample: pl.DataFrame,
    columns: Mapping[str, Any],
    roles: Mapping[str, str],
    *,
    mapped: str,
) -> _Known:
    """What a table beside the relation knows, whose ids are those of a column of that."""
    given = {role: column for role, column in roles.items() if role in ("id", "label")}
    if kind == "vectors" and given.get("id") not in table.columns:
        given.pop("id", None)  # that of the vectors
    for role, column in given.items():
        tables.column(file, table.columns, column, field=f"--{role}")
    names = [columns[role] for role in (mapped, "id") if role in columns]
    chosen = guess_entity_columns(
        table, ids=_sampled_ids(sample, columns, mapped), relation=names, file=file, given=given
    )
    rest = [name for name in table.columns if name not in chosen.columns.values()]
    fields, told = _fields(table.select(rest), file)
    if label := chosen.columns.get("label"):
        told += suspects.told(table[label].unique(), label, file.name, what="entity", ids=False)
    return _Known(chosen.columns, fields, _labels(table, chosen.columns), [*file.told, *chosen.sentences, *told])


def _of_rows(
    sample: pl.DataFrame, rest: Sequence[str], file: Located, columns: Mapping[str, Any], roles: Mapping[str, str]
) -> _Known:
    """What the rows of vectors know beside their ids."""
    given = {"label": roles["label"]} if roles.get("label") in rest else {}
    names = sample.select(list(dict.fromkeys([*naming(sample.select(rest)), *given.values()])))
    given = {"id": columns.get("id", "")} | given
    chosen = guess_entity_columns(names, ids=None, relation=[], file=file, given=given)
    used = {role: name for role, name in chosen.columns.items() if role != "id"}
    fields, told = _fields(sample.select([name for name in rest if name not in used.values()]), file)
    return _Known(used, fields, {}, [*(chosen.sentences if used else []), *told])


def _has_ids_of(table: pl.DataFrame, sample: pl.DataFrame, columns: Mapping[str, Any]) -> str:
    """Whether a table describes entities or collections: of which one of its columns has more."""
    shares = {
        role: max(
            float(ids.is_in(table[name].cast(pl.String).implode()).mean() or 0)  # type: ignore[arg-type]
            for name in table.columns
            if not table.schema[name].is_nested()
        )
        for role in ("entity", "collection")
        if (ids := sample[columns[role]].cast(pl.String).unique()) is not None
    }
    return max(shares, key=lambda role: shares[role])


def _named(roles: Mapping[str, str] | None, kind: str, sample: pl.DataFrame, file: Located) -> dict[str, str]:
    """Those of the given roles that are columns of the relation's own file."""
    given = {role: column for role, column in (roles or {}).items() if role in ROLES[kind]}
    for role, column in given.items():
        tables.column(file, sample.columns, column, field=f"--{'time' if role == 'timestamp' else role}")
    return given


def _doubts(sample: pl.DataFrame, columns: Mapping[str, Any], file: Located) -> list[str]:
    """What may be wrong with the ids of a sample."""
    roles = {"entity": "entity", "collection": "collection", "source": "entity", "target": "entity", "id": "entity"}
    told = [
        suspects.told(sample[columns[role]].unique(maintain_order=True), columns[role], file.name, what=what)
        for role, what in roles.items()
        if role in columns
    ]
    alone = [_alone(sample, columns, file)] if "collection" in columns else []
    return [sentence for sentences in [*told, *alone] for sentence in sentences]


def _known_columns(sample: pl.DataFrame, columns: Mapping[str, Any]) -> list[str]:
    """What the rows of vectors know beside their ids; no other vectors."""
    rest = sample.select(other_columns(sample.columns, columns))
    return rest.drop(other_vectors(rest)).columns


def _alone(sample: pl.DataFrame, columns: Mapping[str, Any], file: Located) -> list[str]:
    """Whether hardly a collection holds two entities, so that nothing keeps company."""
    holder, member = columns["collection"], columns["entity"]
    pairs = sample.select(holder=holder, member=member).drop_nulls().unique()
    held, whole = pairs.group_by("holder").len()["len"], ENOUGH_ROWS <= sample.height < SAMPLE_ROWS
    n_several = int((held > 1).sum())
    if not whole or n_several >= max(2, len(held) // 50):
        return []
    told = f"of {len(held):,} values of {holder!r} only {n_several:,} stand beside more than one of {member!r}"
    remedy = "other columns may be meant: --collection COLUMN --entity COLUMN"
    return [f"{file.name}: {told}, and only what stands together is near; {remedy}"]


def _repeated(sample: pl.DataFrame, columns: Mapping[str, Any]) -> int:
    """How many edges with weights have the source and the target of another."""
    if "target" not in columns or "distance" in columns:
        return 0
    pairs = sample.select(columns["source"], columns["target"]).drop_nulls()
    return pairs.height - pairs.n_unique()


def _labels(entity_table: pl.DataFrame, columns: Mapping[str, str]) -> dict[str, str]:
    """The label of every id, both as text; nothing where ids are shown."""
    if "label" not in columns:
        return {}
    pairs = entity_table.select(pl.col(columns["id"], columns["label"]).cast(pl.String).str.strip_chars()).drop_nulls()
    return dict(pairs.iter_rows())


def _metric(file: Located, sample: pl.DataFrame, columns: Mapping[str, Any]) -> tuple[str | None, str]:
    """Which metric tells these vectors apart, by some of them, and why; None where there are none.

    Raises DataError at the first vector of the sample that reading all of them would refuse.
    """
    if file.format == "npy":
        stored = tables.read_npy(file)
        some = np.asarray(stored[:: max(1, len(stored) // SAMPLE)], np.float64)
        some = some[np.isfinite(some).all(axis=1)]
    else:
        vector_files.require_vectors(sample, columns["vector"], file)
        some = vector_files.matrix_of(sample.gather_every(max(1, sample.height // SAMPLE)), columns["vector"], file)
    return guess_metric(some, measured=are_measured(columns)) if len(some) else (None, "")


def _fields(table: pl.DataFrame, file: Located) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What the columns of a table are as fields, and why."""
    decided = {name: metadata.guess(table[name], typed=tables.is_typed(file)) for name in table.columns}
    told = [f"{name} -> {one.type} field: {one.why}" for name, one in decided.items()]
    return {name: {"type": one.type} for name, one in decided.items()}, told


def _listed(patterns: Sequence[str] | str | None) -> list[str]:
    return [patterns] if isinstance(patterns, str) else list(patterns or [])


def sample_of(file: Located, kind: str = "collections") -> tuple[pl.DataFrame, list[str]]:
    """The first rows of a file, lists of entities unfolded; and which columns hold members of these lists."""
    sample = tables.collect(tables.scan(file).head(SAMPLE_ROWS), file)
    if kind == "edges" and (held := nested.neighbours(sample.schema, {})):
        rows = nested.side_by_side(sample.lazy().with_row_index(tables.ROW, 1), *held, row=tables.ROW, file=file.name)
        return rows.drop(tables.ROW).collect(), [held[0]] if held[1] is None else []
    listed = nested.list_column(sample.schema) if kind == "collections" else None
    if listed is None:
        return sample, []
    rows = nested.unfolded(sample.lazy(), listed).collect()
    return rows, nested.members(rows.columns, listed)


def guess_columns(
    sample: pl.DataFrame, kind: str, *, file: Located, given: Mapping[str, Any], members: Sequence[str] = ()
) -> Guess:
    """Columns for the roles of ``kind``; those in ``given`` are taken as they are. Raises DataError where it cannot.

    members: the columns that hold members of lists of which there is one per collection.
    """
    if kind == "vectors":
        return guess_vectors(sample, file=file, given=given)
    return guess_relation(sample, kind, file=file, given=given, members=members)


def _sampled_ids(sample: pl.DataFrame, columns: Mapping[str, Any], mapped: str) -> pl.Series | None:
    name = next((columns[role] for role in (mapped, "source", "id") if role in columns), None)
    return sample[name] if name is not None else None
