"""What Dagster loads: the atlases in ``defs/``, the viewer they share, and the machinery around them."""

from __future__ import annotations

import dagster as dg

from atlas_assets import project
from atlas_assets.orchestration.component import definitions_of
from atlas_assets.orchestration.shared import shared
from atlas_assets.spec.loading import load_all


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions.merge(*(definitions_of(spec) for spec in load_all(project.spec_files())), shared())
