"""What ``refresh`` replays: the collections of a case by time stamp, in files that come one by one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks import data

CASES = ("mtg-decks", "github-trending")
COLUMNS = {"collection": "collection_id", "entity": "entity_id", "value": "value", "timestamp": "timestamp"}
LAST = 0.01  # of the collections: the step that a refresh is judged by


@dataclass(frozen=True)
class Part:
    """One file of the source, and which share of all collections it begins and ends with."""

    file: Path
    begin: float
    end: float

    @property
    def title(self) -> str:
        if self.begin == 0:
            return f"the first {self.end:.0%}"
        return f"{self.begin:.0%} to {self.end:.0%}"


def parts(case: str, steps: int, folder: Path) -> list[Part]:
    """``steps`` files of equal numbers of collections, in order of time, and one with the newest 1 % of them.

    Raises data.Absent where the case is not on this machine.
    """
    source = data.shared_folder(case)
    borders = [(1 - LAST) * number / steps for number in range(steps + 1)] + [1.0]
    folder.mkdir(parents=True)
    return list(_write(pl.scan_parquet(source / "interactions.parquet"), borders, folder))


def _write(rows: pl.LazyFrame, borders: list[float], folder: Path) -> Iterator[Part]:
    collection, time = COLUMNS["collection"], COLUMNS["timestamp"]
    order = rows.group_by(collection).agg(pl.col(time).min()).sort(time, collection, nulls_last=True).collect()
    order = order.select(collection, pl.int_range(order.height).alias("place"))
    placed = rows.join(order.lazy(), on=collection, how="left", maintain_order="left").collect()
    ends = [round(border * order.height) for border in borders]
    for number, (begin, end) in enumerate(itertools.pairwise(ends)):
        file = folder / f"part-{number:02}.parquet"
        placed.filter(pl.col("place").is_between(begin, end, closed="left")).drop("place").write_parquet(file)
        yield Part(file, borders[number], borders[number + 1])
