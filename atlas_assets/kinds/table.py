"""Rows of a table: books with pages, genres and a year. Similar are rows whose columns are alike, each as much."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from atlas_assets.kinds.kind import Paths, Reading, SourceKind, last_parts
from atlas_assets.kinds.vectors import NEAR_IN_SPACE


class Feature(BaseModel):
    """How a column is compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoding: Literal["number", "log", "category", "list", "boolean"] = Field(
        alias="as", description="log: by its logarithm, for numbers of which few are very large."
    )
    weight: float = Field(1.0, gt=0, description="2 counts as much as two other columns.")


def _in_full(value: Any) -> Any:
    return {"as": value} if isinstance(value, str) else value


def _with_files(value: Any) -> Any:
    return {"files": value} if isinstance(value, (str, list)) else value


class Table(BaseModel):
    """Files of one table, and what tells its rows apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: Paths
    features: dict[str, Annotated[Feature, BeforeValidator(_in_full)]] | None = Field(
        None, min_length=1, description="How columns are compared: those not named are not. Default: by their types."
    )


def read(folder: Path, options: Table, reading: Reading) -> dict[str, Any]:
    """Rows of an id and of columns of any type."""
    from atlas_assets.sources.rows import features, read

    chosen = None
    if options.features is not None:
        chosen = {name: features.Feature(one.encoding, one.weight) for name, one in options.features.items()}
    return read.read_rows(
        folder,
        table=options.files,
        features=chosen,
        columns=reading.columns,
        entity_columns=reading.entity_columns,
        fields=reading.fields,
        base=reading.base,
        progress=reading.progress,
        options=reading.form,
    )


TABLE = SourceKind(
    name="table",
    about="Files with one row per entity, compared by its columns: numbers, categories, lists, dates, yes and no.",
    relation=NEAR_IN_SPACE,
    read=read,
    options=Annotated[Table, BeforeValidator(_with_files)],
    patterns=lambda options: options.files,
    told=lambda options: {"files": last_parts(options.files)},
)
