"""A vector for each entity: embeddings of texts, features of songs. Similar is what lies near in their space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_assets.kinds.kind import Reading, Relation, SourceKind

if TYPE_CHECKING:
    from atlas_assets.spec.atlas import AtlasSpec
    from atlas_assets.stages.artifact import Artifact, Progress
    from atlas_assets.stages.relation.neighbours import Neighbours


def index(raw: Path, spec: AtlasSpec, *, previous: Any, progress: Progress) -> Artifact:
    """The entities that pass the filter, with their vectors."""
    from atlas_assets.stages.index import entity_index

    rules = spec.filter
    listed = {"keep": rules.keep, "drop": rules.drop, "previous": previous, "progress": progress}
    return entity_index.from_vectors(raw, top=rules.top, seed=spec.seed, **listed)


def count(
    index: Path, spec: AtlasSpec, *, n_neighbors: int, spare: int, memory: int, progress: Progress
) -> tuple[Neighbours, None]:
    """Those whose vectors are nearest."""
    from atlas_assets.stages.index.entity_index import VectorIndex
    from atlas_assets.stages.relation import neighbours

    made = neighbours.from_vectors(
        VectorIndex.load(index), n_neighbors=n_neighbors, metric=spec.relation.metric, progress=progress
    )
    return made, None


def read(folder: Path, vectors: list[str], reading: Reading) -> dict[str, Any]:
    """Rows of an id and a vector."""
    from atlas_assets.sources import files

    return files.read_vectors(folder, vectors=vectors, **reading.of_files())


NEAR_IN_SPACE = Relation(
    name="vectors",
    rows="",
    index=index,
    count=count,
    similarities=tuple,  # they have a metric
    company=False,
    near="with similar data",
    top="sampled",
)
VECTORS = SourceKind(
    name="vectors", about="Files with one vector per entity.", relation=NEAR_IN_SPACE, read=read, code_version="4"
)
