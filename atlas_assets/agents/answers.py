"""What is answered about the atlases of a project, as plain values: searches, neighbours with reasons, regions, maps.

Names of tools and their parameters are what an agent reads, so that is what these functions and their docstrings say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from atlas_assets import frames, project
from atlas_assets.errors import AtlasError
from atlas_assets.plan.due import Wanted, failures_of
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.spec.loading import file_of, load
from atlas_assets.store.artifacts import ArtifactStore

MOST = 100
NEAR_ON_THE_MAP = 10
Rows = list[dict[str, Any]]


def list_atlases() -> Rows:
    """The atlases of this project: name, title, how many maps they have, or why they cannot be asked yet."""
    found = []
    for file in project.spec_files():
        name = file.parent.name
        try:
            spec, opened = load(file), frames.open(name)
            words = f"{opened.entities.height:,} {spec.display.entity[1]}"
            found.append({"atlas": name, "title": spec.title or name, "holds": words, "maps": len(opened.maps)})
        except AtlasError as error:
            found.append({"atlas": name, "not_yet": str(error)})
    return found


def search(atlas: str, text: str, most: int = 10) -> Rows:
    """Find entities of an atlas by words of their label, or by id: the best-known first among equals."""
    return frames.open(atlas).search(text, most=_bounded(most)).to_dicts()


def describe(atlas: str, entity: str) -> dict[str, Any]:
    """All that is known of one entity, by id or label: its metadata, and its regions on the recommended map."""
    opened = frames.open(atlas)
    row = opened.row_of(entity)
    told = {name: value for name, value in opened.entities.row(row, named=True).items() if value is not None}
    return told | {"regions": opened.region_names().get(opened.map()["region"][row], [])}


def neighbours(atlas: str, entity: str, k: int = 10) -> Rows:
    """What keeps most company with an entity in the data (not on the map), nearest first, and why: how many
    collections hold both (shared), or that the two meet over one other entity only (direct: false)."""
    return frames.open(atlas).neighbours(entity, k=_bounded(k)).to_dicts()


def recommend(atlas: str, liked: list[str], most: int = 10) -> Rows:
    """What is near to several entities at once, best first, and because of which of them. liked: ids or labels."""
    return frames.open(atlas).recommend(liked, most=_bounded(most)).to_dicts()


def regions(atlas: str, map: str | None = None, level: int | None = None) -> Rows:
    """The named regions of a map: sizes, the region each lies in, and how true its name is (share of its entities, and
    how much more often than elsewhere). level: 0 is the coarsest. map: a key; the recommended one without."""
    import polars as pl

    found = frames.open(atlas).regions(map)
    if level is not None:
        found = found.filter(pl.col("level") == level)
    return found.to_dicts()


def maps(atlas: str) -> Rows:
    """The maps of an atlas, best first, with their measured quality and which one is recommended."""
    return frames.open(atlas).quality.to_dicts()


def compare_maps(atlas: str, first: str, second: str) -> dict[str, Any]:
    """Two maps of the same entities: their figures, and which share of the ten nearest is the same on both."""
    import numpy as np
    import polars as pl

    opened = frames.open(atlas)
    near = [_nearest_on_map(opened.map(key).select(pl.col("^[xyz]$")).to_numpy()) for key in (first, second)]
    common = np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(near[0].tolist(), near[1].tolist(), strict=True)])
    figures = opened.quality.filter(pl.col("map").is_in([first, second])).to_dicts()
    return {"figures": figures, "nearest_in_common": round(float(common), 4)}


def status(atlas: str) -> dict[str, Any]:
    """Whether an atlas is up to date: what ``atlas run`` would make, and what failed the last time and why."""
    pipeline, store = _pipeline(atlas), ArtifactStore(project.storage_root())
    due = Wanted.of(pipeline, store).due_now()
    site = store.current(pipeline.address("site_record"))
    return {
        "up_to_date": not due,
        "due": due,
        "site_made": site.created if site else None,
        "points_of_the_sweep": len(pipeline.sweep.projections),
        "failed": failures_of(pipeline, store, pipeline.stages.values()),
    }


def _pipeline(atlas: str) -> Pipeline:
    file = file_of(atlas, project.spec_files())
    if file is None:
        raise AtlasError(f"{atlas} is no atlas here; expected one of {', '.join(_names())}.")
    return Pipeline(load(file), base=project.root())


def _names() -> Iterable[str]:
    return (file.parent.name for file in project.spec_files())


def _nearest_on_map(places: Any) -> Any:
    import numpy as np
    from scipy.spatial import KDTree

    count = min(NEAR_ON_THE_MAP, len(places) - 1)
    return np.asarray(KDTree(places).query(places, count + 1)[1])[:, 1:]


def _bounded(most: int) -> int:
    return max(1, min(int(most), MOST))
