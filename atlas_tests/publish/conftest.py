"""Sites of one atlas: three versions, one after another, as a storage would hold them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from atlas_assets.stages.site import site
from atlas_tests.bundle import synthetic
from atlas_tests.site.conftest import write_viewer

SIZES = (40, 50, 60)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A viewer and three bundles."""
    bundles = []
    for n in SIZES:
        bundles.append(tmp_path_factory.mktemp("publish") / str(n))
        synthetic.build(bundles[-1], n)
    return write_viewer(tmp_path_factory.mktemp("publish") / "viewer"), bundles


@pytest.fixture
def built(tmp_path: Path, sources: tuple[Path, list[Path]], monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
    """Publishes the bundle of that number into the storage; gives the folder of the site."""
    monkeypatch.setenv("ATLAS_STORAGE", str(tmp_path / "data"))
    monkeypatch.setenv("ATLAS_DEFS", str(tmp_path / "defs"))
    (tmp_path / "defs" / "toy").mkdir(parents=True)
    (tmp_path / "defs" / "toy" / "defs.yaml").write_text(
        "type: atlas_assets.components.Atlas\n"
        "attributes: {title: Toys, source: {edges: [edges.csv]}, refresh: {keep_versions: 2}}\n"
    )
    folder = tmp_path / "data" / "toy" / "site"

    def build(number: int) -> Path:
        viewer, bundles = sources
        site.build(folder, bundle_folder=bundles[number], viewer_folder=viewer, atlas=synthetic.ATLAS, keep=2)
        return folder

    return build


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def git_is_here() -> bool:
    return any((Path(place) / "git").exists() for place in os.environ["PATH"].split(os.pathsep))
