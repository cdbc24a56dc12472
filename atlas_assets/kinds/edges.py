"""Edges of a network: words and associations, papers and citations. Similar are ends that are linked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_assets.kinds.kind import Reading, Relation, SourceKind

if TYPE_CHECKING:
    from atlas_assets.spec.atlas import AtlasSpec
    from atlas_assets.stages.artifact import Artifact, Progress
    from atlas_assets.stages.relation.neighbours import Neighbours


def index(raw: Path, spec: AtlasSpec, *, previous: Any, progress: Progress) -> Artifact:
    """The entities that pass the filter, and the edges between them."""
    from atlas_assets.stages.index import entity_index

    rules = spec.filter
    listed = {"keep": rules.keep, "drop": rules.drop, "previous": previous, "progress": progress}
    return entity_index.from_edges(
        raw, min_degree=rules.min_degree, repeats=spec.edges.repeats, top=rules.top, **listed
    )


def count(
    index: Path, spec: AtlasSpec, *, n_neighbors: int, spare: int, memory: int, progress: Progress
) -> tuple[Neighbours, None]:
    """Those that are linked; where distances are given, the nearest of them."""
    from atlas_assets.stages.index.entity_index import EdgeIndex
    from atlas_assets.stages.relation import neighbours

    similarity: Any = "weight" if spec.source.columns.distance and spec.similarity == "auto" else spec.similarity
    loaded = EdgeIndex.load(index)
    return neighbours.from_edges(loaded, n_neighbors=n_neighbors, similarity=similarity, progress=progress), None


def read(folder: Path, edges: list[str], reading: Reading) -> dict[str, Any]:
    """Rows of a source and a target."""
    from atlas_assets.sources import files

    return files.read_edges(folder, edges=edges, memory=reading.memory, **reading.of_files())


EDGES_BETWEEN = Relation(
    name="edges",
    rows="edges.parquet",
    index=index,
    count=count,
    similarities=lambda: ("auto", "weight", "cosine", "jaccard"),
    company=False,
    near="that are linked",
    held=("link", "links"),
    top="best-connected",
)
EDGES = SourceKind(
    name="edges",
    about="Files with (source, target) rows.",
    relation=EDGES_BETWEEN,
    read=read,
    columns=("weight", "distance"),
    code_version="2",
)
