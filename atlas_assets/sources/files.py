"""Readers of files: relation and entity tables in whatever form people have them, written as canonical tables.

A relation is read once, batch by batch (``relation``), so memory is bounded by its distinct ids, not by its rows.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import canonical, entity_table, suspects, tables, vector_files
from atlas_assets.sources import columns as read
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.listing import list_all
from atlas_assets.sources.locate import Located
from atlas_assets.sources.memory import Memory
from atlas_assets.sources.relation import OtherColumns, Relation
from atlas_assets.sources.roles.vectors import other_vectors, told_of_others
from atlas_assets.stages.artifact import Progress, no_progress

Columns = Mapping[str, Any]
FieldSpecs = Mapping[str, Mapping[str, Any]] | None
_EXAMPLE_IDS = 2_000


def read_collections(
    out: Path,
    *,
    interactions: Sequence[str],
    columns: Columns | None = None,
    entities: Sequence[str] | None = None,
    entity_columns: Mapping[str, str] | None = None,
    fields: FieldSpecs = None,
    base: Path = Path(),
    progress: Progress = no_progress,
    memory: Memory | None = None,
    options: Options | None = None,
) -> dict[str, Any]:
    """Write ``raw_collections`` into ``out``; returns the report that is written beside it.

    interactions, entities: paths, globs, folders or URLs; relative ones start at ``base``. CSV, TSV, JSONL and Parquet,
    also compressed; a row is one (collection, entity), or one collection with a list of entities. columns: names for
    collection, entity, value, timestamp and weight (``items.card`` reaches into objects of a list ``items``); roles
    left out are guessed from names, and the report's notes say how. entity_columns: id and label likewise. fields:
    metadata to keep, {name: {type, label, unit}}; None keeps every column. Rows without a collection or entity are left
    out and counted. memory: what an earlier reading with the same options left: that is not read again, and the tables
    are those of reading everything. Raises DataError for everything that cannot be read as meant.
    """
    with workspace(out) as scratch:
        read_rows = _Rows(
            "collections", interactions, columns, base=base, scratch=scratch, progress=progress, options=options
        )
        relation = read_rows(out / "interactions.parquet", memory)
        progress(0.8, "writing entities")
        table = _entity_table(entities, relation, entity_columns, fields, base, scratch, options)
        entity_type, notes = read.common_type(relation.origins("entity") + ([table.origin] if table else []))
        collection_type, more = read.common_type(relation.origins("collection"))
        used = relation.ids("entity", entity_type)
        canonical.write_ids(out / "entity_ids.parquet", used)
        canonical.write_ids(out / "collection_ids.parquet", relation.ids("collection", collection_type))
        frame, described, told = entities_of(table, used.sort(), entity_type, relation.known[0].name)
        n_rows = relation.n_rows
        absent = _absent(relation.n_absent, "a collection or entity")
        report = report_of(relation.files, n_rows, [*relation.notes, *notes, *more, *told, *absent])
        canonical.write_entities(out, entities=frame, fields=described, report=report)
    progress(1.0, f"{n_rows:,} rows, {len(used):,} entities")
    return report


def read_edges(
    out: Path,
    *,
    edges: Sequence[str],
    columns: Columns | None = None,
    entities: Sequence[str] | None = None,
    entity_columns: Mapping[str, str] | None = None,
    fields: FieldSpecs = None,
    base: Path = Path(),
    progress: Progress = no_progress,
    memory: Memory | None = None,
    options: Options | None = None,
) -> dict[str, Any]:
    """Write ``raw_edges`` into ``out``; as ``read_collections``, with source, target and weight (default 1)."""
    with workspace(out) as scratch:
        read_rows = _Rows("edges", edges, columns, base=base, scratch=scratch, progress=progress, options=options)
        relation = read_rows(out / "edges.parquet", memory, weight=1.0)
        progress(0.8, "writing entities")
        table = _entity_table(entities, relation, entity_columns, fields, base, scratch, options)
        id_type, notes = read.common_type(relation.origins("entity") + ([table.origin] if table else []))
        used = relation.ids("entity", id_type)
        canonical.write_ids(out / "entity_ids.parquet", used)
        frame, described, told = entities_of(table, used.sort(), id_type, relation.known[0].name)
        n_rows = relation.n_rows
        absent = _absent(relation.n_absent, "a source or target")
        report = report_of(relation.files, n_rows, [*relation.notes, *notes, *told, *absent])
        canonical.write_entities(out, entities=frame, fields=described, report=report)
    progress(1.0, f"{n_rows:,} edges, {len(used):,} entities")
    return report


def read_vectors(
    out: Path,
    *,
    vectors: Sequence[str],
    columns: Columns | None = None,
    entities: Sequence[str] | None = None,
    entity_columns: Mapping[str, str] | None = None,
    fields: FieldSpecs = None,
    base: Path = Path(),
    progress: Progress = no_progress,
    options: Options | None = None,
) -> dict[str, Any]:
    """Write ``raw_vectors`` into ``out``; as ``read_collections``, with columns id and vector.

    vector: one column of lists, or several numeric columns; without id, row numbers are the ids. Without an entity
    table, the other columns are label and metadata. An NPY file has no ids: its row i belongs to row i of the entity
    table, and is numbered without one. All vectors must have one length and finite values.
    """
    with workspace(out) as scratch:
        files = tables.located(vectors, base=base, scratch=scratch / "relation", role="vectors", options=options)
        progress(0.05, "reading vectors")
        made = vector_files.read_all(files, dict(columns or {}))
        table = None
        brought = [own for file in files if (own := file.own_entities)]
        if entities or brought:
            n_rows = len(made.matrix) if made.ids is None else None
            table_files = entity_files(entities, base, scratch, options, n_rows) if entities else brought
            sample = made.ids.head(_EXAMPLE_IDS) if made.ids is not None else None
            table = entity_table.read_table(
                table_files, columns=dict(entity_columns or {}), fields=fields, ids=sample, relation=made.names
            )
        if made.ids is None:
            made = vector_files.with_ids_of(made, table, files[0])
        assert made.ids is not None
        unread = other_vectors(made.others) if made.others is not None and fields is None else []
        others = made.others.drop(unread) if made.others is not None else None
        if table is None and others is not None and others.width:
            vector_files.check_unique(made.ids, files)
            given = {role: name for role, name in (entity_columns or {}).items() if role != "id"}
            table = entity_table.beside(others, made.ids, file=files[0], columns=given, fields=fields)
        id_type, notes = read.common_type([*made.origins, *([table.origin] if table else [])])
        ids = made.ids.to_frame("id").select(read.as_ids("id", made.ids.dtype, id_type)).to_series()
        vector_files.check_unique(ids, files)
        progress(0.8, "writing vectors")
        frame, described, told = entities_of(table, ids, id_type, files[0].name)
        frame = ids.to_frame("id").join(frame, on="id", how="left", maintain_order="left")
        frame = frame.with_columns(pl.col("label").fill_null(pl.col("id").cast(pl.String)))
        report = report_of(
            [(f.name, f.bytes) for f in files],
            len(ids),
            [
                *(one for file in files for one in file.told),
                *made.notes,
                *told_of_others(unread),
                *notes,
                *(one for name in made.names for one in suspects.told(ids, name, files[0].name, what="entity")),
                *told,
            ],
        )
        canonical.write_vectors(out, vectors=made.matrix, entities=frame, fields=described, report=report)
    progress(1.0, f"{made.matrix.shape[0]:,} vectors of length {made.matrix.shape[1]:,}")
    return report


class workspace:
    """A folder for unpacked copies, gone afterwards; beside the output, where the disk is meant to be large enough."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._out = out

    def __enter__(self) -> Path:
        self._path = Path(tempfile.mkdtemp(prefix=".unpacked-", dir=self._out))
        return self._path

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self._path)


class _Rows:
    """Reads the rows of a relation: what is new, or everything where that cannot be told apart."""

    def __init__(
        self,
        kind: Literal["collections", "edges"],
        patterns: Sequence[str],
        columns: Columns | None,
        *,
        base: Path,
        scratch: Path,
        progress: Progress,
        options: Options | None,
    ) -> None:
        self._kind: Literal["collections", "edges"] = kind
        self._columns, self._progress, self._options = dict(columns or {}), progress, options
        self._files, self._scratch = list_all(patterns, base=base), scratch

    def __call__(self, table: Path, memory: Memory | None, *, weight: float | None = None) -> Relation:
        memory = memory or Memory()
        try:
            relation = self._read(table, memory, weight)
        except (DataError, OtherColumns):
            if not memory.known:
                raise
            # What is wrong may lie in how new and old go together, and rows have other numbers in the whole.
            relation = self._read(table, Memory(), weight)
        memory.known, memory.n_kept = relation.known, relation.n_kept
        return relation

    def _read(self, table: Path, memory: Memory, weight: float | None) -> Relation:
        self._progress(0.05, f"checking {self._kind}")
        scratch = Path(tempfile.mkdtemp(dir=self._scratch))
        relation = Relation.open(
            self._files, self._kind, self._columns, scratch=scratch, memory=memory, options=self._options
        )
        relation.write(table, self._progress, weight=weight)
        return relation


def _entity_table(
    patterns: Sequence[str] | None,
    relation: Relation,
    columns: Mapping[str, str] | None,
    fields: FieldSpecs,
    base: Path,
    scratch: Path,
    options: Options | None,
) -> entity_table.EntityTable | None:
    """The table that is given, or the one that the relation's files brought."""
    found = entity_files(patterns, base, scratch, options) if patterns else relation.own_entities
    if not found:
        return None
    return entity_table.read_table(
        found,
        columns=dict(columns or {}),
        fields=fields,
        ids=relation.sample("entity"),
        relation=relation.id_columns()[1:],
    )


def entity_files(
    patterns: Sequence[str], base: Path, scratch: Path, options: Options | None, n_rows: int | None = None
) -> list[Located]:
    """The form that a spec names is that of the relation; a table of entities says its own."""
    own = Options(trust=bool(options and options.trust), n_rows=n_rows)
    return tables.located(patterns, base=base, scratch=scratch / "entities", role="entities", options=own)


def entities_of(
    table: entity_table.EntityTable | None, used: pl.Series, id_type: pl.DataType, relation: str
) -> tuple[pl.DataFrame, list[dict[str, Any]], list[str]]:
    """The canonical entity table, its fields, and notes. Raises DataError where none of its ids is in ``used``."""
    if table is None:
        return entity_table.of_ids(used), [], []
    frame = table.frame.with_columns(read.as_ids("id", table.frame.schema["id"], id_type))
    frame = frame.with_columns(pl.col("label").fill_null(pl.col("id").cast(pl.String)))
    frame, notes = _with_zeros(frame, used, table)
    n_known = int(used.is_in(frame["id"].implode()).sum())
    if n_known == 0:
        ours = tables.examples(frame["id"])
        raise DataError(
            file=table.origin.file.name,
            where=f"column {table.origin.column!r}",
            found=Found(f"shares no id with {relation}: {ours} against {tables.examples(used)}"),
            expected="the ids that the relation uses",
            remedy="Choose the column with those ids in source.entity_columns.id, or give the matching entity table.",
        )
    if n_known < len(used):
        notes.append(
            f"{len(used) - n_known:,} of {len(used):,} entities are not in the entity table; their id is their label"
        )
    return frame, table.fields, notes


def _with_zeros(
    frame: pl.DataFrame, used: pl.Series, table: entity_table.EntityTable
) -> tuple[pl.DataFrame, list[str]]:
    """The table with its ids as the relation writes them, where only zeros at their beginning differ; and its notes."""
    notes = list(table.notes)
    if frame.schema["id"] != pl.String:
        return frame, notes

    def alone(ids: pl.Series, others: pl.Series) -> pl.DataFrame:
        """Ids that are not among others, by their figures without zeros before them, if no two have the same."""
        rest = ids.filter(~ids.is_in(others.implode()) & ids.str.contains(r"^\d+$")).to_frame("id")
        return rest.with_columns(bare=pl.col("id").str.strip_chars_start("0")).filter(pl.col("bare").is_unique())

    known = used.drop_nulls()
    pairs = alone(known, frame["id"]).join(alone(frame["id"].drop_nulls(), known), on="bare", suffix="_table")
    if pairs.is_empty():
        return frame, notes
    renamed = pl.col("id").replace(pairs["id_table"], pairs["id"])
    notes.append(
        f"{table.origin.file.name}: {pairs.height:,} ids in column {table.origin.column!r} differ from the relation's"
        f" by zeros before them, such as {pairs['id_table'][0]!r} for {pairs['id'][0]!r}; they were taken as the same"
    )
    return frame.with_columns(renamed), notes


def _absent(n_absent: int, what: str) -> list[str]:
    return [f"{n_absent:,} rows without {what} were left out"] if n_absent else []


def report_of(files: Sequence[tuple[str, int]], n_rows: int, notes: Sequence[str]) -> dict[str, Any]:
    return {"rows": n_rows, "files": [{"path": name, "bytes": size} for name, size in files], "notes": list(notes)}
