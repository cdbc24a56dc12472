"""One basket per line: the entities of one collection beside each other, as many as there are, padded or not.

FIMI's ``.dat`` with numbers between blanks, and the same with words and commas, tabs, semicolons or bars.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from atlas_assets.sources.forms import text
from atlas_assets.sources.forms.form import Form, Given, Head, Pieces, Role, no_rows

_SEPARATORS = ("\t", ";", "|", ",")
_ROWS = 1_000
_BATCH = 1 << 17
_LEAST_SHARED = 0.5
_LEAST_UNIFORM = 10  # lines of one length, which a small table has, too


@dataclass(frozen=True)
class _Layout:
    """separator: None for blanks; header: whether line 1 only names columns; first: what the first field of a line is:
    a member like the others, the id of the basket, or how many it holds.
    """

    separator: str | None
    header: bool
    first: str


def _layout(head: Head, role: Role) -> _Layout | None:
    lines = head.lines[:_ROWS]
    if role != "collections" or len(lines) < 3 or lines[0].startswith(("#", "%", "{", "[", "<")):
        return None
    counts = {sign: sum(sign in line for line in lines) for sign in _SEPARATORS}
    most = max(_SEPARATORS, key=lambda sign: counts[sign])
    separator = most if counts[most] >= len(lines) / 2 else None
    rows = [_members(row) for row in _parsed(lines, separator)]
    widths = [len(row) for row in rows]
    ragged = len(set(widths)) > 1 and Counter(widths).most_common(1)[0][1] < 0.9 * len(rows)
    header = not set(rows[0]) & {value for row in rows[1:] for value in row}
    body = rows[1:] if header else rows
    first = _first(body)
    members = body if first == "member" else [row[1:] for row in body]
    if sum(len(row) > 1 for row in members) < len(members) / 3 or text.shared_values(members) < _LEAST_SHARED:
        return None
    numbers = all(text.is_number(value) for row in members for value in row)
    many = len({value for row in members for value in row}) > max(widths) >= 3
    sets = len(members) >= _LEAST_UNIFORM and all(len(set(row)) == len(row) for row in members)
    return _Layout(separator, header, first) if ragged or (many and sets and not numbers) else None


def _parsed(lines, separator: str | None) -> Iterator[list[str]]:
    if separator is None:
        return (line.split() for line in lines)
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _members(row: list[str]) -> list[str]:
    """The fields that hold something."""
    return [field for field in map(str.strip, row) if field]


def _first(rows: list[list[str]]) -> str:
    firsts = [row[0] for row in rows if row]
    rest = {value for row in rows for value in row[1:]}
    if all(
        value.isdigit() and int(value) == len(row) - 1 for value, row in zip(firsts, filter(None, rows), strict=True)
    ):
        return "count"
    return "id" if len(set(firsts)) == len(firsts) and not set(firsts) & rest and len(firsts) > 5 else "member"


def read(given: Given) -> Pieces:
    """Rows of (collection, entity); the collection is the number of the line where it has no id of its own."""
    layout = _layout(given.head, given.role) or _Layout(None, False, "member")
    path, told = text.utf8(given)
    target = given.target("table.parquet")
    n_baskets, n_rows = 0, 0
    parts: list[Path] = []
    collections: list[str] = []
    entities: list[str] = []

    def flush() -> None:
        part = given.target(f"part{len(parts)}.parquet")
        pl.DataFrame(
            {"collection": collections, "entity": entities}, schema=dict.fromkeys(("collection", "entity"), pl.String)
        ).write_parquet(part)
        parts.append(part)
        collections.clear()
        entities.clear()

    with path.open(encoding="utf-8-sig", newline="") as source:
        try:
            for number, row in enumerate(_parsed(source, layout.separator), start=1):
                members = _members(row)
                if (layout.header and number == 1) or not members:
                    continue
                basket = members[0] if layout.first == "id" else str(number)
                members = members if layout.first == "member" else members[1:]
                collections.extend([basket] * len(members))
                entities.extend(members)
                n_baskets, n_rows = n_baskets + 1, n_rows + len(members)
                if len(entities) >= _BATCH:
                    flush()
        except csv.Error as error:
            raise given.unreadable(error, "baskets, one per line,") from error
    flush()
    if not n_rows:
        raise no_rows(given)
    pl.scan_parquet(parts).sink_parquet(target, compression="lz4")
    signs = {None: "blanks", "\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
    ids = {"id": "its first field is its id", "count": "its first field says how many", "member": "its id is its line"}
    told.append(
        f"{given.name}: one basket per line, {n_baskets:,} of them with {n_rows:,} members between "
        f"{signs[layout.separator]}; {ids[layout.first]}{'; line 1 only names columns' if layout.header else ''}"
    )
    return Pieces(target, "parquet", told=tuple(told))


FORM = Form(
    "baskets",
    "a file of baskets, one per line",
    (".dat", ".basket"),
    frozenset({"collections"}),
    lambda head, role: _layout(head, role) is not None,
    read,
    says=True,
)
