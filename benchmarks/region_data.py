"""The cases of ``regions``: the atlas that ``atlas new`` proposes for each, its map and graph, and what is known."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from atlas_assets import project
from atlas_assets.stages.relation.knn_graph import KnnGraph
from benchmarks import atlas_run, data
from benchmarks.peers import Memberships

RAW = {"interactions": "collections", "edges": "edges", "vectors": "vectors"}
FROM_SETS = {"collection": "collection_id", "entity": "entity_id"}
MAP = {"method": "tsne", "from": "graph", "similarity_power": 1.5}  # the first of those that atlas new proposes
UP_TO_A_MAP = ("entity_index", "neighbours", "knn_graph", "projection")  # of any kind of source


@dataclass(frozen=True)
class Setting:
    """file: of the relation, below the data set's folder, as ``atlas new`` takes it by ``option``, with its columns.
    known: fields whose values regions should agree with; of a list that of its values which says most, years by five.
    spec: what is changed in the proposed one.
    """

    known: tuple[str, ...]
    option: str = "interactions"
    columns: tuple[tuple[str, str], ...] = tuple(FROM_SETS.items())
    spec: tuple[tuple[str, Any], ...] = ()


SETTINGS = {
    "goodbooks-10k": Setting(("tags",)),
    "mtg-decks": Setting(("top_format", "colors")),
    "billboard-hot-100": Setting(("year",)),
    "github-related-repos": Setting(
        ("cluster",),
        "edges",
        (("source", "source"), ("target", "target"), ("weight", "weight")),
        (("filter", {"top": 50_000}),),
    ),
    data.PYTHON_API: Setting(("distribution",)),
    "mnist-test-10k": Setting(("class",), "vectors", (("id", "entity_id"), ("vector", "vector"))),
    "movielens-latest-small": Setting(("genres", "year")),
}
DEFAULT = tuple(SETTINGS)


@dataclass(frozen=True)
class Mapped:
    """n entities of a case on their map. positions (n, 2); neighbours (n, k), -1 for none; table: label, popularity and
    the fields, which are described. memberships or vectors (n, d) where the case has them. layout_seconds: of the map.
    """

    case: str
    positions: np.ndarray
    neighbours: np.ndarray
    table: pl.DataFrame
    fields: list[dict[str, Any]]
    memberships: Memberships | None
    vectors: np.ndarray | None
    layout_seconds: float

    @property
    def n(self) -> int:
        return len(self.positions)


def mapped(case: str, *, cache: Path) -> Mapped:
    """The map of a case, made by ``atlas run`` in a project below ``cache``, which is kept. Raises data.Absent."""
    folder = cache / f"regions-{case}"
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(draft, ignore_errors=True)
        _make_project(case, draft)
        draft.rename(folder)
    raw = f"raw_{RAW[SETTINGS[case].option]}"
    atlas_run.run(str(folder), stages=(raw, *UP_TO_A_MAP))
    return _loaded(case, atlas_run.Made(folder), raw)


def _make_project(case: str, folder: Path) -> None:
    setting = SETTINGS[case]
    if case == data.PYTHON_API:
        atlas_run.make_folder(folder)
        own = folder / "defs" / atlas_run.NAME / "defs.yaml"
        own.parent.mkdir(parents=True)
        shipped = yaml.safe_load((project.PACKAGE / "defs" / case / "defs.yaml").read_text(encoding="utf-8"))
        shipped["attributes"]["sweep"] = {"n_neighbors": [15], "projections": [MAP]}
        own.write_text(yaml.safe_dump(shipped, sort_keys=False), encoding="utf-8")
        return
    files = data.shared_folder(case, f"{setting.option}.parquet")
    atlas_run.make_project(
        folder,
        files / f"{setting.option}.parquet",
        option=setting.option,
        columns=dict(setting.columns),
        entities=files / "entities.parquet",
        sweep={"n_neighbors": [15], "projections": [MAP]},
        **dict(setting.spec),
    )


def _loaded(case: str, made: atlas_run.Made, raw_stage: str) -> Mapped:
    raw, index = made.folder(raw_stage), made.folder("entity_index")
    [key] = made.keys("projection")
    ids = pl.read_parquet(index / "ids.parquet").rename({"n_collections": "popularity"})
    known = pl.read_parquet(raw / "entities.parquet")
    label = pl.col("label").fill_null(pl.col("id").cast(pl.String))
    sets, vectors = index / "indptr.npy", index / "vectors.npy"
    return Mapped(
        case,
        np.load(made.folder("projection", key) / "positions.npy"),
        np.asarray(KnnGraph.load(made.folder("knn_graph", key.split("_")[0])).of_entities().indices),
        ids.join(known, on="id", how="left", maintain_order="left").with_columns(label),
        json.loads((raw / "fields.json").read_text(encoding="utf-8")),
        Memberships(np.load(sets), np.load(index / "entities.npy"), ids.height) if sets.exists() else None,
        np.load(vectors) if vectors.exists() else None,
        made.seconds("projection", key),
    )
