"""What all atlases of a project share: resources, the executor, the viewer."""

from __future__ import annotations

import os
from typing import Any

import dagster as dg

from atlas_assets.orchestration import executors
from atlas_assets.orchestration.resources import PyMDE, Storage
from atlas_assets.orchestration.steps_io import StepsIO
from atlas_assets.orchestration.viewer import viewer


def resources() -> dict[str, Any]:
    """What assets and jobs need beside data, set up by the environment."""
    storage = Storage()
    device = os.environ.get("ATLAS_DEVICE", "auto")
    return {"storage": storage, "pymde": PyMDE(device=device), "io_manager": StepsIO(storage=storage)}  # type: ignore[arg-type]


def shared() -> dg.Definitions:
    """Everything that is no atlas's own."""
    return dg.Definitions(assets=[viewer], resources=resources(), executor=executors.chosen())
