"""What an installed package brings: the viewer, the schema and the default atlas, and no need for Node."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from atlas_tests import toy
from atlas_tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="hatchling is not installed (dependency group dev)")
    if shutil.which("npm") is None:
        pytest.skip("the viewer cannot be built without Node and npm")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_built_viewer_and_none_of_its_sources(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "atlas_assets/_viewer/index.html" in names
    assert [name for name in names if name.startswith("atlas_assets/_viewer/assets/") and name.endswith(".js")]
    assert {"atlas_assets/stages/bundle/bundle_schema.json", "atlas_assets/defs/python_api/defs.yaml"} <= set(names)
    assert not [name for name in names if name.startswith(("frontend/", "atlas_tests/")) or "node_modules" in name]


def test_an_installed_package_provides_the_viewer_without_node(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = (
        "from pathlib import Path; from atlas_assets.stages.site import viewer; viewer.provide(Path('out'));"
        "print(viewer.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path), "PYTHONPATH": str(tmp_path / "installed")},
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "installed") in done.stdout
    assert (tmp_path / "out" / "index.html").exists()


def test_an_installed_package_makes_a_project_of_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    folder = tmp_path / "my maps"
    folder.mkdir()
    toy.write_tables(folder)

    def atlas(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "atlas_assets.cli", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": str(tmp_path), "PYTHONPATH": str(tmp_path / "installed"), "HOME": str(tmp_path)},
        )

    made = atlas("new", "books", "--interactions", "ratings.csv", "--entities", "books.csv")
    assert made.returncode == 0, made.stderr
    assert {path.name for path in folder.iterdir()} >= {"dagster.yaml", "workspace.yaml", "defs"}
    ran = atlas("run", "books", "--stage", "raw_collections", "--stage", "entity_index", "--stage", "viewer")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (folder / "data" / "books" / "entity_index" / "current.json").exists()
    assert (folder / "data" / "viewer" / "build" / "current.json").exists()
