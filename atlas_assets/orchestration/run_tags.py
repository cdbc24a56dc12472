"""Tags of Dagster runs: which atlas a run is of, what had it made, and which process it lives in.

The process is what tells a run that is under way from one whose process was killed: that one stays "started" for ever.
It goes with the run's own id, because Dagster copies the tags of a run that is executed again.
"""

from __future__ import annotations

import os

import dagster as dg

from atlas_assets.store import processes
from atlas_assets.store.processes import Process

ATLAS, MADE_BY = "atlas", "made_by"
COMMAND = ".dagster/atlas_command"  # by which a command finds its run
# The prefix hides these in the UI: the process, and for what a sensor launched a refresh (see ``attempts``).
PROCESS, GOAL, DUE = ".dagster/atlas_process", ".dagster/atlas_goal", ".dagster/atlas_due"
IN_PROCESS = "in_process"  # what ATLAS_EXECUTOR is where nothing is said
NO_RETRY = {"dagster/max_retries": "0"}  # another tick or command makes what is missing


def of_command(atlas: str, made_by: str) -> dict[str, str]:
    """Tags of a run that a command executes in its own process."""
    return {ATLAS: atlas, MADE_BY: made_by, PROCESS: str(processes.this()), **NO_RETRY}


def sign(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Say that this process is the one in which a run lives, and dies; not where its steps have processes of their own.

    To be called by a step as soon as it begins.
    """
    if os.environ.get("ATLAS_EXECUTOR", IN_PROCESS) == IN_PROCESS and process_of(run) is None:
        instance.add_run_tags(run.run_id, {PROCESS: f"{processes.this()} {run.run_id}"})


def process_of(run: dg.DagsterRun) -> Process | None:
    """The process that a run lives in; None where that is not known (yet)."""
    process, _, owner = run.tags.get(PROCESS, "").partition(" ")
    return processes.parse(process) if owner in ("", run.run_id) else None
