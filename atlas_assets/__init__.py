"""Maps of anything that keeps company: from collections of entities to a map in the browser, as Dagster assets."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlas_assets.frames import Atlas, map, open

__version__ = "0.1.0"

__all__ = ["Atlas", "__version__", "map", "open"]


def __getattr__(name: str) -> object:
    """``open``, ``map`` and ``Atlas`` come from ``frames`` when asked for: Dagster's servers need none of them."""
    if name in ("Atlas", "map", "open"):
        from atlas_assets import frames

        return getattr(frames, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
