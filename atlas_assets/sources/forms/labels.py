"""One label per line beside vectors without ids: with as many lines as there are vectors, or one more, a header."""

from __future__ import annotations

import polars as pl

from atlas_assets.sources.forms import text
from atlas_assets.sources.forms.form import Form, Given, Head, Pieces, Role, write_parquet

_SEPARATORS = ("\t", ",", ";", "|")


def _recognises(head: Head, role: Role) -> bool:
    lines = head.lines
    if role != "entities" or not lines or lines[0].startswith(("{", "[")) or head.suffix in (".jsonl", ".json"):
        return False
    return not any(all(sign in line for line in lines) for sign in _SEPARATORS) or head.suffix == ".labels"


def read(given: Given) -> Pieces:
    """A table with ``id``, the number of the row from 0, and ``label``, or what the header calls it."""
    path, told = text.utf8(given)
    lines = text.lines_of(path).select("line").collect()["line"].str.strip_chars().fill_null("")
    lines = lines.str.strip_chars('"')
    n = given.options.n_rows
    header = n is not None and len(lines) == n + 1
    name = str(lines[0]) or "label" if header else "label"
    name = "label" if name == "id" else name
    values = (lines.slice(1) if header else lines).alias(name)
    told.append(f"{given.name}: one label per line{f', below the header {name!r}' if header else ', without a header'}")
    return Pieces(
        write_parquet(given, pl.DataFrame([pl.Series("id", range(len(values))), values])), "parquet", told=tuple(told)
    )


FORM = Form("labels", "a file of labels", (".labels",), frozenset({"entities"}), _recognises, read)
