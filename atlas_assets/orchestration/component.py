"""The component that turns one ``defs.yaml`` into the assets, jobs and sensor of one atlas."""

import warnings
from pathlib import Path
from typing import Any

import dagster as dg

from atlas_assets import project
from atlas_assets.orchestration import assets, jobs, sensor, sweep_jobs
from atlas_assets.orchestration.prune_job import prune_job
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import validate_with_beside

# Partitioned asset checks and components are marked beta or preview in Dagster 1.13; every code server would say so.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)


class Atlas(dg.Component):
    """One atlas: its source, filter, relation, sweep and display, as described in the README."""

    def __init__(self, spec: AtlasSpec) -> None:
        self.spec = spec

    @classmethod
    def get_model_cls(cls) -> type[AtlasSpec]:
        return AtlasSpec

    @classmethod
    def load(cls, attributes: Any, context: dg.ComponentLoadContext) -> "Atlas":
        given = attributes.model_dump(exclude_unset=True, by_alias=True) if attributes is not None else {}
        file = Path(context.path) / "defs.yaml"
        return cls(validate_with_beside(given, file=file))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        return definitions_of(self.spec)


def definitions_of(spec: AtlasSpec) -> dg.Definitions:
    """The assets of one atlas, the external asset that stands for its source, and what keeps them up to date."""
    pipeline = Pipeline(spec, base=project.root())
    source = dg.AssetSpec(
        [pipeline.name, "source"],
        group_name=pipeline.name,
        kinds={"file"},
        owners=spec.owners,
        description="The data as it lies outside of Atlas.",
    )
    steps = sweep_jobs.SweepSteps(pipeline)
    refresh, rebuild = jobs.jobs_of(steps)
    of_assets = assets.jobs_of(pipeline)
    schedule = sensor.schedule_of(pipeline)
    return dg.Definitions(
        assets=[source, *assets.assets_of(pipeline)],
        asset_checks=[sensor.check_of(pipeline)],
        jobs=[refresh, rebuild, *sweep_jobs.jobs_of(steps), prune_job(pipeline), *of_assets],
        sensors=[sensor.sensor_of(pipeline, [refresh, *of_assets])],
        schedules=[schedule] if schedule else [],
    )
