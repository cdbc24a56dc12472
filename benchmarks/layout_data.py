"""The cases of ``layout``: which rows each takes, and the collections every route starts from, a tenth held out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import AtlasError
from benchmarks import data, measure
from benchmarks.peers import Memberships

HOLDOUT = 0.1
SEED = 0  # of the split, of the hold-out and of every layout
_VERSION = 1  # of what is prepared


@dataclass(frozen=True)
class Setting:
    """What is kept of a case: a ``share`` of its collections, the ``top`` entities, the filter of the index."""

    about: str
    share: float = 1.0
    top: int | None = None
    min_collections: int = 3
    max_collection_size: int = 1_000


SETTINGS = {
    "mtg-decks": Setting("half of the decks, cards in 20 decks or more", share=0.5, min_collections=20),
    data.PYTHON_API: Setting("names in 3 files or more", max_collection_size=400),
    "reddit-title-words": Setting("the 50,000 words in most titles", top=50_000, min_collections=2),
}
DEFAULT = ("mtg-decks", data.PYTHON_API, "reddit-title-words")


def setting(case: str) -> Setting:
    return SETTINGS.get(case, Setting("entities in 3 collections or more"))


def prepared(name: str, *, cache: Path) -> Path:
    """A folder with ``rows.parquet`` (what is kept, before the filter) and the arrays for ``load`` and ``held_out``.

    Made once, in a process of its own. Raises data.Absent, and AtlasError where it cannot be made.
    """
    case, chosen = data.find(name, cache=cache), setting(name)
    facts = case.path.stat()
    key = f"{case.path} {facts.st_size} {facts.st_mtime_ns} {asdict(chosen)} {HOLDOUT} {SEED} {_VERSION}"
    folder = cache / f"layout-{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    if not (folder / "about.json").exists():
        arguments = {
            "path": str(case.path),
            "columns": [case.collection, case.entity],
            "out": str(folder),
            "kept": asdict(chosen),
        }
        outcome = measure.run(measure.Job("benchmarks.layout_data:prepare", arguments), measure.Limits())
        if outcome.values is None:
            raise AtlasError(f"The collections of {name} could not be made: {outcome.note}")
    return folder


def prepare(path: str, columns: list[str], out: str, kept: dict[str, Any]) -> dict[str, Any]:
    """Write the folder of ``prepared``."""
    from atlas_assets.sources import files
    from atlas_assets.stages.index import entity_index

    folder, chosen = Path(out), Setting(**kept)
    folder.mkdir(parents=True, exist_ok=True)
    _kept(
        pl.read_parquet(path, columns=columns).rename(dict(zip(columns, ("collection", "entity"), strict=True))), chosen
    ).write_parquet(folder / "rows.parquet")
    files.read_collections(
        folder / "raw",
        interactions=[str(folder / "rows.parquet")],
        columns={"collection": "collection", "entity": "entity"},
    )
    index = entity_index.from_collections(
        folder / "raw",
        min_collections=chosen.min_collections,
        max_collection_size=chosen.max_collection_size,
        holdout=HOLDOUT,
        seed=SEED,
    )
    assert index.holdout_indptr is not None
    index.save(folder / "index")
    about = {
        "entities": index.n_entities,
        "collections": index.n_collections,
        "memberships": index.entities.size,
        "held_out_collections": index.holdout_indptr.size - 1,
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return about


def _kept(rows: pl.DataFrame, chosen: Setting) -> pl.DataFrame:
    if chosen.share < 1:
        collections = np.sort(rows["collection"].unique().to_numpy())
        drawn = np.random.default_rng(SEED).permutation(collections)[: int(collections.size * chosen.share)]
        rows = rows.filter(pl.col("collection").is_in(drawn))
    if chosen.top is not None:
        counted = rows.group_by("entity").len().sort(["len", "entity"], descending=[True, False])
        rows = rows.filter(pl.col("entity").is_in(counted["entity"].head(chosen.top).implode()))
    return rows


def about(folder: Path) -> dict[str, int]:
    """How many entities, collections, memberships and held-out collections there are."""
    return json.loads((folder / "about.json").read_text(encoding="utf-8"))


def load(folder: Path) -> Memberships:
    """The collections that maps may be made from."""
    index = folder / "index"
    return Memberships(np.load(index / "indptr.npy"), np.load(index / "entities.npy"), about(folder)["entities"])


def held_out(folder: Path) -> Memberships:
    """The collections that no map has seen, over the same entities."""
    index = folder / "index"
    return Memberships(
        np.load(index / "holdout_indptr.npy"), np.load(index / "holdout_entities.npy"), about(folder)["entities"]
    )
