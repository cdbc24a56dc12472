"""Whether the first row of a text table names its columns, and what the columns are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from atlas_assets.errors import DataError, Found

_SHAPE_DIGITS, _SHAPE_LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)*|[.,]\d+)([eE][+-]?\d+)?$")
_ABSENT = {"", "na", "n/a", "nan", "null", "none", "\\n", "?", "-"}


@dataclass(frozen=True)
class Header:
    """is_there: whether the first row is one; names: of all columns, none twice; told: sentences for people."""

    is_there: bool
    names: tuple[str, ...]
    told: list[str] = field(default_factory=list)


def find(rows: Sequence[Sequence[str]], width: int, *, name: str, line: int) -> Header:
    """The header of ``rows``, of which most have ``width`` cells. line: of the first. Raises DataError if it is bad."""
    first = [cell.strip() for cell in rows[0]]
    below = [row for row in rows[1:] if len(row) == width]
    if not _is_header(first, below):
        shown = ", ".join(repr(cell) for cell in first[:4])
        made = tuple(f"column_{i}" for i in range(1, width + 1))
        said = (
            f"{name} has no header: its first row ({shown}) looks like the others; its columns are called {made[0]}, …"
        )
        return Header(False, made, [said])
    told: list[str] = []
    if len(first) == width - 1 and below:
        if all(not row[-1].strip() for row in below):
            first = [*first, ""]
        else:
            told.append(f"{name}: the header has one name less than the rows have fields; the first column has none")
            first = ["", *first]
    _refuse_repeated(first, name, line)
    names = _named(first)
    unnamed = [made for given, made in zip(first, names, strict=True) if not given]
    if unnamed and len(unnamed) < 4:
        told.append(f"{name}: {_listed(unnamed)} without a name, called so by place")
    return Header(True, names, told)


def _is_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Names differ from what they name: in kind, or because they do not come again below."""
    if not any(first) or len(first) != len(below[0] if below else first):
        return True
    if _are_numbered([cell for cell in first if cell]):
        return True
    columns = [[row[i].strip() for row in below] for i in range(len(first))]
    pairs = [
        (cell, [v for v in column if v.lower() not in _ABSENT]) for cell, column in zip(first, columns, strict=True)
    ]
    if not below:
        return not all(map(_is_number, first))
    numeric = [(cell, column) for cell, column in pairs if column and all(map(_is_number, column))]
    if any(cell and not _is_number(cell) for cell, _ in numeric):
        return True
    if any(_is_number(cell) for cell, _ in numeric):
        return False
    texts = [(cell, column) for cell, column in pairs if cell and column and not all(map(_is_number, column))]
    known = {value for _, column in texts for value in column}
    if any(cell in known for cell, _ in texts):
        # Files that were put together, each with its header: then its names stand in no other row.
        rows = [[v.strip() for v in row] for row in below]
        others = {value for row in rows if row != list(first) for value in row}
        return list(first) in rows and others.isdisjoint(cell for cell, _ in texts)
    return not (texts and len(below) > 2 and all(_has_shape_of(cell, column) for cell, column in texts))


def _is_number(text: str) -> bool:
    return bool(_NUMBER.match(text))


def _are_numbered(names: Sequence[str]) -> bool:
    """0, 1, 2, … or 1, 2, …, as what writes a matrix calls its columns; among them some that are words."""
    numbers = [int(name) for name in names if name.isdecimal() and len(name) < 7]
    steps = numbers == list(range(numbers[0], numbers[0] + len(numbers))) if len(numbers) > 2 else False
    return steps and numbers[0] in (0, 1)


def _has_shape_of(cell: str, column: Sequence[str]) -> bool:
    """Whether a cell is written like all below it, digits in the same places: u0 above u1, u2, …"""
    shape = _shape(cell)
    return "9" in shape and all(_shape(value) == shape for value in column)


def _shape(text: str) -> str:
    return _SHAPE_LETTERS.sub("a", _SHAPE_DIGITS.sub("9", text))


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    taken = set(cells)
    names = []
    for place, cell in enumerate(cells, start=1):
        made = cell or f"column_{place}"
        while not cell and made in taken:
            made = f"{made}_"
        names.append(made)
    return tuple(names)


def _refuse_repeated(names: Sequence[str], file: str, line: int) -> None:
    repeated = sorted(name for name, n in Counter(names).items() if name and n > 1)
    if repeated:
        shown = ", ".join(map(repr, repeated[:5]))
        raise DataError(
            file=file,
            where=f"line {line}",
            found=Found(f"names {shown} more than once"),
            expected="every column once",
            remedy="Rename or remove the repeated columns.",
        )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
