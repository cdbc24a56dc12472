"""Vectors as tools for words write them: word2vec's text and binary, GloVe, fastText's ``.vec``; and bare numbers.

A line is a token and its numbers. A first line with two whole numbers says how many and how long. Lines of numbers only
are vectors without ids, as in TensorBoard's ``vectors.tsv``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from atlas_assets.sources.forms import text
from atlas_assets.sources.forms.arrays import with_columns
from atlas_assets.sources.forms.form import Form, Given, Head, Pieces, Role

_COUNTS = re.compile(rb"^\s*(\d+)[ \t]+(\d+)\s*\r?\n")
_BLOCK_BYTES = 1 << 24
_LEAST = 2  # numbers of a vector


@dataclass(frozen=True)
class _Layout:
    """n_numbers: of one vector; header: whether the first line says so; tokens: whether an id stands before them."""

    n_numbers: int
    header: bool
    tokens: bool
    separator: str | None


def _layout(head: Head, role: Role) -> _Layout | None:
    lines = head.lines[:200]
    if role != "vectors" or not lines or lines[0].startswith(("#", "%", "{", "[", "<")):
        return None
    separator = next((sign for sign in (",", ";", "\t") if all(sign in line for line in lines[-3:])), None)
    rows = [[field.strip() for field in line.rstrip().split(separator)] for line in lines]
    counts = _COUNTS.match(head.bytes)
    header = bool(counts) and len(rows) > 1 and len(rows[1]) >= int(counts.group(2)) + 1  # type: ignore[union-attr]
    body = rows[1:] if header else rows
    n_numbers = int(counts.group(2)) if header and counts else _n_numbers(body)
    if n_numbers < _LEAST:
        return None
    if any(len(row) < n_numbers or not all(map(text.is_number, row[-n_numbers:])) for row in body):
        return None
    tokens = header or any(len(row) > n_numbers for row in body)
    if tokens and (separator in (",", ";") or any(len(row) == n_numbers for row in body)):
        return None  # with commas and an id it is a CSV, with a header or without
    return _Layout(n_numbers, header, tokens, separator)


def _n_numbers(rows: list[list[str]]) -> int:
    """How many numbers end every row; one less where the first are the ids of the others."""
    widths = {len(row) for row in rows}
    runs = []
    for row in rows:
        n = next((i for i, field in enumerate(reversed(row)) if not text.is_number(field)), len(row))
        runs.append(n)
    if len(widths) == 1 and min(runs) == widths.pop() and _counts_up(rows):
        return min(runs) - 1
    most = min(runs)
    # A token that is a number ("2008") has one more before it: most rows decide.
    return most if all(len(row) >= most for row in rows) else 0


def _counts_up(rows: list[list[str]]) -> bool:
    """Whether the first column is an index: whole numbers, no two alike, beside numbers that are not."""
    firsts = [row[0] for row in rows]
    whole = all(value.isdigit() for value in firsts) and len(set(firsts)) == len(firsts) and len(firsts) > 2
    return whole and any(not value.lstrip("-").isdigit() for row in rows for value in row[1:])


def _is_binary(head: Head, role: Role) -> bool:
    counts = _COUNTS.match(head.bytes)
    if not counts or role not in ("vectors", "entities"):
        return False
    n_numbers, begin = int(counts.group(2)), counts.end()
    space = head.bytes.find(b" ", begin)
    numbers = head.bytes[space + 1 : space + 1 + 4 * n_numbers]
    if space < 0 or space - begin > 400 or len(numbers) < 4 * min(n_numbers, 8):
        return False
    first = np.frombuffer(numbers[: len(numbers) // 4 * 4], dtype="<f4")
    return not head.lines or (any(c < 9 for c in numbers) and bool(np.isfinite(first).all()))


def read_text(given: Given) -> Pieces:
    """Lines of a token and its numbers, or of numbers only."""
    layout = _layout(given.head, given.role)
    if layout is None:
        raise given.wrong(
            "is not lines of a token and its numbers",
            expected="as many numbers in every line",
            remedy="Correct source.form, or leave it out.",
        )
    path, told = text.utf8(given)
    tokens: list[str] = []
    blocks: list[np.ndarray] = []
    number = 0
    for lines in _blocks(path, skip=layout.header):
        blocks.append(_numbers(given, lines, layout, tokens, number + layout.header))
        number += len(lines)
    matrix = np.concatenate(blocks) if blocks else np.empty((0, layout.n_numbers), np.float32)
    if not layout.tokens:
        target = given.target("vectors.npy")
        np.save(target, matrix)
        told.append(f"{given.name}: {len(matrix):,} rows of {layout.n_numbers:,} numbers, without ids")
        return Pieces(target, "npy", told=tuple(told))
    return _pieces(given, tokens, matrix, told)


def _blocks(path: Path, *, skip: bool) -> Iterator[list[bytes]]:
    with path.open("rb") as source:
        if source.read(3) != b"\xef\xbb\xbf":
            source.seek(0)
        if skip:
            source.readline()
        while lines := source.readlines(_BLOCK_BYTES):
            yield lines


def _numbers(given: Given, lines: list[bytes], layout: _Layout, tokens: list[str], before: int) -> np.ndarray:
    """The numbers of some lines, and their tokens put into ``tokens``. before: lines read so far."""
    n, parts = layout.n_numbers, []
    separator = layout.separator.encode() if layout.separator else None
    for place, line in enumerate(lines, start=before + 1):
        fields = line.split(separator) if layout.separator else line.split()
        if not line.strip():
            continue
        if len(fields) == n + layout.tokens:
            pass
        elif layout.tokens and len(fields) > n and not layout.separator:  # a token with blanks in it
            fields = [b" ".join(fields[:-n]), *fields[-n:]]
        else:
            raise given.wrong(
                f"has {len(fields)} fields ({line[:50].decode('utf-8', 'replace')!r})",
                expected=f"{'a token and ' if layout.tokens else ''}{n} numbers",
                remedy="Correct or remove the line.",
                where=f"line {place:,}",
            )
        try:
            parts.append(np.array(fields[-n:], dtype=np.bytes_).astype(np.float32))
        except ValueError:
            wrong = next(field for field in fields[-n:] if not text.is_number(field.decode("utf-8", "replace")))
            raise given.wrong(
                f"holds {wrong.decode('utf-8', 'replace')!r}",
                expected="a number",
                remedy="Correct or remove the line.",
                where=f"line {place:,}",
            ) from None
        if layout.tokens:
            tokens.append(fields[0].decode("utf-8"))
    return np.stack(parts) if parts else np.empty((0, n), np.float32)


def read_binary(given: Given) -> Pieces:
    """word2vec's binary: a line with both counts, then token, blank and float32 numbers, with a line end or without."""
    with given.path.open("rb") as source:
        data = source.read()
    counts = _COUNTS.match(data)
    assert counts is not None
    n_vectors, n_numbers, at = int(counts.group(1)), int(counts.group(2)), counts.end()
    tokens: list[str] = []
    matrix = np.empty((min(n_vectors, len(data) // (4 * n_numbers) + 1), n_numbers), np.float32)
    for row in range(n_vectors):
        space = data.find(b" ", at)
        if space < 0 or space + 1 + 4 * n_numbers > len(data):
            raise given.wrong(
                f"ends after {row:,} vectors",
                expected=f"{n_vectors:,}, as its first line says",
                remedy="Download it again.",
            )
        tokens.append(data[at:space].lstrip(b"\n").decode("utf-8", errors="replace"))
        matrix[row] = np.frombuffer(data, "<f4", n_numbers, space + 1)
        at = space + 1 + 4 * n_numbers
    return _pieces(given, tokens, matrix, [])


def _pieces(given: Given, tokens: list[str], matrix: np.ndarray, told: list[str]) -> Pieces:
    ids = pl.Series("id", tokens, dtype=pl.String)
    first = ids.is_first_distinct()
    if not first.all():
        double = ids.filter(~first)
        told.append(f"{given.name}: {len(double):,} tokens come again, such as {double[0]!r}; the first is taken")
        ids, matrix = ids.filter(first), matrix[first.to_numpy()]
    told.append(f"{given.name}: {len(ids):,} tokens with {matrix.shape[1]:,} numbers each, such as {ids[0]!r}")
    return Pieces(*with_columns(given, matrix, {"id": ids}), told=tuple(told))


_GIVES: frozenset[Role] = frozenset({"vectors"})
FORMS = (
    Form("word2vec_binary", "a binary file of word2vec", (".bin",), _GIVES, _is_binary, read_binary),
    Form(
        "word_vectors",
        "a file of words and their numbers",
        (".vec", ".w2v", ".glove"),
        _GIVES,
        lambda head, role: _layout(head, role) is not None,
        read_text,
    ),
)
