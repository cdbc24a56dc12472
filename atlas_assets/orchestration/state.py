"""The state of Dagster in this project, for commands."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import yaml

from atlas_assets import project
from atlas_assets.spec import yaml_file
from atlas_assets.store import atomic_file

UNCAPTURED = Path(__file__).with_name("uncaptured.yaml")


def instance() -> dg.DagsterInstance:
    """The state that ``dagster dev`` uses in this project, by the same dagster.yaml.

    Only the output of steps is not captured: that takes over the terminal on which progress is drawn. Their log is in
    the events anyway.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or project.root())
    os.chdir(project.root())  # the paths in dagster.yaml are relative
    state = project.root() / ".dagster"
    state.mkdir(exist_ok=True)
    given = home / project.MARKER
    settings = ((given.exists() and yaml_file.read(given)) or {}) | yaml_file.read(UNCAPTURED)
    with atomic_file.replacing(state / "command.yaml") as draft:
        draft.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return dg.DagsterInstance.from_config(str(state), "command.yaml")
