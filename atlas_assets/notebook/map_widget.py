"""The site in one page, in a frame of its own: neither can a notebook's styles reach it, nor its code the notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anywidget
import traitlets

from atlas_assets.frames import Atlas
from atlas_assets.publish import single_file
from atlas_assets.publish.run import site_of

if TYPE_CHECKING:
    import polars as pl


class MapWidget(anywidget.AnyWidget):
    """selection: the ids that are selected on the map, as texts; to be set as well. height: of the frame, in pixels."""

    _esm = Path(__file__).with_name("map_widget.js")
    _page = traitlets.Bytes().tag(sync=True)
    height = traitlets.Int(600).tag(sync=True)
    selection = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, atlas: Atlas, *, height: int = 600) -> None:
        with site_of(atlas.name, atlas.store) as folder:
            page = single_file.make(folder, atlas.name, embedded=True)
        super().__init__(_page=page, height=height)
        self.atlas = atlas

    def select(self, *entities: str | int) -> None:
        """Select entities by id, or by a label that only one has. Raises AtlasError for what is not there."""
        ids = self.atlas.entities["id"]
        self.selection = [str(ids[self.atlas.row_of(one)]) for one in entities]

    @property
    def selected(self) -> pl.DataFrame:
        """The rows of ``entities`` that are selected."""
        entities = self.atlas.entities
        return entities.filter(entities["id"].cast(str).is_in(list(self.selection)))
