"""Maps of anything that keeps company: from collections of entities to a map in the browser, as Dagster assets."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlas_assets.frames import Atlas, map, open
    from atlas_assets.notebook import widget
    from atlas_assets.numerics import embed, linked, localmap, neighbours, pacmap, tsne, umap

__version__ = "0.1.0"

_WHERE = {
    "atlas_assets.frames": ("Atlas", "map", "open"),
    "atlas_assets.notebook": ("widget",),
    "atlas_assets.numerics": ("embed", "linked", "localmap", "neighbours", "pacmap", "tsne", "umap"),
}

__all__ = [
    "Atlas",
    "__version__",
    "embed",
    "linked",
    "localmap",
    "map",
    "neighbours",
    "open",
    "pacmap",
    "tsne",
    "umap",
    "widget",
]


def __getattr__(name: str) -> object:
    """Taken from where it is when asked for: Dagster's servers need none of them, and most take long to import."""
    for module, names in _WHERE.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
