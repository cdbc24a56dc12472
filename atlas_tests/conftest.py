"""Fixtures shared by all tests: places to work in, small known data, and the real data sets where they are at hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from atlas_assets.project import cache_folder
from atlas_tests.figures import pytest_addoption, pytest_terminal_summary  # noqa: F401 (hooks, found by their names)

REPOSITORY = Path(__file__).parent.parent
SHARED = Path(os.environ.get("ATLAS_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")

PLACES = ("ATLAS_STORAGE", "ATLAS_DEFS", "ATLAS_EXECUTOR", "ATLAS_DEVICE", "ATLAS_MEMORY", "DAGSTER_HOME")
"""What the environment says of where and how; no test is told."""

KERNELS = cache_folder() / "kernels"
"""Compiled code, by version: processes that tests start use what is compiled already, which else takes a minute."""

LONGEST = (
    "components/test_live.py",
    "components/test_command.py",
    "components/test_sweeping.py",
    "stages/test_layout_threads.py",
    "components/test_materialise.py",
    "components/test_predecessor.py",
    "stages/test_projection.py",
    "benchmarks/test_relate.py",
    "components/test_refreshing.py",
    "components/test_relating.py",
    "components/test_source_check.py",
    "browser/test_site_in_browser.py",
    "test_extending.py",
    "test_broken_artifacts.py",
    "test_cli.py",
)
"""Files that take longest: with several workers they begin first, so that none is left with one at the end."""

# Compiling a numba kernel inside an example would otherwise count as a slow example.
settings.register_profile("atlas", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("atlas"), max_examples=300)  # of make test-slow
settings.load_profile("atlas")

# A shell that starts the tests in the background makes them ignore Ctrl-C, and with them all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {(Path(__file__).parent / name).resolve(strict=True): at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(autouse=True)
def _own_places(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the developer's own storage, atlases or Dagster state."""
    for name in PLACES:
        monkeypatch.delenv(name, raising=False)
    cache = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    kernels = cache / "atlas" / "kernels"
    if not kernels.exists():
        KERNELS.mkdir(parents=True, exist_ok=True)
        kernels.parent.mkdir(parents=True, exist_ok=True)
        kernels.symlink_to(KERNELS, target_is_directory=True)


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """The folder of a real data set by name; skips the test where it is absent."""

    def find(name: str) -> Path:
        folder = SHARED / name
        if not folder.is_dir():
            pytest.skip(f"the data set {name} is not at {SHARED} (set ATLAS_SHARED_DATA)")
        return folder

    return find
