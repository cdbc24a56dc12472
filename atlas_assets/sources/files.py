"""Readers of files: relation and entity tables in whatever form people have them, written as canonical tables.

Each relation is read twice, both times in Polars' streaming engine: once for the facts that decide types and find
mistakes, once to be written. So memory stays bounded by what is written, not by what the files hold.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import canonical, entity_table, infer, tables, vector_files
from atlas_assets.sources import columns as read
from atlas_assets.sources.locate import Located, locate
from atlas_assets.stages.artifact import Progress, no_progress

Columns = Mapping[str, Any]
FieldSpecs = Mapping[str, Mapping[str, Any]] | None
_ROW_GROUP = 1 << 20
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
) -> dict[str, Any]:
    """Write ``raw_collections`` into ``out``; returns the report that is written beside it.

    interactions, entities: paths, globs, folders or URLs; relative ones start at ``base``. CSV, TSV, JSONL and Parquet,
    also compressed; a row is one (collection, entity), or one collection with a list of entities. columns: names for
    collection, entity, value, timestamp and weight (``items.card`` reaches into objects of a list ``items``); roles
    left out are guessed from names, and the report's notes say how. entity_columns: id and label likewise. fields:
    metadata to keep, {name: {type, label, unit}}; None keeps every column. Rows without a collection or entity are left
    out and counted. Raises DataError for everything that cannot be read as meant.
    """
    with _workspace(out) as scratch:
        files = locate(interactions, base=base, scratch=scratch / "relation")
        progress(0.05, "checking interactions")
        relation = _Relation.open(files, "collections", dict(columns or {}))
        table = _entity_table(entities, relation, entity_columns, fields, base, scratch)
        entity_ids = relation.ids("entity") + ([table.origin] if table else [])
        entity_type, notes = read.common_type(entity_ids)
        collection_type, more = read.common_type(relation.ids("collection"))
        progress(0.4, "writing interactions")
        types = {"collection": collection_type, "entity": entity_type, "value": pl.Float32(), "weight": pl.Float32()}
        written = out / "interactions.parquet"
        n_absent = relation.write(written, types)
        progress(0.8, "writing entities")
        used = _distinct(written, ["entity"])
        frame, described, told = _entities(table, used, entity_type, files)
        n_rows = pl.scan_parquet(written).select(pl.len()).collect().item()
        report = _report(
            files, n_rows, [*relation.notes, *notes, *more, *told, *_absent(n_absent, "a collection or entity")]
        )
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
) -> dict[str, Any]:
    """Write ``raw_edges`` into ``out``; as ``read_collections``, with columns source, target and weight (default 1)."""
    with _workspace(out) as scratch:
        files = locate(edges, base=base, scratch=scratch / "relation")
        progress(0.05, "checking edges")
        relation = _Relation.open(files, "edges", dict(columns or {}))
        table = _entity_table(entities, relation, entity_columns, fields, base, scratch)
        ids = [*relation.ids("source"), *relation.ids("target"), *([table.origin] if table else [])]
        id_type, notes = read.common_type(ids)
        progress(0.4, "writing edges")
        written = out / "edges.parquet"
        n_absent = relation.write(written, {"source": id_type, "target": id_type, "weight": pl.Float32()}, weight=1.0)
        progress(0.8, "writing entities")
        used = _distinct(written, ["source", "target"])
        frame, described, told = _entities(table, used, id_type, files)
        n_rows = pl.scan_parquet(written).select(pl.len()).collect().item()
        report = _report(files, n_rows, [*relation.notes, *notes, *told, *_absent(n_absent, "a source or target")])
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
) -> dict[str, Any]:
    """Write ``raw_vectors`` into ``out``; as ``read_collections``, with columns id and vector.

    vector: one column of lists, or several numeric columns. An NPY file has no ids: its row i belongs to row i of the
    entity table, which is then needed. All vectors must have one length and finite values.
    """
    with _workspace(out) as scratch:
        files = locate(vectors, base=base, scratch=scratch / "relation")
        progress(0.05, "reading vectors")
        made = vector_files.read_all(files, dict(columns or {}))
        table = None
        if entities:
            table_files = locate(entities, base=base, scratch=scratch / "entities")
            sample = made.ids.head(_EXAMPLE_IDS) if made.ids is not None else None
            table = entity_table.read_table(
                table_files, columns=dict(entity_columns or {}), fields=fields, ids=sample, relation=made.names
            )
        if made.ids is None:
            made = vector_files.with_ids_of(made, table, files[0])
        assert made.ids is not None
        id_type, notes = read.common_type([*made.origins, *([table.origin] if table else [])])
        ids = made.ids.to_frame("id").select(read.as_ids("id", made.ids.dtype, id_type)).to_series()
        vector_files.check_unique(ids, files)
        progress(0.8, "writing vectors")
        frame, described, told = _entities(table, ids, id_type, files)
        frame = ids.to_frame("id").join(frame, on="id", how="left", maintain_order="left")
        frame = frame.with_columns(pl.col("label").fill_null(pl.col("id").cast(pl.String)))
        report = _report(files, len(ids), [*made.notes, *notes, *told])
        canonical.write_vectors(out, vectors=made.matrix, entities=frame, fields=described, report=report)
    progress(1.0, f"{made.matrix.shape[0]:,} vectors of length {made.matrix.shape[1]:,}")
    return report


class _workspace:
    """A folder for unpacked copies, gone afterwards; beside the output, where the disk is meant to be large enough."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._out = out

    def __enter__(self) -> Path:
        self._path = Path(tempfile.mkdtemp(prefix=".unpacked-", dir=self._out))
        return self._path

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self._path)


@dataclass
class _Part:
    """One file of a relation: its rows with one column per role, and what the first pass found out about it."""

    file: Located
    frame: pl.LazyFrame
    schema: pl.Schema
    columns: dict[str, str]
    facts: dict[str, Any]


class _Relation:
    """The files of one relation, checked; ``write`` makes them one canonical table."""

    def __init__(self, kind: str, parts: list[_Part], notes: list[str]) -> None:
        self.kind, self.parts, self.notes = kind, parts, notes

    @classmethod
    def open(cls, files: Sequence[Located], kind: str, columns: dict[str, Any]) -> _Relation:
        """Scan every file and gather the facts; raises DataError at the first value that cannot be meant."""
        notes: list[str] = []
        parts = []
        required = infer.ROLES[kind][:2]
        for file in files:
            frame = tables.scan(file).with_row_index(read.ROW, offset=1)
            nested = infer.nested_column(_without_row(frame), columns.get("entity"))
            if nested and kind == "collections":
                frame = infer.unfold(frame, nested)
            names = list(_without_row(frame))
            for role, name in columns.items():
                tables.column(file, names, name, field=f"source.columns.{role}")
            chosen = columns
            if not set(required) <= set(columns):
                sample = tables.collect(frame.drop(read.ROW).head(infer.SAMPLE_ROWS), file)
                guess = infer.guess_columns(sample, kind, file=file, given=columns)
                chosen, notes = guess.columns, notes or guess.sentences
            parts.append(cls._part(file, frame, chosen))
        return cls(kind, parts, notes)

    @classmethod
    def _part(cls, file: Located, frame: pl.LazyFrame, columns: dict[str, str]) -> _Part:
        frame = frame.select(read.ROW, *[pl.col(name).alias(role) for role, name in columns.items()])
        schema = frame.collect_schema()
        wanted: list[pl.Expr] = [pl.len().alias("rows")]
        for role in columns:
            if role in ("value", "weight"):
                wanted += read.number_facts(role, schema[role]) if _is_plain(schema[role]) else []
            elif role == "timestamp":
                wanted += read.time_facts(role, schema[role]) if _is_plain(schema[role]) else []
            elif _is_plain(schema[role]):
                wanted += read.id_facts(role, schema[role])
        facts = tables.collect(frame.select(wanted), file).row(0, named=True)
        if schema.get("timestamp") == pl.String and facts["timestamp:not_numbers"]:
            facts |= tables.collect(frame.select(read.written_time_facts("timestamp")), file).row(0, named=True)
        for role in ("value", "weight"):
            if role in columns:
                read.check_numbers(file, role, columns[role], schema[role], facts, negative=role == "value")
        return _Part(file, frame, schema, columns, facts)

    def ids(self, role: str) -> list[read.Ids]:
        return [
            read.ids_of(p.file, role, p.columns[role], p.schema[role], p.facts, typed=tables.is_typed(p.file))
            for p in self.parts
        ]

    def sample(self, role: str) -> pl.Series:
        """Some of the ids, as text."""
        part = self.parts[0]
        ids = part.frame.select(read.as_ids(role, part.schema[role], pl.String())).head(_EXAMPLE_IDS * 10)
        return tables.collect(ids, part.file)[role].unique(maintain_order=True).head(_EXAMPLE_IDS)

    def write(self, path: Path, types: Mapping[str, pl.DataType], *, weight: float | None = None) -> int:
        """Write all parts as one table, in the order of the files; returns how many rows lacked an id."""
        roles = [r for r in infer.ROLES[self.kind] if any(r in p.columns for p in self.parts)]
        if weight is not None and "weight" not in roles:
            roles.append("weight")
        frames = [self._canonical(part, roles, types, weight) for part in self.parts]
        required = list(infer.ROLES[self.kind][:2])
        rows = pl.concat(frames).drop_nulls(required)
        try:
            rows.sink_parquet(path, compression="zstd", row_group_size=_ROW_GROUP)
        except pl.exceptions.PolarsError as error:
            tables.diagnose(self.parts[0].file, error)
        n_written = pl.scan_parquet(path).select(pl.len()).collect().item()
        if n_written == 0:
            raise DataError(
                file=self.parts[0].file.name, where="", found=Found("has no row with both ids"),
                expected=f"rows with a {' and a '.join(required)}",
                remedy="Check the columns chosen in source.columns.",
            )  # fmt: skip
        return sum(part.facts["rows"] for part in self.parts) - n_written

    def _canonical(
        self, part: _Part, roles: Sequence[str], types: Mapping[str, pl.DataType], weight: float | None
    ) -> pl.LazyFrame:
        made = []
        for role in roles:
            if role not in part.columns:
                dtype = pl.Int64 if role == "timestamp" else pl.Float32
                made.append(pl.lit(weight if role == "weight" else None, dtype=dtype).alias(role))
            elif role == "timestamp":
                label = part.columns[role]
                made.append(read.as_seconds(part.file, role, label, part.schema[role], part.facts).alias(role))
            elif role in ("value", "weight"):
                number = read.as_number(role, part.schema[role]).cast(pl.Float32)
                made.append(
                    (number.fill_null(weight) if role == "weight" and weight is not None else number).alias(role)
                )
            else:
                made.append(read.as_ids(role, part.schema[role], types[role]).alias(role))
        return part.frame.select(made)


def _is_plain(dtype: pl.DataType) -> bool:
    return not (dtype.is_nested() or dtype in (pl.Binary, pl.Object))


def _without_row(frame: pl.LazyFrame) -> dict[str, pl.DataType]:
    return {name: dtype for name, dtype in frame.collect_schema().items() if name != read.ROW}


def _entity_table(
    patterns: Sequence[str] | None, relation: _Relation, columns: Mapping[str, str] | None, fields: FieldSpecs,
    base: Path, scratch: Path,
) -> entity_table.EntityTable | None:  # fmt: skip
    if not patterns:
        return None
    role = infer.ROLES[relation.kind][1]
    return entity_table.read_table(
        locate(patterns, base=base, scratch=scratch / "entities"), columns=dict(columns or {}), fields=fields,
        ids=relation.sample(role), relation=[part.columns[role] for part in relation.parts[:1]],
    )  # fmt: skip


def _distinct(path: Path, names: Sequence[str]) -> pl.Series:
    """The distinct values of the columns together, sorted."""
    parts = [pl.scan_parquet(path).select(pl.col(name).alias("id").unique()) for name in names]
    return pl.concat(parts).unique().collect(engine="streaming")["id"].sort()


def _entities(
    table: entity_table.EntityTable | None, used: pl.Series, id_type: pl.DataType, files: Sequence[Located]
) -> tuple[pl.DataFrame, list[dict[str, Any]], list[str]]:
    """The canonical entity table, its fields, and notes. Raises DataError where none of its ids is in ``used``."""
    if table is None:
        return entity_table.of_ids(used), [], []
    frame = table.frame.with_columns(read.as_ids("id", table.frame.schema["id"], id_type))
    frame = frame.with_columns(pl.col("label").fill_null(pl.col("id").cast(pl.String)))
    n_known = int(used.is_in(frame["id"].implode()).sum())
    if n_known == 0:
        ours = tables.examples(frame["id"])
        raise DataError(
            file=table.origin.file.name, where=f"column {table.origin.column!r}",
            found=Found(f"shares no id with {files[0].name}: {ours} against {tables.examples(used)}"),
            expected="the ids that the relation uses",
            remedy="Choose the column with those ids in source.entity_columns.id, or give the matching entity table.",
        )  # fmt: skip
    notes = list(table.notes)
    if n_known < len(used):
        notes.append(
            f"{len(used) - n_known:,} of {len(used):,} entities are not in the entity table; their id is their label"
        )
    return frame, table.fields, notes


def _absent(n_absent: int, what: str) -> list[str]:
    return [f"{n_absent:,} rows without {what} were left out"] if n_absent else []


def _report(files: Sequence[Located], n_rows: int, notes: Sequence[str]) -> dict[str, Any]:
    return {"rows": n_rows, "files": [{"path": f.name, "bytes": f.bytes} for f in files], "notes": list(notes)}
