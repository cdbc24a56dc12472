"""The ``Atlas`` component: one ``defs.yaml`` in, the assets of one atlas out."""

from atlas_assets.components.atlas import Atlas

__all__ = ["Atlas"]
