"""The files of one relation as one canonical table: read in a single pass, checked and encoded on the way.

Batches of rows go from the files' columns to codes, numbers and times and at once to disk, so memory stays bounded by
the distinct ids. What can only be decided by all ids (whether they are integers) is decided afterwards, on those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import canonical, infer, tables
from atlas_assets.sources import columns as read
from atlas_assets.sources.id_codes import IdBatch, IdCodes, id_batch
from atlas_assets.sources.locate import Located
from atlas_assets.stages.artifact import Progress

# Which roles share a dictionary of ids, and what the canonical tables call it.
_DICTIONARIES = {
    "collections": {"collection": "collection", "entity": "entity"},
    "edges": {"source": "entity", "target": "entity"},
}
_EXAMPLE_IDS = 2_000


@dataclass
class _Part:
    """One file of a relation: the column of each role, and what its rows turn out to hold."""

    file: Located
    frame: pl.LazyFrame
    schema: pl.Schema
    columns: dict[str, str]
    flat: bool  # rows are those of the file
    facts: dict[str, Any] = field(default_factory=dict)
    clock: read.Clock | None = None

    def batches(self) -> Iterator[tables.Batch]:
        if self.flat and tables.has_plain_columns(self.file, list(self.columns.values())):
            ids = [role for role in self.columns if role in ("collection", "entity", "source", "target")]
            return tables.parquet_batches(self.file, self.columns, distinct=ids)
        return tables.batches(self.frame, self.file)


class Relation:
    """The files of one relation; ``write`` checks them and makes them one canonical table."""

    def __init__(self, kind: str, parts: list[_Part], notes: list[str]) -> None:
        self.kind, self.notes = kind, notes
        self.n_rows = self.n_absent = 0
        self._parts = parts
        self._names = _DICTIONARIES[kind]
        self._codes = {name: IdCodes() for name in self._names.values()}

    @classmethod
    def open(cls, files: Sequence[Located], kind: str, columns: dict[str, Any]) -> Relation:
        """Find the column of each role in every file; raises DataError where that is not possible."""
        notes: list[str] = []
        parts = []
        required = infer.ROLES[kind][:2]
        for file in files:
            frame = tables.scan(file).with_row_index(tables.ROW, offset=1)
            nested = infer.nested_column(_without_row(frame), columns.get("entity"))
            flat = not (nested and kind == "collections")
            if nested and not flat:
                frame = infer.unfold(frame, nested)
            names = list(_without_row(frame))
            for role, name in columns.items():
                tables.column(file, names, name, field=f"source.columns.{role}")
            chosen = columns
            if not set(required) <= set(columns):
                if flat:
                    sample = tables.head(frame, file, infer.SAMPLE_ROWS)
                else:
                    sample = tables.collect(frame.drop(tables.ROW).head(infer.SAMPLE_ROWS), file)
                guess = infer.guess_columns(sample, kind, file=file, given=columns)
                chosen, notes = guess.columns, notes or guess.sentences
            frame = frame.select(tables.ROW, *[pl.col(name).alias(role) for role, name in chosen.items()])
            schema = frame.collect_schema()
            for role in required:
                read.check_identifies(file, chosen[role], schema[role])
            parts.append(_Part(file, frame, schema, chosen, flat))
        return cls(kind, parts, notes)

    def id_columns(self) -> list[str]:
        """The names of the two columns of ids in the first file."""
        return [self._parts[0].columns[role] for role in self._names]

    def write(self, path: Path, progress: Progress, *, weight: float | None = None) -> None:
        """Write all parts as one table, in the order of the files, and count rows that lack an id (``n_absent``).

        weight: what a row without one has. Raises DataError at the first value that cannot be meant.
        """
        roles = [r for r in infer.ROLES[self.kind] if any(r in p.columns for p in self._parts)]
        if weight is not None and "weight" not in roles:
            roles.append("weight")
        n_read = 0
        with canonical.RelationWriter(path, roles) as writer:
            for i, part in enumerate(self._parts):
                for batch in part.batches():
                    columns, present = self._encoded(part, batch)
                    for role in roles[2:]:
                        values = self._measured(part, role, batch, weight)
                        columns[role] = values if present is None else values.filter(pl.Series(present))
                    writer.append(columns)
                    n_read += batch.n_rows
                    progress(0.05 + 0.75 * i / len(self._parts), f"{n_read:,} rows read, now {part.file.name}")
            self.n_rows = writer.n_rows
        self.n_absent = n_read - self.n_rows
        if not self.n_rows:
            raise DataError(
                file=self._parts[0].file.name, where="", found=Found("has no row with both ids"),
                expected=f"rows with a {' and a '.join(self._names)}",
                remedy="Check the columns chosen in source.columns.",
            )  # fmt: skip

    def origins(self, name: str) -> list[read.Ids]:
        """What the files hold as ids of collections or of entities. After ``write``."""
        return [
            read.ids_of(p.file, role, p.columns[role], p.schema[role], p.facts, typed=tables.is_typed(p.file))
            for p in self._parts for role, its in self._names.items() if its == name
        ]  # fmt: skip

    def sample(self, name: str) -> pl.Series:
        """Some of the ids, as text. After ``write``."""
        return self._codes[name].ids(pl.String()).head(_EXAMPLE_IDS)

    def ids(self, name: str, dtype: pl.DataType) -> pl.Series:
        """The ids of all codes. After ``write``."""
        return self._codes[name].ids(dtype)

    def _encoded(self, part: _Part, batch: tables.Batch) -> tuple[dict[str, Any], np.ndarray | None]:
        """The codes of the rows that have both ids, and a mask of these; None where all have."""
        ids: dict[str, IdBatch] = {}
        for role in self._names:
            only_text = part.facts.get(f"{role}:other") is not None
            ids[role] = id_batch(batch.columns[role], batch.indices.get(role), only_text=only_text)
            _note_ids(part, role, ids[role])
        absent = [mask for mask in (one.absent() for one in ids.values()) if mask is not None]
        present = ~np.logical_or.reduce(absent) if absent else None
        if present is not None:
            ids = {role: one.where(present) for role, one in ids.items()}
        return {role: self._codes[name].encode(ids[role]) for role, name in self._names.items()}, present

    def _measured(self, part: _Part, role: str, batch: tables.Batch, weight: float | None) -> pl.Series:
        """The values, weights or times of a batch in their canonical type."""
        dtype, label = pl.Int64() if role == "timestamp" else pl.Float32(), part.columns.get(role)
        if label is None:
            return pl.repeat(weight if role == "weight" else None, batch.n_rows, dtype=dtype, eager=True)
        frame = batch.frame([role])
        if role == "timestamp":
            part.clock = part.clock or read.Clock.of(part.file, role, label, frame)
            return part.clock.seconds(frame) if part.clock else pl.repeat(None, batch.n_rows, dtype=dtype, eager=True)
        number = read.numbers(part.file, role, label, frame, negative=role == "value").cast(pl.Float32)
        return number.fill_null(weight) if role == "weight" and weight is not None else number


def _note_ids(part: _Part, role: str, ids: IdBatch) -> None:
    """What decides the type of the ids: an example, and the first that is no integer."""
    facts = part.facts
    if facts.setdefault(f"{role}:example", None) is None:
        known = ids.values.drop_nulls()
        facts[f"{role}:example"] = known[0] if len(known) else None
    if facts.setdefault(f"{role}:other", None) is None and ids.values.dtype == pl.String:
        facts[f"{role}:other"] = ids.values.to_frame("id").select(read.other_than_integers("id").first()).item()
    facts[f"{role}:absent"] = 0  # rows without ids are counted together


def _without_row(frame: pl.LazyFrame) -> dict[str, pl.DataType]:
    return {name: dtype for name, dtype in frame.collect_schema().items() if name != tables.ROW}
