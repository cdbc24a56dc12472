"""What a step hands to the next ones, a few lines of JSON, kept in the store: any machine may run the next step."""

from typing import Any

import dagster as dg

from atlas_assets.orchestration.failures import told_errors
from atlas_assets.orchestration.resources import Storage
from atlas_assets.store.artifacts import RUNS


class StepsIO(dg.ConfigurableIOManager):
    """Values of steps below ``<storage>/.runs/<run>``."""

    storage: dg.ResourceDependency[Storage]

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        if obj is not None:
            with told_errors():
                self.storage.store().write_record(obj, RUNS, *_place(context))

    def load_input(self, context: dg.InputContext) -> Any:
        assert context.upstream_output is not None
        with told_errors():
            return self.storage.store().read_record(RUNS, *_place(context.upstream_output))


def _place(context: dg.OutputContext) -> list[str]:
    *folders, name = context.get_identifier()
    return [*folders, f"{name}.json"]
