"""Imported by the server that step processes are forked from: what projections, regions and quality need.

Only imports: a thread that ran here would not exist in the forks.
"""

from atlas_assets.orchestration import command
from atlas_assets.stages.projection import projection
from atlas_assets.stages.quality import quality
from atlas_assets.stages.regions import regions
from atlas_assets.stages.site import thumbnail

__all__ = ["command", "projection", "quality", "regions", "thumbnail"]
