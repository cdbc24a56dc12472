"""Pictures: digits, icons, scans. Similar are those whose pixels are alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from atlas_assets.kinds.kind import Paths, Reading, SourceKind, files_of, last_parts
from atlas_assets.kinds.vectors import NEAR_IN_SPACE

if TYPE_CHECKING:
    from atlas_assets.sources.listing import Listed


def _with_files(value: Any) -> Any:
    return {"files": value} if isinstance(value, (str, list)) else value


class Images(BaseModel):
    """Files of pictures, or a table that has them in a column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: Paths
    column: str | None = Field(None, description="Of a table: paths of pictures from its folder, or pictures.")
    side: int = Field(32, ge=4, le=256, description="Pixels of the square by which pictures are compared.")
    thumbnail: int = Field(64, ge=16, le=256, description="Pixels of what the site shows; each is 1 to 3 kB at 64.")


def read(folder: Path, options: Images, reading: Reading) -> dict[str, Any]:
    """Pictures as vectors of their pixels, with thumbnails."""
    from atlas_assets.sources.pictures.read import read_pictures

    return read_pictures(
        folder,
        images=options.files,
        column=options.column,
        side=options.side,
        thumbnail=options.thumbnail,
        columns=reading.columns,
        entity_columns=reading.entity_columns,
        fields=reading.fields,
        base=reading.base,
        progress=reading.progress,
        options=reading.form,
    )


def listed(pattern: str, options: Images, base: Path) -> list[Listed]:
    """The pictures of a folder, or the files of a table."""
    from atlas_assets.sources.pictures.listing import list_pictures

    return files_of(pattern, options, base) if options.column else list_pictures(pattern, base=base)


IMAGES = SourceKind(
    name="images",
    about="Folders of pictures, or a table with a column of them, compared by their pixels.",
    relation=NEAR_IN_SPACE,
    read=read,
    options=Annotated[Images, BeforeValidator(_with_files)],
    patterns=lambda options: options.files,
    listed=listed,
    told=lambda options: {"files": last_parts(options.files)},
)
