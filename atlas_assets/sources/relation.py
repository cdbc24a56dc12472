"""The files of one relation as one canonical table: read in a single pass, checked and encoded on the way.

Batches of rows go from the files' columns to codes, numbers and times and at once to disk, so memory stays bounded by
the distinct ids. What can only be decided by all ids (whether they are integers) is decided afterwards, on those.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import canonical, infer, memory, nested, suspects, tables
from atlas_assets.sources import columns as read
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.id_codes import IdBatch, IdCodes, id_batch
from atlas_assets.sources.listing import Listed
from atlas_assets.sources.locate import Located, fetch
from atlas_assets.sources.measures import Clock, Numbers
from atlas_assets.sources.memory import Content, Known, Memory, look
from atlas_assets.sources.roles.guess import ROLES
from atlas_assets.sources.text import table
from atlas_assets.sources.values import lists
from atlas_assets.sources.values.numbers import WAYS
from atlas_assets.sources.values.times import way_named
from atlas_assets.stages.artifact import Progress

# Which roles share a dictionary of ids, and what the canonical tables call it.
_DICTIONARIES = {
    "collections": {"collection": "collection", "entity": "entity"},
    "edges": {"source": "entity", "target": "entity"},
}
_RULER = r"^:?[-=_+*]{2,}:?$"
_EXAMPLE_IDS = 2_000
_MOST_TOLD = 20  # sentences on files behind the first


@dataclass
class _Part:
    """One file of a relation, or what is new of it: the column of each role, and what its rows turn out to hold.

    before: the same file as far as it was known; content: what is in it, told once it is read.
    """

    file: Located
    listed: Listed
    frame: pl.LazyFrame
    schema: pl.Schema
    columns: dict[str, str]
    all_columns: dict[str, str]
    flat: bool  # rows are those of the file
    content: Callable[[], Content]
    told: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    clock: Clock | None = None
    numbers: dict[str, Numbers] = field(default_factory=dict)
    as_it_is: bool = True  # read from the file itself, not from a copy in another encoding
    clock_may_grow: bool = True  # the clock was told from as many rows as one is ever told from
    before: Known | None = None

    def batches(self) -> Iterator[tables.Batch]:
        if self.flat and tables.has_plain_columns(self.file, list(self.columns.values())):
            ids = [role for role in self.columns if role in ("collection", "entity", "source", "target")]
            return tables.parquet_batches(self.file, self.columns, distinct=ids)
        return tables.batches(self.frame, self.file)

    def sentences(self) -> list[str]:
        """What was decided about the file, with how its numbers and times are written; none of it twice."""
        written = [self.clock, *self.numbers.values()] if self.clock else list(self.numbers.values())
        told = [f"column {one.label!r} of {self.file.name}: {one.told}" for one in written if one.told]
        return list(dict.fromkeys([*self.told, *told]))

    def read_so_far(self, *, n_read: int, n_rows: int, n_ids: dict[str, int], n_own: int) -> Known:
        """What is known of the file now. n_own: the rows of the file itself."""
        content = self.content()
        # Ids of one dictionary in two columns are numbered by batches, and where these end changes with the rows.
        may_grow = (
            self.file.format in ("csv", "jsonl")
            and content.whole_lines
            and self.as_it_is
            and self.clock_may_grow
            and "source" not in self.columns
            and n_own >= max(2 * tables.BATCH_ROWS, infer.SAMPLE_ROWS)
            and ("timestamp" not in self.columns or self.clock is not None)
        )
        if may_grow and self.file.format == "csv":
            may_grow = not table.has_rows_over_lines(self.file)
        types = {role: memory.dtype_name(self.schema[role]) for role in self.columns}
        return Known(
            self.listed.name,
            self.listed.bytes,
            self.listed.mark,
            self.file.bytes,
            self.columns,
            self.all_columns,
            self.facts,
            types,
            self.clock.way.name if self.clock else None,
            {role: one.way.name if one.way else "plain" for role, one in self.numbers.items()},
            self.sentences(),
            n_read,
            n_rows,
            n_ids,
            content,
            may_grow,
            self.file.entities is not None,
            self.file.dialect,
        )


class Relation:
    """The files of one relation; ``write`` checks them and makes them one canonical table.

    What an earlier reading knows (``memory.Memory``) is not read again; in ``known`` is what the next one will know.
    """

    def __init__(self, kind: str, known: list[Known], parts: list[_Part], earlier: Path | None) -> None:
        self.kind = kind
        self.known = known
        self.n_rows = self.n_absent = 0
        self.n_kept = known[-1].n_rows if known else 0
        self._parts, self._earlier = parts, earlier
        if parts and parts[0].before:
            self.n_kept = parts[0].before.n_rows
        self._names = _DICTIONARIES[kind]
        self._codes = {name: IdCodes() for name in self._names.values()}

    @classmethod
    def open(
        cls,
        files: Sequence[Listed],
        kind: Literal["collections", "edges"],
        columns: dict[str, Any],
        *,
        scratch: Path,
        memory: Memory,
        options: Options | None = None,
    ) -> Relation:
        """Find the column of each role in every file; raises DataError where that is not possible."""
        known: list[Known] = []
        for before, listed in zip(memory.known, files, strict=False):
            if not before.is_same(listed) or before.brought_entities:
                break
            known.append(before)
        parts: list[_Part] = []
        for i, listed in enumerate(files[len(known) :], start=len(known)):
            file = fetch(listed.name, scratch / str(i), role=kind, options=options)
            if not parts and i < len(memory.known) and memory.known[i].name == listed.name:
                before = memory.known[i]
                content, begins = look(file.path, begin=before.content)
                if content == before.content:  # written again as it was
                    known.append(dataclasses.replace(before, bytes=listed.bytes, mark=listed.mark, size=file.bytes))
                    continue
                if begins and before.may_grow and (grown := _grown(file, listed, before, content, kind, scratch)):
                    parts.append(grown)
                    continue
            separator = options.separator if options else None
            parts.append(_opened(file, listed, kind, columns, scratch / f"text{i}", separator))
        return cls(kind, known, parts, memory.folder)

    @property
    def notes(self) -> list[str]:
        """What was guessed, and what was done to ids. After ``write``."""
        told = self._told_of_files()
        of_ids = (said for file in self.known for role in self._names for said in _told_of_ids(file, role))
        return [*told, *of_ids, *self._told_of_lines(), *self._told_of_texts()]

    def _told_of_files(self) -> list[str]:
        """What was decided about the first file; of the others, what was done to them."""
        first = next((place for place, file in enumerate(self.known) if file.told), len(self.known))
        told = [*self.known[first].told] if first < len(self.known) else []
        others = [
            one for file in self.known[first + 1 :] for one in file.told if one.startswith((file.name, "column "))
        ]
        once = [one for one in dict.fromkeys(others) if one not in told]
        more = [f"{len(once) - _MOST_TOLD:,} more such remarks on other files"] if len(once) > _MOST_TOLD else []
        return [*told, *once[:_MOST_TOLD], *more]

    def _told_of_lines(self) -> list[str]:
        """What was read as a row of ids and looks like a line that only divides others."""
        if not any(file.dialect for file in self.known):
            return []
        ids = {role: self._codes[of].ids(pl.String()) for role, of in self._names.items()}
        told = []
        rulers = {role: own.filter(own.str.contains(_RULER)) for role, own in ids.items()}
        if all(len(own) for own in rulers.values()):
            both = " and ".join(repr(own[0]) for own in rulers.values())
            told.append(f"{both} are ids of a row: if that line only divides others, take it out")
        return told

    def _told_of_texts(self) -> list[str]:
        columns, first = self.known[0].columns, self.known[0].name
        of = {name: role for role, name in reversed(self._names.items())}  # of both ends of edges once
        return [
            sentence
            for name, role in of.items()
            for sentence in suspects.told(self._codes[name].ids(pl.String()), columns[role], first, what=name)
        ]

    @property
    def own_entities(self) -> list[Located]:
        """The tables of entities that its files brought."""
        return [own for part in self._parts if (own := part.file.own_entities)]

    @property
    def files(self) -> list[tuple[str, int]]:
        """Name and size of every file. After ``write``."""
        return [(file.name, file.size) for file in self.known]

    def id_columns(self) -> list[str]:
        """The names of the two columns of ids in the first file. After ``write``."""
        return [self.known[0].columns[role] for role in self._names]

    def write(self, path: Path, progress: Progress, *, weight: float | None = None) -> None:
        """Write all parts as one table, in the order of the files, and count rows that lack an id (``n_absent``).

        weight: what a row without one has. Raises DataError at the first value that cannot be meant.
        """
        held = [*(file.columns for file in self.known), *(part.columns for part in self._parts)]
        roles = [r for r in ROLES[self.kind] if any(r in columns for columns in held)]
        if weight is not None and not {"weight", "distance"} & set(roles):
            roles.append("weight")
        begin = (self._parts[0].before if self._parts else None) or (self.known[-1] if self.known else None)
        n_read = begin.n_read if begin else 0
        with canonical.RelationWriter(path, roles) as writer:
            if begin:
                self._begin_like(begin, writer, path.name, roles)
            for i, part in enumerate(self._parts):
                began, n_lines = n_read, 0
                n_own = n_read - (self.known[-1].n_read if self.known else 0)
                for batch in part.batches():
                    columns, present = self._encoded(part, batch)
                    for role in roles[2:]:
                        values = self._measured(part, role, batch, weight)
                        columns[role] = values if present is None else values.filter(pl.Series(present))
                    writer.append(columns)
                    n_read, n_own = n_read + batch.n_rows, n_own + batch.n_rows
                    n_lines = batch.columns[tables.ROW][-1] if not part.flat and batch.n_rows else n_lines
                    progress(0.05 + 0.75 * i / len(self._parts), f"{n_read:,} rows read, now {part.file.name}")
                table.check_rows(part.file, n_read - began if part.flat else n_lines)
                n_ids = {name: len(codes) for name, codes in self._codes.items()}
                self.known.append(part.read_so_far(n_read=n_read, n_rows=writer.n_rows, n_ids=n_ids, n_own=n_own))
            self.n_rows = writer.n_rows
        self.n_absent = n_read - self.n_rows
        if not self.n_rows:
            raise DataError(
                file=self.known[0].name,
                where="",
                found=Found("has no row with both ids"),
                expected=f"rows with a {' and a '.join(self._names)}",
                remedy="Check the columns chosen in source.columns.",
            )

    def _begin_like(self, begin: Known, writer: canonical.RelationWriter, name: str, roles: list[str]) -> None:
        """Take rows and ids from the earlier tables, up to the end of a file as it was known."""
        assert self._earlier is not None
        earlier = self._earlier / name
        if pl.scan_parquet(earlier).collect_schema().names() != roles:
            raise OtherColumns
        writer.begin_like(earlier, begin.n_rows)
        for dictionary, codes in self._codes.items():
            ids = pl.read_parquet(self._earlier / f"{dictionary}_ids.parquet")["id"]
            if n := begin.n_ids[dictionary]:
                codes.encode(id_batch(ids.head(n)))

    def origins(self, name: str) -> list[read.Ids]:
        """What the files hold as ids of collections or of entities. After ``write``."""
        return [
            read.ids_of(k.named, role, k.columns[role], memory.dtype_of(k.types[role]), k.facts, typed=k.is_typed)
            for k in self.known
            for role, its in self._names.items()
            if its == name
        ]

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
            words = not tables.is_typed(part.file)
            decimals = words and _has_decimals(part, role, batch.columns[role])
            ids[role] = id_batch(
                batch.columns[role], batch.indices.get(role), only_text=only_text, words=words, decimals=decimals
            )
            _note_ids(part, role, ids[role], batch)
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
            if part.clock is None:
                part.clock = Clock.of(part.file, role, label, frame)
                part.clock_may_grow = batch.n_rows == tables.BATCH_ROWS
            return part.clock.seconds(frame) if part.clock else pl.repeat(None, batch.n_rows, dtype=dtype, eager=True)
        if role not in part.numbers:
            part.numbers[role] = Numbers(part.file, role, label, negative=role == "value")
        number = part.numbers[role].read_narrow(frame)
        return number.fill_null(weight) if role == "weight" and weight is not None else number


class OtherColumns(Exception):
    """The table as a whole has other columns than the earlier one."""


def _opened(
    fetched: Located, listed: Listed, kind: str, columns: dict[str, Any], scratch: Path, separator: str | None
) -> _Part:
    """A file with the column of each role found."""
    file = table.prepare(fetched, scratch)
    told = list(file.told)
    required = ROLES[kind][:2]
    scanned = tables.scan(file)
    frame, listing = _unfolded(scanned, file, kind, columns, separator)
    for role, name in columns.items():
        tables.column(file, list(_without_row(frame)), name, field=f"source.columns.{role}")
    chosen = columns
    if not set(required) <= set(columns):
        if listing is None:
            sample = tables.head(frame, file, infer.SAMPLE_ROWS)
        else:
            sample = tables.collect(frame.drop(tables.ROW).head(infer.SAMPLE_ROWS), file)
        members = nested.members(sample.columns, listing)
        guess = infer.guess_columns(sample, kind, file=file, given=columns, members=members)
        chosen = guess.columns
        told += guess.sentences
        if guess.separator:
            separator = guess.separator
            frame, listing = _unfolded(scanned, file, kind, chosen, separator)
    part = _part(file, listed, scanned, frame, listing is None, chosen)
    part.content = lambda: look(fetched.path)[0]
    part.as_it_is = file.path == fetched.path and separator is None
    for role in required:
        read.check_identifies(file, chosen[role], part.schema[role])
    part.told = told
    return part


def _grown(file: Located, listed: Listed, before: Known, content: Content, kind: str, scratch: Path) -> _Part | None:
    """What is new at the end of a file; None where that cannot be read by itself as it would be as part of it."""
    new = memory.tail(file, before, scratch / "grown")
    if not table.is_written_as(new):
        return None
    scanned = tables.scan(new)
    if _described(scanned) != before.schema:
        return None
    frame, listing = _unfolded(scanned, new, kind, before.columns, None)
    part = _part(new, listed, scanned, frame, listing is None, before.columns)
    part.content, part.told, part.facts, part.before = lambda: content, before.told, dict(before.facts), before
    if before.clock is not None:
        part.clock = Clock(new, "timestamp", before.columns["timestamp"], way_named(before.clock))
    for role, way in before.numbers.items():
        part.numbers[role] = Numbers(new, role, before.columns[role], negative=role == "value", way=WAYS[way])
    return part


def _part(
    file: Located, listed: Listed, scanned: pl.LazyFrame, frame: pl.LazyFrame, flat: bool, chosen: dict[str, str]
) -> _Part:
    frame = frame.select(tables.ROW, *[pl.col(name).alias(role) for role, name in chosen.items()])
    return _Part(
        file,
        listed,
        frame,
        frame.collect_schema(),
        dict(chosen),
        _described(scanned),
        flat,
        content=lambda: look(file.path)[0],
    )


def _unfolded(
    scanned: pl.LazyFrame, file: Located, kind: str, columns: dict[str, Any], separator: str | None
) -> tuple[pl.LazyFrame, str | None]:
    """The rows of a file with their numbers, lists of entities unfolded; and the column that held these, if one did."""
    frame = scanned.with_row_index(tables.ROW, offset=1)
    schema = _without_row(frame)
    if kind != "collections":
        held = nested.neighbours(schema, columns)
        if held is None:
            return frame, None
        return nested.side_by_side(frame, *held, row=tables.ROW, file=file.name), held[0]
    entity = columns.get("entity")
    if separator is not None and entity in schema:
        nested.require_text(schema, entity, file=file.name)
        if separator == lists.LITERAL:
            nested.require_lists(frame, entity, row=tables.ROW, file=file.name)
        return nested.unfolded(nested.split(frame, entity, separator), entity), entity
    listing = nested.list_column(schema, entity)
    return (nested.unfolded(frame, listing), listing) if listing else (frame, None)


def _described(frame: pl.LazyFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.collect_schema().items()}


def _has_decimals(part: _Part, role: str, column: pl.Series) -> bool:
    """Whether 12.0 stands for 12 in a column of text; the first rows of the file tell."""
    if f"{role}:decimals" not in part.facts:
        part.facts[f"{role}:decimals"] = column.dtype == pl.String and read.are_whole_decimals(column)
    return part.facts[f"{role}:decimals"]


def _note_ids(part: _Part, role: str, ids: IdBatch, batch: tables.Batch) -> None:
    """What decides the type of the ids: an example, and the first that is no integer; and what was done to them."""
    facts = part.facts
    if ids.n_respelt:
        facts[f"{role}:n_respelt"] = facts.get(f"{role}:n_respelt", 0) + ids.n_respelt
        facts.setdefault(f"{role}:respelt", ids.respelt)
    if ids.word is not None:
        facts.setdefault(f"{role}:word", ids.word)
    if facts.setdefault(f"{role}:example", None) is None:
        known = ids.values.drop_nulls()
        facts[f"{role}:example"] = known[0] if len(known) else None
    if facts.setdefault(f"{role}:other", None) is None and ids.values.dtype == pl.String:
        facts[f"{role}:other"] = ids.values.to_frame("id").select(read.other_than_integers("id").first()).item()
        _refuse_shortened(part, role, batch)
    facts[f"{role}:absent"] = 0  # rows without ids are counted together


def _refuse_shortened(part: _Part, role: str, batch: tables.Batch) -> None:
    """Raise DataError where a spreadsheet has shortened long numbers: which they were cannot be known."""
    other = part.facts[f"{role}:other"]
    if part.file.format != "csv" or not re.fullmatch(r"\d([.,]\d+)?E\+?\d{2}", other or ""):
        return
    shortened = batch.frame([role]).filter(pl.col(role).str.strip_chars() == other)
    raise DataError(
        file=part.file.name,
        where=read.place(part.file, shortened[tables.ROW][0], part.columns[role]),
        found=Found(f"is {other!r}, a number that a spreadsheet has shortened: several ids have become one"),
        expected="ids with all their digits",
        remedy="Export the file again with this column formatted as text.",
    )


def _told_of_ids(file: Known, role: str) -> list[str]:
    """What was done to the ids of a column, for people."""
    column, facts, told = f"column {file.columns[role]!r} of {Path(file.name).name}", file.facts, []
    if facts.get(f"{role}:n_respelt"):
        example = facts[f"{role}:respelt"]
        told.append(
            f"{column}: {facts[f'{role}:n_respelt']:,} ids such as {example!r} had blanks around them or their letters"
            " in another Unicode form; they are one with those that have not"
        )
    if facts.get(f"{role}:decimals"):
        told.append(f"{column}: ids such as 12.0 were read as 12")
    if facts.get(f"{role}:word"):
        told.append(f"{column}: {facts[f'{role}:word']!r} means that there is no id; JSONL or Parquet keeps such words")
    return told


def _without_row(frame: pl.LazyFrame) -> dict[str, pl.DataType]:
    return {name: dtype for name, dtype in frame.collect_schema().items() if name != tables.ROW}
