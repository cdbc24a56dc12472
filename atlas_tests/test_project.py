"""The files around the code: they agree with each other, and what is missing is said in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_tests.conftest import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "check_requirements.sh"


def test_workspace_and_dg_load_the_same_module_under_the_same_name() -> None:
    """Schedules and sensors are switched on per code location: another name would switch them all off."""
    dg = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["dg"]["project"]
    workspace = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text(encoding="utf-8"))
    [location] = [entry["python_module"] for entry in workspace["load_from"]]
    assert location["module_name"] == dg["code_location_target_module"]
    assert location["location_name"] == dg["code_location_name"]


def test_workspace_yaml_loads_on_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "dagster", "definitions", "validate", "-w", REPOSITORY / "workspace.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Validation successful" in done.stdout + done.stderr


def check(folder: Path, python: str, *, tools: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs the check on a machine that has only the basic commands and ``tools`` (name: what its script does)."""
    commands = folder / "bin"
    commands.mkdir()
    for name in {"bash", "sed", "df", "awk"} - set(tools):
        (commands / name).symlink_to(f"/usr/bin/{name}" if Path(f"/usr/bin/{name}").exists() else f"/bin/{name}")
    for name, body in tools.items():
        (commands / name).write_text(f"#!/bin/bash\n{body}\n")
        (commands / name).chmod(0o755)
    environment = {"PATH": str(commands), "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        ["/bin/bash", str(SCRIPT), python], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


NODE = {"node": "echo v22.1.0", "npm": "true"}
FULL_DISK = {"df": "echo head; echo 'disk 1000 900 120 90% /'"}


@pytest.mark.parametrize(
    ("python", "tools", "expected"),
    [
        ("", NODE, "Atlas needs Python 3.11, 3.12 or 3.13; install one"),
        ("old", NODE | {"old": 'if [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi'}, "is Python 3.9.2"),
        (sys.executable, {}, "Node.js 20.19 or newer and npm, which are not on the PATH"),
        (sys.executable, NODE | {"node": "echo v18.2.0"}, "but node is v18.2.0"),
        (sys.executable, NODE | {"node": "echo v20.18.3"}, "but node is v20.18.3"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    tmp_path: Path, python: str, tools: dict[str, str], expected: str
) -> None:
    done = check(tmp_path, python, tools=tools)
    assert done.returncode == 1
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_full_disk_is_noticed_before_anything_is_installed(tmp_path: Path) -> None:
    done = check(tmp_path, sys.executable, tools=NODE | FULL_DISK)
    assert done.returncode == 1
    assert "needs about 2 GB, but only 0 GB are free here" in done.stderr


@pytest.mark.parametrize(
    ("given", "expected"),
    [("8G", 8 * 2**30), ("500M", 500 * 2**20), ("1.5k", 1536), ("2 GiB", 2 * 2**30), ("3tb", 3 * 2**40), ("77", 77)],
)
def test_the_memory_of_a_step_is_what_the_environment_says(given, expected, monkeypatch):
    monkeypatch.setenv("ATLAS_MEMORY", given)
    assert project.memory_budget() == expected


def test_without_a_say_a_step_may_use_half_of_the_machine(monkeypatch):
    monkeypatch.delenv("ATLAS_MEMORY", raising=False)
    assert project.memory_budget() == project.machine_memory() // 2
    assert 2**20 < project.machine_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize("given", ["lots", "0", "-1G", "8X", "G"])
def test_a_memory_that_cannot_be_read_is_named(given, monkeypatch):
    monkeypatch.setenv("ATLAS_MEMORY", given)
    with pytest.raises(AtlasError, match=rf"ATLAS_MEMORY is '{given}'; expected a number of bytes.*8G"):
        project.memory_budget()
