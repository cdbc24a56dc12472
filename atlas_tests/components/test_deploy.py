"""What ``deploy/`` sets up, as far as it can be loaded without the machines that it is for."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import yaml

from atlas_tests.conftest import REPOSITORY

OF_THE_CHART = {"run_coordinator": {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator"}}
"""What the chart writes into ``dagster.yaml`` itself for the values of ``runCoordinator``."""


@pytest.mark.parametrize("where", ["helm", "local"])
def test_one_run_at_a_time_makes_an_atlas(where: str, tmp_path: Path) -> None:
    if where == "helm":
        values = yaml.safe_load((REPOSITORY / "deploy" / "helm-values.yaml").read_text())
        written = OF_THE_CHART | values["additionalInstanceConfig"]
    else:
        written = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text())
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({"concurrency": written["concurrency"]} | _runs(written)))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        found = instance.get_concurrency_config()
    assert found.pool_config.default_pool_limit == 1
    assert found.run_queue_config is not None
    assert found.run_queue_config.tag_concurrency_limits == [
        {"key": "atlas", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    ]


def _runs(written: dict) -> dict:
    return {name: written[name] for name in ("run_coordinator", "run_queue") if name in written}
