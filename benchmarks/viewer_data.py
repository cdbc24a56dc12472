"""The points of ``viewer``: a made-up atlas as a bundle, and the same points as one file for everybody else's pages."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.spatial import KDTree

import atlas_assets
from atlas_assets.stages.bundle import bundle
from atlas_assets.stages.relation.knn_graph import KnnGraph
from benchmarks.data import SEED, Absent

DEFAULT = ("10k", "100k", "1m")
ATLAS: dict[str, Any] = {
    "name": "benchmark",
    "title": "Made-up points",
    "description": "",
    "attribution": "",
    "entity": ["point", "points"],
    "collection": ["list", "lists"],
    "kind": "collections",
}
FIELDS: list[dict[str, Any]] = [
    {"name": "kind", "label": "Kind", "type": "category", "unit": None},
    {"name": "year", "label": "Year", "type": "year", "unit": None},
]
KEY = "flat"
KINDS, CLUSTERS, NEIGHBOURS = 8, 60, 10
COLOURS = (
    (36, 104, 180),
    (208, 106, 8),
    (18, 128, 106),
    (194, 47, 87),
    (162, 123, 0),
    (113, 69, 196),
    (76, 138, 26),
    (201, 87, 150),
)
_CASE = re.compile(r"(\d+)([km])")
_SYLLABLES = ("ba", "ne", "ri", "to", "lu", "ška", "ven", "mor", "tal", "is", "ou", "gre", "pé", "dan", "kil", "sør")


def size(case: str) -> int:
    """``<number>k`` or ``m``: that many thousand or million points. Raises Absent."""
    if (match := _CASE.fullmatch(case)) is None or int(match[1]) == 0:
        raise Absent(f"no such case; known are {', '.join(DEFAULT)} and other numbers of thousands or millions")
    return int(match[1]) * (1_000 if match[2] == "k" else 1_000_000)


@dataclass(frozen=True)
class Made:
    """A bundle, and what is known about its rows, in their order: x, y, kind, label."""

    folder: Path
    rows: pl.DataFrame


def made(n: int, *, cache: Path) -> Made:
    """The bundle of n points; written once, and again when the code that writes it has changed."""
    folder = cache / f"viewer-{n}-{_code()}"
    if not (folder / "manifest.json").exists():
        for outdated in cache.glob(f"viewer-{n}-*"):
            shutil.rmtree(outdated)
        with tempfile.TemporaryDirectory(prefix="draft-", dir=cache) as draft:
            write(Path(draft) / "bundle", n, seed=SEED)
            (Path(draft) / "bundle").rename(folder)
    columns = {f"x__{KEY}": "x", f"y__{KEY}": "y", "kind": "kind", "label": "label"}
    rows = pl.read_parquet(folder / bundle.OPEN_DATA, columns=list(columns)).rename(columns)
    return Made(folder, rows)


def write(folder: Path, n: int, *, seed: int) -> bundle.BundleReport:
    """A mixture of clusters of very different sizes over a thin background; a few points are very popular."""
    random = np.random.default_rng(seed)
    cluster = random.choice(CLUSTERS, n, p=random.dirichlet(np.full(CLUSTERS, 0.8)))
    centres, widths = random.normal(size=(CLUSTERS, 2)) * 6, random.uniform(0.2, 1.4, (CLUSTERS, 2))
    positions = centres[cluster] + random.normal(size=(n, 2)) * widths[cluster]
    spread = random.random(n) < 0.05
    positions[spread] = random.uniform(positions.min(axis=0), positions.max(axis=0), (spread.sum(), 2))
    folder.mkdir(parents=True, exist_ok=True)
    entities = pl.DataFrame(
        {
            "id": np.arange(n),
            "label": names(n, random),
            "popularity": np.rint(np.minimum(random.pareto(1.1, n) * 3 + 1, 1e6)).astype(np.int64),
            "kind": [f"Kind {kind + 1}" for kind in (cluster % KINDS).tolist()],
            "year": 1950 + random.integers(0, 75, n),
        }
    )
    return bundle.build(
        folder,
        atlas=ATLAS,
        entities=entities,
        fields=FIELDS,
        graph=_graph(positions),
        projections=[bundle.BundleProjection(KEY, "Flat", "umap", {}, positions.astype(np.float32), recommended=True)],
        default={"projection": KEY, "colour": "kind", "size": bundle.POPULARITY},
        provenance={"atlas_version": atlas_assets.__version__, "artifacts": {}},
    )


def names(n: int, random: np.random.Generator) -> list[str]:
    """Two made-up words each, some with diacritics, and a number in one of ten."""
    word = random.integers(0, len(_SYLLABLES), (n, 2, 3))
    longer, numbered = random.random((n, 2)) < 0.5, random.random(n) < 0.1
    made = []
    for row in range(n):
        first, second = (
            "".join(_SYLLABLES[s] for s in syllables[: 3 if long else 2]).capitalize()
            for syllables, long in zip(word[row].tolist(), longer[row].tolist(), strict=True)
        )
        made.append(f"{first} {second} {row % 100}" if numbered[row] else f"{first} {second}")
    return made


def _graph(positions: np.ndarray) -> KnnGraph:
    """The nearest points of every point, on the map itself: neighbours matter here by their number alone."""
    k = min(NEIGHBOURS, len(positions) - 1)
    distance, index = map(np.asarray, KDTree(positions).query(positions, k + 1, workers=-1))
    similarity = (1 / (1 + distance[:, 1:])).astype(np.float32)
    return KnnGraph(
        indices=index[:, 1:].astype(np.int32),
        similarity=similarity,
        shared=None,
        filled=np.zeros(similarity.shape, bool),
        edges=np.zeros((0, 2), np.int32),
        edge_weights=np.zeros(0, np.float32),
        method="cosine",
    )


def write_points(path: Path, rows: pl.DataFrame, sizes: np.ndarray) -> None:
    """The points as ``viewer_peers/pages/shared.js`` reads them, small ones first so that large ones end on top.

    sizes (n,) uint8, in the order of the rows. Gzipped: n float32 x, n float32 y, n size bytes, n bytes of colour.
    """
    order = np.random.default_rng(SEED).permutation(len(sizes))  # points of one size come in no order of places
    order = order[np.argsort(sizes[order], kind="stable")]
    kind = rows["kind"].str.extract(r"(\d+)", 1).cast(pl.Int64).to_numpy() - 1
    parts = (rows["x"].to_numpy().astype("<f4"), rows["y"].to_numpy().astype("<f4"), sizes, kind.astype(np.uint8))
    path.write_bytes(gzip.compress(b"".join(part[order].tobytes() for part in parts), 6, mtime=0))


def queries(labels: list[str]) -> list[str]:
    """What people type: the beginning of a name, one word, both, the other way round, with a slip, without a match."""
    first, second = labels[len(labels) // 2].split(" ")[:2]
    return [
        first[0],
        first[:2],
        first[:3],
        first,
        second,
        f"{first} {second}",
        f"{second} {first}",
        first[0] + first[2:] + " " + second,
        f"{first.upper()} {second[:2]}",
        "xqzw",
    ]


def _code() -> str:
    """A hash of the code that decides the bytes of a bundle."""
    package = Path(atlas_assets.__file__).parent
    rooms = ("stages", "stages/bundle", "stages/geometry", "stages/index", "stages/site")
    files = [path for room in rooms for path in (package / room).glob("*.py")]
    digest = hashlib.sha256()
    for path in sorted([Path(__file__), package / "stages" / "bundle" / "bundle_schema.json", *files]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
