"""Texts in a table, by their words: similar are texts that share rare words, or words that share texts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from atlas_assets.kinds.collections import COLLECTIONS
from atlas_assets.kinds.kind import Paths, Reading, SourceKind

if TYPE_CHECKING:
    from atlas_assets.spec.atlas import AtlasSpec
    from atlas_assets.stages.artifact import Artifact, Progress


def columns_alone(value: Any) -> Any:
    """``texts: abstract`` for ``texts: {column: abstract}``."""
    return {"column": value} if isinstance(value, str | list) else value


class Texts(BaseModel):
    """Columns of the entity table that hold texts, and which of their words count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Paths = Field(description="Of the entity table; the texts of several are read as one.")
    entity: Literal["row", "word"] = Field("row", description="What is on the map: the texts, or their words.")
    phrases: bool = Field(False, description="Whether two words that keep standing side by side count as one more.")
    stop_words: Literal["auto"] | list[str] = Field(
        "auto", description="Languages whose words without meaning are left out; auto: those of the texts; []: none."
    )
    min_texts: int | None = Field(
        None, ge=1, description="Words in fewer texts do not count. Default: 2, and 5 where words are mapped."
    )
    max_share: float = Field(1.0, gt=0, le=1, description="Words in a larger share of the texts do not count.")


def read(folder: Path, options: Texts, reading: Reading) -> dict[str, Any]:
    """The words of each row."""
    from atlas_assets.sources.prose import read as prose

    return prose.read(
        folder,
        columns=options.column,
        entities=reading.entities,
        entity_columns=reading.entity_columns,
        fields=reading.fields,
        entity=options.entity,
        phrases=options.phrases,
        stop_words=options.stop_words,
        min_texts=options.min_texts,
        max_share=options.max_share,
        base=reading.base,
        progress=reading.progress,
        options=reading.form,
    )


def index(raw: Path, spec: AtlasSpec, *, previous: Any, progress: Progress) -> Artifact:
    """As of collections; but what is rare or common is decided by the reader, where the filter does not say it."""
    said = spec.filter.model_fields_set
    unsaid = {"min_collections": 1, "max_collection_size": None}
    rules = spec.filter.model_copy(update={key: value for key, value in unsaid.items() if key not in said})
    return COLLECTIONS.index(raw, spec.model_copy(update={"filter": rules}), previous=previous, progress=progress)


def similarities() -> tuple[str, ...]:
    """Cosine first: with tf-idf as weights it is the cosine of two texts."""
    return ("cosine", *(name for name in COLLECTIONS.similarities() if name != "cosine"))


SHARED_WORDS = dataclasses.replace(
    COLLECTIONS, name="texts", index=index, similarities=similarities, held=("word", "words")
)
TEXTS = SourceKind(
    name="texts",
    about="A table with texts, by the words that they share.",
    relation=SHARED_WORDS,
    read=read,
    options=Annotated[Texts, BeforeValidator(columns_alone)],
    patterns=lambda options: (),  # the table is that of the entities, which is looked at anyway
    columns=("weight",),
    told=lambda options: options.model_dump(),
    needs_table=True,
)
