"""Imported by the server that worker processes are forked from: what projections, regions and quality need.

Only imports, and compiled code that runs on one thread: a thread that runs here would not exist in the forks.
"""

from __future__ import annotations

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C while it imports is for the process that started it

from atlas_assets import importing  # noqa: E402

with importing.without_collector():
    from atlas_assets import report, thumbnail
    from atlas_assets.components import worker
    from atlas_assets.stages import projection, quality, regions

__all__ = ["projection", "quality", "regions", "report", "thumbnail", "worker"]
