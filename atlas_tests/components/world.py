"""One project folder, one Dagster instance and the toy atlas: what tests of whole materialisations work in."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import yaml

from atlas_assets.orchestration.component import definitions_of
from atlas_assets.orchestration.resources import PyMDE, Storage
from atlas_assets.orchestration.steps_io import StepsIO
from atlas_assets.orchestration.viewer import viewer
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.project import PACKAGE
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.stages.artifact import Artifact
from atlas_assets.store.artifacts import Address, ArtifactStore

A = TypeVar("A", bound=Artifact)

UNCAPTURED = yaml.safe_load((PACKAGE / "orchestration" / "uncaptured.yaml").read_text())


def instance_of_a_test() -> AbstractContextManager[dg.DagsterInstance]:
    """A Dagster of its own that captures no output: two processes a step, which take longer than the step."""
    return dg.instance_for_test(overrides=UNCAPTURED)


class World:
    """One project folder, one Dagster instance, one atlas."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance, *, storage: str | None = None) -> None:
        self.folder, self.instance = folder, instance
        self.storage = storage or str(folder / "data")
        self.store = ArtifactStore(self.storage)

    def definitions(self, spec: AtlasSpec) -> dg.Definitions:
        storage = Storage(root=self.storage)
        resources = {"storage": storage, "pymde": PyMDE(device="cpu"), "io_manager": StepsIO(storage=storage)}
        shared = dg.Definitions(assets=[viewer], resources=resources)
        return dg.Definitions.merge(definitions_of(spec), shared)

    def materialise(
        self, spec: AtlasSpec, stage: str, key: str | None = None, **config: Any
    ) -> dg.ExecuteInProcessResult:
        """As "Materialize" in the UI, with this configuration."""
        definitions = self.definitions(spec)
        return dg.materialize(
            _assets(definitions),
            selection=[dg.AssetKey(["toy", stage])],
            partition_key=key,
            instance=self.instance,
            resources=definitions.resources,
            raise_on_error=False,
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "ops": {f"toy__{self.pipeline(spec).stages[stage].step}_assets": {"config": config}},
            },
        )

    def refresh(self, spec: AtlasSpec, *, job: str = "toy_refresh", **config: Any) -> dg.ExecuteInProcessResult:
        """As the job from the launchpad."""
        definition = self.definitions(spec).resolve_job_def(job)
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        asked = {"ops": {"plan": {"config": config}}} if config else {}
        return definition.execute_in_process(instance=self.instance, raise_on_error=False, run_config=asked | quiet)

    def materialise_all(self, spec: AtlasSpec, **config: Any) -> None:
        for stage in Pipeline(spec, base=self.folder).stages.values():
            for key in stage.keys or (None,):
                result = self.materialise(spec, stage.name, key, **config)
                assert result.success, (stage.name, key, messages(result))

    def pipeline(self, spec: AtlasSpec) -> Pipeline:
        return Pipeline(spec, base=self.folder)

    def load(self, artifact: type[A], stage: str, key: str | None = None) -> A:
        return artifact.load(self.store.folder(Address("toy", stage, key)))

    def metadata(self, stage: str, key: str | None = None) -> dict[str, Any]:
        """What the newest materialisation shows on its page."""
        newest = dg.AssetRecordsFilter(dg.AssetKey(["toy", stage]), asset_partitions=[key] if key else None)
        materialization = self.instance.fetch_materializations(newest, limit=1).records[0].asset_materialization
        assert materialization is not None
        return {name: value.value for name, value in materialization.metadata.items()}

    def versions(self, spec: AtlasSpec) -> dict[str, str]:
        pipeline = Pipeline(spec, base=self.folder)
        addresses = [
            pipeline.address(stage.stored_as or stage.name, key)
            for stage in pipeline.stages.values()
            for key in stage.keys or (None,)
        ]
        return {str(a): stored.version for a in addresses if (stored := self.store.current(a))}


def _assets(definitions: dg.Definitions) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    return [asset for asset in definitions.assets or [] if isinstance(asset, (dg.AssetsDefinition, dg.AssetSpec))]


def messages(result: dg.ExecuteInProcessResult) -> list[str]:
    found = []
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            described = data.user_failure_data.description if data.user_failure_data else None
            found.append(described or data.error_display_string)
    return found
