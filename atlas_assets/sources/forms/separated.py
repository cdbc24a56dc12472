"""Rows whose fields stand between blanks or ``::``, below comments or not: SNAP's edges, MovieLens' ``.dat``."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from atlas_assets.sources.forms import text
from atlas_assets.sources.forms.form import COLUMNS, RELATIONS, Form, Given, Head, Pieces, Role, no_rows, write_parquet
from atlas_assets.sources.roles.names import name_score

_COMMENTS = ("#", "%", "//")
_OTHERS = (",", ";", "|")
_MOST_FIELDS = 5  # of words more would be a sentence
_ROWS = 500


@dataclass(frozen=True)
class _Layout:
    """comment: the sign before lines that are none; double: ``::`` rather than blanks; header: whether row 1 is one."""

    comment: str | None
    double: bool
    names: list[str]
    header: bool
    rows: list[list[str]]


def _layout(head: Head, role: Role) -> _Layout | None:
    lines = head.lines
    comment = next((sign for sign in _COMMENTS if lines and lines[0].startswith(sign)), None)
    body = [line for line in lines if not (comment and line.startswith(comment))][:_ROWS]
    if not body or lines[0].lower().startswith("%%matrixmarket"):
        return None
    double = all("::" in line for line in body)
    rows = [_fields(line, double) for line in body]
    n_fields = len(rows[0])
    if n_fields < 2 or any(len(row) != n_fields for row in rows) or '"' in body[0]:
        return None
    if not double:
        other = any(all(sign in line for line in body) for sign in (*_OTHERS, *(() if comment else ("\t",))))
        if other or n_fields > _MOST_FIELDS or role not in RELATIONS or len(rows) < 2:
            return None
    said = _fields(lines[lines.index(body[0]) - 1].lstrip("#%/ \t"), double) if comment else []
    header = _is_header(rows) or _names_roles(rows, role)
    names = rows[0] if header else _named(said, n_fields) or _by_place(rows, role)
    return _Layout(comment, double, _distinct(names), header, rows[1:] if header else rows)


def _fields(line: str, double: bool) -> list[str]:
    return line.rstrip("\r\n").split("::") if double else line.split()


def _is_header(rows: list[list[str]]) -> bool:
    """No number in the first row, and a column that holds numbers below it."""
    columns = list(zip(*rows[1:], strict=True))
    return not any(map(text.is_number, rows[0])) and any(all(map(text.is_number, column)) for column in columns)


def _names_roles(rows: list[list[str]], role: Role) -> bool:
    """Whether the first row names the two ids, and holds nothing that comes again below it."""
    first, wanted = rows[0], COLUMNS.get(role, ())[:2]
    below = {field for row in rows[1:] for field in row}
    called = len(wanted) == 2 and all(any(name_score(one, name) >= 1 for name in first[:2]) for one in wanted)
    return called and below.isdisjoint(first)


def _named(said: list[str], n_fields: int) -> list[str] | None:
    """The names in the last comment, if it has one for every field."""
    return said if len(said) == n_fields and not any(map(text.is_number, said)) else None


def _by_place(rows: list[list[str]], role: Role) -> list[str]:
    """What columns without a name are called: two ids, then a number, then a time, each if it is one."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    if role not in COLUMNS:
        return ["id", "label", *(f"column_{i}" for i in range(3, len(columns) + 1))][: len(columns)]
    names = list(COLUMNS[role][:2])
    for place, column in enumerate(columns[2:], start=3):
        number = COLUMNS[role][2]
        if text.are_times(column):
            names.append("timestamp")
        elif number not in names and all(map(text.is_number, column)):
            names.append(number)
        else:
            names.append(f"column_{place}")
    return names


def _distinct(names: list[str]) -> list[str]:
    return [name if names.index(name) == i else f"{name}_{i + 1}" for i, name in enumerate(names)]


def read(given: Given) -> Pieces:
    """All fields as text; raises DataError at the first line with another number of them."""
    layout = _layout(given.head, given.role)
    if layout is None:
        raise given.wrong(
            "is not rows of fields between blanks or ::",
            expected="as many fields in every line",
            remedy="Correct source.form, or leave it out.",
        )
    path, told = text.utf8(given)
    line = pl.col("line")
    lines = text.lines_of(path).filter(line.str.strip_chars() != "")
    if layout.comment:
        lines = lines.filter(~line.str.starts_with(layout.comment))
    if layout.header:
        lines = lines.slice(1)
    split = (
        line.str.split("::") if layout.double else line.str.strip_chars().str.replace_all(r"\s+", " ").str.split(" ")
    )
    n = len(layout.names)
    rows = lines.with_columns(fields=split)
    wrong = rows.filter(pl.col("fields").list.len() != n).head(1).collect(engine="streaming")
    if wrong.height:
        raise given.wrong(
            f"has {len(wrong['fields'][0])} fields ({wrong['line'][0][:60]!r})",
            expected=f"{n}, as in the first row",
            remedy="Correct the line, or write the file as CSV.",
            where=f"line {wrong['number'][0]:,}",
        )
    table = rows.select(
        pl.col("fields").list.get(i).str.strip_chars().alias(name) for i, name in enumerate(layout.names)
    )
    made = write_parquet(given, table)
    if pl.scan_parquet(made).select(pl.len()).collect().item() == 0:
        raise no_rows(given)
    between = "::" if layout.double else "blanks"
    names = f"{', '.join(layout.names)}{'' if layout.header else ' (by place, there is no header)'}"
    told.append(f"{given.name}: fields between {between}{', comments left out' if layout.comment else ''}: {names}")
    return Pieces(made, "parquet", told=tuple(told))


FORM = Form(
    "separated",
    "a file of fields between blanks or ::",
    (".dat", ".edges", ".edgelist", ".el"),
    frozenset({*RELATIONS, "entities"}),
    lambda head, role: _layout(head, role) is not None,
    read,
    says=True,
)
