"""From rows of what is new to its places on the maps."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets import frames
from atlas_assets.builders import reading
from atlas_assets.errors import AtlasError, DataError, Found
from atlas_assets.placing import company, links, space
from atlas_assets.placing.nearest import Nearest
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.sources.memory import Memory
from atlas_assets.spec.atlas import SourceSpec
from atlas_assets.stages.artifact import no_progress
from atlas_assets.stages.geometry.beside import NEAREST, beside
from atlas_assets.store.artifacts import ArtifactStore

WAYS = {"interactions": company.nearest, "edges": links.nearest, "vectors": space.nearest}


@dataclass(frozen=True)
class Placed:
    """table: id, near (labels), then x, y (and z) on each map; null where nothing that is known is near. notes: as
    in ``Nearest``."""

    table: pl.DataFrame
    notes: list[str]


def place(pipeline: Pipeline, store: ArtifactStore, files: list[str]) -> Placed:
    """Everything in the files that the atlas does not have, on all of its maps.

    files: of the form and with the columns of the atlas's source. Raises AtlasError for sources of other kinds, and
    DataError where nothing is new or the files cannot be read.
    """
    found = _nearest(pipeline, store, files)
    atlas = frames.open(pipeline.name, project_folder=None)
    index = pl.read_parquet(store.folder(pipeline.address("entity_index")) / "ids.parquet")["id"].cast(pl.String)
    shown = atlas.entities.select(pl.col("id").cast(pl.String), "label").with_row_index("row")
    rows = index.to_frame("id").join(shown, on="id", how="left", maintain_order="left")
    labels, order = rows["label"].to_list(), rows["row"].to_numpy().astype(np.int64)
    columns: dict[str, Any] = {
        "id": found.ids,
        "near": [[labels[row] for row in listed if row >= 0] for listed in found.indices.tolist()],
    }
    for key in atlas.maps:
        placed = atlas.map(key)
        axes = [axis for axis in "xyz" if axis in placed.columns]
        at = beside(placed.select(axes).to_numpy()[order], found.indices[:, :NEAREST], found.similarity[:, :NEAREST])
        columns |= {f"{axis}__{key}": pl.Series(at[:, i]).fill_nan(None) for i, axis in enumerate(axes)}
    return Placed(pl.DataFrame(columns), found.notes)


def _nearest(pipeline: Pipeline, store: ArtifactStore, files: list[str]) -> Nearest:
    source = pipeline.spec.source
    if source.kind.name not in WAYS or source.entity == "collection":
        raise AtlasError(
            f"The source of {pipeline.name} is {source.kind.name}{' turned round' * (source.entity != 'entity')}; "
            f"atlas place takes rows of {', '.join(WAYS)}. Add the new ones to the source, say refresh: {{positions: "
            f"frozen}}, and run: atlas run {pipeline.name}"
        )
    with tempfile.TemporaryDirectory(prefix="atlas-place-") as scratch:
        _read(pipeline, files, Path(scratch))
        found = WAYS[source.kind.name](pipeline, store, Path(scratch))
    if not len(found.ids):
        raise DataError(
            file=", ".join(files),
            where="",
            found=Found("hold nothing that is new" if len(files) > 1 else "holds nothing that is new"),
            expected=f"ids that {pipeline.name} does not have",
            remedy="They are on its maps already: atlas export says where.",
        )
    return found


def _read(pipeline: Pipeline, files: list[str], folder: Path) -> None:
    """The canonical tables of the files, read as those of the source are."""
    own = pipeline.spec.source
    kept = own.model_dump(mode="json", include={"columns", "form", "query", "separator", "trust"}, exclude_none=True)
    if own.kind.name == "interactions":  # every row counts as one, so the files need nothing else
        kept["columns"] = {role: name for role, name in kept["columns"].items() if role in ("collection", "entity")}
    name_of_vectors = {"entity_columns": own.entity_columns.model_dump(exclude_none=True)}
    told = {own.kind.name: files} | kept | (name_of_vectors if own.kind.name == "vectors" else {})
    source = SourceSpec.model_validate(told)
    reading.read(source, folder, base=Path.cwd(), progress=no_progress, memory=Memory())
