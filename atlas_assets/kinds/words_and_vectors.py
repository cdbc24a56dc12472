"""Texts in a table, by their words and by vectors at once: similar are texts that are near by either, most by both."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from atlas_assets.kinds.edges import EDGES_BETWEEN
from atlas_assets.kinds.kind import Reading, SourceKind
from atlas_assets.kinds.text_vectors import TextVectors
from atlas_assets.kinds.texts import columns_alone

if TYPE_CHECKING:
    from atlas_assets.spec.atlas import AtlasSpec
    from atlas_assets.stages.artifact import Progress
    from atlas_assets.stages.relation.neighbours import Neighbours


class WordsAndVectors(TextVectors):
    """Columns of the entity table that hold texts, what makes vectors of these, and which of their words count."""

    phrases: bool = Field(False, description="Whether two words that keep standing side by side count as one more.")
    stop_words: Literal["auto"] | list[str] = Field(
        "auto", description="Languages whose words without meaning are left out; auto: those of the texts; []: none."
    )
    min_texts: int | None = Field(None, ge=1, description="Words in fewer texts do not count. Default: 2.")
    max_share: float = Field(1.0, gt=0, le=1, description="Words in a larger share of the texts do not count.")


def read(folder: Path, options: WordsAndVectors, reading: Reading) -> dict[str, Any]:
    """Edges between texts; vectors are made of new texts only."""
    from atlas_assets.sources.prose import joined

    return joined.read(
        folder,
        columns=options.column,
        model=options.model,
        url=options.url,
        key=options.key,
        entities=reading.entities,
        entity_columns=reading.entity_columns,
        fields=reading.fields,
        phrases=options.phrases,
        stop_words=options.stop_words,
        min_texts=options.min_texts,
        max_share=options.max_share,
        base=reading.base,
        cache=reading.cache / "text_vectors",
        progress=reading.progress,
        options=reading.form,
    )


def count(
    index: Path, spec: AtlasSpec, *, n_neighbors: int, spare: int, memory: int, progress: Progress
) -> tuple[Neighbours, None]:
    """Those that both lists say are near, as they are."""
    from atlas_assets.stages.index.entity_index import EdgeIndex
    from atlas_assets.stages.relation import neighbours

    similarity: Any = spec.similarity
    loaded = EdgeIndex.load(index)
    return neighbours.from_edges(loaded, n_neighbors=n_neighbors, similarity=similarity, progress=progress), None


NEAR_BY_BOTH = dataclasses.replace(
    EDGES_BETWEEN,
    name="words_and_vectors",
    count=count,
    similarities=lambda: ("weight", "cosine", "jaccard"),
    near="that say the like",
    held=None,
)
WORDS_AND_VECTORS = SourceKind(
    name="words_and_vectors",
    about="A table with texts, by their words and by vectors at once.",
    relation=NEAR_BY_BOTH,
    read=read,
    options=Annotated[WordsAndVectors, BeforeValidator(columns_alone)],
    patterns=lambda options: (),  # the table is that of the entities, which is looked at anyway
    told=lambda options: options.model_dump(exclude={"url", "key"}),
    needs_table=True,
)
