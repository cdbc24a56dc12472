"""What Dagster loads: the atlases in ``defs/``, the viewer they share, and the machinery around them."""

from __future__ import annotations

import os

import dagster as dg

from atlas_assets import project
from atlas_assets.components.atlas import definitions_of
from atlas_assets.components.viewer import viewer
from atlas_assets.resources import PyMDE, Storage
from atlas_assets.spec import load_all


def executor() -> dg.ExecutorDefinition:
    """How the steps of one run execute; a run is a process of its own already. ATLAS_EXECUTOR chooses."""
    name = os.environ.get("ATLAS_EXECUTOR", "in_process")
    if name == "celery":
        from dagster_celery import celery_executor  # pyright: ignore[reportMissingImports]  # extra: distributed

        return celery_executor
    return dg.multiprocess_executor if name == "multiprocess" else dg.in_process_executor


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions.merge(
        *(definitions_of(spec) for spec in load_all(project.spec_files())),
        dg.Definitions(
            assets=[viewer],
            resources={"storage": Storage(), "pymde": PyMDE(device=os.environ.get("ATLAS_DEVICE", "auto"))},  # type: ignore[arg-type]
            executor=executor(),
        ),
    )
