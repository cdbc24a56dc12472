"""Lines of a text table that are no rows: its header once more, rulers between rows, and how many rows a query gave."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

RULER = r"^[ \t|+]*[-=]{2,}[-=| \t+:]*$"
FOOTER = r"^\(\d+ rows?( affected)?\)\s*$"
_BEGINNING = 4  # lines, one of which is a ruler where there are any


def has_rulers(lines: Sequence[str]) -> bool:
    """Whether a table is drawn with lines between its rows, as psql, mysql and Markdown do; by its first lines."""
    drawn = [line for line in lines[:_BEGINNING] if re.match(RULER, line)]
    return any("|" in line or "+" in line for line in drawn)


def without_rulers(lines: pl.LazyFrame) -> pl.LazyFrame:
    """The lines that are rows of a table that is drawn, without the blanks that set its columns."""
    line = pl.col("line")
    kept = lines.filter(~(line.str.contains(RULER) | line.str.contains(FOOTER)))
    return kept.with_columns(line.str.strip_chars(" ").str.replace_all(r" *\| *", "|"))


def n_headers(lines: pl.LazyFrame, header: str, skip: int) -> int:
    """How often the line ``header`` comes again behind the first ``skip``."""
    again = (pl.col("number") > skip) & (pl.col("line") == header)
    return int(lines.select(again.sum()).collect(engine="streaming").item())


def without_headers(lines: pl.LazyFrame, header: str, skip: int) -> pl.LazyFrame:
    """The lines of which only the first ``skip`` may be the header: files that were put together bring it again."""
    return lines.filter((pl.col("number") <= skip) | (pl.col("line") != header))


def write(lines: pl.LazyFrame, target: Path) -> Path:
    """Lines as a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="\n") as sink:
        for batch in lines.select("line").collect_batches(engine="streaming", maintain_order=True):
            sink.writelines(f"{line}\n" for line in batch["line"])
    return target
