"""What a refresh did to an atlas, in numbers: Dagster draws them over time on the page of the refresh."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.store.artifacts import ArtifactStore

if TYPE_CHECKING:
    import numpy as np

MAPS_NAMED = 24  # a plot each
INNER = (0.01, 0.99)  # the width of a map is that of nearly all of its points: a few lie far out


@dataclass(frozen=True)
class Maps:
    """Which versions of the maps were current, by key of the sweep."""

    versions: dict[str, str]

    @classmethod
    def of(cls, pipeline: Pipeline, store: ArtifactStore) -> Maps:
        stored = {key: store.current(pipeline.address("projection", key)) for key in pipeline.sweep.projections}
        return cls({key: version.version for key, version in stored.items() if version})


def changes(pipeline: Pipeline, store: ArtifactStore, before: Maps) -> dict[str, float | int]:
    """Rows, entities, who came and who went, and how far those that had been there moved, since ``before``.

    Movement: the median, in widths of the map, of each map that was there before.
    """
    after = Maps.of(pipeline, store)
    facts: dict[str, float | int] = {}
    if store.current(pipeline.address(pipeline.raw)):
        report = json.loads((store.folder(pipeline.address(pipeline.raw)) / "report.json").read_text(encoding="utf-8"))
        facts |= {"rows": int(report["rows"])} if "rows" in report else {}
    compared = {
        key: (_Map.load(pipeline, store, key, then), _Map.load(pipeline, store, key, after.versions[key]))
        for key, then in before.versions.items()
        if key in after.versions
    }
    known = [(old, new) for old, new in compared.values() if old and new]
    if known:
        old, new = known[0]
        came, went = _missing(new, old), _missing(old, new)
        facts |= {"entities": len(new.entities), "new_entities": came, "gone_entities": went}
    elif after.versions and (new := _Map.load(pipeline, store, *next(iter(after.versions.items())))):
        facts |= {"entities": len(new.entities)}
    for key, (old, new) in list(compared.items())[:MAPS_NAMED]:
        if old and new and old.dims == new.dims:
            facts[f"movement {key}"] = round(new.movement(old), 5)
    return facts


@dataclass(frozen=True)
class _Map:
    """entities: (n,) uint64, hashes of ids; positions: (n, 2 or 3)."""

    entities: np.ndarray
    positions: np.ndarray

    @property
    def dims(self) -> int:
        return self.positions.shape[1]

    @classmethod
    def load(cls, pipeline: Pipeline, store: ArtifactStore, key: str, version: str) -> _Map | None:
        """None where the version is not kept any more."""
        import numpy as np

        names = ("entities.npy", "positions.npy")
        files: list[Path | None] = [store.file(pipeline.address("projection", key), version, name) for name in names]
        return cls(*(np.load(file) for file in files if file)) if all(files) else None

    def movement(self, before: _Map) -> float:
        """How far the entities of both have moved in the median, in widths of the map before."""
        import numpy as np

        _, now, then = np.intersect1d(self.entities, before.entities, return_indices=True)
        if not len(now):
            return 0.0
        here, there = self.positions[now].astype(np.float64), before.positions[then].astype(np.float64)
        low, high = np.quantile(there, INNER, axis=0)
        width = float((high - low).max())
        return float(np.median(np.linalg.norm(here - there, axis=1)) / width) if width else 0.0


def _missing(of: _Map, among: _Map) -> int:
    import numpy as np

    return len(np.setdiff1d(of.entities, among.entities))
