"""Build hook of the wheel: builds the viewer, so that whoever installs Atlas from a wheel needs no Node."""

from __future__ import annotations

import shutil
import sys
import types
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ViewerBuildHook(BuildHookInterface):
    """Puts the built viewer into the wheel as ``atlas_assets/_viewer``; editable installs build it when needed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        # Not the package itself: its __init__ needs Dagster, which an isolated build does not have.
        bare = types.ModuleType("atlas_assets")
        bare.__path__ = [str(root / "atlas_assets")]
        sys.modules.setdefault("atlas_assets", bare)
        from atlas_assets.errors import AtlasError
        from atlas_assets.stages.site import viewer

        built = root / "build" / "viewer"
        shutil.rmtree(built, ignore_errors=True)
        built.mkdir(parents=True)
        try:
            viewer.build(root / "frontend", built, progress=lambda share, message: self.app.display_info(message))
        except AtlasError as error:
            self.app.abort(str(error))
        build_data["force_include"][str(built)] = "atlas_assets/_viewer"
