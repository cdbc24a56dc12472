"""Texts in a table, by vectors that a model makes of them: similar are texts that mean the like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from atlas_assets.kinds.kind import Paths, Reading, SourceKind
from atlas_assets.kinds.texts import columns_alone
from atlas_assets.kinds.vectors import NEAR_IN_SPACE


class TextVectors(BaseModel):
    """Columns of the entity table that hold texts, and what makes vectors of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Paths = Field(description="Of the entity table; the texts of several are read as one.")
    model: str = Field(
        "wordllama",
        description="wordllama, which needs no network; model2vec:NAME, fastembed:NAME, sentence-transformers:NAME; "
        "or, with url, the model of an endpoint.",
    )
    url: str | None = Field(None, description="An endpoint like OpenAI's, such as https://api.openai.com/v1.")
    key: str | None = Field(None, description="The environment variable with the endpoint's key; it is stored nowhere.")


def read(folder: Path, options: TextVectors, reading: Reading) -> dict[str, Any]:
    """A vector of each row; only those of new texts are made."""
    from atlas_assets.sources.prose import vectors

    return vectors.read(
        folder,
        columns=options.column,
        model=options.model,
        url=options.url,
        key=options.key,
        entities=reading.entities,
        entity_columns=reading.entity_columns,
        fields=reading.fields,
        base=reading.base,
        cache=reading.cache / "text_vectors",
        progress=reading.progress,
        options=reading.form,
    )


TEXT_VECTORS = SourceKind(
    name="text_vectors",
    about="A table with texts, by vectors that a model makes of them.",
    relation=NEAR_IN_SPACE,
    read=read,
    options=Annotated[TextVectors, BeforeValidator(columns_alone)],
    patterns=lambda options: (),  # the table is that of the entities, which is looked at anyway
    told=lambda options: {"column": options.column, "model": options.model},
    needs_table=True,
)
