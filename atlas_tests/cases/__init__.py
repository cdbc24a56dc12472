"""Small hostile files: what ``atlas new`` makes of them is what ``atlas run`` reads, right or refused with a remedy.

A module holds one group of cases. ``Case`` names the files of a folder and what is right; ``check`` reads them as a
person would, with ``atlas new`` and the reader of the spec that it wrote, and compares. No map is made.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from atlas_assets.builders import reading
from atlas_assets.commands import new as scaffold
from atlas_assets.errors import AtlasError
from atlas_assets.sources.memory import Memory
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import load
from atlas_assets.stages.artifact import no_progress

CASES = Path(os.environ.get("ATLAS_CASES") or Path(__file__).parents[3] / "shared" / "cases")


@dataclass(frozen=True)
class Reading:
    """What came of ``atlas new`` and of reading the files by the spec that it wrote."""

    printed: str
    spec: AtlasSpec
    folder: Path
    report: dict[str, Any]

    @cached_property
    def interactions(self) -> pl.DataFrame:
        """collection and entity as ids, and value, timestamp, weight where known, in the order of the file."""
        return self._decoded("interactions", {"collection": "collection", "entity": "entity"})

    @cached_property
    def edges(self) -> pl.DataFrame:
        """source and target as ids, and weight."""
        return self._decoded("edges", {"source": "entity", "target": "entity"})

    @cached_property
    def vectors(self) -> np.ndarray:
        """(n, d), row i for row i of ``entities``."""
        return np.load(self.folder / "vectors.npy")

    @cached_property
    def entities(self) -> pl.DataFrame:
        """id, label and fields."""
        return pl.read_parquet(self.folder / "entities.parquet")

    @cached_property
    def fields(self) -> dict[str, str]:
        """The type of every field."""
        return {f["name"]: f["type"] for f in json.loads((self.folder / "fields.json").read_text(encoding="utf-8"))}

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that ``atlas new`` chose."""
        return self.spec.source.columns.model_dump(exclude_none=True)

    @property
    def notes(self) -> str:
        """What the report says."""
        return "\n".join(self.report["notes"])

    def _decoded(self, name: str, dictionaries: dict[str, str]) -> pl.DataFrame:
        table = pl.read_parquet(self.folder / f"{name}.parquet")
        ids = {which: pl.read_parquet(self.folder / f"{which}_ids.parquet")["id"] for which in dictionaries.values()}
        return table.with_columns(ids[which].gather(table[role]).alias(role) for role, which in dictionaries.items())


@dataclass(frozen=True)
class Case:
    """A folder of cases, its files, and what is right.

    relation: the file of the relation, given as ``option`` (interactions, edges or vectors); entities: the file of the
    entity table; given: more options of ``atlas new``. rows: interactions, edges or vectors; n_entities and
    n_collections: distinct ones among them; columns: as chosen; says: patterns of the printed lines or of the report's
    notes, all of which must be found; right: more that must hold. refused: patterns of the message, if it must be
    refused, and then nothing else counts.
    """

    folder: str
    relation: str
    option: str = "interactions"
    entities: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    rows: int | None = None
    n_entities: int | None = None
    n_collections: int | None = None
    columns: dict[str, Any] | None = None
    says: Sequence[str] = ()
    right: Callable[[Reading], None] | None = None
    refused: Sequence[str] = ()
    note: str = ""  # tells variants of one folder apart

    def __str__(self) -> str:
        return f"{self.folder}{f'-{self.note}' if self.note else ''}"


def parametrize(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """One test per case, named after its folder."""
    return pytest.mark.parametrize("case", cases, ids=str)


def read(case: Case, place: Path) -> Reading:
    """``atlas new`` in ``place``, a project folder that holds the files, and reading by what it wrote."""
    source = CASES / case.folder
    if not source.is_dir():
        pytest.skip(f"the case {case.folder} is not at {CASES} (set ATLAS_CASES)")
    shutil.copytree(source, place, dirs_exist_ok=True)
    return read_files(place, case.option, case.relation, case.entities, **case.given)


def read_files(place: Path, option: str, relation: str, entities: str | None = None, **given: Any) -> Reading:
    """As ``read``, of files that lie in ``place`` already. Needs ``place`` as the current folder."""
    printed = io.StringIO()
    files: dict[str, Any] = dict.fromkeys(("interactions", "edges", "vectors")) | {option: [relation]}
    tables = [entities] if entities else None
    scaffold.new("x", Console(file=printed, width=200), **files, entities=tables, force=True, **given)
    return read_written(place, printed.getvalue())


def read_written(place: Path, printed: str = "") -> Reading:
    """Reading by the spec as it is now."""
    spec, folder = load(place / "defs" / "x" / "defs.yaml"), place / "tables"
    report = reading.read(spec.source, folder, base=place, progress=no_progress, memory=Memory())
    return Reading(printed, spec, folder, report)


def check(case: Case, place: Path) -> None:
    """Read the case and compare it with what is right."""
    if case.refused:
        with pytest.raises(AtlasError) as refusal:
            read(case, place)
        _contains(str(refusal.value), case.refused)
        return
    got = read(case, place)
    if case.rows is not None:
        assert got.report["rows"] == case.rows
    if case.option == "vectors":
        assert case.n_entities is None or got.entities.height == case.n_entities
    else:
        table = got.edges if case.option == "edges" else got.interactions
        ends = [table["source"], table["target"]] if case.option == "edges" else [table["entity"]]
        assert case.n_entities is None or pl.concat(ends).n_unique() == case.n_entities, ends[-1].unique().sort()
        assert case.n_collections is None or table["collection"].n_unique() == case.n_collections
    if case.columns is not None:
        assert got.columns == case.columns
    _contains(got.printed + got.notes, case.says)
    if case.right is not None:
        case.right(got)


def _contains(text: str, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        assert re.search(pattern, text), f"{pattern!r} not found in:\n{text}"
