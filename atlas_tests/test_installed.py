"""Atlas as somebody installs it: a wheel, an empty environment, no Node, no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from atlas_tests import toy
from atlas_tests.conftest import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MOST_BYTES = 1_000_000_000  # of what is downloaded, unpacked; Python adds its bytecode
BUILD = "import os, shutil; from hatchling.build import build_wheel; print(build_wheel(os.environ['WHEELS']))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, which builds the viewer")
    folder = tmp_path_factory.mktemp("wheels")
    environment = os.environ | {"WHEELS": str(folder)}
    subprocess.run([sys.executable, "-c", BUILD], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
    [made] = folder.glob("*.whl")
    return made


def interpreter(version: str) -> str:
    """One of that version that starts. Skips where there is none."""
    by_pyenv = sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python"))
    for one in (shutil.which(f"python{version}"), *map(str, by_pyenv)):
        if (
            one
            and subprocess.run([one, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode == 0
        ):
            return one
    pytest.skip(f"Python {version} is not installed")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_a_wheel_in_an_empty_environment_makes_a_site_without_node(version: str, wheel: Path, tmp_path: Path) -> None:
    home, work = tmp_path / "environment", tmp_path / "work"
    subprocess.run([interpreter(version), "-m", "venv", str(home)], check=True)
    pip = [str(home / "bin/python"), "-m", "pip", "install", "--quiet", "--no-compile", str(wheel)]
    installed = subprocess.run(pip, capture_output=True, text=True, check=False)
    if "NewConnectionError" in installed.stderr or "NameResolutionError" in installed.stderr:
        pytest.skip("no package index is reachable from here")
    assert installed.returncode == 0, installed.stderr
    assert sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) < MOST_BYTES

    work.mkdir()
    toy.write_tables(work)
    environment = {"PATH": str(home / "bin"), "HOME": str(tmp_path), "LANG": "C.UTF-8"}

    def atlas(*arguments: str) -> str:
        done = subprocess.run(
            [str(home / "bin/atlas"), *arguments],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    told = atlas("new", "books", "--interactions", "ratings.csv", "--entities", "books.csv")
    assert f"Wrote {work / 'dagster.yaml'}: this folder is an Atlas project now." in told
    atlas("run", "books")
    assert (work / "data/books/site/index.html").exists()
    health = atlas("doctor")
    assert "comes built with the package; Node.js is not needed" in health
    for extra in ("ui", "pymde", "graphs", "s3", "texts"):
        assert f"pip install 'atlas-assets[{extra}]'" in health

    if version == "3.11":
        (tmp_path / "elsewhere").mkdir()
        work = tmp_path / "elsewhere"
        assert f"the demo is kept in {tmp_path / '.cache/atlas/demo'}" in atlas("demo", "--no-serve")
        assert (tmp_path / ".cache/atlas/demo/data/python_api/site/index.html").exists()
        assert not list(work.iterdir())
