"""A small atlas whose every answer is known: groups of entities around centres, with metadata of every type.

Entity i belongs to group i % GROUPS; its label says so, its neighbours are the nearest of its group's cloud, and its
fields are functions of i. Positions and popularity come from one seed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.spatial import KDTree

from atlas_assets.stages.bundle import bundle
from atlas_assets.stages.relation.knn_graph import KnnGraph

GROUPS = 12
WORLD = 99  # the number of the region that holds all others
FIELDS: list[dict[str, Any]] = [
    {"name": "group", "label": "Group", "type": "category", "unit": None},
    {"name": "maker", "label": "Maker", "type": "category", "unit": None},
    {"name": "weight", "label": "Weight", "type": "number", "unit": "kg"},
    {"name": "year", "label": "Year", "type": "year", "unit": None},
    {"name": "seen", "label": "First seen", "type": "date", "unit": None},
    {"name": "rare", "label": "Rare", "type": "boolean", "unit": None},
    {"name": "tags", "label": "Tags", "type": "list", "unit": None},
    {"name": "home", "label": "Home page", "type": "link", "unit": None},
    {"name": "summary", "label": "Summary", "type": "text", "unit": None},
    {"name": "code", "label": "Code", "type": "category", "unit": None},
]
ATLAS: dict[str, Any] = {
    "name": "synthetic",
    "title": "Synthetic <things> & more",
    "description": 'A map of "things" that <b>nobody</b> needs',
    "attribution": "Made up",
    "entity": ["thing", "things"],
    "collection": ["box", "boxes"],
    "kind": "collections",
    "near": "that share many boxes",
}
DEFAULT: dict[str, Any] = {"projection": "flat", "colour": "group", "size": "popularity"}
PROVENANCE: dict[str, Any] = {"atlas_version": "0", "artifacts": {"entity_index": "0123"}}


def positions(n: int, *, seed: int = 0) -> np.ndarray:
    """(n, 3) float32: a cloud of unit width around each group's centre."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(GROUPS, 3)) * 8
    return (centres[np.arange(n) % GROUPS] + rng.normal(size=(n, 3))).astype(np.float32)


def entities(n: int, *, seed: int = 0) -> pl.DataFrame:
    """The n rows in index order; about one in ten values of a field is unknown."""
    rng = np.random.default_rng(seed + 1)

    def maybe(i: int, value: Any) -> Any:
        return None if i % 10 == 7 else value

    return pl.DataFrame(
        {
            "id": np.arange(n) * 3,
            "label": [f"Thing {i} of group {i % GROUPS}" for i in range(n)],
            "popularity": np.rint(rng.pareto(1.0, n) * 20 + 1).astype(np.int64),
            "group": [f"group {i % GROUPS}" for i in range(n)],
            "maker": [maybe(i, f"maker {i % 400}") for i in range(n)],
            "weight": [maybe(i, round(0.5 + (i * 37 % 1000) / 7, 3)) for i in range(n)],
            "year": [maybe(i, 1950 + i % 70) for i in range(n)],
            "seen": pl.Series([maybe(i, i % 20_000) for i in range(n)], dtype=pl.Int32).cast(pl.Date),
            "rare": [maybe(i, i % 3 == 0) for i in range(n)],
            "tags": [maybe(i, [f"tag {i % 30}", f"tag {(i + 1) % 30}"][: i % 3]) for i in range(n)],
            "home": [f"https://example.org/things/{i}" for i in range(n)],
            "summary": [maybe(i, f"The thing with the number {i}.\nIt has <i>two</i> lines.") for i in range(n)],
            "code": [f"code {i}" for i in range(n)],
        }
    )


def graph(points: np.ndarray, *, k: int = 15) -> KnnGraph:
    """The k nearest of every point, with a similarity that falls from 1 and whole shared counts."""
    k = min(k, len(points) - 1)
    distance, index = map(np.asarray, KDTree(points).query(points, k + 1))
    similarity = (1 / (1 + distance[:, 1:])).astype(np.float32)
    return KnnGraph(
        indices=index[:, 1:].astype(np.int32),
        similarity=similarity,
        shared=np.rint(similarity * 50),
        filled=np.zeros(similarity.shape, bool),
        edges=np.zeros((0, 2), np.int32),
        edge_weights=np.zeros(0, np.float32),
        method="npmi",
    )


def regions(points: np.ndarray) -> tuple[np.ndarray, pl.DataFrame]:
    """One region per group, at the middle of its cloud, within one that holds them all."""
    of = np.arange(len(points)) % GROUPS
    present = np.unique(of)
    middles = np.vstack([points.mean(axis=0), *(points[of == g].mean(axis=0) for g in present)])
    table = pl.DataFrame(
        {
            "region": [WORLD, *present],
            "name": ["World", *(f"Region {g}" for g in present)],
            "x": middles[:, 0],
            "y": middles[:, 1],
            "z": middles[:, 2] if points.shape[1] == 3 else None,
            "size": [len(points), *np.bincount(of)[present]],
            "level": [0] + [1] * len(present),
            "parent": [None] + [WORLD] * len(present),
            "priority": np.linspace(1, 0, len(present) + 1),
        }
    )
    return of, table


def projections(points: np.ndarray) -> list[bundle.BundleProjection]:
    """Flat (the first two axes), turned (the same, upside down and skewed) and deep (all three)."""
    flat, deep = points[:, :2], points
    turned = np.stack([-points[:, 1], points[:, 0] + 0.3 * points[:, 2]], axis=1)
    made = []
    for key, name, place, method in (
        ("flat", "Flat · 15 neighbours", flat, "umap"),
        ("turned", "Turned · perplexity 30", turned, "tsne"),
        ("deep", "Deep · 3-D", deep, "mde"),
    ):
        of, table = regions(place)
        made.append(
            bundle.BundleProjection(
                key=key,
                name=name,
                method=method,
                params={"n_neighbors": 15},
                positions=place,
                metrics={"held_out_recall": 0.123456, "trustworthiness": None, "held_out_lift": 41.23},
                errors={"held_out_recall": 0.00123},
                distortion=np.linspace(0, 1, len(points)),
                region=of,
                regions=table,
                recommended=key == "flat",
            )
        )
    return made


def inputs(n: int = 300, *, seed: int = 0) -> dict[str, Any]:
    """The arguments of ``bundle.build`` for n entities."""
    points = positions(n, seed=seed)
    return {
        "atlas": ATLAS,
        "entities": entities(n, seed=seed),
        "fields": FIELDS,
        "graph": graph(points),
        "projections": projections(points),
        "default": DEFAULT,
        "provenance": PROVENANCE,
    }


def build(folder: Path, n: int = 300, **changes: Any) -> bundle.BundleReport:
    """Write the bundle of n entities, with some arguments replaced."""
    return bundle.build(folder, **inputs(n) | changes)


if __name__ == "__main__":  # python -m atlas_tests.bundle.synthetic atlas_tests/bundle/golden
    build(Path(sys.argv[1]), 40)
