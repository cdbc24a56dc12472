"""When things happen by themselves: a stage follows its inputs, as soon as their content has changed."""

from __future__ import annotations

import dagster as dg


def when_inputs_change() -> dg.AutomationCondition:
    """Eager, but on changed content, not on every rerun, and only behind passing checks.

    ``data_version_changed`` stops a rerun with the same result from recomputing everything behind it.
    """
    condition = dg.AutomationCondition.eager().replace("newly_updated", dg.AutomationCondition.data_version_changed())
    return condition & dg.AutomationCondition.all_deps_blocking_checks_passed()


def sensor() -> dg.AutomationConditionSensorDefinition:
    """Evaluates the conditions. Runs, not backfills: those would wait 30 s for the backfill daemon at every stage."""
    return dg.AutomationConditionSensorDefinition(
        "follow_inputs",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        emit_backfills=False,
    )
