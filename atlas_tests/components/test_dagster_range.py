"""Atlas with the oldest Dagster that it says it works with. The newest is what a fresh environment has."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from atlas_tests.components.live import Project
from atlas_tests.conftest import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SPEC = {
    "source": {"interactions": "ratings.csv", "entities": "books.csv"},
    "sweep": {"n_neighbors": [5], "projections": [{"method": "pca"}]},
}
OTHER_NUMBERS = {"dagster-rest-resources"}
"""Packages of Dagster's family that are numbered as its libraries are: 0.29.20 beside 1.13.20."""


def oldest() -> Version:
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    [dagster] = [one for text in declared if (one := Requirement(text)).name == "dagster"]
    [least] = [bound.version for bound in dagster.specifier if bound.operator == ">="]
    return Version(least)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the family of Dagster as old as it may be, to stand before the installed one."""
    folder, version = tmp_path_factory.mktemp("older"), oldest()
    family = {"dagster", "dagster-webserver"}
    for known in ("dagster", "dagster-webserver", "dagster-dg-cli", "dagster-dg-core"):
        needed = [Requirement(text).name for text in metadata.requires(known) or []]
        family |= {name for name in needed if name.startswith("dagster-") and _is_installed(name)}
    pins = [
        f"{name}==0.{version.minor + 16}.{version.micro}" if name in OTHER_NUMBERS else f"{name}=={version}"
        for name in sorted(family | {"dagster-dg-cli"})
    ]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *pins]
    installed = subprocess.run(pip, capture_output=True, text=True, check=False)
    if "NewConnectionError" in installed.stderr or "NameResolutionError" in installed.stderr:
        pytest.skip(f"no package index is reachable from here, to install Dagster {version} from")
    assert installed.returncode == 0, installed.stderr
    return folder


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def test_a_map_is_made_and_the_definitions_load(older: Path, tmp_path: Path) -> None:
    project = Project(tmp_path, SPEC)
    path = os.pathsep.join([str(older), str(REPOSITORY)])
    environment = project.environment | {"PYTHONPATH": path, "DAGSTER_HOME": str(tmp_path)}
    tell = "import dagster, atlas_assets.definitions as d; d.defs(); print(dagster.__version__)"
    commands = ["-m", "atlas_assets.cli", "run", "toy"], ["-c", tell]
    for command in commands:
        ran = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.strip().endswith(str(oldest()))
    assert project.is_made()
