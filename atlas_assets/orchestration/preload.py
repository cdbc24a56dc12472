"""Imported by the server that step processes are forked from: what projections, regions and quality need.

Only imports: a thread that ran here would not exist in the forks.
"""

from atlas_assets import report, thumbnail
from atlas_assets.orchestration import command
from atlas_assets.stages import projection, quality, regions

__all__ = ["command", "projection", "quality", "regions", "report", "thumbnail"]
