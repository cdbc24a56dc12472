"""The viewer in notebooks: JupyterLab, marimo, VS Code and whatever else knows anywidget."""

from __future__ import annotations

from atlas_assets import frames
from atlas_assets.errors import NotInstalled
from atlas_assets.frames import Atlas

try:
    from atlas_assets.notebook.map_widget import MapWidget
except ImportError as missing:
    if missing.name not in ("anywidget", "traitlets", "ipywidgets"):
        raise
    raise NotInstalled("atlas_assets.widget", "anywidget", "notebook") from missing

__all__ = ["MapWidget", "widget"]


def widget(atlas: Atlas | str, *, height: int = 600) -> MapWidget:
    """The maps of an atlas as a widget; its ``selection`` is a list of ids, to be read, observed and set.

    atlas: what ``open`` or ``map`` returned, or its name. height: in pixels. Raises AtlasError where it has no site, or
    one that is too large for a page of one file.
    """
    return MapWidget(frames.open(atlas) if isinstance(atlas, str) else atlas, height=height)
