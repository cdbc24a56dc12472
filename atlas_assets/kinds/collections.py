"""Collections of entities: readers and their books, decks and their cards. Similar is what keeps company."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_assets.kinds.kind import Reading, Relation, SourceKind
from atlas_assets.similarities import SIMILARITIES

if TYPE_CHECKING:
    from atlas_assets.spec.atlas import AtlasSpec
    from atlas_assets.stages.artifact import Artifact, Progress
    from atlas_assets.stages.relation.neighbours import Neighbours


def index(raw: Path, spec: AtlasSpec, *, previous: Any, progress: Progress) -> Artifact:
    """The entities that pass the filter, and their collections."""
    from atlas_assets.stages.index import entity_index

    rules = spec.filter
    return entity_index.from_collections(
        raw,
        min_collections=rules.min_collections,
        min_collection_size=rules.min_collection_size,
        max_collection_size=rules.max_collection_size,
        larger=rules.larger,
        min_value=rules.min_value,
        deduplicate=rules.deduplicate,
        keep=rules.keep,
        drop=rules.drop,
        holdout=spec.quality.holdout,
        seed=spec.seed,
        columns=spec.relation.columns(),
        previous=previous,
        progress=progress,
    )


def count(
    index: Path, spec: AtlasSpec, *, n_neighbors: int, spare: int, memory: int, progress: Progress
) -> tuple[Neighbours, Sequence[str]]:
    """By the company that entities keep."""
    from atlas_assets.stages.index.entity_index import CollectionIndex
    from atlas_assets.stages.relation import neighbours, pair_weights

    loaded = CollectionIndex.load(index)
    weights = pair_weights.of(loaded, **spec.relation.weighting())
    made = neighbours.from_collections(
        loaded,
        n_neighbors=max(n_neighbors, min(n_neighbors + spare, loaded.n_entities - 1)),
        similarity=spec.similarity,
        shrinkage=spec.relation.shrinkage or 0.0,
        weights=weights,
        memory=memory,
        progress=progress,
    )
    return made, list(weights.notes())


def read(folder: Path, interactions: list[str], reading: Reading) -> dict[str, Any]:
    """Rows of a collection and an entity, or of a collection and a list."""
    from atlas_assets.sources import files

    return files.read_collections(folder, interactions=interactions, memory=reading.memory, **reading.of_files())


COLLECTIONS = Relation(
    name="collections",
    rows="interactions.parquet",
    index=index,
    count=count,
    similarities=lambda: tuple(SIMILARITIES),
    company=True,
    near="that share many {}",
)
INTERACTIONS = SourceKind(
    name="interactions",
    about="Files with (collection, entity) rows; globs and URLs work.",
    relation=COLLECTIONS,
    read=read,
    columns=("value", "timestamp", "weight"),
    code_version="2",
)
